//! How customers found a resolution: a score from 1 to 5, and words if they like.
//!
//! A rating belongs to the entry that closed the conversation. Until it is closed anew the customer may
//! change it; the row holds the newest, the timeline holds each.

use crate::base::{Audience, ConversationId, Timestamp, WorkspaceId, clean_text};
use crate::conversations::store::{self, NewEntry};
use crate::conversations::{Error, model, verbs};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Content;
use crate::{execute, fetch_optional};

/// Longest words beside a score, in characters.
const MAX_WORDS: usize = 1_000;

/// Best score; the worst is 1.
const BEST: i64 = 5;

/// How a customer found a resolution.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Rating {
    /// The entry that closed the conversation.
    pub resolution: i64,
    /// From 1 to 5.
    pub score: i64,
    /// In the customer's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Keeps what the customer thinks of the newest resolution. The same again changes nothing.
pub async fn rate(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    score: i64,
    words: Option<&str>,
) -> Result<Rating, Error> {
    let locked = verbs::lock(cx, tx, id).await?;
    if model::contact_scope(cx).is_none() {
        return Err(Error::CustomersOnly);
    }
    if !(1..=BEST).contains(&score) {
        return Err(Error::Invalid { field: "score", problem: format!("must be from 1 to {BEST}") });
    }
    let words = match words.filter(|words| !words.trim().is_empty()) {
        None => None,
        Some(words) => Some(clean_text(words, MAX_WORDS)?.into_string()),
    };
    let resolution = newest_resolution(tx, cx.workspace, id).await?.ok_or(Error::NotResolved)?;
    let rating = Rating { resolution, score, words };
    if put(tx, cx.workspace, id, &rating, cx.now).await? {
        let content = Content::Rated { score, resolution };
        let body = rating.words.clone();
        let entry = NewEntry { audience: Audience::Everyone, body, content, client_id: None };
        store::append(cx, tx, &locked, entry).await?;
    }
    Ok(rating)
}

/// The entry that closed the conversation last, unless the business opened it again since. A customer who
/// writes opens it as well, but may still say how it was.
async fn newest_resolution(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
) -> Result<Option<i64>, DbError> {
    #[derive(FromRow)]
    struct Newest {
        seq: i64,
        content: JsonText<Content>,
    }
    let newest = fetch_optional!(
        tx,
        Newest,
        "SELECT seq, content FROM entries
         WHERE workspace_id = $1 AND conversation_id = $2 AND kind = 'resolved_changed'
         ORDER BY seq DESC LIMIT 1",
        workspace,
        id,
    )?;
    Ok(newest
        .filter(|row| matches!(row.content.0, Content::ResolvedChanged { resolved: true }))
        .map(|row| row.seq))
}

/// Keeps a rating; says whether it is another one than before.
async fn put(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    rating: &Rating,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO ratings (workspace_id, conversation_id, resolution_seq, score, words, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (conversation_id, resolution_seq) DO UPDATE
         SET score = excluded.score, words = excluded.words, updated_at = excluded.updated_at
         WHERE ratings.score <> excluded.score OR COALESCE(ratings.words, '') <> COALESCE(excluded.words, '')",
        workspace,
        id,
        rating.resolution,
        rating.score,
        &rating.words,
        now,
    )?;
    Ok(rows == 1)
}
