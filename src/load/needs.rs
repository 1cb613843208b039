//! What a hub needs of its machine while it is tested, read from its metrics: a test of hours shows what grows.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::Http;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// What is done once after a start, such as filling caches, is over after so long, or after the first quarter of
/// a shorter test.
const WARM: f64 = 3_600.0;

/// Looks that a line is drawn through, at least.
const ENOUGH: usize = 10;

/// A look at the hub.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Look {
    /// Seconds since the start.
    pub second: f64,
    /// Memory that its process held, in MiB.
    pub resident_mib: f64,
    /// Files and connections that it had open.
    pub files: f64,
    /// Pages in the log of its store.
    pub log_pages: f64,
}

/// What a hub needed of its machine.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Needs {
    /// Look by look.
    pub looks: Vec<Look>,
    /// How its memory grew once it was warm, in percent an hour; absent after too short a test.
    pub growth: Option<f64>,
}

/// Looks at a hub until it is stopped. `None`: it does not say what it needs.
pub(super) async fn watch(target: String, stop: CancellationToken) -> Option<Needs> {
    let (hub, begun) = (Http::anonymous(&target), Instant::now());
    let mut tick = tokio::time::interval(EVERY);
    let mut looks = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        if let Some(look) = look(&hub, begun).await {
            looks.push(look);
        }
    }
    looks.extend(look(&hub, begun).await);
    (!looks.is_empty()).then(|| Needs::of(looks))
}

async fn look(hub: &Http, begun: Instant) -> Option<Look> {
    let answer = hub.raw(http::Method::GET, "/metrics", None).await.ok()?;
    let text = answer.text().await.ok()?;
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.trim().parse::<f64>().ok())
    };
    Some(Look {
        second: begun.elapsed().as_secs_f64(),
        resident_mib: number("process_resident_memory_bytes")? / f64::from(1 << 20),
        files: number("process_open_fds").unwrap_or_default(),
        log_pages: number("concierge_store_log_pages").unwrap_or_default(),
    })
}

impl Needs {
    fn of(looks: Vec<Look>) -> Needs {
        let last = looks.last().map_or(0.0, |look| look.second);
        let warm = WARM.min(last / 4.0);
        let points: Vec<(f64, f64)> = looks
            .iter()
            .filter(|look| look.second >= warm)
            .map(|look| (look.second / 3_600.0, look.resident_mib))
            .collect();
        Needs { growth: (points.len() >= ENOUGH).then(|| growth(&points)), looks }
    }

    /// The most memory that it held, in MiB.
    pub fn most(&self) -> f64 {
        self.looks.iter().map(|look| look.resident_mib).fold(0.0, f64::max)
    }
}

/// The slope of the line through the points, in percent of their mean.
fn growth(points: &[(f64, f64)]) -> f64 {
    let many = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / many;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let both: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let wide: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    100.0 * both / wide.max(f64::EPSILON) / y.max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_of_the_warm_hours_in_percent_of_the_mean() {
        let at = |minute: u32| Look {
            second: f64::from(minute) * 60.0,
            // It fills its caches for an hour, then grows by a MiB an hour.
            resident_mib: if minute < 60 { f64::from(minute) } else { 99.0 + f64::from(minute) / 60.0 },
            ..Look::default()
        };
        let needs = Needs::of((0..=300).map(at).collect());
        let growth = needs.growth.expect("there are enough");
        assert!((growth - 100.0 / 102.0).abs() < 0.01, "{growth}");
        assert!((needs.most() - 104.0).abs() < 0.01, "{}", needs.most());
        assert_eq!(Needs::of((0..8).map(at).collect()).growth, None, "too few to say");
        let steady = |minute: u32| Look { resident_mib: 80.0, ..at(minute) };
        assert!(Needs::of((0..=90).map(steady).collect()).growth.expect("enough").abs() < 1e-9);
    }
}
