//! A conversation that nobody has: what a turn needs to run on words that somebody made up.

use std::sync::Arc;

use crate::agents::Agent;
use crate::automation;
use crate::base::{Actor, Audience, ContactId, ConversationId, Id as _, Timestamp, TurnId};
use crate::contacts::Contact;
use crate::context::{self, RecordView};
use crate::conversations::{Conversation, Lease};
use crate::pipeline::place::Place;
use crate::pipeline::turn::{self, Findings, Telling, Turn};
use crate::pipeline::{Error, Library};
use crate::ports::models::Meter;
use crate::ports::{Cx, Tx};
use crate::protocol::{ContactSummary, Content, Entry, Owner};
use crate::rules::{self, RuleSet};
use crate::schemas::{self, Schema};
use crate::workspaces::{self, Workspace};

/// Something that was said.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::pipeline) struct Said {
    /// By the customer, and not by the business.
    pub(in crate::pipeline) customer: bool,
    /// The words.
    pub(in crate::pipeline) text: String,
}

/// What a workspace gives to every made-up conversation.
pub(in crate::pipeline) struct Ground {
    pub(in crate::pipeline) workspace: Workspace,
    schemas: Vec<Schema>,
    records: Vec<RecordView>,
    rules: Arc<RuleSet>,
    circle: automation::Circle,
    conversation: Conversation,
    contact: Contact,
}

impl Ground {
    pub(in crate::pipeline) async fn read(library: &Library, cx: &Cx, tx: &mut Tx) -> Result<Ground, Error> {
        let workspace = workspaces::get(tx, cx.workspace).await?;
        let schemas = schemas::active(cx, tx).await?;
        let status = schemas::initial_status(cx, tx).await?;
        // Named after the workspace: the same words give the same turn each time.
        let id = ConversationId::from_parts(Timestamp::from_micros(0), cx.workspace.to_bits());
        let of = [(id, status.clone())];
        let records = context::views(cx, tx, &schemas, &of).await?.remove(&id).unwrap_or_default();
        let contact = Contact {
            id: ContactId::from_parts(Timestamp::from_micros(0), cx.workspace.to_bits()),
            name: None,
            email: None,
            phone: None,
            locale: None,
            note: None,
            created_at: cx.now,
            last_seen_at: None,
        };
        let conversation = Conversation {
            id,
            workspace: cx.workspace,
            contact: ContactSummary { id: contact.id, name: "Visitor".to_owned() },
            title: String::new(),
            status,
            owner: Owner::Agent,
            assignee: None,
            labels: Vec::new(),
            last_seq: 0,
            last_public_seq: 0,
            inbound_count: 0,
            outbound_count: 0,
            customer_seq: 0,
            answered_seq: 0,
            last_message: None,
            waiting_since: None,
            draft: None,
            created_at: cx.now,
            updated_at: cx.now,
            resolved_at: None,
            snoozed_until: None,
            stitch: None,
        };
        let rules = rules::ready(cx, tx, library.shelf()).await?;
        let circle = automation::Circle::of(cx, tx, contact.id).await?;
        Ok(Ground { workspace, schemas, records, rules, circle, conversation, contact })
    }

    /// The turn that answers what was said, before its stages.
    pub(in crate::pipeline) fn turn(
        &self,
        library: &Library,
        cx: &Cx,
        agent: Arc<Agent>,
        (said, at): (&[Said], Timestamp),
        telling: Telling,
    ) -> Turn {
        let assistant = self.workspace.settings.assistant_name.clone();
        let cx = Cx { now: at, ..cx.acting_as(Actor::Agent, assistant) };
        let history: Vec<Entry> = (1..).zip(said).map(|(seq, said)| self.entry(&cx, seq, said)).collect();
        let seq = history.last().map_or(0, |entry| entry.seq);
        let text = turn::joined_text(turn::unanswered(&history));
        let of = |customer: bool| said.iter().filter(|one| one.customer == customer).count();
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Turn {
            id: TurnId::from_parts(at, u128::from(seq.unsigned_abs())),
            lease: Lease { conversation: self.conversation.id, for_seq: seq, holder: "studio".to_owned() },
            telling,
            workspace: self.workspace.clone(),
            agent,
            conversation: Conversation {
                last_seq: seq,
                last_public_seq: seq,
                customer_seq: seq,
                inbound_count: count(of(true)),
                outbound_count: count(of(false)),
                waiting_since: Some(at),
                ..self.conversation.clone()
            },
            schemas: self.schemas.clone(),
            records: self.records.clone(),
            rules: self.rules.clone(),
            circle: self.circle.clone(),
            contact: self.contact.clone(),
            status_since: at,
            around: rules::Facts::new(),
            wrong: Vec::new(),
            rejection: None,
            tongue: library.tongue(&text, &self.workspace.settings.locale),
            text,
            files: 0,
            spoken: Vec::new(),
            edition: None,
            place: Place::default(),
            found: Findings::default(),
            meter: Meter::default(),
            history,
            cx,
        }
    }

    fn entry(&self, cx: &Cx, seq: i64, said: &Said) -> Entry {
        let (actor, author) = match said.customer {
            true => (Actor::Contact { id: self.contact.id }, "Visitor".to_owned()),
            false => (Actor::Agent, cx.name.clone()),
        };
        Entry {
            seq,
            prev: seq - 1,
            audience: Audience::Everyone,
            actor,
            author,
            body: Some(said.text.clone()),
            content: Content::Message { files: Vec::new(), draft: None },
            client_id: None,
            at: cx.now,
        }
    }
}
