//! How important a listening thread is, and whether it gets anywhere.
//!
//! Listening keeps a core busy for seconds while messages need one for a millisecond, so it runs **last**:
//! Linux gives an idle-class thread a core only while nobody else wants it, takes it away the moment somebody
//! does, and wakes others as if that core were free. Niceness alone does less: a nice thread keeps its core
//! until its slice ends. The price is that on a machine that is never idle such a thread stands still; one
//! that gets too little is given up and begun again as merely **low**.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// How nice a thread is that is merely low, as Unix counts.
const LOW: i32 = 5;

/// How nice one is where the idle class is refused.
const NICEST: i32 = 19;

/// What a thread must have had of a core, once it has tried for this long.
pub(super) const TRIES: Duration = Duration::from_secs(10);
const ENOUGH: f64 = 2.0 / 3.0;

/// How important a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// Behind everything else.
    Last,
    /// A little behind everything else.
    Low,
}

impl Rank {
    /// Gives it to the calling thread and to those it starts. There is no way up again. What the system
    /// refuses is left: the work is merely more important then.
    pub(super) fn take(self) {
        match self {
            Rank::Low => {
                let _ = rustix::process::nice(LOW);
            }
            Rank::Last => {
                let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
                if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_err() {
                    let _ = rustix::process::nice(NICEST);
                }
            }
        }
    }
}

/// What the calling thread gets of a core, from now on.
pub(super) struct Share {
    since: Instant,
    used: Duration,
}

impl Share {
    pub(super) fn begin() -> Share {
        Share { since: Instant::now(), used: used() }
    }

    /// Whether it is too little by now. Only of a thread that never sleeps.
    pub(super) fn is_too_little(&self) -> bool {
        let tried = self.since.elapsed();
        tried >= TRIES && is_too_little(used().saturating_sub(self.used), tried)
    }
}

fn is_too_little(used: Duration, tried: Duration) -> bool {
    used.as_secs_f64() < tried.as_secs_f64() * ENOUGH
}

/// Processor time of the calling thread.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use thread_priority::thread_schedule_policy;

    use super::*;

    #[test]
    fn a_thread_that_is_last_starts_threads_that_are_last() {
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let outer = std::thread::spawn(|| {
            Rank::Low.take();
            Rank::Last.take();
            let inner = std::thread::spawn(thread_schedule_policy).join().expect("it runs");
            (thread_schedule_policy(), inner)
        });
        let (outer, inner) = outer.join().expect("it runs");
        assert!(outer.is_ok_and(|policy| policy == idle) && inner.is_ok_and(|policy| policy == idle));
        assert!(thread_schedule_policy().is_ok_and(|policy| policy != idle), "only they are");
    }

    #[test]
    fn a_thread_must_get_most_of_a_core() {
        let seconds = Duration::from_secs;
        assert!(is_too_little(seconds(0), seconds(10)));
        assert!(is_too_little(seconds(6), seconds(10)));
        assert!(!is_too_little(seconds(7), seconds(10)));
        // Nobody is judged before they have tried.
        assert!(!Share::begin().is_too_little());
    }
}
