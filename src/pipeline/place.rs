//! Who works: a few turns compute at once, and many more wait for servers elsewhere meanwhile.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Pipeline;

/// The places of a node.
#[derive(Clone)]
pub(super) struct Places {
    begun: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

impl Places {
    pub(super) fn new(settings: &Pipeline) -> Places {
        let workers = settings.workers.max(1);
        Places {
            begun: Arc::new(Semaphore::new(settings.begun.max(workers))),
            working: Arc::new(Semaphore::new(workers)),
        }
    }

    /// Waits for a place; who came first has it first.
    pub(super) async fn take(&self) -> Place {
        // The semaphores are never closed.
        let begun = self.begun.clone().acquire_owned().await.ok();
        let working = self.working.clone().acquire_owned().await.ok();
        Place { _begun: begun, working, of: Some(self.working.clone()) }
    }
}

/// A turn's right to work. The default is that of a turn that nobody counts: a replay, a trial.
#[derive(Default)]
pub(super) struct Place {
    _begun: Option<OwnedSemaphorePermit>,
    working: Option<OwnedSemaphorePermit>,
    of: Option<Arc<Semaphore>>,
}

impl Place {
    /// Waits for what is done elsewhere; others work meanwhile.
    pub(super) async fn away<T>(&mut self, elsewhere: impl Future<Output = T>) -> T {
        self.working = None;
        let done = elsewhere.await;
        if let Some(working) = &self.of {
            self.working = working.clone().acquire_owned().await.ok();
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_away_leaves_the_work_to_others_and_stays_counted() {
        let mut settings = crate::config::Config::defaults().pipeline;
        (settings.workers, settings.begun) = (1, 2);
        let places = Places::new(&settings);
        let mut first = places.take().await;
        assert_eq!((places.working.available_permits(), places.begun.available_permits()), (0, 1));
        let worked = first.away(async { places.take().await.working.is_some() }).await;
        assert!(worked, "another one worked while the first was away");
        assert_eq!((places.working.available_permits(), places.begun.available_permits()), (0, 1));
        drop(first);
        assert_eq!((places.working.available_permits(), places.begun.available_permits()), (1, 2));
    }
}
