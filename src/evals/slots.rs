//! The evaluation kit's field extraction task, answered by the very code the pipeline uses.

use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answerer, Error, line};
use crate::base::Timestamp;
use crate::language::fields::{FieldSpec, FieldType, Setting, Speaker, Turn, extract};

#[derive(Deserialize)]
struct Question {
    id: String,
    service: String,
    schema: Value,
    #[serde(default)]
    requested: Vec<String>,
    turns: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    role: String,
    text: String,
    #[serde(default)]
    nbest: Vec<String>,
}

#[derive(Serialize)]
struct Reply {
    id: String,
    fields: BTreeMap<String, Answer>,
}

#[derive(Serialize)]
struct Answer {
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    confidence: f64,
}

/// Answers the kit's `slots` task.
pub(super) fn prepare() -> Answerer {
    Box::new(|asked| line(&answer(&serde_json::from_str(asked)?)?))
}

fn answer(question: &Question) -> Result<Reply, Error> {
    let fields = match question.schema.get("properties") {
        Some(_) => FieldSpec::from_schema(&question.schema)?,
        None => FieldSpec::from_plain(&question.schema)?,
    };
    let last = question.turns.len().saturating_sub(1);
    let turns: Vec<Turn<'_>> = question
        .turns
        .iter()
        .enumerate()
        .map(|(index, said)| {
            let role = if said.role == "user" { Speaker::Customer } else { Speaker::Business };
            // What was asked is known for the last message; a form that is asked again and again asks throughout.
            let known = role == Speaker::Customer && (index == last || !said.nbest.is_empty());
            let asks: &[String] = if known { &question.requested } else { &[] };
            Turn { role, text: &said.text, asks, alternatives: &said.nbest }
        })
        .collect();
    let found = extract(&fields, &turns, &setting(&question.service));
    let fields = found
        .into_iter()
        .map(|f| {
            let kind = fields.iter().find(|spec| spec.key == f.field).map(|spec| spec.kind);
            // A listed value has one form; for others the words said count as well.
            let listed = matches!(kind, Some(FieldType::Choice | FieldType::Boolean));
            let text = (!listed).then_some(f.text);
            let value = match f.value {
                Value::Bool(true) => Value::from("True"),
                Value::Bool(false) => Value::from("False"),
                other => other,
            };
            (f.field, Answer { value, text, confidence: f.confidence })
        })
        .collect();
    Ok(Reply { id: question.id.clone(), fields })
}

/// The kit counts dates from 2019-03-01; the one British set is read with British habits.
fn setting(service: &str) -> Setting {
    let british = matches!(service, "evi" | "restaurant8k");
    let now = date(2019, 3, 1).at(8, 0, 0, 0).to_zoned(TimeZone::UTC);
    Setting {
        now: Timestamp::from_micros(now.map_or(0, |z| z.timestamp().as_microsecond())),
        zone: TimeZone::UTC,
        country: if british { "GB" } else { "US" }.to_owned(),
        locale: if british { "en-GB" } else { "en-US" }.to_owned(),
        currency: if british { "GBP" } else { "USD" }.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_is_a_line_out() {
        let asked = serde_json::json!({
            "id": "x#0", "service": "restaurant8k",
            "schema": { "fields": [
                { "name": "people", "type": "number", "description": "how many people" },
                { "name": "time", "type": "time", "description": "time of the booking" },
            ] },
            "turns": [{ "role": "user", "text": "a table for four at 7:30pm" }],
        });
        let said = prepare()(&asked.to_string()).unwrap_or_default();
        let reply: Value = serde_json::from_str(&said).unwrap_or_default();
        assert_eq!(reply.pointer("/fields/people/value"), Some(&Value::from(4)));
        assert_eq!(reply.pointer("/fields/time/value"), Some(&Value::from("19:30")));
    }

    #[test]
    fn a_broken_line_is_named() {
        let failed = crate::evals::jsonl("slots", "\n{".as_bytes(), Vec::new());
        assert!(matches!(failed, Err(Error::Line { line: 2, .. })));
    }
}
