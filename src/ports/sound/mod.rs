//! Sound: recordings of any common format as samples, within limits.
//!
//! What a file is is found in its bytes, and so is how long it is: a header's word counts for nothing. Every
//! limit holds while decoding, so that a small file that unpacks to days of silence costs no more than one
//! of the longest length that is read. Nothing here waits or is asynchronous: call it beside the sockets.

mod decode;
mod peaks;
mod resample;
mod wav;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

pub use decode::decode;
pub use peaks::peaks;
pub use wav::wav;

/// Samples a second of everything that is decoded: what speech models listen to.
pub const RATE: u32 = 16_000;

/// A recording as one channel of samples from -1 to 1, `RATE` of them a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// The samples.
    pub samples: Vec<f32>,
    /// It went on, but was not read further: the limit was reached.
    pub cut: bool,
}

impl Sound {
    /// How long it is.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds())
    }

    /// How long it is, in seconds.
    pub fn seconds(&self) -> f64 {
        f64::from(u32::try_from(self.samples.len()).unwrap_or(u32::MAX)) / f64::from(RATE)
    }
}

/// When to stop decoding, whether or not the recording is over.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longer recordings are cut here.
    pub length: Duration,
    /// Decoding ends here, with what there is.
    pub until: Instant,
    /// Decoding ends when this is cancelled.
    pub cancelled: CancellationToken,
}

impl Limits {
    /// Recordings of this length, decoded within this time.
    pub fn new(length: Duration, patience: Duration) -> Limits {
        Limits { length, until: Instant::now() + patience, cancelled: CancellationToken::new() }
    }

    fn reached(&self) -> bool {
        self.cancelled.is_cancelled() || Instant::now() >= self.until
    }
}

/// Why a recording cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No format this hub knows.
    #[error("this is no recording of a known format")]
    Format,
    /// The container is known, what is in it is not.
    #[error("the recording uses a codec this hub does not know")]
    Codec,
    /// Its rate or channels are absurd.
    #[error("the recording has {rate} samples a second in {channels} channels, which is not accepted")]
    Shape {
        /// Samples a second.
        rate: u32,
        /// Channels.
        channels: usize,
    },
    /// There is no sound in it, or too little of it can be read.
    #[error("there is no readable sound in the recording")]
    Empty,
    /// It was cancelled.
    #[error("reading the recording was cancelled")]
    Cancelled,
}
