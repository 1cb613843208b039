//! The durable queue of turns: which conversations owe one, and who is on it.
//!
//! There is no row per message. A conversation owes a turn while `customer_seq > answered_seq`; several
//! quick messages become one turn, a crash is found by looking, and a lease keeps two nodes apart.

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::{execute, fetch_all, fetch_optional};

/// A conversation that owes a turn nobody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct OwedTurn {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: ConversationId,
}

/// The right to run the turn of a conversation, until it lapses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The customer message that the turn answers.
    pub for_seq: i64,
    /// Who holds it: the node and its run.
    pub holder: String,
}

const OWED: &str = "SELECT workspace_id, id FROM conversations
     WHERE customer_seq > answered_seq AND (turn_lease_until IS NULL OR turn_lease_until < $1)
     ORDER BY waiting_since LIMIT $2";

/// Conversations that owe a turn and are free, longest wait first.
pub async fn owed_turns(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<OwedTurn>, DbError> {
    fetch_all!(tx, OwedTurn, OWED, now, limit)
}

/// Takes the turn of a conversation if it owes one and nobody else is on it.
pub async fn take_turn(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    holder: &str,
    until: Timestamp,
) -> Result<Option<Lease>, DbError> {
    let taken: Option<(i64,)> = fetch_optional!(
        tx,
        (i64,),
        "UPDATE conversations SET turn_lease_by = $3, turn_lease_until = $4
         WHERE workspace_id = $1 AND id = $2 AND customer_seq > answered_seq
           AND (turn_lease_until IS NULL OR turn_lease_until < $5 OR turn_lease_by = $3)
         RETURNING customer_seq",
        cx.workspace,
        conversation,
        holder,
        until,
        cx.now,
    )?;
    Ok(taken.map(|(for_seq,)| Lease { conversation, for_seq, holder: holder.to_owned() }))
}

/// Keeps a lease longer; says whether it is still held and still for the newest message.
pub async fn extend_lease(cx: &Cx, tx: &mut Tx, lease: &Lease, until: Timestamp) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET turn_lease_until = $5
         WHERE workspace_id = $1 AND id = $2 AND turn_lease_by = $3 AND customer_seq = $4 AND answered_seq < $4",
        cx.workspace,
        lease.conversation,
        &lease.holder,
        lease.for_seq,
        until,
    )?;
    Ok(rows == 1)
}

/// Ends a turn: the message it answers is dealt with. Says whether the lease was still held and the
/// message still the newest; if not, nothing is changed and the turn's work must not be stored.
pub async fn finish_turn(cx: &Cx, tx: &mut Tx, lease: &Lease) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET answered_seq = $4, turn_lease_by = NULL, turn_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND turn_lease_by = $3 AND customer_seq = $4 AND answered_seq < $4",
        cx.workspace,
        lease.conversation,
        &lease.holder,
        lease.for_seq,
    )?;
    Ok(rows == 1)
}

/// Frees every turn, whoever held it. For a store that only one process uses, when that process starts:
/// whoever held a turn has gone. Serves all workspaces.
pub async fn free_all_turns(tx: &mut Tx) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations SET turn_lease_by = NULL, turn_lease_until = NULL
         WHERE turn_lease_by IS NOT NULL",
    )?;
    Ok(())
}

/// Gives a turn up without an answer, so that it can be taken again.
pub async fn release_turn(cx: &Cx, tx: &mut Tx, lease: &Lease) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations SET turn_lease_by = NULL, turn_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND turn_lease_by = $3",
        cx.workspace,
        lease.conversation,
        &lease.holder,
    )?;
    Ok(())
}

/// Notes that a person has dealt with everything the customer wrote so far: no turn is owed.
pub async fn settle(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations
         SET answered_seq = customer_seq, waiting_since = NULL, turn_lease_by = NULL, turn_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2",
        cx.workspace,
        conversation,
    )?;
    Ok(())
}

/// Makes the newest customer message owe a turn again, for a rewrite.
pub async fn owe_again(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations SET answered_seq = customer_seq - 1, turn_lease_by = NULL, turn_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND customer_seq > 0",
        cx.workspace,
        conversation,
    )?;
    Ok(())
}

/// Makes the newest customer message owe a turn again, because more is known of the message at `seq` now;
/// not when the business has answered since. A turn that runs loses its lease: it knows too little.
pub async fn owe_unless_answered(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    seq: i64,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET answered_seq = customer_seq - 1, turn_lease_by = NULL, turn_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND customer_seq >= $3 AND resolved_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM entries
                           WHERE entries.workspace_id = $1 AND entries.conversation_id = $2
                             AND entries.seq > $3 AND kind = 'message' AND actor_kind <> 'contact')",
        cx.workspace,
        conversation,
        seq,
    )?;
    Ok(rows == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversations::words;
    use crate::ports::db::Location;
    use crate::ports::{Bus, Db};

    /// A look into a queue must cost what is in it, not what the business has ever heard.
    #[tokio::test]
    async fn both_queues_are_read_from_their_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&Location::File(folder.path().join("x.db")), Bus::memory()).await.expect("a store");
        let mut tx = db.read().await.expect("a reader");
        for sql in [OWED, words::TO_INDEX] {
            let plan: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
            let steps = fetch_all!(tx, (i64, i64, i64, String), plan).expect("a plan");
            let steps: Vec<String> = steps.into_iter().map(|(_, _, _, step)| step).collect();
            assert_eq!(steps, ["SCAN conversations USING INDEX conversations_with_work"], "{sql}");
        }
        drop(tx);
        db.close().await;
    }
}
