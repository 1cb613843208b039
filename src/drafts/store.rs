//! Drafts in the store.

use crate::base::{ConversationId, DraftId, PassageId, Role, StaffId, Timestamp, TurnId, WorkspaceId};
use crate::drafts::{Draft, Rejection};
use crate::http::Cursor;
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::{
    AutopilotMark, Blocker, Citation, Decision, DraftApproval, DraftStatus, Proposal, RejectReason, Sentence,
};
use crate::{execute, fetch_all, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: DraftId,
    conversation_id: ConversationId,
    turn_id: TurnId,
    revision: i64,
    status: DraftStatus,
    for_seq: i64,
    text: String,
    edited_text: Option<String>,
    edited_by: Option<StaffId>,
    carried_base: Option<String>,
    carried_edit: Option<String>,
    citations: JsonText<Vec<Citation>>,
    sentences: JsonText<Vec<Sentence>>,
    blockers: JsonText<Vec<Blocker>>,
    intent: Option<String>,
    confidence: f64,
    required_role: Option<Role>,
    required_people: i64,
    approvals: JsonText<Vec<DraftApproval>>,
    model: Option<String>,
    fallback: Option<String>,
    proposals: JsonText<Vec<Proposal>>,
    autopilot: Option<AutopilotMark>,
    decided_by: Option<StaffId>,
    decided_by_name: Option<String>,
    decision: Option<Decision>,
    send_at: Option<Timestamp>,
    sent_seq: Option<i64>,
    created_at: Timestamp,
}

impl From<Row> for Draft {
    fn from(row: Row) -> Self {
        Draft {
            id: row.id,
            conversation: row.conversation_id,
            turn: row.turn_id,
            revision: row.revision,
            status: row.status,
            for_seq: row.for_seq,
            text: row.text,
            edited_text: row.edited_text,
            edited_by: row.edited_by,
            carried_base: row.carried_base,
            carried_edit: row.carried_edit,
            citations: row.citations.0,
            sentences: row.sentences.0,
            blockers: row.blockers.0,
            intent: row.intent,
            confidence: row.confidence,
            required_role: row.required_role,
            required_people: row.required_people,
            approvals: row.approvals.0,
            model: row.model,
            fallback: row.fallback,
            proposals: row.proposals.0,
            autopilot: row.autopilot,
            decided_by: row.decided_by,
            decided_by_name: row.decided_by_name,
            decision: row.decision,
            send_at: row.send_at,
            sent_seq: row.sent_seq,
            created_at: row.created_at,
        }
    }
}

/// Adds a draft; says whether the conversation had no other open one.
pub(super) async fn insert(tx: &mut Tx, workspace: WorkspaceId, draft: &Draft) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO drafts (workspace_id, id, conversation_id, turn_id, revision, status, for_seq, text,
             edited_by, carried_base, carried_edit, citations, sentences, blockers, confidence, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '[]', '[]', '[]', 0, $12)
         ON CONFLICT DO NOTHING",
        workspace,
        draft.id,
        draft.conversation,
        draft.turn,
        draft.revision,
        draft.status,
        draft.for_seq,
        &draft.text,
        draft.edited_by,
        &draft.carried_base,
        &draft.carried_edit,
        draft.created_at,
    )?;
    Ok(rows == 1)
}

/// Stores what a turn wrote, if the draft is still being written.
pub(super) async fn finish(tx: &mut Tx, workspace: WorkspaceId, draft: &Draft) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET status = 'pending', text = $3, edited_text = $4, edited_by = $5, citations = $6,
             sentences = $7, blockers = $8, intent = $9, confidence = $10, required_role = $11, required_people = $12,
             model = $13, fallback = $14, proposals = $15, carried_base = NULL, carried_edit = NULL
         WHERE workspace_id = $1 AND id = $2 AND status = 'writing'",
        workspace,
        draft.id,
        &draft.text,
        &draft.edited_text,
        draft.edited_by,
        JsonText(&draft.citations),
        JsonText(&draft.sentences),
        JsonText(&draft.blockers),
        &draft.intent,
        draft.confidence,
        draft.required_role,
        draft.required_people,
        &draft.model,
        &draft.fallback,
        JsonText(&draft.proposals),
    )?;
    Ok(rows == 1)
}

/// Stores what a rule asks of a draft, if it still waits.
pub(super) async fn require(tx: &mut Tx, workspace: WorkspaceId, draft: &Draft) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET required_role = $3, required_people = $4, blockers = $5
         WHERE workspace_id = $1 AND id = $2 AND status = 'pending'",
        workspace,
        draft.id,
        draft.required_role,
        draft.required_people,
        JsonText(&draft.blockers),
    )?;
    Ok(rows == 1)
}

