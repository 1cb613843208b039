//! What autopilot is decided by: pure arithmetic over decisions that people made.

use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::protocol::{AutopilotMark, BlockerKind, Decision};

/// How far a bound lies from the share that was measured, in standard errors. The evidence is looked at
/// after every decision, so this is more than the 1.64 of a single look: simulated reviewers who are just
/// below the bar get an intent promoted in fewer than one of twenty histories (a test counts them).
pub(super) const LOOKS: f64 = 2.6;

/// A run of bad drafts that has a smaller chance than this, if the bar still held, ends autopilot.
const SURPRISE: f64 = 0.05;

/// Thresholds that are tried when an intent is not good enough as a whole.
const THRESHOLDS: [f64; 7] = [0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];

/// Edges of the reliability diagram's bins.
const BINS: [f64; 6] = [0.0, 0.3, 0.5, 0.7, 0.85, 1.0];

/// What a business asks for.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Settings {
    /// The share of drafts that must go out as written: the lower bound has to reach it.
    pub bar: f64,
    /// Decisions without which nothing is offered.
    pub least: i64,
    /// The share of drafts that a person looks at all the same.
    pub sample: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { bar: 0.9, least: 30, sample: 0.1 }
    }
}

impl Settings {
    /// Says what is wrong with them, if anything is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if !(0.5..=0.99).contains(&self.bar) {
            return Some("bar: give a share from 0.5 to 0.99");
        }
        if !(5..=1_000).contains(&self.least) {
            return Some("least: give a number of decisions from 5 to 1000");
        }
        if !(0.02..=1.0).contains(&self.sample) {
            return Some("sample: give a share from 0.02 to 1; some drafts are always looked at");
        }
        None
    }
}

/// What a person made of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It went out as written.
    Unedited,
    /// It went out with a person's words in it.
    Edited,
    /// It was rejected.
    Rejected,
    /// A person answered instead.
    Replaced,
    /// Nobody looked: autopilot sent it.
    Unseen,
}

/// A draft and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) intent: String,
    pub(super) engine: String,
    pub(super) confidence: f64,
    /// Nothing but missing trust held it back.
    pub(super) clean: bool,
    pub(super) outcome: Outcome,
    pub(super) edit_distance: f64,
    /// The customer came back after it was said to be done.
    pub(super) reopened: bool,
    /// The customer was not content.
    pub(super) complained: bool,
    pub(super) mark: Option<AutopilotMark>,
    pub(super) at: Timestamp,
}

impl Judged {
    /// Whether nobody would have missed a person.
    fn good(&self) -> bool {
        self.outcome == Outcome::Unedited && !self.reopened && !self.complained
    }

    /// Whether a person looked at it, so that it tells something.
    fn seen(&self) -> bool {
        self.outcome != Outcome::Unseen
    }
}

/// What became of a draft, from its columns.
pub(super) fn outcome(decision: Option<Decision>, status: &str) -> Option<Outcome> {
    match (decision, status) {
        (Some(Decision::Approved), _) => Some(Outcome::Unedited),
        (Some(Decision::ApprovedEdited), _) => Some(Outcome::Edited),
        (Some(Decision::Rejected), _) => Some(Outcome::Rejected),
        (Some(Decision::AutoApproved), "sent") => Some(Outcome::Unseen),
        (_, "superseded") => Some(Outcome::Replaced),
        _ => None,
    }
}

/// Whether blockers are only about trust: without them the draft might go out by itself.
pub(super) fn is_clean(kinds: impl IntoIterator<Item = BlockerKind>) -> bool {
    kinds.into_iter().all(|kind| {
        matches!(
            kind,
            BlockerKind::NotTrustedYet
                | BlockerKind::LowConfidence
                | BlockerKind::ReviewSample
                | BlockerKind::PersonWrites
        )
    })
}

