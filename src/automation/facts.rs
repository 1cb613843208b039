//! What rules may ask about: the state of a conversation, a message in it, an event in it.

use crate::automation::Error;
use crate::automation::segments::Circle;
use crate::base::{ActorKind, ConversationId, Timestamp};
use crate::contacts::{self, Change, Contact};
use crate::context::{self, RecordView};
use crate::conversations::{self, Conversation};
use crate::language::fields::{self, Setting};
use crate::ports::{Cx, Tx};
use crate::protocol::Content;
use crate::rules::{FactValue, Facts};
use crate::workspaces::{Settings, Workspace, is_open, local_time};

/// The only channel there is: the widget and the portal on the web.
const CHANNEL: &str = "web";

/// A conversation with everything that rules can ask of it.
pub(super) struct Scene {
    /// The business.
    pub(super) workspace: Workspace,
    /// The conversation.
    pub(super) conversation: Conversation,
    /// The customer.
    pub(super) contact: Contact,
    /// What is known.
    pub(super) records: Vec<RecordView>,
    /// Since when it is in its status.
    pub(super) status_since: Timestamp,
    /// What is around the customer.
    pub(super) circle: Circle,
}

impl Scene {
    /// Reads a conversation as it is now.
    pub(super) async fn read(
        cx: &Cx,
        tx: &mut Tx,
        workspace: &Workspace,
        id: ConversationId,
    ) -> Result<Scene, Error> {
        let conversation = conversations::get(cx, tx, id).await?;
        let contact = contacts::get(cx, tx, conversation.contact.id).await?;
        let records = context::view(cx, tx, id).await?;
        let (status_since, _) = conversations::rules_state(cx, tx, id).await?;
        let circle = Circle::of(cx, tx, contact.id).await?;
        Ok(Scene { workspace: workspace.clone(), conversation, contact, records, status_since, circle })
    }

    /// What is so now.
    pub(super) fn facts(&self, now: Timestamp) -> Facts {
        let mut facts = Facts::default();
        state(
            &mut facts,
            (&self.conversation, self.status_since),
            (&self.contact, &self.circle),
            &self.records,
            (&self.workspace.settings, now),
        );
        facts
    }
}

/// The state of a conversation, as rules name it.
pub fn state(
    facts: &mut Facts,
    (conversation, status_since): (&Conversation, Timestamp),
    (contact, circle): (&Contact, &Circle),
    records: &[RecordView],
    (settings, now): (&Settings, Timestamp),
) {
    of_contact(facts, contact, circle, now);
    set(facts, "conversation.status", text(&conversation.status));
    set(facts, "conversation.owner", text(conversation.owner.as_str()));
    set(facts, "conversation.assigned", FactValue::Flag(conversation.assignee.is_some()));
    set(facts, "conversation.labels", FactValue::List(conversation.labels.clone()));
    set(facts, "conversation.channel", text(CHANNEL));
    set(facts, "conversation.resolved", FactValue::Flag(conversation.resolved_at.is_some()));
    set(facts, "conversation.answers", count(conversation.outbound_count));
    set(facts, "conversation.status_minutes", minutes(now, status_since));
    if let Some(since) = conversation.waiting_since {
        set(facts, "conversation.waiting_minutes", minutes(now, since));
    }
    set(facts, "message.number", count(conversation.inbound_count));
    for record in records {
        set(facts, "context.completion", FactValue::Number(record.completion));
        for field in &record.fields {
            if let Some(value) = field.value.as_ref().and_then(FactValue::from_value) {
                set(facts, &format!("context.{}.{}", record.schema.key, field.key), value.clone());
                set(facts, &format!("context.{}", field.key), value);
            }
        }
    }
    clock(facts, settings, now);
}

/// What is known of the customer.
pub(super) fn of_contact(facts: &mut Facts, contact: &Contact, circle: &Circle, now: Timestamp) {
    set(facts, "contact.known", FactValue::Flag(contact.name.is_some()));
    let known = [
        ("contact.name", &contact.name),
        ("contact.email", &contact.email),
        ("contact.phone", &contact.phone),
        ("contact.locale", &contact.locale),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            set(facts, name, text(value));
        }
    }
    set(facts, "contact.days_known", days(now, contact.created_at));
    if let Some(here) = contact.last_seen_at {
        set(facts, "contact.days_away", days(now, here));
    }
    set(facts, "contact.conversations", count(circle.conversations));
    in_segments(facts, circle);
}