/// Keeps one person's approval of a draft that needs several, with the edit it was made with; says whether
/// the draft was still as it was shown.
pub(super) async fn note_approval(
    tx: &mut Tx,
    workspace: WorkspaceId,
    draft: &Draft,
    revision: i64,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET approvals = $4, edited_text = $5, edited_by = $6, revision = $7
         WHERE workspace_id = $1 AND id = $2 AND revision = $3 AND status = 'pending'",
        workspace,
        draft.id,
        revision,
        JsonText(&draft.approvals),
        &draft.edited_text,
        draft.edited_by,
        draft.revision,
    )?;
    Ok(rows == 1)
}

/// Moves a draft from one status to another, and notes which person did; says whether it was in the first.
pub(super) async fn set_status(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    (from, to): (DraftStatus, DraftStatus),
    by: Option<(StaffId, &str)>,
) -> Result<bool, DbError> {
    let (by, name) = by.unzip();
    let rows = execute!(
        tx,
        "UPDATE drafts SET status = $4, decided_by = COALESCE($5, decided_by),
             decided_by_name = COALESCE($6, decided_by_name)
         WHERE workspace_id = $1 AND id = $2 AND status = $3",
        workspace,
        id,
        from,
        to,
        by,
        name,
    )?;
    Ok(rows == 1)
}

/// Keeps an edit if the draft is still pending at this revision.
pub(super) async fn keep_edit(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    revision: i64,
    text: Option<&str>,
    by: Option<StaffId>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET edited_text = $4, edited_by = $5, revision = revision + 1, approvals = '[]'
         WHERE workspace_id = $1 AND id = $2 AND revision = $3 AND status = 'pending'",
        workspace,
        id,
        revision,
        text,
        by,
    )?;
    Ok(rows == 1)
}

/// Notes what autopilot did with a draft.
pub(super) async fn mark(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    mark: AutopilotMark,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE drafts SET autopilot = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        mark
    )?;
    Ok(())
}

/// Stores what is to be done with a draft, if it is still pending at this revision. Who had approved it had
/// approved something else.
pub(super) async fn keep_proposals(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    revision: i64,
    proposals: &[Proposal],
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET proposals = $4, revision = revision + 1, approvals = '[]'
         WHERE workspace_id = $1 AND id = $2 AND revision = $3 AND status = 'pending'",
        workspace,
        id,
        revision,
        JsonText(proposals),
    )?;
    Ok(rows == 1)
}

/// Stores what became of what was to be done with a draft that is sent.
pub(super) async fn keep_receipts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    proposals: &[Proposal],
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET proposals = $3 WHERE workspace_id = $1 AND id = $2 AND status = 'sent'",
        workspace,
        id,
        JsonText(proposals),
    )?;
    Ok(rows == 1)
}

/// Keeps edits for a draft that is still being written.
pub(super) async fn carry(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    base: &str,
    edit: &str,
    by: Option<StaffId>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET carried_base = $3, carried_edit = $4, edited_by = $5
         WHERE workspace_id = $1 AND id = $2 AND status = 'writing'",
        workspace,
        id,
        base,
        edit,
        by,
    )?;
    Ok(rows == 1)
}

/// What a person decided.
pub(super) struct DecisionRow<'a> {
    pub(super) status: DraftStatus,
    pub(super) by: Option<StaffId>,
    pub(super) name: &'a str,
    pub(super) decision: Decision,
    pub(super) reason: Option<RejectReason>,
    pub(super) note: Option<&'a str>,
    pub(super) send_at: Option<Timestamp>,
    pub(super) sent_text: Option<&'a str>,
    pub(super) edit_distance: Option<f64>,
    pub(super) at: Timestamp,
}

/// Writes the decision if the draft is still pending at this revision; says whether it was.
pub(super) async fn decide(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    revision: i64,
    row: &DecisionRow<'_>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET status = $4, decided_by = $5, decided_by_name = $6, decision = $7, reason = $8,
             note = $9, send_at = $10, sent_text = $11, edit_distance = $12, decided_at = $13,
             edited_text = CASE WHEN CAST($11 AS TEXT) IS NULL OR $11 = text THEN edited_text ELSE $11 END
         WHERE workspace_id = $1 AND id = $2 AND revision = $3 AND status = 'pending'",
        workspace,
        id,
        revision,
        row.status,
        row.by,
        row.name,
        row.decision,
        row.reason,
        row.note,
        row.send_at,
        row.sent_text,
        row.edit_distance,
        row.at,
    )?;
    Ok(rows == 1)
}

/// Takes an approval back if it was not sent; says whether it was still approved.
pub(super) async fn undo(tx: &mut Tx, workspace: WorkspaceId, id: DraftId) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET status = 'pending', decided_by = NULL, decided_by_name = NULL, decided_at = NULL,
             decision = NULL, send_at = NULL, sent_text = NULL, edit_distance = NULL, revision = revision + 1,
             approvals = '[]'
         WHERE workspace_id = $1 AND id = $2 AND status = 'approved'",
        workspace,
        id,
    )?;
    Ok(rows == 1)
}

