//! What is known of a tool from outside, and what may be done with it.

use serde_json::{Map, Value};

use crate::agents::tools;
use crate::base::Timestamp;
use crate::ports::db::{FromRow, JsonText};
use crate::ports::mcp::Offered;
use crate::text_column;

/// Between the names of a server and of its tool, as a model calls it.
pub(super) const BETWEEN: &str = "__";
/// The longest name of a tool that servers with OpenAI's API take.
const MAX_NAME: usize = 64;
/// Longest description, and longest schema in JSON. What is longer is no text that somebody could look at.
const MAX_DESCRIPTION: usize = 2_000;
const MAX_SCHEMA: usize = 8_192;
/// Longest arguments in JSON: all of them are shown to who approves the call.
const MAX_ARGUMENTS: usize = 2_000;

crate::word_enum! {
    /// What an agent may do with a tool from outside.
    pub enum Policy {
        /// Nothing.
        Off = "off",
        /// Call it while it drafts: it only reads.
        Read = "read",
        /// Propose a call, which a person approves with the reply.
        Ask = "ask",
    }
}

text_column!(Policy);

crate::word_enum! {
    /// How a tool from outside stands.
    pub enum Standing {
        /// Agents may use it as its policy says.
        On = "on",
        /// It is not allowed.
        Off = "off",
        /// Its server has changed it since somebody looked: off until somebody looks again.
        Changed = "changed",
        /// Its server does not offer it any more.
        Gone = "gone",
        /// It cannot be used here, whatever is allowed.
        Unusable = "unusable",
    }
}

/// A server as it is stored.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// The header that carries the secret.
    pub header: String,
    /// The secret, encrypted.
    pub sealed_secret: Option<String>,
    /// Whether its tools may be used.
    pub enabled: bool,
    /// When its tools were last looked at.
    pub looked_at: Option<Timestamp>,
    /// Why the last look came to nothing.
    pub problem: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by_name: String,
}

/// What a model is told of a tool. Every word is the server's.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Shape {
    /// Its title, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it says of itself.
    pub description: String,
    /// The JSON schema of its arguments.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// Whether it says that it changes nothing. It may say anything.
    pub says_it_reads: bool,
}

/// A tool as it is stored.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Tool {
    /// Its server's name.
    pub server: String,
    /// Its name there.
    pub name: String,
    /// As its server last offered it.
    pub shape: JsonText<Shape>,
    /// Names that.
    pub hash: String,
    /// Its server does not offer it any more.
    pub gone: bool,
    /// What an agent may do with it.
    pub policy: Policy,
    /// Names what somebody looked at who allowed it.
    pub pinned: Option<String>,
    /// What they looked at.
    pub pinned_shape: Option<JsonText<Shape>>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Who.
    pub decided_by_name: Option<String>,
}

impl From<Offered> for Shape {
    fn from(offered: Offered) -> Shape {
        let Offered { name: _, title, description, parameters, says_it_reads } = offered;
        Shape { title, description, parameters, says_it_reads }
    }
}

impl Shape {
    /// Names what a tool is, whatever order its server writes it in.
    pub fn hash(&self, name: &str) -> String {
        let parts = [
            name,
            self.title.as_deref().unwrap_or_default(),
            &self.description,
            &ordered(&self.parameters).to_string(),
            if self.says_it_reads { "reads" } else { "" },
        ];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&part.len().to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

impl Tool {
    /// The name by which a model calls it.
    pub fn called(&self) -> String {
        format!("{}{BETWEEN}{}", self.server, self.name)
    }

    /// Why it cannot be used here, whatever is allowed.
    pub fn unusable(&self) -> Option<String> {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let called = self.called();
        let schema = self.shape.0.parameters.to_string();
        match () {
            () if self.name.is_empty() || !self.name.chars().all(letters) => {
                Some("its name has other characters than letters, digits, _ and -".to_owned())
            }
            () if called.len() > MAX_NAME || tools::NAMES.contains(&called.as_str()) => Some(format!(
                "its name is too long: with the server's it has more than {MAX_NAME} characters"
            )),
            () if self.shape.0.description.chars().count() > MAX_DESCRIPTION => {
                Some(format!("its description has more than {MAX_DESCRIPTION} characters"))
            }
            () if schema.len() > MAX_SCHEMA => Some(format!("its schema has more than {MAX_SCHEMA} bytes")),
            () if self.shape.0.parameters["type"] != "object" => {
                Some("its schema does not say that its arguments are an object".to_owned())
            }
            () => None,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        match () {
            () if self.gone => Standing::Gone,
            () if self.unusable().is_some() => Standing::Unusable,
            () if self.policy == Policy::Off => Standing::Off,
            () if self.pinned.as_ref() != Some(&self.hash) => Standing::Changed,
            () => Standing::On,
        }
    }
}

/// The arguments of a call, if they can be given to a tool; says to the model what is wrong with them.
pub fn arguments_of(shape: &Shape, text: &str) -> Result<Map<String, Value>, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let arguments: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("The arguments are not right: {error}"))?;
    let value = Value::Object(arguments);
    if value.to_string().len() > MAX_ARGUMENTS {
        return Err(format!("The arguments are too long: at most {MAX_ARGUMENTS} bytes of JSON."));
    }
    crate::schemas::fits(&shape.parameters, &value)
        .map_err(|problem| format!("The arguments are not right: {problem}"))?;
    match value {
        Value::Object(arguments) => Ok(arguments),
        _ => Ok(Map::new()),
    }
}

/// What a call does, in exact words: everything that is sent.
pub fn says(tool: &Tool, arguments: &Map<String, Value>) -> String {
    let name = tool.shape.0.title.as_deref().unwrap_or(&tool.name);
    if arguments.is_empty() {
        return format!("Call “{name}” of {}, with nothing else", tool.server);
    }
    // Quoted as JSON: no text can pass itself off as the end of one argument and the start of the next.
    let written =
        |(key, value): (&String, &Value)| format!("{}: {}", visible(key), visible(&value.to_string()));
    let all: Vec<String> = arguments.iter().map(written).collect();
    format!("Call “{name}” of {} with {}", tool.server, all.join("; "))
}

/// A text in which characters that hide or turn others around are written out.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => shown.extend(character.escape_unicode()),
            character => shown.push(character),
        }
    }
    shown
}

