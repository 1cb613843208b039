//! What a load test plays: who comes when, and how they behave. Read from TOML.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

/// The scenarios that come with the binary: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("smoke", include_str!("../../benches/scenarios/smoke.toml")),
    ("busy-day", include_str!("../../benches/scenarios/busy-day.toml")),
    ("storm", include_str!("../../benches/scenarios/storm.toml")),
    ("flood", include_str!("../../benches/scenarios/flood.toml")),
    ("crowd", include_str!("../../benches/scenarios/crowd.toml")),
    ("soak", include_str!("../../benches/scenarios/soak.toml")),
];

/// The longest a scenario may last.
const MAX_SECONDS: f64 = 24.0 * 3600.0;

/// The most visitors that may arrive in a second.
const MAX_RATE: f64 = 5_000.0;

/// What a load test plays.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name in reports.
    pub name: String,
    /// What it is for, in a sentence.
    pub says: String,
    /// Where all chance comes from: the same seed plays the same test.
    pub seed: u64,
    /// One after the other.
    pub phases: Vec<Phase>,
    /// How visitors behave.
    pub visitors: Visitors,
    /// How staff behave.
    pub staff: Staff,
    /// Texts that visitors write, picked at random.
    pub texts: Vec<String>,
}

/// A stretch of time with a rate of arrivals.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Its name in reports.
    pub name: String,
    /// How long it lasts.
    pub seconds: f64,
    /// Visitors who arrive per second.
    pub arrivals: f64,
    /// Visitors per second at its end; the rate moves there in a straight line.
    #[serde(default)]
    pub to: Option<f64>,
    /// All connections of visitors are cut at its beginning.
    #[serde(default)]
    pub cut_all: bool,
}

/// How visitors behave. Shares are from 0 to 1, times in milliseconds, `[least, most]`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visitors {
    /// Messages of one visit.
    pub messages: [u32; 2],
    /// Between two messages.
    pub think_ms: [u64; 2],
    /// From the last message until they leave.
    pub stay_ms: [u64; 2],
    /// The chance, after each message, that the connection breaks and the visitor comes back.
    pub reconnects: f64,
    /// Away for so long after a break.
    pub away_ms: [u64; 2],
    /// Visitors who stop reading for a while.
    pub slow_readers: f64,
    /// Messages that are spoken: a recording is uploaded and sent instead of words.
    #[serde(default)]
    pub voice: f64,
}

/// How staff behave, in each workspace.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    /// How many work at once.
    pub people: usize,
    /// From a finished draft to the decision.
    pub decide_ms: [u64; 2],
    /// Drafts whose text is changed before they are sent.
    pub edits: f64,
    /// Drafts that are rejected and answered in person.
    pub rejects: f64,
    /// Conversations that are taken over.
    pub takes_over: f64,
}

impl Scenario {
    /// Reads a scenario. The error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Scenario, String> {
        let scenario: Scenario = toml::from_str(text).map_err(|error| error.to_string())?;
        match scenario.problem() {
            Some(problem) => Err(problem),
            None => Ok(scenario),
        }
    }

    /// Writes it as TOML.
    pub fn to_toml(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|error| error.to_string())
    }

    fn problem(&self) -> Option<String> {
        let visitors = &self.visitors;
        let staff = &self.staff;
        let shares = [
            ("visitors.reconnects", visitors.reconnects),
            ("visitors.slow_readers", visitors.slow_readers),
            ("visitors.voice", visitors.voice),
            ("staff.edits", staff.edits),
            ("staff.rejects", staff.rejects),
            ("staff.takes_over", staff.takes_over),
        ];
        let ranges = [
            ("visitors.think_ms", visitors.think_ms),
            ("visitors.stay_ms", visitors.stay_ms),
            ("visitors.away_ms", visitors.away_ms),
            ("visitors.messages", visitors.messages.map(u64::from)),
            ("staff.decide_ms", staff.decide_ms),
        ];
        if self.phases.is_empty() {
            return Some("phases: a scenario needs at least one".to_owned());
        }
        if self.texts.iter().all(|text| text.trim().is_empty()) {
            return Some("texts: visitors need something to write".to_owned());
        }
        if let Some((name, _)) = shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Some(format!("{name}: a share is from 0 to 1"));
        }
        if let Some((name, _)) = ranges.iter().find(|(_, [least, most])| least > most) {
            return Some(format!("{name}: write [least, most]"));
        }
        if visitors.messages[0] == 0 {
            return Some("visitors.messages: a visit has at least one message".to_owned());
        }
        let wrong_rate = |rate: f64| !(0.0..=MAX_RATE).contains(&rate);
        let wrong = self.phases.iter().find(|phase| {
            wrong_rate(phase.arrivals)
                || phase.to.is_some_and(wrong_rate)
                || phase.seconds.is_nan()
                || phase.seconds <= 0.0
        });
        if let Some(phase) = wrong {
            return Some(format!(
                "phase {:?}: seconds must be above 0, arrivals from 0 to {MAX_RATE} per second",
                phase.name
            ));
        }
        (self.seconds() > MAX_SECONDS).then(|| format!("phases: at most {MAX_SECONDS} seconds in all"))
    }

    /// How long visitors arrive, in seconds.
    pub fn seconds(&self) -> f64 {
        self.phases.iter().map(|phase| phase.seconds).sum()
    }

    /// Stretches or shrinks all phases so that they last so long together.
    pub fn last(&mut self, seconds: f64) {
        let factor = seconds / self.seconds();
        for phase in &mut self.phases {
            phase.seconds *= factor;
        }
    }

    /// Multiplies all rates of arrival.
    pub fn scale(&mut self, factor: f64) {
        for phase in &mut self.phases {
            phase.arrivals *= factor;
            phase.to = phase.to.map(|to| to * factor);
        }
    }

    /// The moments of arrival, from the start, oldest first, and the phase of each. Arrivals are a Poisson
    /// process whose rate follows the phases: they do not wait for anything that the hub does.
    pub fn arrivals(&self, rng: &mut StdRng) -> Vec<(Duration, usize)> {
        let mut arrivals = Vec::new();
        let mut begins = 0.0;
        for (number, phase) in self.phases.iter().enumerate() {
            let (from, to) = (phase.arrivals, phase.to.unwrap_or(phase.arrivals));
            let most = from.max(to);
            let mut at = 0.0;
            // Thinning: candidates at the highest rate, each kept with the share that the rate has there.
            loop {
                // A rate of zero puts the next arrival at infinity.
                at += -(1.0 - rng.random::<f64>()).ln() / most;
                if at.is_nan() || at >= phase.seconds {
                    break;
                }
                let rate = from + (to - from) * at / phase.seconds;
                if rng.random::<f64>() * most < rate {
                    arrivals.push((Duration::from_secs_f64(begins + at), number));
                }
            }
            begins += phase.seconds;
        }
        arrivals
    }

    /// When all connections are cut, from the start.
    pub fn cuts(&self) -> Vec<Duration> {
        let mut begins = 0.0;
        let mut cuts = Vec::new();
        for phase in &self.phases {
            if phase.cut_all {
                cuts.push(Duration::from_secs_f64(begins));
            }
            begins += phase.seconds;
        }
        cuts
    }

    /// A text to write.
    pub fn text(&self, rng: &mut StdRng) -> &str {
        let texts: Vec<&String> = self.texts.iter().filter(|text| !text.trim().is_empty()).collect();
        texts[rng.random_range(0..texts.len())]
    }
}

