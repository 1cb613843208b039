//! Which drafts rest on which documents.

use std::collections::BTreeSet;

use crate::base::{ConversationId, DocumentId, DraftId, Timestamp, WorkspaceId};
use crate::drafts::{Draft, Error};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::DraftStatus;
use crate::{execute, fetch_all};

/// Drafts that are listed of one document.
const LISTED: i64 = 100;

/// Documents whose uses are counted at once.
const COUNTED: i64 = 2_000;

/// A draft that rests on a document.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Use {
    /// Which draft.
    #[sqlx(rename = "draft_id")]
    pub draft: DraftId,
    /// The conversation it answers.
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The conversation's title.
    pub title: String,
    /// What it cites.
    pub quote: String,
    /// What became of it.
    pub status: DraftStatus,
    /// When it was written.
    #[sqlx(rename = "created_at")]
    pub at: Timestamp,
}

/// How often a document was used.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct UseCount {
    /// Which document.
    #[sqlx(rename = "document_id")]
    pub document: DocumentId,
    /// Drafts that cite it.
    pub drafts: i64,
    /// Those of them that a customer has got.
    pub sent: i64,
    /// When the last of them was written.
    pub last_at: Timestamp,
}

/// Notes the documents that a finished draft cites, each once.
pub(super) async fn note(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<(), Error> {
    let mut noted = BTreeSet::new();
    for citation in &draft.citations {
        if noted.insert(citation.document) {
            insert(tx, cx.workspace, draft, citation.document, &citation.quote, cx.now).await?;
        }
    }
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    draft: &Draft,
    document: DocumentId,
    quote: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO document_uses (workspace_id, draft_id, document_id, conversation_id, quote, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (draft_id, document_id) DO NOTHING",
        workspace,
        draft.id,
        document,
        draft.conversation,
        quote,
        now,
    )?;
    Ok(())
}

/// The drafts that rest on a document, newest first.
pub async fn of_document(cx: &Cx, tx: &mut Tx, document: DocumentId) -> Result<Vec<Use>, Error> {
    Ok(fetch_all!(
        tx,
        Use,
        "SELECT draft_id, document_uses.conversation_id, conversations.title, quote, drafts.status,
                document_uses.created_at
         FROM document_uses
         JOIN drafts ON drafts.id = draft_id
         JOIN conversations ON conversations.id = document_uses.conversation_id
         WHERE document_uses.workspace_id = $1 AND document_id = $2
         ORDER BY document_uses.created_at DESC, draft_id DESC LIMIT $3",
        cx.workspace,
        document,
        LISTED,
    )?)
}

/// How often each document was used, the most used first; documents that never were are left out.
pub async fn counts(cx: &Cx, tx: &mut Tx) -> Result<Vec<UseCount>, Error> {
    Ok(fetch_all!(
        tx,
        UseCount,
        "SELECT document_id, COUNT(*) AS drafts, COUNT(CASE WHEN drafts.status = 'sent' THEN 1 END) AS sent,
                MAX(document_uses.created_at) AS last_at
         FROM document_uses JOIN drafts ON drafts.id = draft_id
         WHERE document_uses.workspace_id = $1
         GROUP BY document_id ORDER BY drafts DESC, document_id LIMIT $2",
        cx.workspace,
        COUNTED,
    )?)
}
