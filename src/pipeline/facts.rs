//! What rules may ask about: the facts of a turn.

use crate::base::Timestamp;
use crate::pipeline::turn::Turn;
use crate::rules::{FactValue, Facts};
use crate::workspaces::is_open;

/// The facts of a turn, as rules name them.
pub(super) fn of(turn: &Turn, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    let mut set = |name: &str, value: FactValue| {
        facts.insert(name.to_owned(), value);
    };
    let text = |text: &str| FactValue::Text(text.to_owned());
    let count = |count: i64| FactValue::Number(f64::from(i32::try_from(count).unwrap_or(i32::MAX)));
    let conversation = &turn.conversation;
    if let Some(intent) = &turn.found.intent {
        set("intent", text(intent));
        set("intent.confidence", FactValue::Number(turn.found.intent_confidence));
    }
    set("message.text", text(&turn.text));
    set("message.language", text(turn.tongue.code()));
    set("message.number", count(conversation.inbound_count));
    set("message.files", count(i64::try_from(turn.files).unwrap_or(i64::MAX)));
    let has_name = !conversation.contact.name.starts_with("Visitor ");
    if has_name {
        set("contact.name", text(&conversation.contact.name));
    }
    set("contact.known", FactValue::Flag(has_name));
    set("conversation.status", text(&conversation.status));
    set("conversation.owner", text(conversation.owner.as_str()));
    set("conversation.labels", FactValue::List(conversation.labels.clone()));
    set("time.working_hours", FactValue::Flag(is_open(&turn.workspace.settings, now)));
    set("retrieval.score", FactValue::Number(turn.found.hits.first().map_or(0.0, |hit| hit.score)));
    set("steering.score", FactValue::Number(turn.found.steering));
    for record in &turn.records {
        set("context.completion", FactValue::Number(record.completion));
        for field in &record.fields {
            if let Some(value) = field.value.as_ref().and_then(FactValue::from_value) {
                set(&format!("context.{}", field.key), value);
            }
        }
    }
    for proposal in &turn.found.proposals {
        if let Some(value) = FactValue::from_value(&proposal.value) {
            set(&format!("context.{}", proposal.field), value);
        }
    }
    facts
}
