//! Notices: what one person is told of, kept until they look.
//!
//! Invariants: a person's notices are numbered without gaps from 1; unread is the newest number less the
//! last one seen, so it cannot drift from the list. Nobody is told of what they did themselves. The newest
//! [`KEPT`] are kept.
//!
//! Knows nothing of conversations: whoever causes a notice says what stands in it.

mod routes;
mod store;

pub use routes::routes;

use crate::base::{Actor, ConversationId, StaffId};
use crate::http::{Cursor, Problem};
use crate::ports::bus::News;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Notice, NoticeKind, Signal};

/// Notices that are kept per person.
const KEPT: i64 = 500;

/// Somebody is to be told something.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// Who.
    pub to: StaffId,
    /// What it is about.
    pub kind: NoticeKind,
    /// Where.
    pub conversation: ConversationId,
    /// The customer's name.
    pub contact: String,
    /// The first words of the note, the title or the draft.
    pub text: String,
}

/// How far somebody has looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Looked {
    /// The last notice they saw.
    pub seen: i64,
    /// Notices after it.
    pub unread: i64,
}

/// Tells somebody something; nothing when they did it themselves.
pub async fn tell(cx: &Cx, tx: &mut Tx, new: NewNotice) -> Result<(), DbError> {
    if cx.actor == (Actor::Staff { id: new.to }) {
        return Ok(());
    }
    let (seq, seen) = store::next_seq(tx, cx.workspace, new.to).await?;
    let notice = Notice {
        seq,
        kind: new.kind,
        conversation: new.conversation,
        contact: new.contact,
        by: cx.name.clone(),
        text: new.text,
        at: cx.now,
    };
    store::insert(tx, cx.workspace, new.to, &notice).await?;
    store::forget_before(tx, cx.workspace, new.to, seq - KEPT).await?;
    let signal = Signal::Notice { notice: Box::new(notice), unread: seq - seen };
    tx.tell(cx.workspace, News::Person { staff: new.to, signal: signal.into() });
    Ok(())
}

/// The caller's notices, newest first; one more than `limit`, to show whether there are more.
pub async fn list(
    cx: &Cx,
    tx: &mut Tx,
    staff: StaffId,
    limit: i64,
    after: Option<Cursor<i64>>,
) -> Result<Vec<Notice>, Problem> {
    let before = after.map_or(i64::MAX, |cursor| cursor.id);
    Ok(store::list(tx, cx.workspace, staff, limit + 1, before).await?)
}

/// How far the caller has looked.
pub async fn looked(cx: &Cx, tx: &mut Tx, staff: StaffId) -> Result<Looked, DbError> {
    store::looked(tx, cx.workspace, staff).await
}

/// Marks everything up to `seq` as seen by the caller; never moves the mark back.
pub async fn see(cx: &Cx, tx: &mut Tx, staff: StaffId, seq: i64) -> Result<Looked, DbError> {
    store::set_seen(tx, cx.workspace, staff, seq).await?;
    let looked = store::looked(tx, cx.workspace, staff).await?;
    let signal = Signal::NoticesSeen { seq: looked.seen, unread: looked.unread };
    tx.tell(cx.workspace, News::Person { staff, signal: signal.into() });
    Ok(looked)
}