/// A time between two bounds.
pub(super) fn between(rng: &mut StdRng, [least, most]: [u64; 2]) -> Duration {
    Duration::from_millis(rng.random_range(least..=most))
}

/// Whether something of this chance happens.
pub(super) fn happens(rng: &mut StdRng, chance: f64) -> bool {
    rng.random::<f64>() < chance
}

/// An independent source of chance for somebody.
pub(super) fn own_dice(rng: &mut StdRng) -> StdRng {
    rand::SeedableRng::seed_from_u64(rng.next_u64())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn what_comes_with_the_binary_is_right() {
        for (name, text) in BUILT_IN {
            let scenario = Scenario::parse(text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
            assert_eq!(scenario.name, *name);
        }
    }

    #[test]
    fn a_wrong_scenario_says_what_is_wrong() {
        let right = BUILT_IN[0].1;
        for (from, to, says) in [
            ("seed = ", "sead = ", "sead"),
            ("reconnects = ", "reconnects = 7", "visitors.reconnects"),
            ("think_ms = [", "think_ms = [99999999, ", "visitors.think_ms"),
        ] {
            let wrong: String = right
                .lines()
                .map(|line| match (line.starts_with(from), from.ends_with('[')) {
                    (true, true) => format!("{to}1]"),
                    (true, false) if from.starts_with("seed") => line.replacen(from, to, 1),
                    (true, false) => to.to_owned(),
                    (false, _) => line.to_owned(),
                })
                .collect::<Vec<_>>()
                .join("\n");
            let problem = Scenario::parse(&wrong).expect_err("it is wrong");
            assert!(problem.contains(says), "{problem}");
        }
    }

    #[test]
    fn arrivals_follow_the_rate_and_the_seed() {
        let mut scenario = Scenario::parse(BUILT_IN[0].1).expect("it is right");
        let phase =
            |arrivals, to| Phase { name: "p".to_owned(), seconds: 1_000.0, arrivals, to, cut_all: false };
        scenario.phases = vec![phase(10.0, None), phase(0.0, Some(20.0)), phase(0.0, None)];
        let arrivals = scenario.arrivals(&mut StdRng::seed_from_u64(7));
        assert_eq!(arrivals, scenario.arrivals(&mut StdRng::seed_from_u64(7)));
        assert!(arrivals.is_sorted());
        let of = |wanted: usize| arrivals.iter().filter(|(_, phase)| *phase == wanted).count();
        assert!((9_500..10_500).contains(&of(0)), "{}", of(0));
        assert!((9_500..10_500).contains(&of(1)), "{}", of(1));
        assert_eq!(of(2), 0);
        let early = arrivals.iter().filter(|(at, phase)| *phase == 1 && at.as_secs_f64() < 1_500.0).count();
        assert!(
            (2_200..2_800).contains(&early),
            "a ramp has a quarter of its arrivals in its first half: {early}"
        );
    }
}
