//! Contacts by the conditions of rules: segments with their counts, and searches. One grammar, asked of
//! everything that is known of a contact without any conversation.

mod routes;

pub(super) use routes::routes;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::automation::Error;
use crate::automation::facts::of_contact;
use crate::base::{ContactId, SegmentId, Timestamp};
use crate::contacts::{self, Contact, ContactFilter};
use crate::conversations;
use crate::http::Cursor;
use crate::ports::{Cx, Tx};
use crate::rules::{self, Facts, Program};
use crate::segments::{self, NewSegment, Segment, SegmentChange};

/// Contacts that are read at once, most that a count looks at, and most that one page looks at.
const BATCH: i64 = 500;
const MOST_COUNTED: usize = 50_000;
const MOST_LOOKED: usize = 5_000;

/// The segments of a workspace, made ready: key and what must hold.
pub type Segments = Arc<Vec<(String, Program)>>;

/// What rules can ask about a customer besides the customer's own row.
#[derive(Debug, Clone, Default)]
pub struct Circle {
    /// How many conversations they have had.
    pub conversations: i64,
    /// The segments they may be in.
    pub segments: Segments,
}

impl Circle {
    /// What is around a customer now.
    pub async fn of(cx: &Cx, tx: &mut Tx, contact: ContactId) -> Result<Circle, Error> {
        let conversations = conversations::counts_of_contacts(cx, tx, &[contact]).await?;
        let conversations = conversations.get(&contact).copied().unwrap_or(0);
        Ok(Circle { conversations, segments: ready(cx, tx).await? })
    }
}

/// The segments, made ready. One that no longer reads has nobody in it.
pub(super) async fn ready(cx: &Cx, tx: &mut Tx) -> Result<Segments, Error> {
    let all = segments::list(cx, tx).await?;
    let program = |one: Segment| Some((one.key, rules::segment_program(&one.when)?));
    Ok(Arc::new(all.into_iter().filter_map(program).collect()))
}

/// A segment with how many contacts are in it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct SegmentRow {
    /// The segment.
    #[serde(flatten)]
    pub segment: Segment,
    /// Its condition in words.
    pub text: String,
    /// How many contacts are in it now.
    pub count: u64,
    /// There are more contacts than were counted.
    pub more: bool,
}

/// All segments with how many contacts are in each now: one walk through the contacts counts for all.
pub(super) async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<SegmentRow>, Error> {
    let all = segments::list(cx, tx).await?;
    let words = rules::vocabulary(cx, tx).await?;
    let programs: Vec<Option<Program>> = all.iter().map(|one| rules::segment_program(&one.when)).collect();
    let mut counts = vec![0; all.len()];
    let more = match all.is_empty() {
        true => false,
        false => walk(cx, tx, None, MOST_COUNTED, &mut |_, facts| {
            for (count, program) in counts.iter_mut().zip(&programs) {
                *count += u64::from(program.as_ref().is_some_and(|program| program.holds(facts)));
            }
            true
        })
        .await?
        .is_some(),
    };
    let row = |(segment, count): (Segment, u64)| {
        let text = rules::describe_filter(&segment.when, &words);
        SegmentRow { segment, text, count, more }
    };
    Ok(all.into_iter().zip(counts).map(row).collect())
}

/// Adds a segment whose condition is right.
pub(super) async fn create(cx: &Cx, tx: &mut Tx, new: NewSegment) -> Result<Segment, Error> {
    rules::segment(cx, tx, &new.when).await?;
    Ok(segments::insert(cx, tx, new).await?)
}

/// Changes a segment to a condition that is right.
pub(super) async fn change(
    cx: &Cx,
    tx: &mut Tx,
    id: SegmentId,
    change: SegmentChange,
) -> Result<Segment, Error> {
    segments::get(cx, tx, id).await?;
    rules::segment(cx, tx, &change.when).await?;
    Ok(segments::change(cx, tx, id, change).await?)
}

/// Contacts for which a condition holds.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Found {
    /// The contacts, the newest first.
    pub items: Vec<Contact>,
    /// Give this as `cursor` to go on; absent at the end. A page may be short, or empty, and not the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The conditions in words.
    pub text: String,
    /// How many there are in all; on the first page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// The contacts for which a condition holds, the newest first.
pub(super) async fn search(
    cx: &Cx,
    tx: &mut Tx,
    when: &Value,
    limit: i64,
    after: Option<Cursor<ContactId>>,
) -> Result<Found, Error> {
    let program = Program::of(&rules::segment(cx, tx, when).await?);
    let text = rules::describe_filter(when, &rules::vocabulary(cx, tx).await?);
    let limit = usize::try_from(limit).unwrap_or(0);
    let counts = after.is_none();
    let most = if counts { MOST_COUNTED } else { MOST_LOOKED };
    let (mut items, mut count, mut last) = (Vec::new(), 0, None);
    let stopped = walk(cx, tx, after, most, &mut |contact, facts| {
        if !program.holds(facts) {
            return true;
        }
        count += 1;
        if items.len() < limit {
            items.push(contact.clone());
            last = Some(Cursor { at: contact.created_at, id: contact.id });
        }
        counts || items.len() < limit
    })
    .await?;
    let full = items.len() == limit && last.is_some();
    let next = match full {
        true if count > limit as u64 || !counts => last,
        _ => stopped,
    };
    Ok(Found { items, next: next.map(|next| next.encode()), text, count: counts.then_some(count) })
}

/// Walks through the contacts, the newest first, with what can be asked about each, until `look` has enough
/// or so many were looked at. Says where it stopped, if there are more.
async fn walk(
    cx: &Cx,
    tx: &mut Tx,
    after: Option<Cursor<ContactId>>,
    most: usize,
    look: &mut (dyn FnMut(&Contact, &Facts) -> bool + Send),
) -> Result<Option<Cursor<ContactId>>, Error> {
    let (mut after, mut looked) = (after, 0);
    loop {
        let mut batch = contacts::list(cx, tx, &ContactFilter::default(), BATCH, after).await?;
        let more = batch.len() > usize::try_from(BATCH).unwrap_or(0);
        batch.truncate(usize::try_from(BATCH).unwrap_or(0));
        let ids: Vec<ContactId> = batch.iter().map(|contact| contact.id).collect();
        let counts = conversations::counts_of_contacts(cx, tx, &ids).await?;
        for contact in &batch {
            after = Some(Cursor { at: contact.created_at, id: contact.id });
            if !look(contact, &alone(contact, &counts, cx.now)) {
                return Ok(after);
            }
        }
        looked += batch.len();
        if !more {
            return Ok(None);
        }
        if looked >= most {
            return Ok(after);
        }
    }
}

/// What is known of a contact without any conversation.
fn alone(contact: &Contact, counts: &HashMap<ContactId, i64>, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    let conversations = counts.get(&contact.id).copied().unwrap_or(0);
    of_contact(&mut facts, contact, &Circle { conversations, segments: Segments::default() }, now);
    facts
}
