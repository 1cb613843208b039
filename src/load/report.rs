//! What a test found: as text, as JSON, and as a page with charts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::load::generator::Generator;
use crate::load::history::{Kind, Violation};
use crate::load::measure::{Count, Measures, Metric, Second, Stats, Times};
use crate::load::needs::{Look, Needs};

/// Violations that are shown in words.
const SHOWN: usize = 20;

/// What a test found. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The seed it was played with.
    pub seed: u64,
    /// The hub.
    pub target: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Messages acknowledged per second while visitors came.
    pub acked_per_second: f64,
    /// It was stopped early.
    pub stopped: bool,
    /// What the generator knows of itself.
    pub generator: Generator,
    /// Times by name.
    pub times: BTreeMap<String, Stats>,
    /// Counts by name.
    pub counts: BTreeMap<String, u64>,
    /// Refusals and failures by code.
    pub codes: BTreeMap<String, u64>,
    /// Violations of the history by kind.
    pub violations: BTreeMap<String, u64>,
    /// The first violations in words.
    pub examples: Vec<Violation>,
    /// Second by second.
    pub series: Vec<Second>,
    /// What the hub needed of its machine, if it says so.
    #[serde(default)]
    pub hub: Option<Needs>,
}

/// What one process of a test measured: enough to be put together with what others did.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Part {
    scenario: String,
    seed: u64,
    target: String,
    seconds: f64,
    arriving: f64,
    stopped: bool,
    generator: Generator,
    times: BTreeMap<String, Times>,
    counts: BTreeMap<String, u64>,
    codes: BTreeMap<String, u64>,
    violations: BTreeMap<String, u64>,
    examples: Vec<Violation>,
    series: Vec<Second>,
}

impl Part {
    /// Sums up what this process did.
    pub(super) fn of(
        (scenario, seed, target): (&str, u64, &str),
        (seconds, arriving, stopped): (f64, f64, bool),
        generator: Generator,
        measures: &Measures,
        found: &[Violation],
        series: Vec<Second>,
    ) -> Part {
        let named = |metric: &Metric| (metric.as_str().to_owned(), measures.times(*metric));
        let mut violations = BTreeMap::new();
        for violation in found {
            *violations.entry(violation.kind.as_str().to_owned()).or_default() += 1;
        }
        Part {
            scenario: scenario.to_owned(),
            seed,
            target: target.to_owned(),
            seconds,
            arriving,
            stopped,
            generator,
            times: Metric::ALL.iter().map(named).collect(),
            counts: Count::ALL
                .iter()
                .map(|count| (count.as_str().to_owned(), measures.counted(*count)))
                .collect(),
            codes: measures.codes(),
            violations,
            examples: found.iter().take(SHOWN).cloned().collect(),
            series,
        }
    }

    /// This and what another process did at the same time. The seed is that of the whole test.
    pub(super) fn with(mut self, other: Part) -> Part {
        let times = other.times.iter().filter_map(|(name, theirs)| {
            let ours = self.times.remove(name)?;
            Some((name.clone(), ours.with(theirs)))
        });
        let times = times.collect();
        let longer = self.series.len().max(other.series.len());
        let second = |series: &[Second], at: usize| series.get(at).cloned().unwrap_or_default();
        Part {
            seed: self.seed.min(other.seed),
            seconds: self.seconds.max(other.seconds),
            arriving: self.arriving.max(other.arriving),
            stopped: self.stopped || other.stopped,
            generator: self.generator.with(&other.generator),
            times,
            counts: added(self.counts, other.counts),
            codes: added(self.codes, other.codes),
            violations: added(self.violations, other.violations),
            examples: self.examples.into_iter().chain(other.examples).take(SHOWN).collect(),
            series: (0..longer).map(|at| second(&self.series, at).with(&second(&other.series, at))).collect(),
            scenario: self.scenario,
            target: self.target,
        }
    }

