//! Turns, told to a collector that speaks OpenTelemetry: what it receives is read with OpenTelemetry's own types.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use concierge::app::Options;
use concierge::base::Role;
use concierge::config::Config;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::models::with;
use crate::support::{App, ModelDouble, Script, eventually, on_each_engine_with};

/// A collector: answers with these statuses, one after the other, and then with 200.
struct Collector {
    url: String,
    got: Arc<Mutex<Vec<(String, String)>>>,
    stop: tokio::task::JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

impl Collector {
    async fn start(first: &[u16]) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let got: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let (notes, statuses) = (got.clone(), Arc::new(Mutex::new(first.to_vec())));
        let stop = tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                tokio::spawn(serve(line, notes.clone(), statuses.clone()));
            }
        });
        Collector { url, got, stop }
    }

    /// What came so far, as heads and bodies.
    fn got(&self) -> Vec<(String, String)> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self) {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// All spans that came, decoded.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for (_, body) in self.got() {
            let request: ExportTraceServiceRequest = serde_json::from_str(&body).expect("it is OTLP");
            for resource in request.resource_spans {
                let service = resource.resource.expect("a resource").attributes;
                assert!(service.iter().any(|one| one.key == "service.name"), "{service:?}");
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        spans
    }
}

async fn serve(mut line: TcpStream, got: Arc<Mutex<Vec<(String, String)>>>, statuses: Arc<Mutex<Vec<u16>>>) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0_u8; 8192];
        let Ok(read @ 1..) = line.read(&mut piece).await else { return };
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).expect("a length");
        if body.len() < length {
            continue;
        }
        let status = {
            let mut statuses = statuses.lock().unwrap_or_else(PoisonError::into_inner);
            if statuses.is_empty() { 200 } else { statuses.remove(0) }
        };
        if status == 200 {
            got.lock().unwrap_or_else(PoisonError::into_inner).push((lower, body.to_owned()));
        }
        let answer = format!("HTTP/1.1 {status} So\r\nretry-after: 0\r\ncontent-length: 2\r\n\r\n{{}}");
        if line.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        bytes.clear();
    }
}

fn telling(model: &ModelDouble, url: &str, texts: bool) -> impl Fn(&mut Config, &mut Options) + use<> {
    let (models, url) = (with(&[("local", model)]), url.to_owned());
    move |config, options| {
        models(config, options);
        config.traces.endpoint.clone_from(&url);
        config.traces.headers = "x-key=a-key".to_owned();
        config.traces.texts = texts;
    }
}

fn attributes(span: &Span) -> HashMap<String, String> {
    let said = |value: Option<Any>| match value {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        Some(Any::BoolValue(yes)) => yes.to_string(),
        other => format!("{other:?}"),
    };
    let value = |one: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        said(one.value.clone().and_then(|value| value.value))
    };
    span.attributes.iter().map(|one| (one.key.to_string(), value(one))).collect()
}

async fn model() -> ModelDouble {
    ModelDouble::start(|request, _| match request["messages"].as_array().map_or(0, Vec::len) {
        0..=2 => Script::Calls(vec![("search_knowledge", json!({ "query": "zebrafinch" }))]),
        _ => Script::Says("A brake check costs £79 [1].".to_owned()),
    })
    .await
}

