//! What is measured: times in histograms, events in counters, and both per second.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};

/// The longest time that is told apart, in microseconds: ten minutes.
const LONGEST: u64 = 600_000_000;

macro_rules! names {
    ($(#[$about:meta])* $name:ident { $($(#[$says:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$says])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Its name in reports and thresholds.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
    };
}

names! {
    /// A time that is measured. Each begins when it was meant to begin, not when the generator got to it.
    Metric {
        /// From a visitor's arrival to their token.
        Visit = "visit",
        /// From the token to an open socket.
        Connect = "connect",
        /// From an open socket to the welcome.
        Hello = "hello",
        /// From the moment a message was due to its acknowledgement.
        Ack = "ack",
        /// From the moment a message was really sent to its acknowledgement.
        Service = "service",
        /// How long a spoken message took to upload.
        Upload = "upload",
        /// From the moment a message was due until staff have it.
        Delivery = "delivery",
        /// From the moment a message was due to the first words of the draft that answers it.
        FirstToken = "first_token",
        /// From the moment a message was due to the finished draft.
        Draft = "draft",
        /// From the approval (and the end of its time for undo) until the customer has the answer.
        Approval = "approval",
        /// From the wish to come back until everything missed is there.
        Resume = "resume",
    }
}

names! {
    /// An event that is counted.
    Count {
        /// Visitors who came.
        Arrived = "arrived",
        /// Visitors who did not come because too many were there.
        Dropped = "dropped",
        /// Visitors who were still there when the test had to end.
        Unfinished = "unfinished",
        /// Messages sent, each once.
        Sent = "sent",
        /// Messages acknowledged.
        Acked = "acked",
        /// Messages that were spoken.
        Spoken = "spoken",
        /// Messages sent again after a break.
        Resent = "resent",
        /// Messages that reached a customer.
        Received = "received",
        /// Drafts that waited for a person.
        Drafts = "drafts",
        /// Drafts sent as they were.
        Approved = "approved",
        /// Drafts sent with another text.
        Edited = "edited",
        /// Drafts rejected.
        Rejected = "rejected",
        /// Conversations taken over.
        TakenOver = "taken_over",
        /// Decisions that came too late: the draft was no longer the newest.
        Stale = "stale",
        /// Connections that broke, on purpose or not.
        Broken = "broken",
        /// Connections that came back.
        Resumed = "resumed",
        /// Refusals and failures, all codes together.
        Errors = "errors",
    }
}

/// One second of a test.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Second {
    /// Visitors who were there.
    pub visitors: u64,
    /// Messages sent.
    pub sent: u64,
    /// Messages acknowledged.
    pub acked: u64,
    /// Messages that reached customers.
    pub received: u64,
    /// Refusals and failures.
    pub errors: u64,
    /// The 99th percentile of the acknowledgements of this second, in milliseconds.
    pub ack_p99_ms: f64,
}

impl Second {
    /// The same second in another process as well.
    pub(super) fn with(&self, other: &Second) -> Second {
        Second {
            visitors: self.visitors + other.visitors,
            sent: self.sent + other.sent,
            acked: self.acked + other.acked,
            received: self.received + other.received,
            errors: self.errors + other.errors,
            ack_p99_ms: self.ack_p99_ms.max(other.ack_p99_ms),
        }
    }
}

/// Everything that was recorded of one time; written as text, so that processes can hand it on.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Times(Histogram<u64>);

impl Times {
    /// These and those.
    pub(super) fn with(mut self, other: &Times) -> Times {
        // All have the same bounds.
        self.0 += &other.0;
        self
    }

    pub(super) fn stats(&self) -> Option<Stats> {
        summarise(&self.0)
    }
}

impl From<Times> for String {
    fn from(times: Times) -> String {
        let mut bytes = Vec::new();
        // Writing into memory does not fail.
        let _ = V2Serializer::new().serialize(&times.0, &mut bytes);
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
    }
}

