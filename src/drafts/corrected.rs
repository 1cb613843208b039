//! Drafts that a person corrected or rejected, with what was said around them: what they could teach.

use std::collections::HashMap;

use crate::base::{ActorKind, ConversationId, DraftId, Timestamp};
use crate::drafts::Error;
use crate::fetch_all;
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{Cx, Tx};
use crate::protocol::{Citation, Decision, RejectReason};

/// Entries before and after the message that a draft answers, among which its words are looked for.
const AROUND: i64 = 12;
/// Decisions that are counted.
const COUNTED: i64 = 4_000;

/// A draft that a person corrected or rejected.
#[derive(Debug, Clone)]
pub struct Corrected {
    /// The draft.
    pub draft: DraftId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The customer's name, if it is known.
    pub customer: Option<String>,
    /// What was said before it, oldest first, each with whether the customer said it; the last is what it
    /// answers.
    pub said: Vec<(bool, String)>,
    /// What it said.
    pub text: String,
    /// What was sent instead: as it was edited, or what the business wrote next.
    pub better: Option<String>,
    /// The intent it answers.
    pub intent: Option<String>,
    /// Its sources.
    pub citations: Vec<Citation>,
    /// Why it was rejected; none: it was edited.
    pub reason: Option<RejectReason>,
    /// In own words.
    pub note: Option<String>,
    /// Who decided.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: DraftId,
    conversation_id: ConversationId,
    customer: Option<String>,
    for_seq: i64,
    text: String,
    sent_text: Option<String>,
    intent: Option<String>,
    citations: JsonText<Vec<Citation>>,
    reason: Option<RejectReason>,
    note: Option<String>,
    decided_by_name: Option<String>,
    decided_at: Timestamp,
}

/// The newest corrected drafts; of one draft only, if it is named.
pub async fn corrected(
    cx: &Cx,
    tx: &mut Tx,
    only: Option<DraftId>,
    limit: i64,
) -> Result<Vec<Corrected>, Error> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT drafts.id, drafts.conversation_id, contacts.name AS customer, drafts.for_seq, drafts.text,
             drafts.sent_text, drafts.intent, drafts.citations, drafts.reason, drafts.note,
             drafts.decided_by_name, drafts.decided_at
         FROM drafts
         JOIN conversations ON conversations.workspace_id = $1 AND conversations.id = drafts.conversation_id
         JOIN contacts ON contacts.workspace_id = $1 AND contacts.id = conversations.contact_id
         WHERE drafts.workspace_id = $1 AND drafts.decision IN ('approved_edited', 'rejected')
           AND drafts.decided_at IS NOT NULL AND (CAST($2 AS TEXT) IS NULL OR drafts.id = $2)
         ORDER BY drafts.decided_at DESC, drafts.id DESC LIMIT $3",
        cx.workspace,
        only,
        limit,
    )?;
    let mut said = around(cx, tx, only, limit).await?;
    let corrected = rows.into_iter().map(|row| {
        let mut lines = said.remove(&row.id).unwrap_or_default();
        let after = lines.split_off(lines.partition_point(|line| line.0 <= row.for_seq));
        let next =
            after.into_iter().find(|(_, kind, _)| *kind != ActorKind::Contact).map(|(_, _, text)| text);
        Corrected {
            draft: row.id,
            conversation: row.conversation_id,
            customer: row.customer,
            said: lines.into_iter().map(|(_, kind, text)| (kind == ActorKind::Contact, text)).collect(),
            better: row.sent_text.or(next),
            text: row.text,
            intent: row.intent,
            citations: row.citations.0,
            reason: row.reason,
            note: row.note,
            by_name: row.decided_by_name.unwrap_or_default(),
            at: row.decided_at,
        }
    });
    Ok(corrected.collect())
}

type Line = (i64, ActorKind, String);

/// The messages around the corrected drafts, each draft's in order: one question for all.
async fn around(
    cx: &Cx,
    tx: &mut Tx,
    only: Option<DraftId>,
    limit: i64,
) -> Result<HashMap<DraftId, Vec<Line>>, Error> {
    let rows = fetch_all!(
        tx,
        (DraftId, i64, ActorKind, String),
        "SELECT drafts.id, entries.seq, entries.actor_kind, entries.body
         FROM drafts
         JOIN entries ON entries.workspace_id = $1 AND entries.conversation_id = drafts.conversation_id
           AND entries.seq > drafts.for_seq - $4 AND entries.seq < drafts.for_seq + $4
         WHERE drafts.workspace_id = $1 AND entries.kind = 'message' AND entries.body IS NOT NULL
           AND drafts.id IN (SELECT id FROM drafts WHERE workspace_id = $1
               AND decision IN ('approved_edited', 'rejected') AND decided_at IS NOT NULL
               AND (CAST($2 AS TEXT) IS NULL OR id = $2) ORDER BY decided_at DESC, id DESC LIMIT $3)
         ORDER BY drafts.id, entries.seq",
        cx.workspace,
        only,
        limit,
        AROUND,
    )?;
    let mut said: HashMap<DraftId, Vec<Line>> = HashMap::new();
    for (draft, seq, kind, body) in rows {
        said.entry(draft).or_default().push((seq, kind, body));
    }
    Ok(said)
}

/// When each draft of an intent was decided, and whether it went out as it was written; since a time.
pub async fn outcomes(
    cx: &Cx,
    tx: &mut Tx,
    since: Timestamp,
) -> Result<Vec<(String, Timestamp, bool)>, Error> {
    let rows = fetch_all!(
        tx,
        (String, Timestamp, Decision),
        "SELECT intent, decided_at, decision FROM drafts
         WHERE workspace_id = $1 AND decided_at >= $2 AND intent IS NOT NULL
           AND decision IN ('approved', 'auto_approved', 'approved_edited', 'rejected')
         ORDER BY decided_at DESC LIMIT $3",
        cx.workspace,
        since,
        COUNTED,
    )?;
    let unedited = |decision| matches!(decision, Decision::Approved | Decision::AutoApproved);
    Ok(rows.into_iter().map(|(intent, at, decision)| (intent, at, unedited(decision))).collect())
}
