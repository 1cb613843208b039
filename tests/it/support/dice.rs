//! Repeatable chance for tests.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// A generator with this seed. The seed is printed with a failure; `CONCIERGE_SEED` replaces it.
pub(crate) fn dice(seed: u64) -> StdRng {
    let seed = std::env::var("CONCIERGE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(seed);
    say(&format!("seed {seed}"));
    StdRng::seed_from_u64(seed)
}

#[expect(clippy::print_stderr, reason = "shown by the test runner when the test fails")]
fn say(line: &str) {
    eprintln!("{line}");
}
