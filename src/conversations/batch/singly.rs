//! One message after the other, for SQLite.

use crate::base::{ActorKind, Audience, ConversationId, WorkspaceId};
use crate::conversations::batch::{Fresh, Letter, Moved, PLAIN, Row, plain};
use crate::ports::DbError;
use crate::ports::db::{Ask, LiteLink, in_step};

const HOLD: &str = "SELECT conversations.rowid AS place, conversations.id, conversations.contact_id, contacts.name AS contact_name,
        conversations.snoozed_by, title, last_seq, last_public_seq, prev_public_seq, inbound_count,
        outbound_count, waiting_since
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE +conversations.workspace_id = $1 AND conversations.id = $2";

const KNOWN: &str = "SELECT conversation_id, client_id, seq FROM entries
     WHERE +workspace_id = $1 AND conversation_id = $2 AND client_id = $3";

const MOVE: &str = "UPDATE conversations
     SET last_seq = $4, last_public_seq = $4, prev_public_seq = $5, inbound_count = $6, customer_seq = $4,
         waiting_since = $7, resolved_at = NULL, last_message_text = $8, last_message_by = $2,
         last_message_at = $9, title = $10, updated_at = $9
     WHERE workspace_id = $1 AND rowid = $3";

const WRITE: &str = "INSERT INTO entries (workspace_id, kind, audience, content, conversation_id, seq,
         prev_public_seq, actor_kind, actor_id, author, body, client_id, inbound_count, outbound_count, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     ON CONFLICT (conversation_id, client_id) WHERE client_id IS NOT NULL DO NOTHING";

/// Reads conversations; the unit of work alone may write.
pub(super) async fn hold(
    link: &mut LiteLink,
    workspace: WorkspaceId,
    ids: &[ConversationId],
) -> Result<Vec<Row>, DbError> {
    let rows = link.fetch_each(ask(HOLD, workspace), ids, |ask, id| {
        ask.bind(*id);
    });
    Ok(in_step(rows).await?)
}

/// The messages that were stored before, with their places.
pub(super) async fn sent_before(
    link: &mut LiteLink,
    workspace: WorkspaceId,
    letters: &[&Letter],
) -> Result<Vec<(ConversationId, String, i64)>, DbError> {
    let found = link.fetch_each(ask(KNOWN, workspace), letters, |ask, letter| {
        ask.bind(letter.id).bind(letter.client_id.as_str());
    });
    Ok(in_step(found).await?)
}

/// Writes entries, and if all were new moves their conversations; gives how many were new.
pub(super) async fn write(
    link: &mut LiteLink,
    workspace: WorkspaceId,
    fresh: &[Fresh],
    moved: &[Moved<'_>],
) -> Result<u64, DbError> {
    let mut write = ask(WRITE, workspace);
    write.bind(PLAIN.kind()).bind(Audience::Everyone).bind(plain()?);
    let written = link.execute_each(write, fresh, |ask, fresh| {
        let Fresh { conversation, entry, prev_public, inbound, outbound } = fresh;
        ask.bind(*conversation)
            .bind(entry.seq)
            .bind(*prev_public)
            .bind(entry.actor.kind())
            .bind(entry.actor.id_text())
            .bind(entry.author.as_str())
            .bind(entry.body.as_deref())
            .bind(entry.client_id.as_deref())
            .bind(*inbound)
            .bind(*outbound)
            .bind(entry.at);
    });
    let written = in_step(written).await?;
    if usize::try_from(written).is_ok_and(|written| written == fresh.len()) {
        let mut step = ask(MOVE, workspace);
        step.bind(ActorKind::Contact);
        let moves = link.execute_each(step, moved, |ask, Moved { row, last_message, at }| {
            ask.bind(row.place)
                .bind(row.last_seq)
                .bind(row.prev_public_seq)
                .bind(row.inbound_count)
                .bind(row.waiting_since)
                .bind(*last_message)
                .bind(*at)
                .bind(row.title.as_str());
        });
        in_step(moves).await?;
    }
    Ok(written)
}

/// A statement whose first argument is the workspace.
fn ask(sql: &'static str, workspace: WorkspaceId) -> Ask {
    let mut ask = Ask::new(sql);
    ask.bind(workspace);
    ask
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