/// What is known of the drafts of one intent.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Evidence {
    /// Drafts that people decided.
    pub decided: i64,
    /// Of these, sent as they were written.
    pub unedited: i64,
    /// Sent with a person's words in them.
    pub edited: i64,
    /// Rejected.
    pub rejected: i64,
    /// Left aside: a person answered instead.
    pub replaced: i64,
    /// After which the customer came back although it was said to be done.
    pub reopened: i64,
    /// After which the customer was not content.
    pub complained: i64,
    /// How much was changed before sending, on average, 0 to 1.
    pub edit_distance: f64,
    /// Drafts that autopilot sent.
    pub sent: i64,
    /// Decided drafts that nothing but missing trust held back, by the engine that drafts now: what counts.
    pub eligible: i64,
    /// Of these, those nobody would have missed a person for.
    pub good: i64,
    /// Their share.
    pub share: f64,
    /// The share is at least this, as far as so many decisions can tell.
    pub lower: f64,
}

/// Autopilot that an intent has earned.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Offer {
    /// The least confidence of a draft that would go out by itself.
    pub threshold: f64,
    /// Who earned it.
    pub engine: String,
    /// Decisions it rests on.
    pub decided: i64,
    /// Of these, good ones.
    pub good: i64,
    /// The share is at least this.
    pub lower: f64,
    /// The share of drafts it would be for.
    pub covers: f64,
}

/// What is known of drafts of about the same confidence.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Bin {
    /// From this confidence.
    pub from: f64,
    /// To this one.
    pub to: f64,
    /// How many there were.
    pub decided: i64,
    /// How sure the agent was, on average.
    pub confidence: f64,
    /// How many were good.
    pub share: f64,
}

/// Wilson's lower bound of a share.
pub(super) fn lower_bound(good: i64, of: i64, z: f64) -> f64 {
    if of <= 0 {
        return 0.0;
    }
    let (n, p) = (of as f64, good as f64 / of as f64);
    let centre = p + z * z / (2.0 * n);
    let margin = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((centre - margin) / (1.0 + z * z / n)).max(0.0)
}

/// The evidence of each intent.
pub(super) fn evidence(judged: &[Judged]) -> BTreeMap<String, Evidence> {
    let mut all: BTreeMap<String, Evidence> = BTreeMap::new();
    let engines = engines(judged);
    for one in judged {
        let of = all.entry(one.intent.clone()).or_default();
        let count = match one.outcome {
            Outcome::Unedited => &mut of.unedited,
            Outcome::Edited => &mut of.edited,
            Outcome::Rejected => &mut of.rejected,
            Outcome::Replaced => &mut of.replaced,
            Outcome::Unseen => &mut of.sent,
        };
        *count += 1;
        of.reopened += i64::from(one.reopened);
        of.complained += i64::from(one.complained);
        if one.seen() {
            of.decided += 1;
            of.edit_distance += one.edit_distance;
        }
        if one.seen() && one.clean && engines.get(&one.intent) == Some(&one.engine) {
            of.eligible += 1;
            of.good += i64::from(one.good());
        }
    }
    for of in all.values_mut() {
        let went_out = of.unedited + of.edited;
        of.edit_distance = if went_out > 0 { of.edit_distance / went_out as f64 } else { 0.0 };
        of.share = if of.eligible > 0 { of.good as f64 / of.eligible as f64 } else { 0.0 };
        of.lower = lower_bound(of.good, of.eligible, LOOKS);
    }
    all
}

/// Who drafts each intent now: trust in one engine says nothing of another.
fn engines(judged: &[Judged]) -> BTreeMap<String, String> {
    let mut newest: BTreeMap<String, (Timestamp, String)> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.clean) {
        let known = newest.entry(one.intent.clone()).or_insert((one.at, one.engine.clone()));
        if one.at >= known.0 {
            *known = (one.at, one.engine.clone());
        }
    }
    newest.into_iter().map(|(intent, (_, engine))| (intent, engine)).collect()
}