/// A value with its keys in the order of the alphabet.
pub(super) fn ordered(value: &Value) -> Value {
    match value {
        Value::Array(all) => Value::Array(all.iter().map(ordered).collect()),
        Value::Object(all) => {
            let mut keys: Vec<&String> = all.keys().collect();
            keys.sort();
            Value::Object(keys.into_iter().map(|key| (key.clone(), ordered(&all[key]))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str, parameters: Value) -> Tool {
        let shape = Shape { title: None, description: "Finds".to_owned(), parameters, says_it_reads: true };
        let hash = shape.hash(name);
        Tool {
            server: "shop".to_owned(),
            name: name.to_owned(),
            pinned: Some(hash.clone()),
            pinned_shape: Some(JsonText(shape.clone())),
            shape: JsonText(shape),
            hash,
            gone: false,
            policy: Policy::Read,
            decided_at: None,
            decided_by_name: None,
        }
    }

    #[test]
    fn a_change_of_any_word_is_another_tool_and_the_order_of_keys_is_not() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}});
        let same = json!({"properties": {"b": {}, "a": {"type": "string"}}, "type": "object"});
        let first = tool("find", schema.clone());
        assert_eq!(first.hash, tool("find", same).hash);
        let changed = |change: &dyn Fn(&mut Shape)| {
            let mut shape = first.shape.0.clone();
            change(&mut shape);
            shape.hash("find")
        };
        let hashes = [
            first.hash.clone(),
            changed(&|shape| shape.description.push(' ')),
            changed(&|shape| shape.title = Some("Find".to_owned())),
            changed(&|shape| shape.says_it_reads = false),
            changed(&|shape| shape.parameters["properties"]["c"] = json!({})),
            first.shape.0.hash("other"),
        ];
        let different: std::collections::BTreeSet<&String> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }

    #[test]
    fn a_tool_is_on_only_as_somebody_saw_it() {
        let schema = json!({"type": "object"});
        let on = tool("find", schema.clone());
        assert_eq!(on.standing(), Standing::On);
        assert_eq!(Tool { policy: Policy::Off, ..on.clone() }.standing(), Standing::Off);
        assert_eq!(Tool { hash: "another".to_owned(), ..on.clone() }.standing(), Standing::Changed);
        assert_eq!(Tool { pinned: None, ..on.clone() }.standing(), Standing::Changed);
        assert_eq!(Tool { gone: true, ..on.clone() }.standing(), Standing::Gone);
        for name in ["find it", "a.b", "", &"x".repeat(60)] {
            assert_eq!(tool(name, schema.clone()).standing(), Standing::Unusable, "{name}");
        }
        let mut long = on;
        long.shape.0.description = "x".repeat(MAX_DESCRIPTION + 1);
        assert_eq!(long.standing(), Standing::Unusable);
        assert_eq!(tool("find", json!({"type": "string"})).standing(), Standing::Unusable);
    }

    #[test]
    fn arguments_that_do_not_fit_are_told_to_the_model() {
        let schema = json!({"type": "object", "required": ["id"], "additionalProperties": false,
            "properties": {"id": {"type": "string", "pattern": "^[a-z]+$"}}});
        let shape = tool("find", schema).shape.0;
        let wrong = |text: &str| arguments_of(&shape, text).err().unwrap_or_default();
        assert_eq!(wrong(r#"{"id":"abc"}"#), "");
        for text in ["{}", "", r#"{"id":7}"#, r#"{"id":"A"}"#, r#"{"id":"a","x":1}"#, "[]", "{"] {
            assert!(wrong(text).contains("not right"), "{text}: {}", wrong(text));
        }
        let long = json!({ "id": "a".repeat(MAX_ARGUMENTS) }).to_string();
        assert!(wrong(&long).contains("too long"));
    }

    #[test]
    fn the_exact_words_hold_all_that_is_sent() {
        let one = tool("refund", json!({"type": "object"}));
        let arguments = json!({"order": "A-7", "cents": 1200, "why": "late\"; cents: 1 \u{202e}"});
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        assert_eq!(
            says(&one, &arguments),
            r#"Call “refund” of shop with order: "A-7"; cents: 1200; why: "late\"; cents: 1 \u{202e}""#
        );
    }
}
