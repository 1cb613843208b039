//! A circuit breaker: a server that fails again and again is left alone for a while.

use std::time::{Duration, Instant};

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Calls go through.
    Closed,
    /// Calls are refused until then.
    Open(Instant),
    /// The rest is over: one call may try.
    HalfOpen,
}

/// Counts failures in a row; opens when there are too many, and lets one call try after a rest.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: u32,
    most: u32,
    rest: Duration,
    open_until: Option<Instant>,
    trying: bool,
}

impl Breaker {
    pub(super) fn new(most: u32, rest: Duration) -> Breaker {
        Breaker { failures: 0, most: most.max(1), rest, open_until: None, trying: false }
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        match self.open_until {
            None => Standing::Closed,
            Some(until) if now < until => Standing::Open(until),
            Some(_) => Standing::HalfOpen,
        }
    }

    /// Asks for a call; the caller must tell how it ended, or that it was given up.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        match self.standing(now) {
            Standing::Closed => true,
            Standing::HalfOpen if !self.trying => {
                self.trying = true;
                true
            }
            Standing::HalfOpen | Standing::Open(_) => false,
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Breaker::new(self.most, self.rest);
    }

    /// A failure; `rest` is how long the server itself asked to be left alone.
    pub(super) fn failed(&mut self, now: Instant, rest: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        self.trying = false;
        if self.failures >= self.most || self.open_until.is_some() {
            self.open_until = Some(now + self.rest.max(rest.unwrap_or_default()));
        } else if let Some(rest) = rest {
            self.open_until = Some(now + rest);
        }
    }

    /// The call ended without telling anything about the server.
    pub(super) fn given_up(&mut self) {
        self.trying = false;
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try_after_a_rest() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::new(2, Duration::from_secs(30));
        assert!(breaker.admit(start));
        breaker.failed(start, None);
        assert!(breaker.admit(start), "one failure is none");
        breaker.succeeded();
        breaker.failed(start, None);
        breaker.failed(start, None);
        assert_eq!(breaker.standing(start), Standing::Open(after(30)));
        assert!(!breaker.admit(after(29)));
        assert!(breaker.admit(after(30)));
        assert!(!breaker.admit(after(31)), "only one tries");
        breaker.given_up();
        assert!(breaker.admit(after(31)));
        breaker.failed(after(31), None);
        assert!(!breaker.admit(after(60)), "it failed again: another rest");
        assert!(breaker.admit(after(61)));
        breaker.succeeded();
        assert_eq!(breaker.standing(after(61)), Standing::Closed);
    }

    #[test]
    fn a_server_that_asks_for_a_pause_gets_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(3, Duration::from_secs(5));
        breaker.failed(start, Some(Duration::from_secs(60)));
        assert!(!breaker.admit(start + Duration::from_secs(59)));
        assert!(breaker.admit(start + Duration::from_secs(60)));
    }
}
