//! Past conversations, told through the verbs of the house at the times of the story.

use std::collections::HashMap;
use std::time::Duration;

use crate::app::seed::Error;
use crate::app::seed::files::{DemoFiles, Past, Said};
use crate::base::{Actor, ContactId, ConversationId, Timestamp};
use crate::contacts::{self, NewContact};
use crate::conversations::{self, NewMessage, NewNote};
use crate::drafts::{self, Written};
use crate::identity::Staff;
use crate::ports::{Cx, Tx};
use crate::{context, jobs, schemas};

/// Questions of the last days may still wait for their first draft; older ones do not.
const UNANSWERED_DAYS: u32 = 2;

/// A day, in seconds.
const DAY: u64 = 24 * 3_600;

/// Tells all past conversations, oldest first.
pub(super) async fn play(
    cx: &Cx,
    tx: &mut Tx,
    files: &DemoFiles,
    staff: &[Staff],
    now: Timestamp,
) -> Result<(), Error> {
    let mut customers: HashMap<&str, ContactId> = HashMap::new();
    for customer in &files.profile.contacts {
        let new = NewContact {
            name: Some(customer.name.clone()),
            email: customer.email.clone(),
            phone: customer.phone.clone(),
            locale: customer.locale.clone(),
            note: customer.note.clone(),
        };
        customers.insert(&customer.key, contacts::create(cx, tx, new).await?.id);
    }
    let mut past: Vec<&Past> = files.past.iter().collect();
    past.sort_by_key(|past| std::cmp::Reverse(past.days_ago));
    for past in past {
        let contact = customers.get(past.contact.as_str()).copied().ok_or_else(|| Error::File {
            file: files.profile.slug.clone(),
            problem: format!("{:?} is told of the unknown contact {:?}", past.title, past.contact),
        })?;
        Teller { cx: cx.clone(), staff, began: begin(past, files, now), now }.tell(tx, past, contact).await?;
    }
    Ok(())
}

/// When a conversation began: so many days ago at its hour; what would lie in the future is moved back.
fn begin(past: &Past, files: &DemoFiles, now: Timestamp) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(&files.profile.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    let day = now.before(Duration::from_secs(u64::from(past.days_ago) * DAY)).to_jiff().to_zoned(zone);
    let hour: jiff::civil::Time = past.at.parse().unwrap_or(jiff::civil::time(9, 0, 0, 0));
    let at = day
        .with()
        .time(hour)
        .build()
        .map_or(now, |zoned| Timestamp::from_micros(zoned.timestamp().as_microsecond()));
    let last = past.say.iter().map(|said| minutes(&said.after)).max().unwrap_or(0);
    let latest_start = now.before(Duration::from_secs(last * 60 + 120));
    at.min(latest_start)
}

fn minutes(after: &str) -> u64 {
    after.trim_end_matches('m').parse().unwrap_or(0)
}

/// Tells one conversation.
struct Teller<'a> {
    cx: Cx,
    staff: &'a [Staff],
    began: Timestamp,
    now: Timestamp,
}

