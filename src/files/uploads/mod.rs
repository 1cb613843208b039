//! Uploads in pieces: taken up again after a cut line, and begun before their end is known.
//!
//! Invariant: the offset that is told is on disk. A piece counts once it is written, synced and noted under a
//! guard; two who send the same piece are one. The file is made from the pieces in the transaction that notes
//! the last one, so an upload is either unfinished or a file, also after a crash. What nobody goes on with is
//! forgotten after a day.

mod routes;
mod store;

use std::time::Duration;

pub use routes::{routes, tell_what_is_spoken};

use crate::base::{FileId, Timestamp, UploadId};
use crate::files::{Error, StoredFile, model};
use crate::identity::Site;
use crate::ports::{Blobs, Cx, DbError, Tx};

/// How long an upload waits for its next piece.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// Most unfinished uploads of one person.
const MAX_OF_ONE: i64 = 20;

/// Most unfinished uploads of a workspace.
const MAX_OF_ALL: i64 = 2_000;

/// An upload, however far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Its identifier.
    pub id: UploadId,
    /// The file's name as it was given.
    pub name: String,
    /// The length of the whole, once it is known.
    pub length: Option<i64>,
    /// How many bytes there are.
    pub received: i64,
    /// The file it became.
    pub file: Option<FileId>,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// Begins an upload; of a recording that lasts the length is not known yet.
pub async fn begin(cx: &Cx, tx: &mut Tx, name: &str, length: Option<i64>) -> Result<Upload, Error> {
    if length == Some(0) {
        return Err(Error::Empty);
    }
    let (own, all) = store::unfinished(cx, tx).await?;
    if own >= MAX_OF_ONE || all >= MAX_OF_ALL {
        return Err(Error::TooManyUploads);
    }
    let name = model::safe_name(name);
    let upload =
        Upload { id: cx.id(), name, length, received: 0, file: None, expires_at: cx.now.after(PATIENCE) };
    store::insert(cx, tx, &upload).await?;
    Ok(upload)
}

/// Finds an upload of the caller: nobody else's is shown, not even to colleagues.
pub async fn get(cx: &Cx, tx: &mut Tx, id: UploadId) -> Result<Upload, Error> {
    store::find(cx, tx, id).await?.ok_or(Error::NoUpload(id))
}

/// Notes that an upload has come this far, and the length of the whole if it is known now.
async fn advance(cx: &Cx, tx: &mut Tx, from: &Upload, to: &Upload) -> Result<(), Error> {
    match store::advance(cx, tx, from.received, to).await? {
        true => Ok(()),
        false => Err(Error::Overtaken),
    }
}

/// Ends an upload: what came is recorded as a file.
async fn finish(cx: &Cx, tx: &mut Tx, from: &Upload, to: &Upload, file: &StoredFile) -> Result<(), Error> {
    advance(cx, tx, from, &Upload { file: Some(file.id), ..to.clone() }).await?;
    super::record(cx, tx, file).await
}

/// Gives up an upload that is not finished; its bytes are to be removed afterwards.
async fn give_up(cx: &Cx, tx: &mut Tx, id: UploadId) -> Result<(), Error> {
    match get(cx, tx, id).await? {
        Upload { file: None, .. } if store::remove(cx, tx, id).await? => Ok(()),
        _ => Err(Error::NoUpload(id)),
    }
}

/// Forgets uploads that nobody goes on with.
pub async fn sweep(site: &Site, limit: i64) -> Result<(), DbError> {
    let mut tx = site.ports.db.read().await?;
    let lapsed = store::lapsed(&mut tx, site.ports.now(), limit).await?;
    drop(tx);
    for (workspace, id) in lapsed {
        let cx = site.ports.cx(workspace, crate::base::Actor::System, "");
        let mut tx = site.ports.db.begin().await?;
        let gone = store::remove_lapsed(&cx, &mut tx, id).await?;
        tx.commit().await?;
        if gone {
            remove_bytes(&site.ports.blobs, id).await;
        }
    }
    Ok(())
}

/// Removes the pieces of an upload that is over; left behind they cost space and nothing else.
async fn remove_bytes(blobs: &Blobs, id: UploadId) {
    if let Err(error) = blobs.remove_pieces(id).await {
        tracing::warn!(error = &error as &dyn std::error::Error, upload.id = %id, "pieces of an upload stay behind");
    }
}
