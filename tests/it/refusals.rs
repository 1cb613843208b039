//! What people and programs get wrong about schemas, workflows, rules, sequences and segments: each is refused
//! or contained, with a stable code and a message that names the place.

use concierge::base::Role;
use serde_json::{Value, json};

use crate::automation::{add, rule, runs};
use crate::support::{call, ok, on_each_engine, summary};

/// A small schema with a workflow of three states.
fn parcel() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "concierge:parcel",
        "title": "Parcel", "type": "object",
        "properties": {
            "number": {"type": "string", "title": "Number", "x-type": "text"},
            "weight": {"type": "number", "title": "Weight", "x-type": "number"},
            "insured": {"type": "boolean", "title": "Insured", "x-type": "boolean"}},
        "x-completion": "known(number)",
        "x-workflow": {"initial": "asked", "states": [{"key": "asked", "label": "Asked"},
            {"key": "found", "label": "Found"}, {"key": "gone", "label": "Gone", "final": true}],
            "transitions": [{"from": "asked", "to": "found"}, {"from": "found", "to": "gone"}]}
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut document = parcel();
    *document.pointer_mut(pointer).expect("the place is there") = value;
    document
}

fn waits_for(kind: (&str, &str), other: &str) -> Value {
    json!({"type": kind.0, "title": "X", "x-type": kind.1, "x-show-if": {"field": other, "known": true}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_cannot_be_is_refused_with_its_place() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut circle = parcel();
        circle["properties"]["number"] = waits_for(("string", "text"), "weight");
        circle["properties"]["weight"] = waits_for(("number", "number"), "insured");
        circle["properties"]["insured"] = waits_for(("boolean", "boolean"), "number");
        let mut alone = parcel();
        alone["x-workflow"]["states"]
            .as_array_mut()
            .expect("states")
            .push(json!({"key": "island", "label": "Island"}));
        let leaf = json!({"field": "number", "known": true});
        let many = json!({"type": "number", "title": "Weight", "x-type": "number", "x-show-if": {"any": vec![leaf; 10_000]}});
        let mut loops = parcel();
        loops["x-workflow"]["states"][1]["on_leave"] = json!([{"do": "set_status", "status": "asked"}]);
        let wrong = [
            (circle, "properties: these fields wait for each other: number → weight → insured → number"),
            (with("/properties/weight/x-type", json!("heaviness")), "properties.weight.x-type: \"heaviness\" is not a field type; known are text"),
            (
                with("/properties/number", json!({"type": "string", "title": "N", "x-type": "text", "pattern": "((a{100}){100}){100}"})),
                "properties.number.pattern: this regular expression is too large",
            ),
            (with("/x-completion", json!("known(number) / 0")), "x-completion: at character 17: a divisor that is not 0"),
            (alone, "x-workflow.states: no way leads from \"asked\" to \"island\""),
            (with("/properties/weight", many), "properties.weight.x-show-if.any: from 1 to 20 conditions"),
            (loops, "x-workflow.states[1].on_leave[0]"),
        ];
        for (document, says) in wrong {
            let body = json!({"document": document});
            let refused = call(&manager, "POST", "/v1/schemas", Some(body.clone())).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{says}");
            let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.contains(says), "{says}: {detail}");
            // The check names the same place, and a preview of it is refused as well.
            let checked = ok(&manager, "POST", "/v1/schemas/check", Some(body.clone())).await;
            let place = says.split(':').next().unwrap_or_default();
            let places: Vec<_> = checked["problems"].as_array().into_iter().flatten().map(|one| &one["place"]).collect();
            assert!(places.iter().any(|one| one.as_str().is_some_and(|one| one.starts_with(place))), "{place}: {checked}");
            let preview = call(&manager, "POST", "/v1/schemas/preview", Some(body)).await;
            assert_eq!(preview.problem(), (422, "invalid_value".to_owned()), "{says}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formula_that_divides_by_nothing_later_is_contained_and_named() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let document = with("/x-completion", json!("1 / number(weight)"));
        ok(&manager, "POST", "/v1/schemas", Some(json!({"document": document}))).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Where is my parcel?").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/context");
        let record = async || {
            let context = ok(&manager, "GET", &path, None).await;
            let records = context["records"].as_array().cloned().unwrap_or_default();
            records.into_iter().find(|one| one["schema"]["key"] == "parcel").expect("there")
        };
        assert_eq!(record().await["trouble"], "x-completion: 1 is divided by 0");
        ok(&manager, "PUT", &format!("{path}/weight"), Some(json!({"value": 2}))).await;
        let known = record().await;
        assert_eq!((&known["completion"], known.get("trouble")), (&json!(0.5), None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_read_again_and_what_a_person_said_stays() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("The brakes of my Ford Focus squeak.").await.conversation;
        app.settle().await;
        let own = format!("/v1/conversations/{conversation}");
        let field = |records: &Value, key: &str| {
            let all = records[0]["fields"].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|one| one["key"] == key).unwrap_or_default()
        };
        let read = ok(&manager, "GET", &format!("{own}/context"), None).await;
        let known = field(&read["records"], "work")["value"].clone();
        assert!(known.is_string(), "the turn read it: {read}");
        // Free and empty, the next reading fills it; what a person said is not touched.
        ok(&manager, "PUT", &format!("{own}/context/work"), Some(json!({"value": null, "locked": false})))
            .await;
        ok(&manager, "PUT", &format!("{own}/context/vehicle"), Some(json!({"value": "Golf"}))).await;
        let again = ok(&manager, "POST", &format!("{own}/extract"), None).await;
        assert_eq!(
            (&field(&again["records"], "work")["value"], &again["changed"]),
            (&known, &json!(1)),
            "{again}"
        );
        assert_eq!(field(&again["records"], "vehicle")["value"], "Golf");
        assert_eq!(ok(&manager, "POST", &format!("{own}/extract"), None).await["changed"], 0);
        let viewer = app.staff(Role::Viewer).await;
        assert_eq!(call(&viewer, "POST", &format!("{own}/extract"), None).await.status, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_conditions_and_patterns_that_explode_are_refused_wherever_conditions_are() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let leaf = json!({"fact": "contact.name", "op": "is", "value": "x"});
        let many = json!({"any": vec![leaf.clone(); 10_000]});
        let deep = (0..40).fold(leaf, |inner, _| json!({"not": inner}));
        let explodes = json!({"fact": "contact.name", "op": "matches", "value": "(\\w{1,500}){1,500}"});
        let notify = json!([{"do": "notify", "text": "x"}]);
        for (when, says) in [
            (many, "when.any: there are more than 1000 conditions"),
            (deep, "conditions are nested deeper than 20"),
            (explodes, "when.value: this regular expression becomes too large"),
        ] {
            for (path, body) in [
                ("/v1/rules", rule("a", "message", when.clone(), notify.clone())),
                ("/v1/rules/test", json!({"document": rule("a", "message", when.clone(), notify.clone())})),
                ("/v1/conversations/search", json!({"when": when})),
                ("/v1/contacts/search", json!({"when": when})),
                ("/v1/segments", json!({"key": "a", "name": "A", "when": when})),
                ("/v1/views", json!({"name": "A", "shared": false, "filter": {"when": when}})),
            ] {
                let refused = call(&manager, "POST", path, Some(body)).await;
                assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{path}: {says}");
                assert!(refused.text.contains(says), "{path}: {says}: {}", refused.text);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_triggers_itself_is_warned_of_and_held_back() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let again = json!([{"do": "set_field", "field": "urgency", "value": "high"},
            {"do": "set_field", "field": "urgency", "value": "low"}]);
        let own = rule("own", "context_changed", json!({"all": []}), again);
        let read = ok(&manager, "POST", "/v1/rules/check", Some(own.clone())).await;
        let note = read["notes"][0].as_str().unwrap_or_default();
        assert!(note.starts_with("then[0]:") && note.contains("does not run on its own change"), "{read}");
        add(&manager, own).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Hello there, a question.").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/context/vehicle");
        ok(&manager, "PUT", &path, Some(json!({"value": "Golf"}))).await;
        app.settle().await;
        let all = runs(&manager, conversation, "own").await;
        let held = all.iter().filter(|run| run["held_by"] == "loop").count();
        let ran = all.iter().filter(|run| run["matched"] == true && run.get("held_by").is_none()).count();
        assert!(ran >= 1 && held >= 1, "it ran, and its own changes were held back: {all:?}");
        let answers = ok(&manager, "GET", &format!("/v1/conversations/{conversation}/rules"), None).await;
        let mine = answers["items"].as_array().into_iter().flatten().find(|one| one["key"] == "own").cloned();
        assert_eq!(
            mine.map(|one| one["says"].clone()),
            Some(json!(["The change was its own: a rule does not cause itself."]))
        );
        assert!(summary(&manager, conversation).await.last_seq < 40, "and that was the end of it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_who_save_at_once_the_second_gets_both_versions() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let notify = json!([{"do": "notify", "text": "x"}]);
        let named = |name: &str| {
            let rule = rule("edited", "message", json!({"all": []}), notify.clone());
            let steps = json!([{"minutes": 5, "then": notify}]);
            [
                ("/v1/schemas", json!({"document": with("/title", json!(name))}), "title"),
                ("/v1/rules", json!({"version": 1, "document": {"name": name, "key": "edited", "on": "message", "then": rule["then"]}}), "name"),
                ("/v1/sequences", json!({"version": 1, "document": {"key": "edited", "name": name, "steps": steps}}), "name"),
                ("/v1/segments", json!({"version": 1, "name": name, "when": {"all": []}}), "name"),
            ]
        };
        for ((path, hers, word), (_, his, _)) in named("Hers").into_iter().zip(named("His")) {
            let first = match path {
                "/v1/schemas" => json!({"document": parcel()}),
                "/v1/segments" => json!({"key": "edited", "name": "First", "when": {"all": []}}),
                _ => hers["document"].clone(),
            };
            let made = ok(&manager, "POST", path, Some(first)).await;
            let name = if path == "/v1/schemas" { &made["key"] } else { &made["id"] };
            let one = format!("{path}/{}", name.as_str().expect("a name"));
            // Both at once: whoever comes second learns of the other.
            let put = async |mut body: Value| {
                if path == "/v1/schemas" {
                    body["base_version"] = json!(1);
                }
                call(&manager, "PUT", &one, Some(body)).await
            };
            let (a, b) = tokio::join!(put(hers), put(his));
            let (kept, refused) = if a.status == 200 { (a, b) } else { (b, a) };
            assert_eq!((path, kept.status), (path, 200), "{kept:?}");
            assert_eq!(refused.problem(), (409, "conflict".to_owned()), "{path}: {refused:?}");
            let body = refused.json();
            let (theirs, yours) = match path {
                "/v1/schemas" => (&body["current"], &body["yours"]),
                _ => (&body["conflict"]["theirs"], &body["conflict"]["yours"]),
            };
            assert_eq!((&theirs["version"], &theirs[word]), (&json!(2), &kept.json()[word]), "{path}: {body}");
            assert!(yours[word] == "Hers" || yours[word] == "His", "{path}: {body}");
            assert_ne!(yours[word], theirs[word], "{path}: {body}");
        }
    })
    .await;
}
