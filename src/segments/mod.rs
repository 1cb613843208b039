//! Segments: saved filters of contacts, which lists show and rules ask about.
//!
//! Here they are stored; what their conditions mean is the rules' grammar, and `automation` asks them.
//!
//! Invariants: a key names one segment of a workspace and does not change; of two who change one at a time,
//! the second learns of both versions.

mod model;
mod store;

pub use model::{NewSegment, Segment, SegmentChange};

use crate::base::{SegmentId, TextFault, clean_text};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::ErrorCode;

/// Most segments of a workspace.
const MOST: i64 = 50;

/// Longest name, in characters.
const MAX_NAME: usize = 80;

/// The segments by their names.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<Segment>, Error> {
    Ok(store::list(tx, cx.workspace).await?)
}

/// Finds a segment or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: SegmentId) -> Result<Segment, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound)
}

/// Adds a segment; its condition was checked before.
pub async fn insert(cx: &Cx, tx: &mut Tx, new: NewSegment) -> Result<Segment, Error> {
    if !model::is_key(&new.key) {
        return Err(Error::Key(new.key));
    }
    if store::count(tx, cx.workspace).await? >= MOST {
        return Err(Error::TooMany);
    }
    let segment = Segment {
        id: cx.id(),
        key: new.key,
        name: clean_text(&new.name, MAX_NAME)?.into_string(),
        when: new.when,
        version: 1,
        made_by: cx.name.clone(),
        updated_at: cx.now,
    };
    match store::insert(tx, cx.workspace, &segment).await? {
        true => Ok(segment),
        false => Err(Error::KeyTaken(segment.key)),
    }
}

/// Changes a segment's name and condition, which was checked before, if it is still at the version that was
/// edited.
pub async fn change(cx: &Cx, tx: &mut Tx, id: SegmentId, change: SegmentChange) -> Result<Segment, Error> {
    let before = get(cx, tx, id).await?;
    let name = clean_text(&change.name, MAX_NAME)?.into_string();
    let after = Segment {
        name,
        when: change.when.clone(),
        version: change.version + 1,
        updated_at: cx.now,
        ..before.clone()
    };
    if before.version != change.version || !store::update(tx, cx.workspace, &after).await? {
        // Read again: somebody may have been quicker by a moment.
        let theirs = Box::new(get(cx, tx, id).await?);
        return Err(Error::Overtaken { edited: change.version, theirs, yours: Box::new(change) });
    }
    Ok(after)
}

/// Takes a segment away. Rules that ask about it find nobody in it.
pub async fn remove(cx: &Cx, tx: &mut Tx, id: SegmentId) -> Result<(), Error> {
    match store::delete(tx, cx.workspace, id).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// Why something about a segment was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such segment in this workspace.
    #[error("the segment does not exist")]
    NotFound,
    /// It is no key.
    #[error("key: {0:?} is not a name such as regular-customers")]
    Key(String),
    /// Another segment has this key.
    #[error("there is a segment {0:?} already; give this one another key")]
    KeyTaken(String),
    /// The workspace has as many as it can.
    #[error("there are {MOST} segments already; take one away first")]
    TooMany,
    /// The name was refused.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// Somebody saved another version while this one was edited.
    #[error("version {edited} was edited, but {:?} is at version {} now; both are here to compare", theirs.key, theirs.version)]
    Overtaken {
        /// What is stored.
        theirs: Box<Segment>,
        /// What was sent.
        yours: Box<SegmentChange>,
        /// The version it was made from.
        edited: i64,
    },
    /// The store failed.
    #[error("segments storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::Key(_) => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::KeyTaken(_) | Error::TooMany => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Text(fault) => fault.into(),
            Error::Overtaken { ref theirs, ref yours, edited } => {
                let both = serde_json::json!({"theirs": theirs, "yours": yours, "edited_version": edited});
                Self::new(ErrorCode::Conflict, error.to_string()).with_conflict(both)
            }
            Error::Db(error) => error.into(),
        }
    }
}