/// What an intent has earned: for all its drafts, or for those the agent is sure of. The threshold is fitted
/// on the older half of the decisions and has to hold on the newer half.
pub(super) fn offer(judged: &[Judged], intent: &str, settings: &Settings) -> Option<Offer> {
    let engine = engines(judged).remove(intent)?;
    let mut eligible: Vec<&Judged> = judged
        .iter()
        .filter(|one| one.intent == intent && one.seen() && one.clean && one.engine == engine)
        .collect();
    eligible.sort_by_key(|one| one.at);
    let passes = |of: &[&Judged], threshold: f64| {
        let sure: Vec<&&Judged> = of.iter().filter(|one| one.confidence >= threshold).collect();
        let good = count(sure.iter().filter(|one| one.good()).count());
        let decided = count(sure.len());
        let lower = lower_bound(good, decided, LOOKS);
        let covers = if of.is_empty() { 0.0 } else { decided as f64 / of.len() as f64 };
        (decided >= settings.least && lower >= settings.bar).then(|| Offer {
            threshold,
            engine: engine.clone(),
            decided,
            good,
            lower,
            covers,
        })
    };
    if let Some(offer) = passes(&eligible, 0.0) {
        return Some(offer);
    }
    let (older, newer) = eligible.split_at(eligible.len() / 2);
    let fits = |threshold: &&f64| {
        let sure = older.iter().filter(|one| one.confidence >= **threshold);
        let (of, good) = sure.fold((0_i64, 0_i64), |(of, good), one| (of + 1, good + i64::from(one.good())));
        of > 0 && good as f64 / of as f64 >= settings.bar
    };
    let threshold = THRESHOLDS.iter().find(fits)?;
    passes(newer, *threshold)
}

/// How confidence and outcome agree.
pub(super) fn reliability(judged: &[Judged]) -> Vec<Bin> {
    let bin = |edges: &[f64]| {
        let (from, to) = (edges[0], edges[1]);
        let inside = |one: &&Judged| {
            one.seen() && one.clean && one.confidence >= from && (one.confidence < to || to >= 1.0)
        };
        let of: Vec<&Judged> = judged.iter().filter(inside).collect();
        let share = |sum: f64| if of.is_empty() { 0.0 } else { sum / of.len() as f64 };
        Bin {
            from,
            to,
            decided: count(of.len()),
            confidence: share(of.iter().map(|one| one.confidence).sum()),
            share: share(of.iter().map(|one| f64::from(u8::from(one.good()))).sum()),
        }
    };
    BINS.windows(2).map(bin).collect()
}

/// Why autopilot must end, by what became of drafts since it was given: (bad, looked at). Drafts that nobody
/// looked at count only when the customer came back or was not content.
pub(super) fn ends(judged: &[Judged], bar: f64) -> Option<(i64, i64)> {
    let (mut bad, mut of) = (0, 0);
    for one in judged.iter().filter(|one| one.mark.is_some()) {
        let is_bad = if one.seen() { !one.good() } else { one.reopened || one.complained };
        if one.seen() || is_bad {
            of += 1;
            bad += i64::from(is_bad);
        }
    }
    (bad >= 2 && at_least(bad, of, 1.0 - bar) < SURPRISE).then_some((bad, of))
}

/// The chance of at least `bad` of `of` when each has the chance `p`.
fn at_least(bad: i64, of: i64, p: f64) -> f64 {
    let mut chance = (1.0 - p).powf(of as f64);
    let mut below = 0.0;
    for k in 0..bad {
        below += chance;
        chance *= (of - k) as f64 / (k + 1) as f64 * p / (1.0 - p).max(f64::EPSILON);
    }
    (1.0 - below).max(0.0)
}

/// Whether a draft is one of the sample that a person looks at: by a hash, so that it can be told again.
pub(super) fn is_sampled(turn: &str, share: f64) -> bool {
    let hash = blake3::hash(turn.as_bytes());
    let first = hash.as_bytes().iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    f64::from(first) / f64::from(u32::MAX) < share
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
