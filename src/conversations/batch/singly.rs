//! One message after the other, for SQLite. What was sent before is found out by writing it.

use std::collections::BTreeSet;

use crate::base::{ActorKind, Audience, ConversationId, WorkspaceId};
use crate::conversations::batch::{Appended, Fresh, Letter, PLAIN, Room, Rooms, Row, open_room, plain, tell};
use crate::ports::{DbError, Tx};
use crate::protocol::Posted;
use crate::{execute, fetch_one, fetch_optional};

const HOLD: &str = "SELECT conversations.rowid AS place, conversations.id, conversations.contact_id, contacts.name AS contact_name,
        conversations.snoozed_by, title, last_seq, last_public_seq, prev_public_seq, inbound_count,
        outbound_count, waiting_since
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE +conversations.workspace_id = $1 AND conversations.id = $2";

const KNOWN: &str = "SELECT seq FROM entries
     WHERE +workspace_id = $1 AND conversation_id = $2 AND client_id = $3";

const MOVE: &str = "UPDATE conversations
     SET last_seq = $4, last_public_seq = $4, prev_public_seq = $5, inbound_count = $6, customer_seq = $4,
         waiting_since = $7, resolved_at = NULL, last_message_text = $8, last_message_by = $3,
         last_message_at = $9, title = $10, updated_at = $9
     WHERE workspace_id = $1 AND rowid = $2";

const WRITE: &str = "INSERT INTO entries (workspace_id, kind, audience, content, conversation_id, seq,
         prev_public_seq, actor_kind, actor_id, author, body, client_id, inbound_count, outbound_count, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (conversation_id, client_id) WHERE client_id IS NOT NULL DO NOTHING";

/// Appends the messages to the conversations with these identifiers.
pub(super) async fn append(
    tx: &mut Tx,
    workspace: WorkspaceId,
    ids: BTreeSet<ConversationId>,
    letters: &[&Letter],
) -> Result<Appended, DbError> {
    let mut rooms = Rooms::new();
    for id in ids {
        let row = fetch_optional!(tx, Row, HOLD, workspace, id)?;
        rooms.extend(row.map(|row| (row.id, Room::new(row))));
    }
    let plain = plain()?;
    let mut results = Vec::with_capacity(letters.len());
    for letter in letters {
        results.push(match open_room(&mut rooms, letter) {
            Err(result) => result,
            Ok(room) => Some(Ok(append_one(tx, workspace, &plain, room, letter).await?)),
        });
    }
    for room in rooms.values() {
        move_room(tx, workspace, room).await?;
    }
    Ok(results)
}

/// Appends a message unless it was stored before.
async fn append_one(
    tx: &mut Tx,
    workspace: WorkspaceId,
    plain: &str,
    room: &mut Room,
    letter: &Letter,
) -> Result<Posted, DbError> {
    let Letter { id, client_id, .. } = letter;
    let fresh = room.next(letter);
    let duplicate = !write(tx, workspace, plain, &fresh).await?;
    let seq = match duplicate {
        true => fetch_one!(tx, (i64,), KNOWN, workspace, *id, client_id)?.0,
        false => fresh.entry.seq,
    };
    if !duplicate {
        room.take(&fresh);
        tell(tx, workspace, fresh);
    }
    Ok(Posted { conversation: *id, seq, duplicate })
}

/// Writes an entry unless its message was stored before; says whether it did.
async fn write(tx: &mut Tx, workspace: WorkspaceId, plain: &str, fresh: &Fresh) -> Result<bool, DbError> {
    let Fresh { conversation, entry, prev_public, inbound, outbound } = fresh;
    let written = execute!(
        tx,
        WRITE,
        workspace,
        PLAIN.kind(),
        Audience::Everyone,
        plain,
        *conversation,
        entry.seq,
        *prev_public,
        entry.actor.kind(),
        entry.actor.id_text(),
        &entry.author,
        entry.body.as_deref(),
        entry.client_id.as_deref(),
        *inbound,
        *outbound,
        entry.at,
    )?;
    Ok(written > 0)
}

/// Moves the row of a conversation that was written to.
async fn move_room(tx: &mut Tx, workspace: WorkspaceId, room: &Room) -> Result<(), DbError> {
    let Room { row, newest: Some((last_message, at)) } = room else { return Ok(()) };
    execute!(
        tx,
        MOVE,
        workspace,
        row.place,
        ActorKind::Contact,
        row.last_seq,
        row.prev_public_seq,
        row.inbound_count,
        row.waiting_since,
        last_message,
        *at,
        &row.title,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch_all;
    use crate::ports::db::Location;
    use crate::ports::{Bus, Db};

    /// A walk through an index of the workspace would make every message as dear as the business is old.
    #[tokio::test]
    async fn every_row_is_looked_up_by_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&Location::File(folder.path().join("x.db")), Bus::memory()).await.expect("a store");
        let mut tx = db.read().await.expect("a reader");
        for sql in [HOLD, KNOWN, MOVE, WRITE] {
            let plan: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
            let steps = fetch_all!(tx, (i64, i64, i64, String), plan).expect("a plan");
            for (_, _, _, step) in steps {
                let walks = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
                assert!(!walks && !step.contains("(workspace_id=?"), "{step}: {sql}");
            }
        }
        drop(tx);
        db.close().await;
    }
}