impl TryFrom<String> for Times {
    type Error = String;

    fn try_from(text: String) -> Result<Times, String> {
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text);
        let bytes = bytes.map_err(|error| error.to_string())?;
        let read = Deserializer::new().deserialize(&mut bytes.as_slice());
        read.map(Times).map_err(|error| error.to_string())
    }
}

/// A summary of one time, in milliseconds.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "percentiles explain themselves")]
pub struct Stats {
    pub count: u64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// All measures of a running test.
pub(super) struct Measures {
    times: Vec<Mutex<Histogram<u64>>>,
    counts: Vec<AtomicU64>,
    recent_acks: Mutex<Histogram<u64>>,
    codes: Mutex<BTreeMap<String, u64>>,
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are right")
}

/// Nothing that runs under these locks can fail half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis(micros: u64) -> f64 {
    // Exact: the longest time is far below 2^53 microseconds.
    u32::try_from(micros).map_or(f64::MAX, f64::from) / 1_000.0
}

impl Default for Measures {
    fn default() -> Self {
        Measures {
            times: Metric::ALL.iter().map(|_| Mutex::new(empty())).collect(),
            counts: Count::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            recent_acks: Mutex::new(empty()),
            codes: Mutex::default(),
        }
    }
}

impl Measures {
    /// Records a time.
    pub(super) fn took(&self, metric: Metric, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST).clamp(1, LONGEST);
        lock(&self.times[metric as usize]).saturating_record(micros);
        if metric == Metric::Ack {
            lock(&self.recent_acks).saturating_record(micros);
        }
    }

    /// Counts an event.
    pub(super) fn count(&self, what: Count) {
        self.counts[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often something happened.
    pub(super) fn counted(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// Counts a refusal or failure by its code.
    pub(super) fn failed(&self, code: &str) {
        self.count(Count::Errors);
        *lock(&self.codes).entry(code.to_owned()).or_default() += 1;
    }

    /// Refusals and failures by code.
    pub(super) fn codes(&self) -> BTreeMap<String, u64> {
        lock(&self.codes).clone()
    }

    /// Everything that was recorded of a time.
    pub(super) fn times(&self, metric: Metric) -> Times {
        Times(lock(&self.times[metric as usize]).clone())
    }

    /// The 99th percentile of acknowledgements since the last call, in milliseconds.
    pub(super) fn take_recent_ack(&self) -> f64 {
        let recent = std::mem::replace(&mut *lock(&self.recent_acks), empty());
        summarise(&recent).map_or(0.0, |stats| stats.p99)
    }
}

fn summarise(times: &Histogram<u64>) -> Option<Stats> {
    let at = |quantile| millis(times.value_at_quantile(quantile));
    (!times.is_empty()).then(|| Stats {
        count: times.len(),
        mean: times.mean() / 1_000.0,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: millis(times.max()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_recorded() {
        let measures = Measures::default();
        assert_eq!(measures.times(Metric::Ack).stats(), None);
        for millis in 1..=1_000 {
            measures.took(Metric::Ack, Duration::from_millis(millis));
        }
        let text = serde_json::to_string(&measures.times(Metric::Ack)).expect("it is written");
        let read: Times = serde_json::from_str(&text).expect("it is read");
        let stats = read.stats().expect("measured");
        assert_eq!(stats.count, 1_000);
        let twice = measures.times(Metric::Ack).with(&read).stats().expect("measured");
        assert_eq!((twice.count, twice.p99), (2_000, stats.p99), "histograms are added, not percentiles");
        for (found, expected) in
            [(stats.p50, 500.0), (stats.p90, 900.0), (stats.p99, 990.0), (stats.max, 1_000.0)]
        {
            assert!((found - expected).abs() <= expected / 500.0, "{found} for {expected}");
        }
        assert!((measures.take_recent_ack() - 990.0).abs() < 2.0);
        assert!(measures.take_recent_ack().abs() < f64::EPSILON, "the next second begins empty");
    }
}
