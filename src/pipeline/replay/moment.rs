//! The moments of a conversation at which a turn ran or would have run, and what was known then.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::agents::Agent;
use crate::base::{Actor, ConversationId, Id as _, Timestamp, TurnId};
use crate::contacts::{self, Contact};
use crate::context::RecordView;
use crate::conversations::{Conversation, Lease};
use crate::files::{self, Transcript};
use crate::pipeline::place::Place;
use crate::pipeline::replay::{Outcome, agent_of};
use crate::pipeline::turn::{self, Findings, Telling, Turn};
use crate::pipeline::{Error, Library, acts, store};
use crate::ports::models::Meter;
use crate::ports::{Cx, Tx};
use crate::protocol::{BlockerKind, Content, Entry, Owner};
use crate::rules::{FactValue, Facts, RuleSet};
use crate::schemas::{Schema, show_value};
use crate::workspaces::{self, Workspace};
use crate::{automation, context, conversations, rules, schemas};

/// Most entries of a conversation that are told again.
const MAX_ENTRIES: i64 = 2_000;
/// Messages of a conversation that a turn reads.
const HISTORY: usize = 30;

/// A moment at which the customer waited for an answer.
pub(in crate::pipeline) struct Moment {
    /// The customer's last message.
    pub(super) seq: i64,
    /// When it came.
    pub(super) at: Timestamp,
    /// What the customer had written since the last answer.
    pub(super) text: String,
    /// What the turn left behind that ran for it.
    pub(super) recorded: Option<Recorded>,
    /// What rules knew when it ran.
    known: Option<Facts>,
}

/// What a turn left behind.
pub(in crate::pipeline) struct Recorded {
    pub(in crate::pipeline) text: String,
    pub(in crate::pipeline) intent: Option<String>,
    pub(in crate::pipeline) blockers: Vec<BlockerKind>,
    /// When it began.
    pub(in crate::pipeline) began: Timestamp,
}

impl Recorded {
    /// Whether a replay came to the same.
    pub(super) fn is(&self, outcome: &Outcome) -> bool {
        self.text == outcome.text && self.intent == outcome.intent && self.blockers == outcome.blockers
    }
}

/// A conversation with everything its moments need.
pub(super) struct Material {
    pub(super) moments: Vec<Moment>,
    entries: Vec<Entry>,
    workspace: Workspace,
    agent: Arc<Agent>,
    conversation: Conversation,
    contact: Contact,
    circle: automation::Circle,
    schemas: Vec<Schema>,
    records: Vec<RecordView>,
    rules: Arc<RuleSet>,
    spoken: Vec<Transcript>,
    initial: String,
}

impl Material {
    pub(super) async fn read(
        library: &Library,
        cx: &Cx,
        tx: &mut Tx,
        id: ConversationId,
        schemas: Option<&[Schema]>,
    ) -> Result<Material, Error> {
        let workspace = workspaces::get(tx, cx.workspace).await?;
        let agent = agent_of(library, cx, tx, &workspace.agent).await?;
        let conversation = conversations::get(cx, tx, id).await?;
        let contact = contacts::get(cx, tx, conversation.contact.id).await?;
        let entries: Vec<Entry> = conversations::raw_entries(tx, cx.workspace, id, 0, MAX_ENTRIES)
            .await?
            .into_iter()
            .map(|(entry, _)| entry)
            .collect();
        let spoken = files::transcripts_after(cx, tx, id, 0).await?;
        let (schemas, records) = match schemas {
            None => (schemas::active(cx, tx).await?, context::view(cx, tx, id).await?),
            Some(changed) => {
                let of = [(id, conversation.status.clone())];
                let records = context::views(cx, tx, changed, &of).await?.remove(&id).unwrap_or_default();
                (changed.to_vec(), records)
            }
        };
        let mut recorded = store::first_drafts(tx, cx.workspace, id).await?;
        let looks = rules::message_looks(cx, tx, (id, id)).await?;
        let mut looks: HashMap<i64, Facts> = looks.into_iter().map(|look| (look.seq, look.facts)).collect();
        let moments = moments(&entries, &spoken).into_iter().map(|(seq, at, text)| Moment {
            seq,
            at,
            text,
            recorded: recorded.remove(&seq),
            known: looks.remove(&seq),
        });
        Ok(Material {
            circle: automation::Circle::of(cx, tx, contact.id).await?,
            moments: moments.collect(),
            workspace,
            agent,
            conversation,
            contact,
            schemas,
            records,
            rules: rules::ready(cx, tx, library.shelf()).await?,
            spoken,
            initial: schemas::initial_status(cx, tx).await?,
            entries,
        })
    }

