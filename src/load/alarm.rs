//! Wakes people at their times, to a quarter of a millisecond. Tokio's own timers count milliseconds and round up: what
//! they make late would read as the hub's slowness.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// Who is due so soon after somebody else is woken with the next: waking takes some microseconds of a processor.
const GRAIN: Duration = Duration::from_micros(250);

/// A time, and a number that tells those apart who wait for the same.
type Place = (Instant, u64);

/// Wakes whoever waits for a time, from a thread of its own.
pub(super) struct Alarm {
    bell: Arc<Bell>,
    next: AtomicU64,
}

#[derive(Default)]
struct Bell {
    waiting: Mutex<Waiting>,
    /// Somebody waits for less long than everybody before, or nobody will any more.
    sooner: Condvar,
}

#[derive(Default)]
struct Waiting {
    people: BTreeMap<Place, Waker>,
    over: bool,
}

/// Somebody who waits.
struct Turn<'a> {
    bell: &'a Bell,
    place: Place,
}

impl Alarm {
    /// Must be called in a runtime.
    pub(super) fn start() -> Alarm {
        let bell = Arc::new(Bell::default());
        let ringing = bell.clone();
        tokio::task::spawn_blocking(move || ringing.ring());
        Alarm { bell, next: AtomicU64::new(0) }
    }

    /// Waits for a time.
    pub(super) async fn at(&self, due: Instant) {
        let place = (due, self.next.fetch_add(1, Ordering::Relaxed));
        Turn { bell: &self.bell, place }.await;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.bell.waiting().over = true;
        self.bell.sooner.notify_one();
    }
}

impl Bell {
    /// Wakes everybody whose time has come, until nobody will wait any more.
    fn ring(&self) {
        let mut waiting = self.waiting();
        while !waiting.over {
            let due = waiting.take_due();
            if !due.is_empty() {
                drop(waiting);
                due.into_values().for_each(Waker::wake);
                std::thread::park_timeout(GRAIN);
                waiting = self.waiting();
                continue;
            }
            waiting = match waiting.first() {
                None => self.sooner.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(first) => {
                    let time = first.saturating_duration_since(Instant::now());
                    self.sooner.wait_timeout(waiting, time).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn first(&self) -> Option<Instant> {
        self.people.first_key_value().map(|((due, _), _)| *due)
    }

    fn take_due(&mut self) -> BTreeMap<Place, Waker> {
        let later = self.people.split_off(&(Instant::now(), u64::MAX));
        std::mem::replace(&mut self.people, later)
    }
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (due, _) = self.place;
        if Instant::now() >= due {
            return Poll::Ready(());
        }
        let mut waiting = self.bell.waiting();
        let is_sooner = waiting.first().is_none_or(|first| due < first);
        waiting.people.insert(self.place, context.waker().clone());
        if is_sooner {
            self.bell.sooner.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.bell.waiting().people.remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_is_woken_and_nobody_before_their_time() {
        let alarm = Alarm::start();
        let begun = Instant::now();
        let times = (0..200_u64).map(|number| begun + Duration::from_micros(number * 7_919 % 50_000));
        let woken = times.map(|due| {
            let alarm = &alarm;
            async move {
                alarm.at(due).await;
                assert!(Instant::now() >= due);
            }
        });
        futures_util::future::join_all(woken).await;
        assert!(alarm.bell.waiting().people.is_empty());
    }

    #[tokio::test]
    async fn who_no_longer_waits_keeps_nobody_from_being_woken() {
        let alarm = Alarm::start();
        let begun = Instant::now();
        let (soon, later) = (begun + Duration::from_millis(5), begun + Duration::from_millis(10));
        tokio::select! {
            biased;
            () = alarm.at(later) => panic!("the earlier one comes first"),
            () = alarm.at(soon) => {}
        }
        assert!(alarm.bell.waiting().people.is_empty());
        let mut gone = Box::pin(alarm.at(Instant::now() + Duration::from_millis(1)));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        alarm.at(later).await;
        assert!(Instant::now() >= later);
    }

    #[tokio::test]
    async fn its_thread_ends_with_it() {
        let alarm = Alarm::start();
        let bell = Arc::downgrade(&alarm.bell);
        drop(alarm);
        while bell.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