/// The segments a customer is in, of whom everything else is known.
pub(super) fn in_segments(facts: &mut Facts, circle: &Circle) {
    let holding = circle.segments.iter().filter(|(_, program)| program.holds(facts));
    let keys: Vec<String> = holding.map(|(key, _)| key.clone()).collect();
    match keys.is_empty() {
        true => {
            facts.remove("contact.segments");
        }
        false => set(facts, "contact.segments", FactValue::List(keys)),
    }
}

/// What time it is for the business.
pub(super) fn clock(facts: &mut Facts, settings: &Settings, now: Timestamp) {
    let (day, hour, date) = local_time(settings, now);
    set(facts, "time.working_hours", FactValue::Flag(is_open(settings, now)));
    set(facts, "time.weekday", text(day));
    set(facts, "time.hour", FactValue::Number(f64::from(hour)));
    set(facts, "time.date", FactValue::Text(date));
}

/// A message of the customer.
pub fn message(facts: &mut Facts, body: &str, files: usize, settings: &Settings, now: Timestamp) {
    set(facts, "message.text", text(body));
    set(facts, "message.files", count(i64::try_from(files).unwrap_or(i64::MAX)));
    let setting = Setting {
        now,
        zone: settings.zone(),
        country: settings.country.clone(),
        locale: settings.locale.clone(),
        currency: settings.currency.clone(),
    };
    match fields::largest_amount(body, &setting) {
        Some(amount) => set(facts, "message.amount", FactValue::Number(amount)),
        None => {
            facts.remove("message.amount");
        }
    }
}

/// An event: what happened, instead of what happened before.
pub(super) fn event(facts: &mut Facts, by: ActorKind, content: &Content) {
    facts.retain(|name, _| !name.starts_with("event.") && !name.starts_with("hook."));
    set(facts, "event.by", text(by.as_str()));
    match content {
        Content::FieldChanged { field, from, to, .. } => {
            set(facts, "event.field", text(field));
            let sides = [("event.from", from), ("event.to", to)];
            for (name, value) in sides {
                if let Some(value) = value.as_ref().and_then(FactValue::from_value) {
                    set(facts, name, FactValue::Text(plain(&value)));
                }
            }
        }
        Content::StatusMoved { from, to } => {
            set(facts, "event.from", text(from));
            set(facts, "event.to", text(to));
        }
        Content::DraftDecided { decision, reason, .. } => {
            set(facts, "event.decision", text(decision.as_str()));
            if let Some(reason) = reason {
                set(facts, "event.reason", text(reason.as_str()));
            }
        }
        Content::HookReceived { key, values, .. } => {
            set(facts, "event.hook", text(key));
            for (name, value) in values {
                if let Some(value) = FactValue::from_value(value) {
                    set(facts, &format!("hook.{name}"), value);
                }
            }
        }
        Content::Rated { score, .. } => set(facts, "event.score", count(*score)),
        _ => {}
    }
}

/// An event that is no entry: something happened to what is known of the customer.
pub(super) fn happened_to_contact(facts: &mut Facts, change: Change) {
    facts.retain(|name, _| !name.starts_with("event.") && !name.starts_with("hook."));
    set(facts, "event.change", text(change.as_str()));
}

/// A value as a text, whatever it is.
fn plain(value: &FactValue) -> String {
    match value {
        FactValue::Text(text) => text.clone(),
        FactValue::Number(number) => number.to_string(),
        FactValue::Flag(flag) => flag.to_string(),
        FactValue::List(entries) => entries.join(", "),
    }
}

pub(super) fn set(facts: &mut Facts, name: &str, value: FactValue) {
    facts.insert(name.to_owned(), value);
}

pub(super) fn text(text: &str) -> FactValue {
    FactValue::Text(text.to_owned())
}

pub(super) fn count(count: i64) -> FactValue {
    FactValue::Number(f64::from(i32::try_from(count).unwrap_or(i32::MAX)))
}

pub(super) fn days(now: Timestamp, since: Timestamp) -> FactValue {
    FactValue::Number((now.since(since).as_secs() / (24 * 3_600)) as f64)
}

pub(super) fn minutes(now: Timestamp, since: Timestamp) -> FactValue {
    FactValue::Number((now.since(since).as_secs() / 60) as f64)
}
