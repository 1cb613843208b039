//! The connections to SQLite that read beside the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ports::db::lite::{LOCK_WAIT, LiteLink};
use crate::ports::db::lockstep::is_simulated;

/// How many there are; in a simulation nobody waits for one.
const READERS: usize = 4;
const SIMULATED: usize = 1_000;

/// How they work. Pages kept in memory are counted in KiB, as SQLite wants it.
const READER: &str = "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;";

/// The readers. Clones are the same.
#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    turns: Arc<Semaphore>,
    /// Those that nobody uses, of those that were opened.
    idle: Arc<Mutex<Vec<LiteLink>>>,
}

/// A connection that reads, for as long as somebody needs it.
pub(super) struct Reader {
    link: Option<LiteLink>,
    idle: Arc<Mutex<Vec<LiteLink>>>,
    _turn: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Readers {
        let most = if is_simulated() { SIMULATED } else { READERS };
        Readers {
            path: Arc::new(path.to_owned()),
            turns: Arc::new(Semaphore::new(most)),
            idle: Arc::default(),
        }
    }

    /// Waits for one that is free.
    pub(super) async fn acquire(&self) -> Result<Reader, sqlx::Error> {
        let turn = tokio::time::timeout(LOCK_WAIT, self.turns.clone().acquire_owned());
        let turn = turn.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = lock(&self.idle).pop();
        let link = match idle {
            Some(link) => link,
            None => LiteLink::open(self.path.to_path_buf(), READER).await?,
        };
        Ok(Reader { link: Some(link), idle: self.idle.clone(), _turn: turn })
    }

    /// Closes them after the work in hand.
    pub(super) async fn close(&self) {
        let most = if is_simulated() { SIMULATED } else { READERS };
        // Who holds one for long keeps no stopping hub waiting.
        let all = self.turns.acquire_many(u32::try_from(most).unwrap_or(u32::MAX));
        let _all = tokio::time::timeout(LOCK_WAIT, all).await;
        self.turns.close();
        let idle = std::mem::take(&mut *lock(&self.idle));
        for link in idle {
            link.close().await;
        }
    }
}

impl Reader {
    pub(super) fn link(&mut self) -> &mut LiteLink {
        self.link.as_mut().expect("a reader keeps its connection until it is dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // One whose statement is still on its way is not for the next.
        if let Some(link) = self.link.take().filter(|link| !link.is_busy()) {
            lock(&self.idle).push(link);
        }
    }
}

fn lock(idle: &Mutex<Vec<LiteLink>>) -> MutexGuard<'_, Vec<LiteLink>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