    /// The turn of a moment, before its stages.
    pub(super) fn turn(&self, library: &Library, cx: &Cx, moment: &Moment) -> Turn {
        let assistant = self.workspace.settings.assistant_name.clone();
        // "Tomorrow" and "in an hour" are told from the time at which the turn ran.
        let now = moment.recorded.as_ref().map_or(moment.at, |recorded| recorded.began);
        let cx = Cx { now, ..cx.acting_as(Actor::Agent, assistant) };
        let before = |entry: &&Entry| entry.seq <= moment.seq;
        let past: Vec<&Entry> = self.entries.iter().filter(before).collect();
        let mut history: Vec<Entry> =
            past.iter().filter(|entry| entry.content.is_message()).map(|entry| (*entry).clone()).collect();
        history.drain(..history.len().saturating_sub(HISTORY));
        let first = history.first().map_or(0, |entry| entry.seq);
        let spoken: Vec<Transcript> =
            self.spoken.iter().filter(|one| (first..=moment.seq).contains(&one.seq)).cloned().collect();
        turn::write_out(&mut history, &spoken);
        let unanswered = turn::unanswered(&history);
        let since = unanswered.first().map_or(i64::MAX, |entry| entry.seq);
        let text = turn::joined_text(unanswered);
        let files = unanswered.iter().map(turn::files_of).sum();
        let (mut conversation, status_since) = self.conversation_then(&past, unanswered);
        let contact = self.contact_then(moment.known.as_ref());
        conversation.contact.name = contact.display_name();
        Turn {
            // Named after the message: a replay has the same one each time.
            id: TurnId::from_parts(moment.at, u128::from(moment.seq.unsigned_abs())),
            lease: Lease {
                conversation: self.conversation.id,
                for_seq: moment.seq,
                holder: "replay".to_owned(),
            },
            telling: Telling::Again,
            workspace: self.workspace.clone(),
            agent: self.agent.clone(),
            tongue: library.tongue(&text, &self.workspace.settings.locale),
            conversation,
            schemas: self.schemas.clone(),
            records: self.records_then(&past),
            rules: self.rules.clone(),
            contact,
            circle: self.circle.clone(),
            status_since,
            around: moment.known.as_ref().map(around).unwrap_or_default(),
            wrong: Vec::new(),
            rejection: None,
            text,
            files,
            spoken: spoken.into_iter().filter(|one| one.seq >= since).collect(),
            edition: None,
            place: Place::default(),
            found: Findings::default(),
            meter: Meter::default(),
            history,
            cx,
        }
    }

    /// The customer as rules knew them then; where nothing is on record, as they are known today.
    fn contact_then(&self, known: Option<&Facts>) -> Contact {
        let Some(known) = known else { return self.contact.clone() };
        let text = |name: &str| match known.get(name) {
            Some(FactValue::Text(text)) => Some(text.clone()),
            _ => None,
        };
        Contact {
            name: text("contact.name"),
            email: text("contact.email"),
            phone: text("contact.phone"),
            locale: text("contact.locale"),
            ..self.contact.clone()
        }
    }

    /// The conversation as it was after these entries, and since when it was in its status.
    fn conversation_then(&self, past: &[&Entry], unanswered: &[Entry]) -> (Conversation, Timestamp) {
        let mut then = Conversation {
            status: self.initial.clone(),
            owner: Owner::Agent,
            assignee: None,
            labels: Vec::new(),
            inbound_count: 0,
            outbound_count: 0,
            waiting_since: unanswered.first().map(|entry| entry.at),
            draft: None,
            resolved_at: None,
            snoozed_until: None,
            ..self.conversation.clone()
        };
        let mut status_since = self.conversation.created_at;
        for entry in past {
            match &entry.content {
                Content::Message { .. } if matches!(entry.actor, Actor::Contact { .. }) => {
                    then.inbound_count += 1;
                }
                Content::Message { .. } => then.outbound_count += 1,
                Content::StatusMoved { to, .. } => {
                    then.status.clone_from(to);
                    status_since = entry.at;
                }
                Content::Assigned { to, .. } => then.assignee = *to,
                Content::LabelsChanged { added, removed } => {
                    then.labels.retain(|label| !removed.contains(label));
                    then.labels.extend(added.iter().cloned());
                }
                _ => {}
            }
        }
        then.labels.sort();
        then.labels.dedup();
        (then, status_since)
    }

    /// What was known after these entries: each field's last change.
    fn records_then(&self, past: &[&Entry]) -> Vec<RecordView> {
        let mut records = self.records.clone();
        for record in &mut records {
            let schema = self.schemas.iter().find(|schema| schema.key == record.schema.key);
            for known in &mut record.fields {
                let last = past.iter().rev().find_map(|entry| match &entry.content {
                    Content::FieldChanged { record: of, field, to, confidence, origin, .. }
                        if *of == record.id && *field == known.key =>
                    {
                        Some((to.clone(), *confidence, *origin))
                    }
                    _ => None,
                });
                let (value, confidence, origin) = match last {
                    Some((value, confidence, origin)) => (value, confidence, Some(origin)),
                    None => (None, 0.0, None),
                };
                let field = schema.and_then(|schema| schema.field(&known.key));
                let text = |value: &Value| field.map(|field| show_value(field, value));
                known.text = value.as_ref().and_then(text);
                known.value = value;
                known.confidence = confidence;
                known.origin = origin;
                known.proposal = None;
            }
        }
        records
    }
}

/// What was so around the conversation when rules looked.
fn around(known: &Facts) -> Facts {
    let around = known.iter().filter(|(name, _)| acts::is_around(name));
    around.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The customer's last message of each run that the business answered, or has not answered yet.
fn moments(entries: &[Entry], spoken: &[Transcript]) -> Vec<(i64, Timestamp, String)> {
    let mut messages: Vec<Entry> =
        entries.iter().filter(|entry| entry.content.is_message()).cloned().collect();
    turn::write_out(&mut messages, spoken);
    let mut found = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for (place, entry) in messages.iter().enumerate() {
        if !matches!(entry.actor, Actor::Contact { .. }) {
            run.clear();
            continue;
        }
        run.extend(entry.body.as_deref());
        let next = messages.get(place + 1);
        let ends = next.is_none_or(|next| !matches!(next.actor, Actor::Contact { .. }));
        if ends && !run.is_empty() {
            found.push((entry.seq, entry.at, run.join("\n")));
        }
    }
    found
}