    /// The report of the whole.
    pub(super) fn report(self) -> Report {
        let acked = self.counts.get(Count::Acked.as_str()).copied().unwrap_or(0);
        let acked = u32::try_from(acked).unwrap_or(u32::MAX);
        let times = self.times.into_iter().filter_map(|(name, times)| Some((name, times.stats()?)));
        Report {
            scenario: self.scenario,
            seed: self.seed,
            target: self.target,
            seconds: self.seconds,
            acked_per_second: f64::from(acked) / self.arriving.max(f64::EPSILON),
            stopped: self.stopped,
            generator: self.generator,
            times: times.collect(),
            counts: self.counts,
            codes: self.codes,
            violations: self.violations,
            examples: self.examples,
            series: self.series,
            hub: None,
        }
    }
}

fn added(mut ours: BTreeMap<String, u64>, theirs: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    for (name, number) in theirs {
        *ours.entry(name).or_default() += number;
    }
    ours
}

impl Report {
    /// Whether every history was as it must be.
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }

    /// The report for a terminal, beside an earlier one if there is one.
    pub fn text(&self, baseline: Option<&Report>) -> String {
        let mut out = String::new();
        // Writing into a text cannot fail.
        let _ = self.write(&mut out, baseline);
        out
    }

    fn write(&self, out: &mut String, baseline: Option<&Report>) -> std::fmt::Result {
        writeln!(out, "{} against {} (seed {})", self.scenario, self.target, self.seed)?;
        writeln!(
            out,
            "{:.1} s, {:.1} messages acknowledged per second",
            self.seconds, self.acked_per_second
        )?;
        writeln!(out)?;
        writeln!(
            out,
            "{:<12} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}  ms",
            "time", "count", "p50", "p90", "p99", "p99.9", "max"
        )?;
        for metric in Metric::ALL {
            let Some(stats) = self.times.get(metric.as_str()) else { continue };
            write!(
                out,
                "{:<12} {:>8} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
                metric.as_str(),
                stats.count,
                stats.p50,
                stats.p90,
                stats.p99,
                stats.p999,
                stats.max
            )?;
            if let Some(before) = baseline.and_then(|before| before.times.get(metric.as_str())) {
                let ratio = |now: f64, then: f64| now / then.max(0.001);
                write!(
                    out,
                    "  p50 {:.2}x p99 {:.2}x",
                    ratio(stats.p50, before.p50),
                    ratio(stats.p99, before.p99)
                )?;
            }
            writeln!(out)?;
        }
        writeln!(out)?;
        for count in Count::ALL {
            let number = self.counts.get(count.as_str()).copied().unwrap_or(0);
            if number > 0 {
                writeln!(out, "{:<12} {number:>8}", count.as_str())?;
            }
        }
        for (code, number) in &self.codes {
            writeln!(out, "  {code:<24} {number:>4}")?;
        }
        writeln!(out)?;
        let generator = &self.generator;
        let busy = generator.busy.map_or_else(|| "?".to_owned(), |busy| format!("{:.0} %", busy * 100.0));
        writeln!(out, "generator    busy {busy}, late by {:.2} ms at p99", generator.late_p99_ms)?;
        if generator.limited {
            writeln!(out, "             it was the bottleneck: the hub may be better than these figures")?;
        }
        if let Some(hub) = &self.hub {
            write_needs(out, hub)?;
        }
        match self.is_sound() {
            true => {
                writeln!(out, "history      sound: nothing lost, doubled, disordered, missed or foreign")?
            }
            false => {
                for kind in Kind::ALL {
                    if let Some(number) = self.violations.get(kind.as_str()) {
                        writeln!(out, "history      {number} {}", kind.as_str())?;
                    }
                }
                for violation in &self.examples {
                    writeln!(out, "  {}: {}", violation.kind.as_str(), violation.says)?;
                }
            }
        }
        Ok(())
    }

    /// A page with charts that needs nothing else.
    pub fn html(&self) -> Result<String, String> {
        let mut engine = tera::Tera::default();
        engine
            .add_raw_template("report.html", include_str!("report.html"))
            .map_err(|error| error.to_string())?;
        let mut context = tera::Context::new();
        context.insert("report", self);
        context.insert("text", &self.text(None));
        context.insert("sound", &self.is_sound());
        let pick = |value: fn(&Second) -> f64| chart(&self.series.iter().map(value).collect::<Vec<_>>());
        let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let charts = [
            ("Visitors", "", pick(|second| f64::from(u32::try_from(second.visitors).unwrap_or(u32::MAX)))),
            (
                "Acknowledged",
                "per second",
                pick(|second| f64::from(u32::try_from(second.acked).unwrap_or(u32::MAX))),
            ),
            ("Acknowledgement, p99", "ms", pick(|second| second.ack_p99_ms)),
            (
                "Errors",
                "per second",
                chart(&self.series.iter().map(|second| number(second.errors)).collect::<Vec<_>>()),
            ),
        ];
        context.insert("charts", &charts);
        engine.render("report.html", &context).map_err(|error| error.to_string())
    }

    #[cfg(test)]
    pub(super) fn example() -> Report {
        let stats =
            |p50: f64, p99: f64| Stats { count: 10, mean: p50, p50, p90: p99, p99, p999: p99, max: p99 };
        Report {
            scenario: "example".to_owned(),
            seed: 1,
            target: "http://127.0.0.1:1".to_owned(),
            seconds: 1.0,
            acked_per_second: 9.0,
            stopped: false,
            generator: Generator { busy: None, late_p99_ms: 0.1, limited: false },
            times: BTreeMap::from([("ack".to_owned(), stats(10.0, 60.0))]),
            counts: BTreeMap::from([("sent".to_owned(), 10), ("errors".to_owned(), 3)]),
            codes: BTreeMap::from([("rate_limited".to_owned(), 3)]),
            violations: BTreeMap::from([("lost".to_owned(), 2)]),
            examples: vec![Violation { kind: Kind::Lost, says: "<b>7</b> is gone".to_owned() }],
            series: vec![Second { acked: 4, ..Second::default() }, Second { acked: 5, ..Second::default() }],
            hub: Some(Needs {
                looks: vec![Look { second: 0.0, resident_mib: 90.0, files: 40.0, log_pages: 12.0 }],
                growth: Some(0.5),
            }),
        }
    }
}

