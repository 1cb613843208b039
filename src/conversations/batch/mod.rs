//! Many messages of customers step by step: read and hold the conversations, write the entries but for those
//! that were sent before, move the conversations. A server gets one statement for all of them (`together`);
//! SQLite, which runs a statement where it is asked for, pays nothing for being asked again (`singly`).
//!
//! Tells the same story as `store::append`, message by message; a test holds the two together.

mod singly;
mod together;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Audience, ContactId, ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::conversations::{Error, NewMessage, model, store, verbs};
use crate::ports::bus::News;
use crate::ports::db::{Engine, FromRow};
use crate::ports::{Cx, Db, DbError, Tx};
use crate::protocol::{Content, Entry, Posted};

/// A customer's message whose parts were checked.
pub(super) struct Letter {
    pub(super) cx: Cx,
    pub(super) id: ConversationId,
    pub(super) client_id: String,
    pub(super) body: Option<String>,
}

/// A conversation whose row is held, and how far it has got.
#[derive(FromRow)]
struct Row {
    /// By which SQLite finds the row without a look into an index.
    place: i64,
    id: ConversationId,
    contact_id: ContactId,
    contact_name: Option<String>,
    snoozed_by: Option<StaffId>,
    title: String,
    last_seq: i64,
    last_public_seq: i64,
    prev_public_seq: i64,
    inbound_count: i64,
    outbound_count: i64,
    waiting_since: Option<Timestamp>,
}

/// The same as messages come in.
struct Room {
    row: Row,
    /// The newest message as the inbox shows it, and its time; none so far.
    newest: Option<(String, Timestamp)>,
}

/// An entry that is written, with what its row holds beside it.
struct Fresh {
    conversation: ConversationId,
    entry: Entry,
    prev_public: i64,
    inbound: i64,
    outbound: i64,
}

/// What a message without files says of itself.
const PLAIN: Content = Content::Message { files: Vec::new(), draft: None };

/// What became of each message; none where it does more than a message does, and is posted alone.
type Appended = Vec<Option<Result<Posted, Error>>>;

/// The conversations that are written to, always in the same order.
type Rooms = BTreeMap<ConversationId, Room>;

/// Whether messages that were stored before are looked for, or found out by writing.
#[derive(Debug, Clone, Copy)]
enum Look {
    AtNothing,
    AtAll,
}

/// Stores messages in one unit of work; gives what became of each, in their order. After an error nothing
/// of them is stored.
pub(super) async fn store(db: &Db, letters: &[Letter]) -> Result<Vec<Result<Posted, Error>>, Error> {
    let stored = match store_all(db, letters, Look::AtNothing).await? {
        // One was sent before; where it stands, and the places of those after it, take a look first.
        None => store_all(db, letters, Look::AtAll).await?,
        stored => stored,
    };
    stored.ok_or_else(|| DbError::damaged("a message is there and cannot be found".to_owned()).into())
}

/// None: nothing was stored, and the same once more takes a look.
async fn store_all(
    db: &Db,
    letters: &[Letter],
    look: Look,
) -> Result<Option<Vec<Result<Posted, Error>>>, Error> {
    let mut tx = db.begin_by_keys().await?;
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<usize>> = BTreeMap::new();
    for (place, letter) in letters.iter().enumerate() {
        by_workspace.entry(letter.cx.workspace).or_default().push(place);
    }
    let mut results: Vec<Option<Result<Posted, Error>>> = letters.iter().map(|_| None).collect();
    for (workspace, places) in by_workspace {
        let theirs: Vec<&Letter> = places.iter().map(|place| &letters[*place]).collect();
        let Some(posted) = store_theirs(&mut tx, workspace, &theirs, look).await? else { return Ok(None) };
        for (place, result) in places.into_iter().zip(posted) {
            results[place] = Some(result);
        }
    }
    tx.commit().await?;
    Ok(Some(results.into_iter().map(|result| result.unwrap_or(Err(Error::NotFound))).collect()))
}

