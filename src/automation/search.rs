//! Conversations by the conditions of rules: views, searches and segments have one grammar.
//!
//! The store gives conversations in the inbox's order, a batch at a time with everything that conditions can
//! ask about, in a fixed number of questions; the rules' own program decides. One call looks at a bounded
//! number of conversations and says where to go on.

use std::collections::HashMap;

use serde_json::Value;

use crate::automation::Error;
use crate::automation::facts::state;
use crate::automation::segments::{self, Circle, Segments};
use crate::base::{ContactId, ConversationId, Timestamp};
use crate::contacts::{self, Contact};
use crate::conversations::{self, Conversation, ListFilter};
use crate::http::Cursor;
use crate::ports::{Cx, Tx};
use crate::protocol::ConversationSummary;
use crate::rules::{self, Condition, FactValue, Facts, Op, Program};
use crate::workspaces::{self, Settings};
use crate::{context, schemas};

/// Conversations that are read at once, and most that one call looks at.
const BATCH: i64 = 200;
const MOST: usize = 5_000;

/// Facts that the newest look at a message knows.
const OF_LOOKS: &[&str] = &["intent", "intent.confidence", "message.language"];

/// Facts that need the number of a customer's conversations.
const OF_CIRCLES: &[&str] = &["contact.conversations", "contact.segments"];

/// Conversations that a filter shows.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Shown {
    /// The conversations, the one with the newest event first.
    pub items: Vec<ConversationSummary>,
    /// Give this as `cursor` to go on; absent at the end. A page may be short, or empty, and not the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The conditions in words.
    pub text: String,
}

/// The conversations of a filter for which a condition holds, the newest event first.
pub async fn search(
    cx: &Cx,
    tx: &mut Tx,
    (filter, when): (&ListFilter, &Value),
    limit: i64,
    after: Option<Cursor<ConversationId>>,
) -> Result<Shown, Error> {
    let condition = rules::filter(cx, tx, when).await?;
    let text = rules::describe_filter(when, &rules::vocabulary(cx, tx).await?);
    let filter = narrowed(filter, &condition);
    let reader = Reader::new(cx, tx, &condition).await?;
    let mut start =
        after.unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    let limit = usize::try_from(limit).unwrap_or(0);
    let (mut items, mut looked) = (Vec::new(), 0);
    loop {
        let batch = conversations::page(cx, tx, &filter, BATCH, start).await?;
        let full = batch.len() == usize::try_from(BATCH).unwrap_or(0);
        looked += batch.len();
        let facts = reader.facts(cx, tx, &batch).await?;
        for ((at, conversation, unread), facts) in batch.into_iter().zip(facts) {
            start = Cursor { at, id: conversation.id };
            if !reader.program.holds(&facts) {
                continue;
            }
            items.push(conversation.summarise(unread));
            if items.len() == limit {
                return Ok(Shown { items, next: Some(start.encode()), text });
            }
        }
        if !full {
            return Ok(Shown { items, next: None, text });
        }
        if looked >= MOST {
            return Ok(Shown { items, next: Some(start.encode()), text });
        }
    }
}

/// What of a condition the store can look for by itself.
fn narrowed(filter: &ListFilter, condition: &Condition) -> ListFilter {
    let all = match condition {
        Condition::All { all } => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let status = all.iter().find_map(|one| match one {
        Condition::Fact(comparison)
            if comparison.fact == "conversation.status" && comparison.op == Op::Is =>
        {
            comparison.value.as_ref()?.as_str().map(str::to_owned)
        }
        _ => None,
    });
    ListFilter { status: filter.status.clone().or(status), ..filter.clone() }
}

/// What a condition needs to be asked of many conversations.
struct Reader {
    program: Program,
    settings: Settings,
    schemas: Vec<schemas::Schema>,
    needs_looks: bool,
    segments: Segments,
    needs_circle: bool,
}

impl Reader {
    async fn new(cx: &Cx, tx: &mut Tx, condition: &Condition) -> Result<Reader, Error> {
        Ok(Reader {
            program: Program::of(condition),
            settings: workspaces::get(tx, cx.workspace).await?.settings,
            schemas: schemas::active(cx, tx).await?,
            segments: segments::ready(cx, tx).await?,
            needs_circle: condition.facts().iter().any(|fact| OF_CIRCLES.contains(fact)),
            needs_looks: condition.facts().iter().any(|fact| OF_LOOKS.contains(fact)),
        })
    }

    /// What is known of each conversation of a batch, in its order.
    async fn facts(
        &self,
        cx: &Cx,
        tx: &mut Tx,
        batch: &[(Timestamp, Conversation, i64)],
    ) -> Result<Vec<Facts>, Error> {
        let ids: Vec<ConversationId> = batch.iter().map(|(_, conversation, _)| conversation.id).collect();
        let people: Vec<ContactId> =
            batch.iter().map(|(_, conversation, _)| conversation.contact.id).collect();
        let people: HashMap<ContactId, Contact> =
            contacts::get_all(cx, tx, &people).await?.into_iter().map(|one| (one.id, one)).collect();
        let counts = match self.needs_circle {
            true => {
                let ids: Vec<ContactId> = people.keys().copied().collect();
                conversations::counts_of_contacts(cx, tx, &ids).await?
            }
            false => HashMap::new(),
        };
        let since = conversations::in_status_since(cx, tx, &ids).await?;
        let statuses: Vec<(ConversationId, String)> =
            batch.iter().map(|(_, one, _)| (one.id, one.status.clone())).collect();
        let records = context::views(cx, tx, &self.schemas, &statuses).await?;
        let looks = match self.needs_looks {
            true => rules::newest_looks(cx, tx, &ids).await?,
            false => Vec::new(),
        };
        let mut looks: HashMap<ConversationId, Facts> =
            looks.into_iter().map(|look| (look.conversation, look.facts)).collect();
        let facts = batch.iter().map(|(at, conversation, _)| {
            let mut facts = of_look(looks.remove(&conversation.id));
            if let Some(contact) = people.get(&conversation.contact.id) {
                let since = since.get(&conversation.id).copied().unwrap_or(*at);
                let records = records.get(&conversation.id).map_or(&[][..], Vec::as_slice);
                let conversations = counts.get(&contact.id).copied().unwrap_or(0);
                let circle = Circle { conversations, segments: self.segments.clone() };
                let settings = (&self.settings, cx.now);
                state(&mut facts, (conversation, since), (contact, &circle), records, settings);
            }
            facts
        });
        Ok(facts.collect())
    }
}

fn of_look(look: Option<Facts>) -> Facts {
    let mut look = look.unwrap_or_default();
    let known = |name: &&str| look.remove(*name).map(|value: FactValue| ((*name).to_owned(), value));
    OF_LOOKS.iter().filter_map(known).collect()
}
