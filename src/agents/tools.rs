//! The tools that a model may call while it drafts. Reading tools answer at once. What has an effect only
//! becomes a proposal on the draft.

use schemars::JsonSchema;
use serde_json::Value;

use crate::ports::models::{Call, ToolSpec};

/// Characters of a question, and of a reason.
const LONGEST: usize = 600;

/// Searches the business's documents.
#[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchKnowledge {
    /// What to look for, in a few words.
    pub query: String,
}

/// Takes no arguments.
#[derive(Debug, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Proposes a value of the context record.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeValue {
    /// The field's key.
    pub field: String,
    /// The value, in the form that the field's type has.
    pub value: Value,
    /// The customer's words it is taken from.
    pub because: String,
}

/// Proposes to hand the conversation to a person.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// What the colleague needs to know, in a few sentences.
    pub summary: String,
    /// Why a person is needed.
    pub because: String,
}

/// A call of a tool from outside, as a draft proposes it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OutsideCall {
    /// The server's name.
    pub server: String,
    /// The tool's name there.
    pub tool: String,
    /// Names the tool as somebody looked at it.
    pub hash: String,
    /// What it is given.
    pub arguments: serde_json::Map<String, Value>,
}

/// A call of a tool that exists, with arguments that fit.
#[derive(Debug, PartialEq)]
pub enum ToolCall {
    /// Reads.
    SearchKnowledge(SearchKnowledge),
    /// Reads.
    ReadContext,
    /// Reads.
    ContactHistory,
    /// Has an effect.
    ProposeValue(ProposeValue),
    /// Has an effect.
    HandOver(HandOver),
}

/// The tool that sets a value.
pub const PROPOSE_VALUE: &str = "propose_value";
/// The tool that hands over.
pub const HAND_OVER: &str = "hand_over";

/// The names of all tools.
pub const NAMES: &[&str] = &["search_knowledge", "read_context", "contact_history", PROPOSE_VALUE, HAND_OVER];

/// Whether a tool proposes something that a person approves, instead of reading.
pub fn has_effect(name: &str) -> bool {
    matches!(name, PROPOSE_VALUE | HAND_OVER)
}

/// All tools, as a model is told of them.
pub fn specs() -> Vec<ToolSpec> {
    fn parameters<T: JsonSchema>() -> Value {
        let mut schema = schemars::schema_for!(T).to_value();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
            schema.remove("title");
            schema.remove("description");
        }
        schema
    }
    let spec = |name: &'static str, description: &'static str, parameters| ToolSpec {
        name: name.into(),
        description: description.into(),
        parameters,
    };
    vec![
        spec(
            "search_knowledge",
            "Searches the business's documents. Use it when the passages do not answer.",
            parameters::<SearchKnowledge>(),
        ),
        spec(
            "read_context",
            "Lists the fields that the business wants to know, with their keys, types and present values.",
            parameters::<Nothing>(),
        ),
        spec(
            "contact_history",
            "Shows this customer's earlier conversations with the business.",
            parameters::<Nothing>(),
        ),
        spec(
            PROPOSE_VALUE,
            "Proposes a value for a field, from the customer's own words. A colleague decides.",
            parameters::<ProposeValue>(),
        ),
        spec(
            HAND_OVER,
            "Proposes that a person takes over, with a summary for them. A colleague decides.",
            parameters::<HandOver>(),
        ),
    ]
}

impl ToolCall {
    /// Reads a call; says to the model what is wrong with it.
    pub fn read(call: &Call) -> Result<ToolCall, String> {
        fn arguments<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T, String> {
            let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
            serde_json::from_str(text).map_err(|error| format!("The arguments are not right: {error}"))
        }
        match call.name.as_str() {
            "search_knowledge" => {
                let SearchKnowledge { query } = arguments(call)?;
                Ok(ToolCall::SearchKnowledge(SearchKnowledge { query: short(&query)? }))
            }
            "read_context" => arguments::<Nothing>(call).map(|_| ToolCall::ReadContext),
            "contact_history" => arguments::<Nothing>(call).map(|_| ToolCall::ContactHistory),
            PROPOSE_VALUE => {
                let ProposeValue { field, value, because } = arguments(call)?;
                let because = short(&because).unwrap_or_default();
                Ok(ToolCall::ProposeValue(ProposeValue { field, value, because }))
            }
            HAND_OVER => {
                let HandOver { summary, because } = arguments(call)?;
                let because = short(&because).unwrap_or_default();
                Ok(ToolCall::HandOver(HandOver { summary: short(&summary)?, because }))
            }
            _ => Err("There is no tool of this name.".to_owned()),
        }
    }
}

/// A text on one line, shortened; it must say something.
fn short(text: &str) -> Result<String, String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|character| !character.is_control()).take(LONGEST).collect();
    if line.is_empty() { Err("A text is empty.".to_owned()) } else { Ok(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &str) -> Call {
        Call { id: "1".to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    #[test]
    fn every_tool_has_a_schema_and_is_read() {
        assert_eq!(specs().iter().map(|spec| spec.name.to_string()).collect::<Vec<_>>(), NAMES);
        for spec in specs() {
            assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
            assert_eq!(spec.parameters["additionalProperties"], false, "{}", spec.name);
            let unknown = ToolCall::read(&call(&spec.name, "{\"surely_unknown\":1}"));
            assert!(unknown.is_err_and(|says| says.contains("not right")), "{}", spec.name);
        }
        assert_eq!(ToolCall::read(&call("read_context", "")), Ok(ToolCall::ReadContext));
    }

    #[test]
    fn what_is_not_a_call_is_told_to_the_model() {
        for (name, arguments, says) in [
            ("send_message", "{}", "no tool of this name"),
            ("search_knowledge", "{\"query\":\"  \"}", "empty"),
            ("search_knowledge", "{\"query\":", "not right"),
            (HAND_OVER, "[]", "not right"),
        ] {
            let told = ToolCall::read(&call(name, arguments));
            assert!(told.as_ref().is_err_and(|told| told.contains(says)), "{name}: {told:?}");
        }
        let long = format!("{{\"query\":\"{}\"}}", "word ".repeat(1_000));
        match ToolCall::read(&call("search_knowledge", &long)) {
            Ok(ToolCall::SearchKnowledge(search)) => assert!(search.query.chars().count() <= LONGEST),
            other => panic!("{other:?}"),
        }
    }
}