/// A turn, and the spans of it.
async fn turn(app: &App, collector: &Collector) -> Vec<Span> {
    let staff = app.staff(Role::Staff).await;
    let posted = app.customer().await.says("How much is a brake check?").await;
    let written = app.pending(&staff, posted.conversation).await;
    let of_turn = |spans: &[Span]| {
        let turn = written.turn.to_string();
        let root = spans.iter().find(|span| attributes(span).get("concierge.turn.id") == Some(&turn))?;
        let all: Vec<Span> = spans.iter().filter(|span| span.trace_id == root.trace_id).cloned().collect();
        Some(all)
    };
    eventually("the trace", async || of_turn(&collector.spans())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_told_with_its_stages_calls_and_tools_and_without_a_word_of_anybody() {
    // The collector is busy at first: it asks for patience and gets it.
    let collector = Collector::start(&[503, 429]).await;
    let model = model().await;
    on_each_engine_with(telling(&model, &collector.url, false), async |app| {
        collector.forget();
        let spans = turn(app, &collector).await;
        let (head, body) = collector.got().pop().expect("it came");
        assert!(head.starts_with("post /v1/traces ") && head.contains("x-key: a-key"), "{head}");
        for word in ["brake check", "zebrafinch", "£79", "Ana Silva"] {
            assert!(!body.contains(word), "{word} was told");
        }
        let roots: Vec<&Span> = spans.iter().filter(|span| span.parent_span_id.is_empty()).collect();
        assert_eq!((roots.len(), spans.len()), (1, 1 + 7 + 2 + 1), "{spans:#?}");
        let root = roots[0];
        let about = attributes(root);
        assert_eq!(about["gen_ai.operation.name"], "invoke_agent");
        assert_eq!(
            (about["gen_ai.agent.id"].as_str(), about["concierge.turn.outcome"].as_str()),
            ("garage-front-desk", "done")
        );
        assert!(about["gen_ai.conversation.id"].starts_with("cnv_"), "{about:?}");
        let mut ids: Vec<&Vec<u8>> = spans.iter().map(|span| &span.span_id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), spans.len(), "each has its own name");
        let draft = spans.iter().find(|span| span.name == "stage draft").expect("the stage");
        for span in &spans {
            assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
            assert!(span.start_time_unix_nano > 0 && span.start_time_unix_nano <= span.end_time_unix_nano);
            let parent = match span.name.as_str() {
                name if name.starts_with("stage ") => &root.span_id,
                name if name.starts_with("chat ") || name.starts_with("execute_tool ") => &draft.span_id,
                _ => continue,
            };
            assert_eq!(&span.parent_span_id, parent, "{}", span.name);
        }
        let chats: Vec<&Span> = spans.iter().filter(|span| span.name == "chat local-model").collect();
        assert_eq!(chats.len(), 2);
        for chat in chats {
            let about = attributes(chat);
            assert_eq!((chat.kind, about["gen_ai.request.model"].as_str()), (3, "local-model"));
            assert_eq!(
                (about["gen_ai.operation.name"].as_str(), about["gen_ai.provider.name"].as_str()),
                ("chat", "local")
            );
            assert!(about["gen_ai.usage.input_tokens"].parse::<i64>().is_ok_and(|tokens| tokens > 0));
            assert!(about.contains_key("gen_ai.response.finish_reasons"), "{about:?}");
        }
        let tool = spans.iter().find(|span| span.name == "execute_tool search_knowledge").expect("the tool");
        let about = attributes(tool);
        assert_eq!(
            (about["gen_ai.tool.name"].as_str(), about["gen_ai.tool.type"].as_str()),
            ("search_knowledge", "function")
        );
        assert!(!about.contains_key("gen_ai.tool.call.arguments"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_told_only_where_the_operator_wants_it() {
    let collector = Collector::start(&[]).await;
    let model = model().await;
    on_each_engine_with(telling(&model, &collector.url, true), async |app| {
        let spans = turn(app, &collector).await;
        let chats: Vec<HashMap<String, String>> =
            spans.iter().filter(|span| span.name.starts_with("chat ")).map(attributes).collect();
        assert!(chats[0]["gen_ai.input.messages"].contains("How much is a brake check?"), "{chats:?}");
        assert!(chats[1]["gen_ai.output.messages"].contains("costs £79"), "{chats:?}");
        let tool = spans.iter().find(|span| span.name.starts_with("execute_tool ")).expect("the tool");
        assert!(attributes(tool)["gen_ai.tool.call.arguments"].contains("zebrafinch"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_slow_hinders_nothing() {
    // One that refuses everything, and one where nobody listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let collector = Collector::start(&[400; 100]).await;
    let model = model().await;
    for url in [&nobody, &collector.url] {
        let settings = telling(&model, url, false);
        let small = move |config: &mut Config, options: &mut Options| {
            settings(config, options);
            config.traces.queue = 1;
        };
        on_each_engine_with(small, async |app| {
            let staff = app.staff(Role::Staff).await;
            for _ in 0..3 {
                let posted = app.customer().await.says("How much is a brake check?").await;
                let written = app.pending(&staff, posted.conversation).await;
                assert!(written.model.is_some(), "{written:?}");
            }
        })
        .await;
    }
    assert!(collector.got().is_empty());
}
