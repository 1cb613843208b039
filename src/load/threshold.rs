//! Conditions under which a test has failed: `ack.p99>50ms`, `lost>0`, `errors>=10`.

use std::str::FromStr;

use crate::load::history::Kind;
use crate::load::measure::{Count, Metric};
use crate::load::needs::Needs;
use crate::load::report::Report;

/// A condition under which a test has failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    text: String,
    what: What,
    above: bool,
    or_equal: bool,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    /// A percentile of a time, in milliseconds.
    Time(Metric, Point),
    Count(Count),
    Violations(Kind),
    /// All violations together.
    History,
    /// How the hub's memory grew, in percent an hour.
    Growth,
    /// The most memory that the hub held, in MiB.
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Point {
    Mean,
    P50,
    P90,
    P99,
    P999,
    Max,
}

const POINTS: [(&str, Point); 6] = [
    ("mean", Point::Mean),
    ("p50", Point::P50),
    ("p90", Point::P90),
    ("p99", Point::P99),
    ("p999", Point::P999),
    ("max", Point::Max),
];

const UNITS: [(&str, f64); 4] = [("us", 0.001), ("µs", 0.001), ("ms", 1.0), ("s", 1_000.0)];

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Threshold, String> {
        let text = text.trim();
        let at = text.find(['<', '>']).ok_or("write it like ack.p99>50ms or lost>0")?;
        let (name, rest) = text.split_at(at);
        let above = rest.starts_with('>');
        let rest = &rest[1..];
        let or_equal = rest.starts_with('=');
        let value = rest.trim_start_matches('=').trim();
        let what = What::named(name.trim())?;
        let limit = match what {
            What::Time(..) => milliseconds(value)?,
            _ => value.parse().map_err(|_| format!("{value:?} is not a number"))?,
        };
        Ok(Threshold { text: text.to_owned(), what, above, or_equal, limit })
    }
}

impl What {
    fn named(name: &str) -> Result<What, String> {
        if let Some((metric, point)) = name.split_once('.') {
            let known = Metric::ALL.iter().find(|known| known.as_str() == metric);
            let names = || Metric::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", ");
            let metric =
                known.ok_or_else(|| format!("there is no time {metric:?}; there are {}", names()))?;
            let point = POINTS.iter().find(|(known, _)| *known == point);
            let (_, point) = point.ok_or("after the dot: mean, p50, p90, p99, p999 or max")?;
            return Ok(What::Time(*metric, *point));
        }
        match name {
            "violations" => return Ok(What::History),
            "growth" => return Ok(What::Growth),
            "memory" => return Ok(What::Memory),
            _ => {}
        }
        let count = Count::ALL.iter().find(|known| known.as_str() == name).map(|known| What::Count(*known));
        let kind =
            Kind::ALL.iter().find(|known| known.as_str() == name).map(|known| What::Violations(*known));
        count.or(kind).ok_or_else(|| {
            let counts = Count::ALL.iter().map(|known| known.as_str());
            let kinds = Kind::ALL.iter().map(|known| known.as_str());
            let names: Vec<&str> = counts.chain(kinds).chain(["violations", "growth", "memory"]).collect();
            format!("there is no count {name:?}; there are {}", names.join(", "))
        })
    }
}

fn milliseconds(value: &str) -> Result<f64, String> {
    let wrong = || format!("{value:?} is not a time; write 50ms, 1.5s or 800us");
    // The longest unit that fits: "ms" ends with "s" too.
    let (unit, factor) = UNITS.iter().find(|(unit, _)| value.ends_with(unit)).ok_or_else(wrong)?;
    let number: f64 = value.trim_end_matches(unit).trim().parse().map_err(|_| wrong())?;
    Ok(number * factor)
}

impl Threshold {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the test failed by it. A time that was never measured passes no judgement.
    pub fn is_broken(&self, report: &Report) -> bool {
        let Some(value) = self.value(report) else { return false };
        match (self.above, self.or_equal) {
            (true, false) => value > self.limit,
            (true, true) => value >= self.limit,
            (false, false) => value < self.limit,
            (false, true) => value <= self.limit,
        }
    }

    fn value(&self, report: &Report) -> Option<f64> {
        let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        match self.what {
            What::Time(metric, point) => report.times.get(metric.as_str()).map(|stats| match point {
                Point::Mean => stats.mean,
                Point::P50 => stats.p50,
                Point::P90 => stats.p90,
                Point::P99 => stats.p99,
                Point::P999 => stats.p999,
                Point::Max => stats.max,
            }),
            What::Count(count) => report.counts.get(count.as_str()).map(|count| number(*count)),
            What::Violations(kind) => {
                Some(number(report.violations.get(kind.as_str()).copied().unwrap_or(0)))
            }
            What::History => Some(number(report.violations.values().sum())),
            What::Growth => report.hub.as_ref().and_then(|hub| hub.growth),
            What::Memory => report.hub.as_ref().map(Needs::most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read() {
        for (text, broken) in [
            ("ack.p99>50ms", true),
            ("ack.p99 > 0.07s", false),
            ("ack.p99>60000us", false),
            ("ack.p99>=60ms", true),
            ("ack.p50<11ms", true),
            ("lost>0", true),
            ("doubled>0", false),
            ("violations>=2", true),
            ("errors>3", false),
            ("sent<100", true),
            ("resume.max>1us", false),
            ("growth>1", false),
            ("growth>0.4", true),
            ("memory>=90", true),
        ] {
            let threshold: Threshold = text.parse().unwrap_or_else(|problem| panic!("{text}: {problem}"));
            assert_eq!(threshold.is_broken(&Report::example()), broken, "{text}");
            assert_eq!(threshold.as_str(), text);
        }
    }

    #[test]
    fn a_wrong_threshold_says_what_would_be_right() {
        for (text, says) in [
            ("ack.p99", "write it like"),
            ("ack.p98>1ms", "p99"),
            ("back.p99>1ms", "first_token"),
            ("ack.p99>50", "50ms"),
            ("ack.p99>fastms", "50ms"),
            ("losses>0", "lost"),
            ("lost>none", "not a number"),
        ] {
            let problem = text.parse::<Threshold>().expect_err(text);
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }
}
