//! Backups: the store and the uploaded files, copied into a folder while the hub runs, and back.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::ports::db::{begin_epoch, snapshot};
use crate::ports::{DbError, Entropy};

/// The store's file, in the hub's folder and in a backup.
const STORE: &str = "concierge.db";

/// The folder of the uploaded files, in both.
const FILES: &str = "files";

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Uploaded files.
    pub files: usize,
    /// Bytes of the store and of them.
    pub bytes: u64,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store is a server, which has tools of its own.
    #[error(
        "the store is PostgreSQL: use pg_dump for it and copy the folder {} beside it; after pg_restore \
         run: UPDATE meta SET value = md5(random()::text) WHERE name = 'epoch'", files.display()
    )]
    Server {
        /// Where the uploaded files are.
        files: PathBuf,
    },
    /// There is something already.
    #[error("{} exists already; give another folder or move it away", .0.display())]
    Exists(PathBuf),
    /// There is no store.
    #[error("there is no store in {}", .0.display())]
    Nothing(PathBuf),
    /// The store could not be read, or the copy not written.
    #[error("{error}: {}", std::error::Error::source(error).map_or_else(String::new, ToString::to_string))]
    Store {
        /// Why.
        #[from]
        error: DbError,
    },
    /// A file could not be copied.
    #[error("cannot copy {}: {source}", path.display())]
    Copy {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Copies the store, as it is at one moment, and all files that it names into a new folder. The hub may run
/// meanwhile. The folder appears when it is whole.
pub async fn back_up(config: &Config, to: &Path) -> Result<Copied, Error> {
    copy(&store_folder(config)?, to).await
}

/// Copies a backup to where the hub, which must not run, will look for its store. Clients that come back
/// are told to read everything anew: what they saw after the backup was made is not there.
pub async fn restore(config: &Config, from: &Path) -> Result<Copied, Error> {
    let folder = store_folder(config)?;
    for name in [STORE, FILES] {
        let there = folder.join(name);
        if there.exists() && !is_empty(&there) {
            return Err(Error::Exists(there));
        }
    }
    let arrived = folder.join("restored");
    let copied = copy(from, &arrived).await?;
    // A folder of files without a store may lie there, empty.
    drop(std::fs::remove_dir(folder.join(FILES)));
    for name in [FILES, STORE] {
        rename(&arrived.join(name), &folder.join(name))?;
    }
    drop(std::fs::remove_dir(&arrived));
    Ok(copied)
}

async fn copy(from: &Path, to: &Path) -> Result<Copied, Error> {
    if to.exists() {
        return Err(Error::Exists(to.to_owned()));
    }
    if !from.join(STORE).is_file() {
        return Err(Error::Nothing(from.to_owned()));
    }
    let unfinished = to.with_extension("part");
    drop(std::fs::remove_dir_all(&unfinished));
    std::fs::create_dir_all(unfinished.join(FILES)).map_err(failed(&unfinished))?;
    let store = unfinished.join(STORE);
    // The store first: a file is there before the row that names it.
    snapshot(&from.join(STORE), &store).await?;
    begin_epoch(&store, &Entropy::system().secret()[..12]).await?;
    let mut copied = copy_files(&from.join(FILES), &unfinished.join(FILES))?;
    copied.bytes += std::fs::metadata(&store).map_err(failed(&store))?.len();
    rename(&unfinished, to)?;
    Ok(copied)
}

/// Copies whole uploads, durably; they never change once they are there.
fn copy_files(from: &Path, to: &Path) -> Result<Copied, Error> {
    let mut copied = Copied::default();
    let Ok(files) = std::fs::read_dir(from) else { return Ok(copied) };
    for file in files {
        let path = file.map_err(failed(from))?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file() && path.extension().is_none()) else {
            continue;
        };
        let copy = to.join(name);
        match std::fs::copy(&path, &copy) {
            Ok(bytes) => (copied.files, copied.bytes) = (copied.files + 1, copied.bytes + bytes),
            // It was removed meanwhile, and so was the row that named it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&path)(error)),
        }
        std::fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(failed(&copy))?;
    }
    Ok(copied)
}

fn store_folder(config: &Config) -> Result<PathBuf, Error> {
    let folder = config.store.folder.clone();
    match config.store.postgres.is_empty() {
        true => Ok(folder),
        false => Err(Error::Server { files: folder.join(FILES) }),
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut inside| inside.next().is_none())
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::rename(from, to).map_err(failed(to))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Copy { path: path.clone(), source }
}