impl Teller<'_> {
    async fn tell(&self, tx: &mut Tx, past: &Past, contact: ContactId) -> Result<(), Error> {
        let cx = self.at(0);
        let status = schemas::initial_status(&cx, tx).await?;
        let conversation = conversations::start(&cx, tx, contact, &status).await?;
        for (number, said) in past.say.iter().enumerate() {
            self.say(tx, conversation, contact, said, number).await?;
        }
        let end = self.at(past.say.iter().map(|said| minutes(&said.after)).max().unwrap_or(0) + 1);
        let cx = end.acting_as(Actor::System, "Concierge");
        conversations::retitle(&cx, tx, conversation, &past.title).await?;
        if !past.labels.is_empty() {
            conversations::label(&cx, tx, conversation, &past.labels, &[]).await?;
        }
        for (field, value) in &past.fields {
            self.know(tx, conversation, field, value, &cx).await?;
        }
        if let Some(person) = past.assignee.as_deref().and_then(|email| self.find(email)) {
            conversations::assign(&cx, tx, conversation, Some((person.id, person.name.clone()))).await?;
        }
        conversations::move_status(&cx, tx, conversation, &past.status).await?;
        if past.days_ago >= UNANSWERED_DAYS {
            // What was left open so long ago was answered in some other way.
            conversations::settle(&cx, tx, conversation).await?;
        }
        if past.resolved {
            conversations::resolve(&cx, tx, conversation, true).await?;
        }
        self.read_by_all(tx, conversation, past).await
    }

    async fn say(
        &self,
        tx: &mut Tx,
        conversation: ConversationId,
        contact: ContactId,
        said: &Said,
        number: usize,
    ) -> Result<(), Error> {
        let cx = self.at(minutes(&said.after));
        let client_id = format!("history-{number}");
        let text = said.text.clone().unwrap_or_default();
        match (said.by.as_str(), &said.note) {
            ("customer", _) => {
                let cx = cx.acting_as(Actor::Contact { id: contact }, "");
                let message = NewMessage { client_id, body: text, files: Vec::new() };
                conversations::post(&cx, tx, conversation, message).await?;
                contacts::seen(&cx, tx, contact).await?;
            }
            ("agent", _) => self.send_draft(tx, conversation, said, &cx).await?,
            (email, note) => {
                let Some(person) = self.find(email) else { return Ok(()) };
                let cx = cx.acting_as(Actor::Staff { id: person.id }, person.name.clone());
                match note {
                    Some(body) => {
                        let note = NewNote { client_id, body: body.clone(), mentions: Vec::new() };
                        conversations::note(&cx, tx, conversation, note).await?;
                    }
                    None => {
                        let message = NewMessage { client_id, body: text, files: Vec::new() };
                        drafts::reply_in_person(&cx, tx, conversation, message).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A draft that was approved and sent: the same verbs, without waiting.
    async fn send_draft(
        &self,
        tx: &mut Tx,
        conversation: ConversationId,
        said: &Said,
        cx: &Cx,
    ) -> Result<(), Error> {
        let text = said.text.clone().unwrap_or_default();
        let written = said.written.clone().unwrap_or_else(|| text.clone());
        let agent = cx.acting_as(Actor::Agent, "Concierge");
        let for_seq = conversations::get(cx, tx, conversation).await?.customer_seq;
        let draft = drafts::begin(&agent, tx, conversation, agent.id(), for_seq).await?;
        let done = Written { text: written, confidence: 0.8, ..Written::default() };
        let draft = drafts::finish(&agent, tx, draft.id, done).await?;
        conversations::settle(&agent, tx, conversation).await?;
        let Some(person) = said.approved_by.as_deref().and_then(|email| self.find(email)) else {
            return Ok(());
        };
        let approver = cx.acting_as(Actor::Staff { id: person.id }, person.name.clone());
        let hash = drafts::hash_text(draft.current_text());
        let shown = (draft.revision, hash.as_str());
        drafts::approve(&approver, tx, person.role, draft.id, shown, Some(&text), Duration::ZERO).await?;
        let workspace = crate::workspaces::get(tx, cx.workspace).await?;
        drafts::send_due(&agent, tx, draft.id, &workspace.settings.assistant_name).await?;
        for job in jobs::take_due(tx, jobs::Queue::Quick, cx.now, jobs::LEASE, 8).await? {
            jobs::done(tx, &job).await?;
        }
        Ok(())
    }

    async fn know(
        &self,
        tx: &mut Tx,
        conversation: ConversationId,
        field: &str,
        value: &serde_json::Value,
        cx: &Cx,
    ) -> Result<(), Error> {
        let proposal = context::Proposal {
            field: field.to_owned(),
            value: value.clone(),
            confidence: 0.9,
            evidence: None,
            evidence_seq: None,
            origin: crate::protocol::FieldOrigin::Extracted,
        };
        context::propose(&cx.acting_as(Actor::Agent, "Concierge"), tx, conversation, vec![proposal]).await?;
        Ok(())
    }

    /// Everybody has read what is done; the newest conversations are still unread.
    async fn read_by_all(&self, tx: &mut Tx, conversation: ConversationId, past: &Past) -> Result<(), Error> {
        if past.days_ago == 0 {
            return Ok(());
        }
        let cx = self.at(0);
        let last = conversations::get(&cx, tx, conversation).await?.last_seq;
        for person in self.staff {
            let cx = cx.acting_as(Actor::Staff { id: person.id }, person.name.clone());
            conversations::mark_read(&cx, tx, conversation, last).await?;
        }
        Ok(())
    }

    fn find(&self, email: &str) -> Option<&Staff> {
        self.staff.iter().find(|person| person.email == email)
    }

    /// The call at so many minutes into the conversation.
    fn at(&self, minutes: u64) -> Cx {
        let now = self.began.after(Duration::from_secs(minutes * 60)).min(self.now);
        Cx { now, ..self.cx.clone() }
    }
}
