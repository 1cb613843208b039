//! A rule in words, for people who read no JSON.

use serde_json::Value;

use crate::base::Role;
use crate::rules::model::{
    Action, Comparison, Condition, FactValue, Hours, Op, Pace, RuleDocument, Schedule, Since, Trigger, Wait,
};
use crate::rules::vocabulary::Vocabulary;

/// The whole rule as one sentence.
pub(super) fn rule(document: &RuleDocument, words: &Vocabulary) -> String {
    let mut text = trigger(document, words);
    match document.hours {
        Hours::Any => {}
        Hours::Working => text.push_str(", in working hours"),
        Hours::Closed => text.push_str(", outside working hours"),
    }
    if !document.when.is_always() {
        text.push_str(", if ");
        text.push_str(&condition(&document.when, words));
    }
    text.push_str(": ");
    let actions: Vec<String> = document.then.iter().map(|one| action(one, words)).collect();
    text.push_str(&actions.join("; "));
    if document.stop {
        text.push_str("; then no further rule");
    }
    text.push('.');
    text
}

fn trigger(document: &RuleDocument, words: &Vocabulary) -> String {
    match (document.on, &document.after, &document.at) {
        (Trigger::Elapsed, Some(wait), _) => elapsed(wait, words),
        (Trigger::Schedule, _, Some(schedule)) => clock(schedule),
        (on, _, _) => plain(on).to_owned(),
    }
}

fn plain(on: Trigger) -> &'static str {
    match on {
        Trigger::Message => "When a customer writes",
        Trigger::ContextChanged => "When a field changes",
        Trigger::StatusChanged => "When the status changes",
        Trigger::DraftDecided => "When a draft is decided",
        Trigger::Resolved => "When a conversation is closed or opened again",
        Trigger::Rated => "When a customer rates",
        Trigger::ContactChanged => "When something about the customer changes",
        Trigger::Hook => "When another system calls",
        Trigger::Elapsed => "After some time",
        Trigger::Schedule => "At a time of day",
    }
}

fn elapsed(wait: &Wait, words: &Vocabulary) -> String {
    if wait.minutes == 0 {
        return match &wait.status {
            Some(status) => {
                format!(
                    "As soon as it is in the status {}",
                    quoted(words.value_label("conversation.status", status))
                )
            }
            None => "As soon as it is in another status".to_owned(),
        };
    }
    let span = match (wait.minutes, wait.minutes % (24 * 60), wait.minutes % 60) {
        (1, _, _) => "1 minute".to_owned(),
        (60, _, _) => "1 hour".to_owned(),
        (minutes, 0, _) if minutes > 24 * 60 => format!("{} days", minutes / (24 * 60)),
        (minutes, _, 0) => format!("{} hours", minutes / 60),
        (minutes, _, _) => format!("{minutes} minutes"),
    };
    let open = if wait.clock == Pace::Working { " of working time" } else { "" };
    let state = match (wait.since, &wait.status) {
        (Since::Status, Some(status)) => {
            format!("in the status {}", quoted(words.value_label("conversation.status", status)))
        }
        (Since::Status, None) => "in one status".to_owned(),
        (Since::CustomerWaits, _) => "in which the customer waits for an answer".to_owned(),
        (Since::WeWait, _) => "in which we wait for the customer".to_owned(),
    };
    format!("After {span}{open} {state}")
}

fn clock(schedule: &Schedule) -> String {
    match schedule.days.len() {
        0 => format!("Every day at {}", schedule.time),
        _ => format!("On {} at {}", schedule.days.join(", "), schedule.time),
    }
}

/// A condition; the inner groups in brackets.
pub(super) fn condition(condition: &Condition, words: &Vocabulary) -> String {
    match condition {
        Condition::All { all } => joined(all, " and ", words),
        Condition::Any { any } => joined(any, " or ", words),
        Condition::Not { not } => format!("not ({})", self::condition(not, words)),
        Condition::Fact(comparison) => compared(comparison, words),
    }
}

fn joined(inner: &[Condition], by: &str, words: &Vocabulary) -> String {
    let each = inner.iter().map(|one| match one {
        Condition::All { all: more } | Condition::Any { any: more } if more.len() > 1 => {
            format!("({})", condition(one, words))
        }
        one => condition(one, words),
    });
    each.collect::<Vec<_>>().join(by)
}

fn compared(comparison: &Comparison, words: &Vocabulary) -> String {
    let Comparison { fact, op, value } = comparison;
    let label = words.label(fact);
    let shown = value.as_ref().map(|value| shown(fact, value, words)).unwrap_or_default();
    match (op, value) {
        (Op::Is, Some(Value::Bool(true))) | (Op::IsNot, Some(Value::Bool(false))) => label.to_owned(),
        (Op::Is, Some(Value::Bool(false))) | (Op::IsNot, Some(Value::Bool(true))) => match denied(fact) {
            Some(denied) => denied.to_owned(),
            None => format!("not: {label}"),
        },
        (Op::Known, _) => format!("{label} is known"),
        (Op::Unknown, _) => format!("{label} is not known"),
        _ => format!("{label} {} {shown}", says(*op)),
    }
}

fn says(op: Op) -> &'static str {
    match op {
        Op::Is => "is",
        Op::IsNot => "is not",
        Op::In => "is one of",
        Op::NotIn => "is none of",
        Op::Contains => "contains",
        Op::ContainsAny => "contains one of",
        Op::Gt => "is more than",
        Op::Gte => "is at least",
        Op::Lt => "is less than",
        Op::Lte => "is at most",
        Op::Between => "is between",
        Op::StartsWith => "begins with",
        Op::Matches => "fits",
        Op::Known => "is known",
        Op::Unknown => "is not known",
    }
}

