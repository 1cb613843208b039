//! Traces of turns, told to a collector that speaks OpenTelemetry: OTLP over HTTP, in its JSON encoding.
//!
//! Off unless an endpoint is set. What is told waits in a bounded queue and goes out in batches, beside the work; when
//! the collector is slow or away, the newest are left out and counted, and nothing else is slower for it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use crate::base::Timestamp;
use crate::config::Traces as Settings;
use crate::ports::outbound::Url;
use crate::ports::outgoing::{self, Client};

/// Traces that go out at once, and how long the first of them waits for others.
const BATCH: usize = 64;
const WAIT: Duration = Duration::from_millis(500);
/// How long the collector may take to be reached, and in all.
const REACHED: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(10);
/// How often a batch is sent while the collector is busy, and the longest pause it may ask for.
const TRIES: u32 = 3;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a stopping hub goes on telling.
const LAST: Duration = Duration::from_secs(3);

/// What kind of span it is, as OTLP numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Work of our own.
    Internal = 1,
    /// A call of a server elsewhere.
    Client = 3,
}

/// Something that took time.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// What it is.
    pub name: String,
    /// Of which kind.
    pub kind: Kind,
    /// The place of what it is part of, among the spans of its trace.
    pub parent: Option<usize>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What is known of it.
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A turn, as spans. A parent stands before its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Names it: the same for the same turn.
    pub name: String,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// The port. Clones are the same.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Inner>>);

struct Inner {
    queue: Sender<Trace>,
    waiting: Mutex<Receiver<Trace>>,
    client: Client,
    url: Url,
    headers: Vec<(String, String)>,
    texts: bool,
}

impl Traces {
    /// Sets up what the settings name; nothing is sent yet.
    pub fn open(settings: &Settings) -> Result<Traces, String> {
        let address = settings.endpoint.trim().trim_end_matches('/');
        if address.is_empty() {
            return Ok(Traces::default());
        }
        let whole = match address.ends_with("/v1/traces") {
            true => address.to_owned(),
            false => format!("{address}/v1/traces"),
        };
        let wrong = || format!("traces.endpoint: {address:?} is no address such as http://localhost:4318");
        let url = Url::parse(&whole).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong());
        }
        let headers = settings.headers.split(',').map(str::trim).filter(|header| !header.is_empty());
        let headers = headers.map(|header| {
            let (name, value) =
                header.split_once('=').ok_or("traces.headers: write name=value, name=value")?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        });
        let headers: Vec<(String, String)> = headers.collect::<Result<_, String>>()?;
        let client = outgoing::client(REACHED, WHOLE).ok_or("traces: no client could be made")?;
        let (queue, waiting) = channel(settings.queue.max(1));
        let waiting = Mutex::new(waiting);
        Ok(Traces(Some(Arc::new(Inner { queue, waiting, client, url, headers, texts: settings.texts }))))
    }

    /// Whether anybody is told.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Whether prompts and answers are told too.
    pub fn texts(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.texts)
    }

    /// Tells of a turn, without ever waiting.
    pub fn tell(&self, trace: Trace) {
        let Some(inner) = &self.0 else { return };
        if inner.queue.try_send(trace).is_err() {
            metrics::counter!("concierge_traces_total", "outcome" => "left_out").increment(1);
        }
    }

    /// Sends what is told until `stop` is cancelled, and then what still waits.
    pub async fn run(self, stop: CancellationToken) {
        let Some(inner) = &self.0 else { return };
        let mut waiting = inner.waiting.lock().await;
        while let Some(batch) = next(&mut waiting, &stop).await {
            inner.send(batch).await;
        }
        let mut last = Vec::new();
        while let Ok(trace) = waiting.try_recv() {
            last.push(trace);
        }
        if !last.is_empty() {
            let _ = tokio::time::timeout(LAST, inner.send(last)).await;
        }
    }
}

/// The next batch; none when the hub stops.
async fn next(waiting: &mut Receiver<Trace>, stop: &CancellationToken) -> Option<Vec<Trace>> {
    let first = tokio::select! {
        () = stop.cancelled() => return None,
        first = waiting.recv() => first?,
    };
    let mut batch = vec![first];
    let until = tokio::time::Instant::now() + WAIT;
    while batch.len() < BATCH {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep_until(until) => break,
            more = waiting.recv() => match more {
                Some(more) => batch.push(more),
                None => break,
            },
        }
    }
    Some(batch)
}

