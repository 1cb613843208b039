//! Random bits: the system's, or a seeded stream for tests, demos and replay.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::base::{Id, Timestamp};

/// Gives random bits. Clones draw from the same source.
#[derive(Clone, Debug)]
pub struct Entropy(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Entropy {
    /// The system's generator, fit for secrets.
    pub const fn system() -> Self {
        Entropy(Source::System)
    }

    /// A repeatable stream: never for secrets that matter.
    pub fn seeded(seed: u64) -> Self {
        Entropy(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// Fills a buffer.
    #[expect(clippy::disallowed_methods, reason = "this is the source that everybody else asks")]
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::System => rand::rng().fill_bytes(buffer),
            Source::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer),
        }
    }

    /// A fresh identifier for something made at `at`.
    pub fn id<I: Id>(&self, at: Timestamp) -> I {
        let mut bytes = [0_u8; 16];
        self.fill(&mut bytes);
        I::from_parts(at, u128::from_le_bytes(bytes))
    }

    /// A secret of 256 bits as URL-safe text.
    pub fn secret(&self) -> String {
        use base64::Engine as _;
        let mut bytes = [0_u8; 32];
        self.fill(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A number from 0 up to, not including, `below`; 0 when `below` is 0.
    pub fn below(&self, below: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(below).unwrap_or(0)
    }
}