fn shown(fact: &str, value: &Value, words: &Vocabulary) -> String {
    match value {
        Value::String(text) => quoted(words.value_label(fact, text)),
        Value::Array(items) => {
            items.iter().map(|item| shown(fact, item, words)).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// How people say that a fact of ours is not so.
fn denied(fact: &str) -> Option<&'static str> {
    Some(match fact {
        "contact.known" => "the customer's name is not known",
        "conversation.assigned" => "nobody looks after it",
        "conversation.resolved" => "the conversation is not done",
        "time.working_hours" => "the business is closed",
        _ => return None,
    })
}

/// A number beside the one it was compared with: two that differ never read alike.
pub(super) fn number_beside(actual: f64, operand: Option<&Value>) -> Option<String> {
    let near = |digits: f64| (actual * digits).round() / digits;
    let operand = operand.and_then(Value::as_f64)?;
    (near(100.0) == operand && actual != operand)
        .then(|| if near(10_000.0) == operand { actual } else { near(10_000.0) }.to_string())
}

/// A fact's value in words.
pub(super) fn fact(name: &str, value: &FactValue, words: &Vocabulary) -> String {
    match value {
        FactValue::Flag(true) => "so".to_owned(),
        FactValue::Flag(false) => "not so".to_owned(),
        FactValue::Number(number) => ((number * 100.0).round() / 100.0).to_string(),
        FactValue::Text(text) => quoted(words.value_label(name, &shortened(text))),
        FactValue::List(entries) if entries.is_empty() => "nothing".to_owned(),
        FactValue::List(entries) => {
            entries.iter().map(|entry| quoted(words.value_label(name, entry))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn quoted(text: &str) -> String {
    format!("“{text}”")
}

fn action(action: &Action, words: &Vocabulary) -> String {
    match action {
        Action::RequireApproval { role: Role::Viewer | Role::Staff, people, .. } if *people > 1 => {
            format!("{people} people must approve the reply")
        }
        Action::RequireApproval { role, people, .. } if *people > 1 => {
            format!("{people} people, each at least a {role}, must approve the reply")
        }
        Action::RequireApproval { role, .. } => format!("a {role} must approve the reply"),
        Action::SetStatus { status } => {
            format!("set the status to {}", quoted(words.value_label("conversation.status", status)))
        }
        Action::Notify { text } => format!("tell staff {}", quoted(text)),
        Action::Draft { text } => format!("propose the reply {}", quoted(text)),
        Action::HandOver { .. } => "hand over to a person".to_owned(),
        Action::SetField { field, value } => {
            let fact = format!("context.{field}");
            format!("set {} to {}", words.label(&fact), shown(&fact, value, words))
        }
        Action::StartSequence { sequence } => {
            format!("start the sequence {}", quoted(words.sequence_label(sequence)))
        }
        Action::StopSequence { sequence } => {
            format!("stop the sequence {}", quoted(words.sequence_label(sequence)))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::document;

    #[test]
    fn two_numbers_that_differ_never_read_alike() {
        let beside = |actual: f64, operand: Value| number_beside(actual, Some(&operand));
        assert_eq!(beside(0.5973, json!(0.6)).as_deref(), Some("0.5973"));
        assert_eq!(beside(0.599_999, json!(0.6)).as_deref(), Some("0.599999"));
        assert_eq!(
            (beside(0.6, json!(0.6)), beside(0.28, json!(0.6)), beside(1.0, json!("x"))),
            (None, None, None)
        );
    }

    #[test]
    fn a_rule_reads_as_a_sentence() {
        let read = |value: Value| document::read(&value).expect("a rule");
        let words = Vocabulary::default();
        let refund = read(json!({"key": "refunds", "name": "Refunds", "on": "message", "hours": "working",
            "when": {"all": [
                {"fact": "message.text", "op": "contains", "value": "refund"},
                {"any": [{"fact": "message.amount", "op": "gt", "value": 200}, {"fact": "intent", "op": "unknown"}]},
                {"not": {"fact": "contact.known", "op": "is", "value": true}}]},
            "then": [{"do": "require_approval", "people": 2, "because": "Much money."},
                {"do": "label", "add": ["refund"]}]}));
        assert_eq!(
            rule(&refund, &words),
            "When a customer writes, in working hours, if the message contains “refund” and (the largest sum of \
             money in the message is more than 200 or what the customer wants is not known) and not (the \
             customer's name is known): 2 people must approve the reply; add the label refund."
        );
        let late = read(json!({"key": "late", "name": "Late", "on": "elapsed", "stop": true,
            "after": {"since": "customer_waits", "minutes": 120, "clock": "working"},
            "then": [{"do": "notify", "text": "Answer."}]}));
        assert_eq!(
            rule(&late, &words),
            "After 2 hours of working time in which the customer waits for an answer: tell staff “Answer.”; then \
             no further rule."
        );
        let daily = read(json!({"key": "daily", "name": "Daily", "on": "schedule", "at": {"time": "09:00"},
            "then": [{"do": "hand_over", "because": "It is time."}]}));
        assert_eq!(rule(&daily, &words), "Every day at 09:00: hand over to a person.");
    }
}