/// Claims an approved draft for sending; gives its text if it was still approved.
pub(super) async fn claim_for_sending(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
) -> Result<Option<String>, DbError> {
    let row: Option<(Option<String>,)> = fetch_optional!(
        tx,
        (Option<String>,),
        "UPDATE drafts SET status = 'sent' WHERE workspace_id = $1 AND id = $2 AND status = 'approved'
         RETURNING sent_text",
        workspace,
        id,
    )?;
    Ok(row.and_then(|(text,)| text))
}

pub(super) async fn set_sent(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DraftId,
    seq: i64,
) -> Result<(), DbError> {
    execute!(tx, "UPDATE drafts SET sent_seq = $3 WHERE workspace_id = $1 AND id = $2", workspace, id, seq)?;
    Ok(())
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, conversation_id, turn_id, revision, status, for_seq, text, edited_text, edited_by,
                    carried_base, carried_edit, citations, sentences, blockers, intent, confidence,
                    required_role, required_people, approvals, model, fallback, proposals, autopilot, decided_by, decided_by_name, decision, reason, note, send_at, sent_seq, created_at
             FROM drafts ",
            $rest
        )
    };
}

pub(super) async fn find(tx: &mut Tx, workspace: WorkspaceId, id: DraftId) -> Result<Option<Draft>, DbError> {
    let row = fetch_optional!(tx, Row, columns!("WHERE workspace_id = $1 AND id = $2"), workspace, id)?;
    Ok(row.map(Draft::from))
}

/// All drafts of a conversation that are not settled.
pub(super) async fn unsettled(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<Vec<Draft>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        columns!(
            "WHERE workspace_id = $1 AND conversation_id = $2 AND status IN ('writing', 'pending', 'approved')
             ORDER BY created_at, id"
        ),
        workspace,
        conversation,
    )?;
    Ok(rows.into_iter().map(Draft::from).collect())
}

pub(super) async fn open_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<Option<Draft>, DbError> {
    Ok(unsettled(tx, workspace, conversation).await?.pop())
}

/// The passages that the drafts for a message cited which people rejected as wrong.
pub(super) async fn wrong_sources(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    for_seq: i64,
) -> Result<Vec<PassageId>, DbError> {
    let rows: Vec<(JsonText<Vec<Citation>>,)> = fetch_all!(
        tx,
        (JsonText<Vec<Citation>>,),
        "SELECT citations FROM drafts
         WHERE workspace_id = $1 AND conversation_id = $2 AND for_seq = $3 AND status = 'rejected'
           AND reason = 'wrong'",
        workspace,
        conversation,
        for_seq,
    )?;
    Ok(rows.into_iter().flat_map(|(citations,)| citations.0).map(|citation| citation.passage).collect())
}

#[derive(FromRow)]
struct RejectedRow {
    reason: Option<RejectReason>,
    note: Option<String>,
    #[sqlx(flatten)]
    draft: Row,
}

/// The newest draft for a message that was rejected, and why.
pub(super) async fn last_rejection(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    for_seq: i64,
) -> Result<Option<Rejection>, DbError> {
    let row = fetch_optional!(
        tx,
        RejectedRow,
        columns!(
            "WHERE workspace_id = $1 AND conversation_id = $2 AND for_seq = $3 AND status = 'rejected'
             ORDER BY created_at DESC, id DESC LIMIT 1"
        ),
        workspace,
        conversation,
        for_seq,
    )?;
    Ok(row.and_then(|row| Some(Rejection { draft: row.draft.into(), reason: row.reason?, note: row.note })))
}

/// Open drafts after a place in the order longest wait first.
pub(super) async fn waiting(
    tx: &mut Tx,
    workspace: WorkspaceId,
    limit: i64,
    after: Option<Cursor<DraftId>>,
) -> Result<Vec<Draft>, DbError> {
    let (at, id) = after.map_or((None, None), |cursor| (Some(cursor.at), Some(cursor.id)));
    let rows = fetch_all!(
        tx,
        Row,
        columns!(
            "WHERE workspace_id = $1 AND status IN ('writing', 'pending')
               AND conversation_id NOT IN (
                   SELECT id FROM conversations WHERE workspace_id = $1 AND snoozed_until IS NOT NULL)
               AND (CAST($2 AS BIGINT) IS NULL OR (created_at, id) > ($2, $3))
             ORDER BY created_at, id LIMIT $4"
        ),
        workspace,
        at,
        id,
        limit,
    )?;
    Ok(rows.into_iter().map(Draft::from).collect())
}

/// Share of a workspace's decided drafts of an intent that went out as written, and how many there were.
pub(super) async fn track_record(
    tx: &mut Tx,
    workspace: WorkspaceId,
    intent: &str,
) -> Result<(i64, i64), DbError> {
    let row: Option<(i64, i64)> = fetch_optional!(
        tx,
        (i64, i64),
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN decision = 'approved' THEN 1 ELSE 0 END), 0) AS BIGINT)
         FROM drafts WHERE workspace_id = $1 AND intent = $2 AND decision IS NOT NULL
           AND decision <> 'auto_approved'",
        workspace,
        intent,
    )?;
    Ok(row.unwrap_or((0, 0)))
}