fn write_needs(out: &mut String, hub: &Needs) -> std::fmt::Result {
    let (Some(first), Some(last)) = (hub.looks.first(), hub.looks.last()) else { return Ok(()) };
    write!(
        out,
        "hub          {:.0} MiB at first, {:.0} at most, {:.0} at the end",
        first.resident_mib,
        hub.most(),
        last.resident_mib
    )?;
    if let Some(growth) = hub.growth {
        write!(out, " ({growth:+.1} % an hour)")?;
    }
    let most = |of: fn(&Look) -> f64| hub.looks.iter().map(of).fold(0.0, f64::max);
    writeln!(
        out,
        "; {:.0} files, {:.0} pages in its log at most",
        most(|look| look.files),
        most(|look| look.log_pages)
    )
}

/// A line over the seconds as the points of an SVG of 600 by 120, and its highest value.
fn chart(values: &[f64]) -> (String, f64) {
    let highest = values.iter().copied().fold(0.0, f64::max);
    let last = f64::from(u32::try_from(values.len().saturating_sub(1)).unwrap_or(1)).max(1.0);
    let points: Vec<String> = (0_u32..)
        .zip(values)
        .map(|(second, value)| {
            let (x, y) =
                (600.0 * f64::from(second) / last, 116.0 - 112.0 * value / highest.max(f64::EPSILON));
            format!("{x:.1},{y:.1}")
        })
        .collect();
    (points.join(" "), highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_json_and_shows_what_is_wrong() {
        let report = Report::example();
        let json = serde_json::to_string(&report).expect("it is written");
        assert_eq!(serde_json::from_str::<Report>(&json).expect("it is read"), report);
        let text = report.text(Some(&report));
        assert!(
            text.contains("p99 1.00x")
                && text.contains("2 lost")
                && text.contains("+0.5 % an hour")
                && text.contains("rate_limited"),
            "{text}"
        );
    }

    #[test]
    fn the_page_shows_text_as_text() {
        let page = Report::example().html().expect("it is rendered");
        assert!(page.contains("<polyline") && !page.contains("<b>7</b>"), "{page}");
    }
}
