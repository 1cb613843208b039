//! Many messages of customers step by step: read and hold the conversations, write the entries, move the
//! conversations. What was sent before is found out by writing it: then all is given up, and done once more with
//! a look at what is there. A server gets one statement for all messages (`together`); SQLite, which runs a
//! statement where it is asked for, pays nothing for being asked again (`singly`).
//!
//! Tells the same story as `store::append`, message by message; a test holds the two together.

mod singly;
mod together;

use std::collections::{BTreeMap, HashMap};

use crate::base::{Audience, ContactId, ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::conversations::{Error, NewMessage, model, store, verbs};
use crate::ports::bus::News;
use crate::ports::db::{FromRow, Link};
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

/// How the row of a conversation that was written to is moved.
struct Moved<'a> {
    row: &'a Row,
    last_message: &'a str,
    at: Timestamp,
}

/// What a message without files says of itself.
const PLAIN: Content = Content::Message { files: Vec::new(), draft: None };

/// The messages of a batch that were stored before, by conversation and `client_id`.
type Known = HashMap<(ConversationId, String), i64>;

/// The conversations that are written to, always in the same order.
type Rooms = BTreeMap<ConversationId, Room>;

/// Whether messages that were stored before are looked for, or found out by writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    AtNothing,
    AtAll,
}

impl Look {
    /// What suits the batch after one with these results: who sends again has mostly more to send again, as after
    /// a lost connection.
    pub(super) fn after(results: &[Result<Posted, Error>]) -> Look {
        match results.iter().flatten().any(|posted| posted.duplicate) {
            true => Look::AtAll,
            false => Look::AtNothing,
        }
    }
}

/// Stores messages in one unit of work; gives what became of each, in their order. After an error nothing
/// of them is stored.
pub(super) async fn store(
    db: &Db,
    letters: &[Letter],
    look: Look,
) -> Result<Vec<Result<Posted, Error>>, Error> {
    let stored = match store_all(db, letters, look).await? {
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

/// Stores the messages of one workspace. None: one of them was stored before and was not looked for; the unit of
/// work must be given up then.
async fn store_theirs(
    tx: &mut Tx,
    workspace: WorkspaceId,
    letters: &[&Letter],
    look: Look,
) -> Result<Option<Vec<Result<Posted, Error>>>, Error> {
    let mut rooms = hold(tx, workspace, letters).await?;
    let mut known = match look {
        Look::AtNothing => None,
        Look::AtAll => Some(sent_before(tx, workspace, letters).await?),
    };
    let mut results = Vec::with_capacity(letters.len());
    let mut fresh = Vec::with_capacity(letters.len());
    for letter in letters {
        results.push(match open_room(&mut rooms, letter) {
            Err(result) => result,
            Ok(room) => Some(Ok(append(room, letter, known.as_mut(), &mut fresh))),
        });
    }
    // Neighbours in the store one after the other; those of one conversation stay in their order.
    fresh.sort_by_key(|fresh| fresh.conversation);
    if !write(tx, workspace, &fresh, &rooms).await? {
        return Ok(None);
    }
    fresh.into_iter().for_each(|fresh| tell(tx, workspace, fresh));
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

/// Reads and holds the conversations of the messages.
async fn hold(tx: &mut Tx, workspace: WorkspaceId, letters: &[&Letter]) -> Result<Rooms, DbError> {
    let mut ids: Vec<ConversationId> = letters.iter().map(|letter| letter.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = match tx.link() {
        Link::Sqlite(link) => singly::hold(link, workspace, &ids).await?,
        Link::Postgres(_) => together::hold(tx, workspace, &ids).await?,
    };
    Ok(rows.into_iter().map(|row| (row.id, Room { row, newest: None })).collect())
}

/// Looks for messages that were stored before. The conversations are held: none can come meanwhile.
async fn sent_before(tx: &mut Tx, workspace: WorkspaceId, letters: &[&Letter]) -> Result<Known, DbError> {
    let found = match tx.link() {
        Link::Sqlite(link) => singly::sent_before(link, workspace, letters).await?,
        Link::Postgres(_) => together::sent_before(tx, workspace, letters).await?,
    };
    Ok(found.into_iter().map(|(id, client_id, seq)| ((id, client_id), seq)).collect())
}

/// Writes entries and moves their conversations. Says whether all were new; if not, the unit of work is given up.
async fn write(tx: &mut Tx, workspace: WorkspaceId, fresh: &[Fresh], rooms: &Rooms) -> Result<bool, DbError> {
    if fresh.is_empty() {
        return Ok(true);
    }
    let moved: Vec<Moved> = rooms.values().filter_map(Room::moved).collect();
    let written = match tx.link() {
        Link::Sqlite(link) => singly::write(link, workspace, fresh, &moved).await?,
        Link::Postgres(_) => together::write(tx, workspace, fresh, &moved).await?,
    };
    Ok(usize::try_from(written).is_ok_and(|written| written == fresh.len()))
}

/// The conversation's next entry, unless it is known.
fn append(room: &mut Room, letter: &Letter, known: Option<&mut Known>, fresh: &mut Vec<Fresh>) -> Posted {
    let next = room.row.last_seq + 1;
    let seen = known.map(|known| known.entry((letter.id, letter.client_id.clone())).or_insert(next));
    let seq = seen.copied().unwrap_or(next);
    if seq == next {
        let entry = room.next(letter);
        room.take(&entry);
        fresh.push(entry);
    }
    Posted { conversation: letter.id, seq, duplicate: seq != next }
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

    /// How its row is moved; none if no message came in.
    fn moved(&self) -> Option<Moved<'_>> {
        let Room { row, newest } = self;
        let (last_message, at) = newest.as_ref()?;
        Some(Moved { row, last_message, at: *at })
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
