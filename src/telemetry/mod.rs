//! What the hub tells its operators: log lines and metrics. Never message texts, tokens or addresses.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

/// Crates that say more than may be logged.
const QUIET: &str = "async_openai=off,rmcp=off";

/// Bucket bounds for durations, in seconds.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bucket bounds for group sizes.
const SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// How often measured times are summed up.
const SUM_UP: Duration = Duration::from_secs(5);

/// Starts logging. A second call in the same process changes nothing.
pub fn start_logging(log: &Log) {
    // These crates log what models and tools answer.
    let quiet = format!("{},{QUIET}", log.filter);
    let filter = EnvFilter::try_new(quiet).unwrap_or_else(|_| EnvFilter::new(format!("info,{QUIET}")));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Text => registry.with(lines.with_target(false).compact()).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    // An error only says that logging was started before (by a test, say).
    drop(started);
}

/// Reads the metrics in Prometheus' text form.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts counting. Later calls share the first one's counters: they belong to the process.
    pub fn start() -> Metrics {
        static STARTED: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
        Metrics(STARTED.get_or_init(install).clone())
    }

    /// All metrics as text (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        measure_process();
        self.0.render()
    }

    /// Sums up what was measured until it is stopped: else every time would be kept until somebody asks, and
    /// perhaps nobody ever does.
    pub async fn sum_up(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(SUM_UP);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => self.0.run_upkeep(),
            }
        }
    }
}

/// What the process has of its machine now, where the system tells
/// (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).
fn measure_process() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    if let Some(kib) = resident.and_then(|size| size.split_whitespace().next()?.parse::<f64>().ok()) {
        metrics::gauge!("process_resident_memory_bytes").set(kib * 1024.0);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(u32::try_from(files.count()).map_or(f64::MAX, f64::from));
    }
}

fn install() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES))
        .expect("the bucket lists are not empty")
        .build_recorder();
    let handle = recorder.handle();
    // An error only says that another recorder was set before.
    drop(metrics::set_global_recorder(recorder));
    describe();
    handle
}

fn describe() {
    metrics::describe_gauge!("concierge_connections", "Open sockets, by kind");
    metrics::describe_counter!(
        "concierge_connections_refused_total",
        "Connections closed at once: the process holds as many as it may"
    );
    metrics::describe_gauge!("concierge_rooms", "Conversations somebody follows on this node");
    metrics::describe_counter!("concierge_entries_total", "Timeline entries stored, by kind");
    metrics::describe_histogram!("concierge_ack_seconds", "From a message's arrival to its acknowledgement");
    metrics::describe_histogram!(
        "concierge_delivery_seconds",
        "From a message's time to its delivery to the queues"
    );
    metrics::describe_histogram!("concierge_stage_seconds", "Duration of the stages of turns");
    metrics::describe_counter!("concierge_turns_total", "Turns, by how they ended");
    metrics::describe_gauge!("concierge_turns_running", "Turns that run now");
    metrics::describe_gauge!("concierge_turns_waiting", "Turns that wait to settle or for a worker");
    metrics::describe_counter!("concierge_frames_dropped_total", "Signals dropped for slow readers");
    metrics::describe_counter!("concierge_sockets_closed_total", "Sockets closed by the hub, by reason");
    metrics::describe_counter!("concierge_refused_total", "Requests and commands refused, by code");
    metrics::describe_counter!("concierge_holes_total", "Holes in the bus that were filled from the store");
    metrics::describe_histogram!("concierge_store_group_size", "Units of work per commit");
    metrics::describe_counter!("concierge_traces_total", "Turns told to the collector of traces, by outcome");
    metrics::describe_counter!("concierge_model_calls_total", "Calls of models, by how they ended");
    metrics::describe_counter!("concierge_model_tokens_total", "Tokens of models, by kind");
    metrics::describe_histogram!("concierge_model_first_token_seconds", "Until a model's first word");
    metrics::describe_gauge!("concierge_store_log_pages", "Pages in the write-ahead log of SQLite");
    metrics::describe_gauge!(
        "concierge_store_log_waiting_pages",
        "Pages of that log that are not in the file yet; more than 64,000 say that a reader never ends"
    );
    metrics::describe_gauge!("concierge_jobs_open", "Durable side effects that wait or run");
    metrics::describe_gauge!("process_resident_memory_bytes", "Memory that the process holds");
    metrics::describe_gauge!("process_open_fds", "Files and connections that the process has open");
}

/// A duration in seconds as metrics want it.
pub fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
