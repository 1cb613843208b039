//! What calls of models used, and what is set aside for calls that run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::base::WorkspaceId;

/// What one call of a model used.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// The provider's name in the settings.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// Names what it was given.
    pub prompt_hash: String,
    /// Tokens it was given.
    pub prompt_tokens: i64,
    /// Tokens it answered.
    pub answer_tokens: i64,
    /// The server did not count: they are estimated.
    pub estimated: bool,
    /// What it costs, in millionths of the currency that the settings' prices are in.
    pub cost: i64,
    /// Milliseconds until its first word.
    pub first_ms: Option<i64>,
    /// Milliseconds in all.
    pub ms: i64,
    /// When it ended.
    pub ended: Instant,
    /// "answered", "given up", or why not.
    pub outcome: String,
}

/// Collects what the calls of a turn used. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Vec<Use>>>);

impl Meter {
    /// Takes out what was noted so far.
    pub fn take(&self) -> Vec<Use> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, used: Use) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(used);
    }
}

/// A call that runs. It is noted when this is dropped, whatever becomes of it.
pub(super) struct Running {
    meter: Meter,
    started: Instant,
    pub(super) used: Use,
    prices: (f64, f64),
}

impl Running {
    pub(super) fn new(meter: &Meter, used: Use, prices: (f64, f64)) -> Running {
        Running { meter: meter.clone(), started: Instant::now(), used, prices }
    }

    /// Notes that the first word came.
    pub(super) fn heard(&mut self) {
        if self.used.first_ms.is_none() {
            let elapsed = self.started.elapsed();
            self.used.first_ms = Some(millis(elapsed));
            metrics::histogram!("concierge_model_first_token_seconds").record(elapsed.as_secs_f64());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut used = self.used.clone();
        used.ms = millis(self.started.elapsed());
        used.ended = Instant::now();
        used.cost = cost(used.prompt_tokens, self.prices.0) + cost(used.answer_tokens, self.prices.1);
        metrics::counter!("concierge_model_tokens_total", "kind" => "prompt")
            .increment(u64::try_from(used.prompt_tokens).unwrap_or(0));
        metrics::counter!("concierge_model_tokens_total", "kind" => "answer")
            .increment(u64::try_from(used.answer_tokens).unwrap_or(0));
        self.meter.note(used);
    }
}

fn millis(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// A price per million tokens is, per token, so many millionths.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what an i64 holds exactly")]
fn cost(tokens: i64, price: f64) -> i64 {
    let tokens = f64::from(u32::try_from(tokens.max(0)).unwrap_or(u32::MAX));
    (tokens * price.max(0.0)).round().clamp(0.0, 9e15) as i64
}

/// Tokens set aside, by workspace.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<HashMap<WorkspaceId, i64>>>);

/// Tokens set aside for a call that runs.
pub struct Reservation {
    ledger: Ledger,
    workspace: WorkspaceId,
    tokens: i64,
}

impl Ledger {
    pub(super) fn reserve(&self, workspace: WorkspaceId, tokens: i64, left: i64) -> Option<Reservation> {
        let mut aside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_all = aside.entry(workspace).or_default();
        if of_all.saturating_add(tokens) > left {
            return None;
        }
        *of_all += tokens;
        Some(Reservation { ledger: self.clone(), workspace, tokens })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut aside = self.ledger.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_all) = aside.get_mut(&self.workspace) {
            *of_all -= self.tokens;
            if *of_all <= 0 {
                aside.remove(&self.workspace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Id, Timestamp};

    #[test]
    fn what_is_set_aside_is_kept_from_others_until_it_is_free_again() {
        let workspace = WorkspaceId::from_parts(Timestamp::from_micros(0), 1);
        let other = WorkspaceId::from_parts(Timestamp::from_micros(0), 2);
        let ledger = Ledger::default();
        let first = ledger.reserve(workspace, 60, 100).expect("there is enough");
        assert!(ledger.reserve(workspace, 60, 100).is_none());
        assert!(ledger.reserve(other, 60, 100).is_some());
        drop(first);
        assert!(ledger.reserve(workspace, 60, 100).is_some());
        assert!(ledger.0.lock().expect("not poisoned").is_empty());
    }

    #[test]
    fn prices_are_per_million_tokens() {
        assert_eq!(cost(2_000_000, 0.15), 300_000);
        assert_eq!(cost(1, 0.4), 0);
        assert_eq!(cost(-5, 1.0), 0);
    }
}
