//! Statements in lockstep, for simulations: the thread waits for SQLite, so that nothing else happens
//! meanwhile, and a pause of simulated time follows each statement.
//!
//! SQLite's connections work in threads of their own. In a simulation that would make the order of events
//! depend on the system's scheduler; here it depends on the seed alone. Whoever stops the simulation in a
//! pause sees the store as a crash between two statements leaves it. Release builds have nothing of this.

#[cfg(debug_assertions)]
pub use simulated::simulate;

/// Runs a statement.
#[cfg(not(debug_assertions))]
pub fn in_step<F: Future>(statement: F) -> F {
    statement
}

/// Runs a statement; in a simulation, in lockstep.
#[cfg(debug_assertions)]
pub async fn in_step<F: Future>(statement: F) -> F::Output {
    if !simulated::is_on() {
        return statement.await;
    }
    let result = simulated::wait(statement);
    let pause = simulated::pause();
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    result
}

/// Whether this thread runs a simulation.
pub(super) fn is_simulated() -> bool {
    #[cfg(debug_assertions)]
    return simulated::is_on();
    #[cfg(not(debug_assertions))]
    false
}

#[cfg(debug_assertions)]
mod simulated {
    use std::cell::RefCell;
    use std::pin::pin;
    use std::sync::{Arc, Condvar, Mutex, PoisonError};
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Duration;

    /// How long the disk takes for the next statement.
    type Disk = Box<dyn FnMut() -> Duration>;

    thread_local! {
        static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
    }

    /// From now on all statements of this thread run in lockstep, and each takes as long as `disk` says of
    /// simulated time. For debug builds only.
    pub fn simulate(disk: impl FnMut() -> Duration + 'static) {
        DISK.set(Some(Box::new(disk)));
    }

    pub(super) fn is_on() -> bool {
        DISK.with_borrow(Option::is_some)
    }

    pub(super) fn pause() -> Duration {
        DISK.with_borrow_mut(|disk| disk.as_mut().map_or(Duration::ZERO, |disk| disk()))
    }

    /// Whether to look again. Not `thread::park`: what is waited for may park the thread as well.
    #[derive(Default)]
    struct Bell {
        rung: Mutex<bool>,
        heard: Condvar,
    }

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.heard.notify_one();
        }
    }

    impl Bell {
        fn wait(&self) {
            let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
            while !std::mem::take(&mut *rung) {
                rung = self.heard.wait(rung).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Waits for a future that needs nothing of this thread.
    pub(super) fn wait<F: Future>(future: F) -> F::Output {
        let mut future = pin!(future);
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output,
                Poll::Pending => bell.wait(),
            }
        }
    }
}
