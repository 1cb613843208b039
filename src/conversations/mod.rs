//! Conversations: a stand-in with the signatures that the domains above need, until the real one is merged.

use crate::base::{Audience, ConversationId};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Content, Entry};

/// Says whether a conversation of the caller's workspace exists.
pub async fn exists(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<(), Error> {
    status(cx, tx, conversation).await.map(|_| ())
}

/// The conversation's status: a state of the workflow.
pub async fn status(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<String, Error> {
    let row = crate::fetch_optional!(
        tx,
        (String,),
        "SELECT status FROM conversations WHERE workspace_id = $1 AND id = $2",
        cx.workspace,
        conversation,
    )?;
    row.map(|(status,)| status).ok_or(Error::NotFound(conversation))
}

/// Appends an entry to the timeline.
pub async fn append(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    audience: Audience,
    body: Option<String>,
    content: Content,
) -> Result<Entry, Error> {
    let row = crate::fetch_optional!(
        tx,
        (i64,),
        "UPDATE conversations SET last_seq = last_seq + 1 WHERE workspace_id = $1 AND id = $2 RETURNING last_seq",
        cx.workspace,
        conversation,
    )?;
    let (seq,) = row.ok_or(Error::NotFound(conversation))?;
    Ok(Entry {
        seq,
        prev: seq - 1,
        audience,
        actor: cx.actor,
        author: cx.name.clone(),
        body,
        content,
        client_id: None,
        at: cx.now,
    })
}

/// Why something about a conversation was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such conversation in this workspace.
    #[error("conversation {0} does not exist")]
    NotFound(ConversationId),
    /// The store failed.
    #[error("conversations storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(),
            Error::Db(error) => error.into(),
        }
    }
}