/// Stores the messages of one workspace.
async fn store_theirs(
    tx: &mut Tx,
    workspace: WorkspaceId,
    letters: &[&Letter],
    look: Look,
) -> Result<Option<Vec<Result<Posted, Error>>>, Error> {
    let ids: BTreeSet<ConversationId> = letters.iter().map(|letter| letter.id).collect();
    let results = match tx.engine() {
        Engine::Sqlite => Some(singly::append(tx, workspace, ids, letters).await?),
        Engine::Postgres => together::append(tx, workspace, ids, letters, look).await?,
    };
    let Some(results) = results else { return Ok(None) };
    let mut posted = Vec::with_capacity(letters.len());
    for (letter, result) in letters.iter().zip(results) {
        posted.push(match result {
            Some(result) => result,
            None => match post_alone(tx, letter).await {
                // The unit of work is spoilt, and PostgreSQL would commit nothing of it without saying so.
                Err(Error::Db(error)) => return Err(error.into()),
                posted => posted,
            },
        });
    }
    Ok(Some(posted))
}

/// The conversation that a message goes to; otherwise what becomes of the message.
fn open_room<'a>(
    rooms: &'a mut Rooms,
    letter: &Letter,
) -> Result<&'a mut Room, Option<Result<Posted, Error>>> {
    match rooms.get_mut(&letter.id).filter(|room| room.is_open_to(letter)) {
        None => Err(Some(Err(Error::NotFound))),
        // It wakes up as well, which is more than a message.
        Some(room) if room.row.snoozed_by.is_some() => Err(None),
        Some(room) => Ok(room),
    }
}

async fn post_alone(tx: &mut Tx, letter: &Letter) -> Result<Posted, Error> {
    let body = letter.body.clone().unwrap_or_default();
    let message = NewMessage { client_id: letter.client_id.clone(), body, files: Vec::new() };
    verbs::post(&letter.cx, tx, letter.id, message).await
}

impl Room {
    /// A conversation of somebody else does not exist for the caller.
    fn is_open_to(&self, letter: &Letter) -> bool {
        model::contact_scope(&letter.cx).is_none_or(|contact| contact == self.row.contact_id)
    }

    fn new(row: Row) -> Room {
        Room { row, newest: None }
    }

    /// The conversation's next entry, as `store::append` makes it.
    fn next(&self, letter: &Letter) -> Fresh {
        let Letter { cx, body, client_id, .. } = letter;
        let row = &self.row;
        let author = match cx.name.as_str() {
            "" => row.contact_name.clone().unwrap_or_default(),
            name => name.to_owned(),
        };
        let entry = Entry {
            seq: row.last_seq + 1,
            prev: row.last_seq,
            audience: Audience::Everyone,
            actor: cx.actor,
            author,
            body: body.clone(),
            content: PLAIN,
            client_id: Some(client_id.clone()),
            at: cx.now,
        };
        Fresh {
            conversation: row.id,
            entry,
            prev_public: row.last_public_seq,
            inbound: row.inbound_count + 1,
            outbound: row.outbound_count,
        }
    }

    /// Moves the conversation by its next entry, as `store::append` does.
    fn take(&mut self, fresh: &Fresh) {
        let Fresh { entry, prev_public, inbound, .. } = fresh;
        let shown = model::preview(entry.body.as_deref().unwrap_or_default());
        let row = &mut self.row;
        row.prev_public_seq = *prev_public;
        row.last_seq = entry.seq;
        row.last_public_seq = entry.seq;
        row.inbound_count = *inbound;
        row.waiting_since = row.waiting_since.or(Some(entry.at));
        if row.title.is_empty() {
            row.title = store::first_title(&shown);
        }
        self.newest = Some((shown, entry.at));
    }
}

/// `PLAIN` as it is stored.
fn plain() -> Result<String, DbError> {
    serde_json::to_string(&PLAIN).map_err(|error| DbError::damaged(error.to_string()))
}

/// Tells of an entry after the commit.
fn tell(tx: &mut Tx, workspace: WorkspaceId, fresh: Fresh) {
    let Fresh { conversation, entry, prev_public, .. } = fresh;
    tx.count(metrics::counter!("concierge_entries_total", "kind" => entry.content.kind()));
    tx.tell(workspace, News::Entry { conversation, entry: entry.into(), prev_public });
}
