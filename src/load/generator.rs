//! The generator watches itself: a test that it could not keep up with says little about the hub.

use std::time::{Duration, Instant};

/// Ticks of processor time per second in `/proc`, the same on every Linux.
const TICKS: f64 = 100.0;

/// From here on the generator's own slowness is in the figures.
const MAX_LATE: Duration = Duration::from_millis(5);

/// The share of one processor at which it can hardly follow.
const MAX_BUSY: f64 = 0.8;

/// What the generator knows of itself.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Generator {
    /// Processor time it used, as a share of the processors it may use; none where this is not known.
    pub busy: Option<f64>,
    /// The 99th percentile of how late visitors were sent in, in milliseconds.
    pub late_p99_ms: f64,
    /// The figures are at least partly its own.
    pub limited: bool,
}

impl Generator {
    /// Several processes: they share the processors, and the slowest counts.
    pub(super) fn with(&self, other: &Generator) -> Generator {
        let busy = self.busy.zip(other.busy).map(|(one, other)| one + other);
        Generator {
            busy,
            late_p99_ms: self.late_p99_ms.max(other.late_p99_ms),
            limited: self.limited || other.limited || busy.is_some_and(|busy| busy > MAX_BUSY),
        }
    }
}

/// Watches from its creation on.
pub(super) struct Watch {
    since: Instant,
    used: Option<f64>,
    late: Vec<Duration>,
}

impl Watch {
    pub(super) fn start() -> Watch {
        Watch { since: Instant::now(), used: processor_seconds(), late: Vec::new() }
    }

    /// Notes how late a visitor was sent in.
    pub(super) fn late(&mut self, by: Duration) {
        self.late.push(by);
    }

    pub(super) fn ends(mut self) -> Generator {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let could = self.since.elapsed().as_secs_f64() * f64::from(u32::try_from(processors).unwrap_or(1));
        let used = processor_seconds().zip(self.used).map(|(now, before)| now - before);
        let busy = used.map(|used| used / could.max(f64::EPSILON));
        self.late.sort_unstable();
        let late = self.late.get(self.late.len() * 99 / 100).copied().unwrap_or_default();
        let limited = late > MAX_LATE || busy.is_some_and(|busy| busy > MAX_BUSY);
        Generator { busy, late_p99_ms: late.as_secs_f64() * 1_000.0, limited }
    }
}

/// Processor time of this process so far; none where the system does not tell.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name stands in brackets and may hold anything; user and system time are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}