impl Inner {
    /// Sends a batch, a few times while the collector asks for patience.
    async fn send(&self, batch: Vec<Trace>) {
        let body = body(&batch).to_string();
        let number = batch.len() as u64;
        let mut failure = String::new();
        for attempt in 0..TRIES {
            match self.post(&body).await {
                Ok(()) => {
                    metrics::counter!("concierge_traces_total", "outcome" => "told").increment(number);
                    return;
                }
                Err((why, None)) => {
                    failure = why;
                    break;
                }
                Err((why, Some(pause))) => {
                    failure = why;
                    if attempt + 1 < TRIES {
                        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                    }
                }
            }
        }
        metrics::counter!("concierge_traces_total", "outcome" => "lost").increment(number);
        tracing::warn!(traces = number, why = failure, "traces could not be told");
    }

    /// Sends it once; says why not, and after which pause it is worth another try.
    async fn post(&self, body: &str) -> Result<(), (String, Option<Duration>)> {
        let mut request = self.client.post(self.url.clone()).header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let again = Some(Duration::from_secs(1));
        let answer = request.body(body.to_owned()).send().await;
        let answer = answer.map_err(|error| (error.without_url().to_string(), again))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let asked = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let pause = asked.map(Duration::from_secs).or(again);
        let passing = matches!(status.as_u16(), 429 | 502..=504);
        Err((format!("the collector answered {status}"), pause.filter(|_| passing)))
    }
}

/// A batch as OTLP's JSON has it.
fn body(batch: &[Trace]) -> Value {
    let spans: Vec<Value> = batch.iter().flat_map(spans).collect();
    let resource = [
        attribute("service.name", &json!("concierge")),
        attribute("service.version", &json!(env!("CARGO_PKG_VERSION"))),
    ];
    let scope = json!({ "name": "concierge", "version": env!("CARGO_PKG_VERSION") });
    let of_scope = json!([{ "scope": scope, "spans": spans }]);
    json!({ "resourceSpans": [{ "resource": { "attributes": resource }, "scopeSpans": of_scope }] })
}

fn spans(trace: &Trace) -> impl Iterator<Item = Value> + '_ {
    let named = blake3::hash(trace.name.as_bytes()).to_hex();
    let name_of =
        |place: usize| blake3::hash(format!("{} {place}", trace.name).as_bytes()).to_hex()[..16].to_owned();
    trace.spans.iter().enumerate().map(move |(place, span)| {
        let nanos = |at: Timestamp| (i128::from(at.as_micros()) * 1_000).to_string();
        let attributes: Vec<Value> =
            span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
        let mut told = json!({
            "traceId": named[..32], "spanId": name_of(place), "name": span.name, "kind": span.kind as i32,
            "startTimeUnixNano": nanos(span.started), "endTimeUnixNano": nanos(span.ended.max(span.started)),
            "attributes": attributes,
        });
        if let Some(parent) = span.parent {
            told["parentSpanId"] = json!(name_of(parent));
        }
        if let Some(error) = &span.error {
            told["status"] = json!({ "code": 2, "message": error });
        }
        told
    })
}

fn attribute(key: &str, value: &Value) -> Value {
    let value = match value {
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::String(text) => json!({ "stringValue": text }),
        other => json!({ "stringValue": other.to_string() }),
    };
    json!({ "key": key, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn wrong_settings_are_told_at_the_start() {
        let open = |endpoint: &str, headers: &str| {
            let (endpoint, headers) = (endpoint.to_owned(), headers.to_owned());
            Traces::open(&Settings { endpoint, headers, ..Config::defaults().traces })
        };
        assert!(open("", "").is_ok_and(|traces| !traces.is_on() && !traces.texts()));
        assert!(open("http://localhost:4318", "a=b, c = d=e").is_ok_and(|traces| traces.is_on()));
        assert!(open("localhost:4318", "").err().is_some_and(|why| why.contains("traces.endpoint")));
        assert!(open("http://x", "a").err().is_some_and(|why| why.contains("traces.headers")));
        let whole = open("http://x/otlp/v1/traces/", "")
            .ok()
            .and_then(|traces| traces.0.map(|one| one.url.to_string()));
        assert_eq!(whole.as_deref(), Some("http://x/otlp/v1/traces"));
    }
}
