//! How far everybody has read.

use crate::base::{Actor, ActorKind, ConversationId, Timestamp, WorkspaceId};
use crate::conversations::{Conversation, Error, get, model};
use crate::ports::bus::News;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{ReadMark, Signal};
use crate::{base::Audience, execute, fetch_all};

/// Most marks that are told: a conversation has few readers.
const TOLD: i64 = 50;

/// Marks everything up to `seq` as read by the caller; never moves a mark back.
pub async fn mark_read(cx: &Cx, tx: &mut Tx, id: ConversationId, seq: i64) -> Result<(), Error> {
    let conversation = get(cx, tx, id).await?;
    let Some(reader) = model::reader_of(cx) else { return Ok(()) };
    if seq < 0 {
        return Err(Error::Invalid { field: "seq", problem: "must not be negative".to_owned() });
    }
    let seq = seq.min(conversation.last_seq);
    set_read_mark(tx, cx.workspace, id, &reader, seq, cx.now).await?;
    let signal = Signal::Read { conversation: id, actor: cx.actor, seq };
    tx.tell(
        cx.workspace,
        News::Signal { conversation: id, audience: Audience::Everyone, signal: signal.into() },
    );
    Ok(())
}

/// How far everybody has read in a conversation that the caller may see, whoever has read most first. A
/// customer is not told of staff's own entries, so a mark on one of them counts as a mark on the last entry
/// they can see.
pub async fn reads(cx: &Cx, tx: &mut Tx, of: &Conversation) -> Result<Vec<ReadMark>, Error> {
    let top = match model::audience_of(cx) {
        Audience::Staff => i64::MAX,
        Audience::Everyone => of.last_public_seq,
    };
    let rows: Vec<(String, i64)> = fetch_all!(
        tx,
        (String, i64),
        "SELECT reader, seq FROM read_marks
         WHERE workspace_id = $1 AND conversation_id = $2 ORDER BY seq DESC, reader LIMIT $3",
        cx.workspace,
        of.id,
        TOLD,
    )?;
    let marks = rows.into_iter().filter_map(|(reader, seq)| {
        let actor = actor_of(&reader)?;
        Some(ReadMark { actor, seq: seq.min(top) })
    });
    Ok(marks.collect())
}

/// Who stands behind a reader's name: the prefix of the identifier tells.
fn actor_of(reader: &str) -> Option<Actor> {
    [ActorKind::Contact, ActorKind::Staff]
        .into_iter()
        .find_map(|kind| Actor::from_columns(kind, Some(reader)))
}

/// Moves a reader's mark forward to `seq`, with the counters as they were at that entry.
async fn set_read_mark(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    reader: &str,
    seq: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO read_marks (workspace_id, conversation_id, reader, seq, inbound_count, outbound_count, updated_at)
         SELECT workspace_id, conversation_id, $3, seq, inbound_count, outbound_count, $5
         FROM entries WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $4
         ON CONFLICT (conversation_id, reader) DO UPDATE
         SET seq = excluded.seq, inbound_count = excluded.inbound_count,
             outbound_count = excluded.outbound_count, updated_at = excluded.updated_at
         WHERE excluded.seq > read_marks.seq",
        workspace,
        id,
        reader,
        seq,
        now,
    )?;
    Ok(())
}
