//! A value that many watch, in a simulation: who waited first is woken first. Tokio's own `watch` wakes in an
//! order that comes from the process, not from the seed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(super) struct Board<T> {
    value: Mutex<(u64, T)>,
    changed: Notify,
}

impl<T: Clone> Board<T> {
    pub(super) fn new(value: T) -> Board<T> {
        Board { value: Mutex::new((1, value)), changed: Notify::new() }
    }

    fn value(&self) -> MutexGuard<'_, (u64, T)> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value now.
    pub(super) fn get(&self) -> T {
        self.value().1.clone()
    }

    /// Changes it.
    pub(super) fn change(&self, how: impl FnOnce(&mut T)) {
        let mut value = self.value();
        value.0 += 1;
        how(&mut value.1);
        drop(value);
        self.changed.notify_waiters();
    }

    /// Waits until it is so.
    pub(super) async fn until(&self, mut so: impl FnMut(&T) -> bool) {
        self.look(|(_, value)| so(value).then_some(())).await;
    }

    /// Waits until it was changed since the reading of this number; gives the number of the next. 0 is before
    /// any reading.
    pub(super) async fn changed_since(&self, seen: u64) -> u64 {
        self.look(|(number, _)| (*number > seen).then_some(*number)).await
    }

    async fn look<R>(&self, mut found: impl FnMut(&(u64, T)) -> Option<R>) -> R {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = found(&self.value()) {
                return found;
            }
            changed.await;
        }
    }
}
