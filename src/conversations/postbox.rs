//! Customers' messages on their way into the store: all that wait share one unit of work.
//!
//! Messages that are stored together share a sync, and the pages of the store that they touch. No timer holds up
//! a lone message: while one batch is on its way to the disk the next gathers, and before a batch sets out
//! everybody who can run now hands in what they have. So batches grow with the load by themselves. Where they
//! have grown large, one sets out every few milliseconds and not sooner: the processor is short there, and a
//! batch costs as much as a dozen of its messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::base::ConversationId;
use crate::conversations::batch::{self, Letter, Look};
use crate::conversations::{Error, NewMessage, model};
use crate::ports::{Cx, Db, DbError};
use crate::protocol::Posted;

/// Messages that may wait. More are refused as `busy`: whoever sent them still has them.
const MOST: usize = 16 * 1024;

/// Messages that are stored at once.
const BATCH: usize = 512;

/// How many times everybody else may run before a batch sets out.
const ROUNDS: usize = 8;

/// After a batch of so many, the next sets out `PACE` after it at the earliest.
const LARGE: usize = 64;

/// How soon a batch follows a large one.
const PACE: Duration = Duration::from_millis(3);

/// Where customers' messages wait to be stored. Clones are the same box.
#[derive(Clone)]
pub struct Postbox {
    waiting: Arc<Mutex<Waiting>>,
    db: Db,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Waiting {
    letters: Vec<Addressed>,
    /// Somebody is storing: they will take what comes meanwhile.
    storing: bool,
}

/// A message with whoever waits to hear what became of it.
struct Addressed {
    letter: Letter,
    told: oneshot::Sender<Result<Posted, Error>>,
}

impl Postbox {
    /// An empty box. `tasks` waits for what is on its way to the store.
    pub fn new(db: Db, tasks: TaskTracker) -> Postbox {
        Postbox { waiting: Arc::default(), db, tasks }
    }

    /// Posts a customer's message without files, as `conversations::post` does. Returns once it is on disk.
    /// What was handed in is stored even if the caller goes meanwhile.
    pub async fn post(&self, cx: Cx, id: ConversationId, new: NewMessage) -> Result<Posted, Error> {
        model::check_client_id(&new.client_id)?;
        let body = model::message_body(&new.body, 0)?;
        let (told, hears) = oneshot::channel();
        self.hand_in(Addressed { letter: Letter { cx, id, client_id: new.client_id, body }, told })?;
        hears.await.unwrap_or_else(|_| Err(DbError::Commit("the hub is stopping".to_owned()).into()))
    }

    fn hand_in(&self, addressed: Addressed) -> Result<(), Error> {
        let mut waiting = self.waiting();
        if waiting.letters.len() >= MOST {
            return Err(DbError::overloaded().into());
        }
        waiting.letters.push(addressed);
        if !std::mem::replace(&mut waiting.storing, true) {
            self.tasks.spawn(self.clone().store());
        }
        Ok(())
    }

    /// Stores until nothing waits.
    async fn store(self) {
        // Also after a panic: the next message must find somebody who stores it.
        let _done = Done(&self);
        let mut look = Look::AtNothing;
        loop {
            self.gather().await;
            let Some(batch) = self.take() else { return };
            let next = (batch.len() >= LARGE).then(|| Instant::now() + PACE);
            look = self.store_batch(batch, look).await;
            if let Some(next) = next {
                tokio::time::sleep_until(next).await;
            }
        }
    }

    /// Lets others run for as long as they bring more.
    async fn gather(&self) {
        let mut waiting = 0;
        for _ in 0..ROUNDS {
            let now = self.waiting().letters.len();
            if now == waiting || now >= BATCH {
                return;
            }
            waiting = now;
            tokio::task::yield_now().await;
        }
    }

    /// The next batch; without one, nobody is storing from here on.
    fn take(&self) -> Option<Vec<Addressed>> {
        let mut waiting = self.waiting();
        if waiting.letters.is_empty() {
            waiting.storing = false;
            return None;
        }
        let end = waiting.letters.len().min(BATCH);
        Some(waiting.letters.drain(..end).collect())
    }

    /// Gives what suits the next batch.
    async fn store_batch(&self, batch: Vec<Addressed>, look: Look) -> Look {
        let (letters, told): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|Addressed { letter, told }| (letter, told)).unzip();
        let results = match batch::store(&self.db, &letters, look).await {
            Ok(results) => results,
            Err(Error::Db(error)) if !error.is_of_one() => {
                self.refuse_others(&error);
                letters.iter().map(|_| Err(error.again().into())).collect()
            }
            Err(error) if letters.len() == 1 => vec![Err(error)],
            // One of them may be at fault, and the others must not suffer for it.
            Err(_) => self.store_singly(&letters).await,
        };
        let look = Look::after(&results);
        for (told, result) in told.into_iter().zip(results) {
            // An error only says that the caller has gone.
            let _ = told.send(result);
        }
        look
    }

    /// Tells those who came meanwhile what the store said: they would wait as long again to hear the same.
    fn refuse_others(&self, error: &DbError) {
        for other in std::mem::take(&mut self.waiting().letters) {
            let _ = other.told.send(Err(error.again().into()));
        }
    }

    async fn store_singly(&self, letters: &[Letter]) -> Vec<Result<Posted, Error>> {
        let mut results = Vec::with_capacity(letters.len());
        for letter in letters {
            let stored = batch::store(&self.db, std::slice::from_ref(letter), Look::AtNothing).await;
            results.push(stored.and_then(|mut one| one.pop().unwrap_or(Err(Error::NotFound))));
        }
        results
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that nobody is storing any more, whatever ended it.
struct Done<'a>(&'a Postbox);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.waiting().storing = false;
        }
    }
}
