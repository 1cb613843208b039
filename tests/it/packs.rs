//! The packs for eight lines of business: each has a schema, an agent, and a conversation that fills it.

use std::collections::BTreeMap;
use std::path::Path;

use concierge::language::fields::{self, FieldSpec, Setting, Turn};
use concierge::schemas;
use serde_json::Value;

/// A line of business.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Pack {
    schema: String,
    agent: String,
    conversation: Vec<(String, String)>,
    finds: BTreeMap<String, Value>,
}

const BUSINESSES: [&str; 8] = [
    "bank branch",
    "clinic",
    "garage",
    "law office",
    "online shop",
    "real estate",
    "residential building",
    "restaurant",
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn setting() -> Setting {
    Setting {
        now: concierge::base::Timestamp::from_micros(1_773_046_800_000_000),
        zone: jiff::tz::TimeZone::UTC,
        country: "GB".to_owned(),
        locale: "en-GB".to_owned(),
        currency: "GBP".to_owned(),
    }
}

#[test]
fn each_pack_is_complete_and_its_conversation_fills_what_it_says() {
    let packs: BTreeMap<String, Pack> =
        serde_json::from_str(&read("schemas/samples/packs.json")).expect("the packs");
    assert_eq!(packs.keys().map(String::as_str).collect::<Vec<_>>(), BUSINESSES);
    let mut wrong = Vec::new();
    for (business, pack) in &packs {
        let document = read(&format!("schemas/{}.json", pack.schema));
        let outline = schemas::read(&document).unwrap_or_else(|error| panic!("{business}: {error}"));
        assert!(outline.fields.len() >= 8 && outline.workflow.states.len() >= 4, "{business}");
        let agent: toml::Value =
            toml::from_str(&read(&format!("agents/{}.toml", pack.agent))).expect("an agent");
        let needs = agent["intents"].as_array().into_iter().flatten().filter_map(|one| one.get("needs"));
        for key in needs.filter_map(toml::Value::as_array).flatten().filter_map(toml::Value::as_str) {
            assert!(outline.fields.iter().any(|field| field.key == key), "{business}: needs {key}");
        }
        let specs = FieldSpec::from_schema(&serde_json::from_str(&document).expect("JSON")).expect("fields");
        let turns: Vec<Turn<'_>> = pack
            .conversation
            .iter()
            .map(|(who, text)| match who.as_str() {
                "customer" => Turn::customer(text),
                _ => Turn::business(text),
            })
            .collect();
        let found: BTreeMap<String, Value> = fields::extract(&specs, &turns, &setting())
            .into_iter()
            .map(|found| (found.field, found.value))
            .collect();
        for (field, value) in &pack.finds {
            if found.get(field) != Some(value) {
                wrong.push(format!("{business}: {field} is {:?}, not {value}", found.get(field)));
            }
        }
        assert!(pack.finds.len() >= 4, "{business} says too little");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
