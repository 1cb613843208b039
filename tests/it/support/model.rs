//! A server with OpenAI's chat API, as far as streams go: well-behaved, and as bad as servers get. It speaks
//! over a plain TCP stream, so that it can break off anywhere.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Script {
    /// Streams the text word by word, with usage.
    Says(String),
    /// The same, and nothing says how much was used.
    SaysUncounted(String),
    /// The same, cut in the middle of characters.
    SaysInBytes(String),
    /// Calls tools, each by its name and arguments.
    Calls(Vec<(&'static str, Value)>),
    /// Streams some of the text, then drops the connection.
    Cut(String),
    /// Streams some of the text and ends politely without an end.
    Unfinished(String),
    /// Streams some of the text, then nothing more.
    Stalls(String),
    /// Takes the request and never answers.
    Silent,
    /// Goes on for ever.
    Endless,
    /// Keeps the line alive for ever, without a word.
    KeepAlive,
    /// Answers with this status, this header and this body.
    Status(u16, &'static str, &'static str),
    /// 200 with this body and this type.
    Body(&'static str, &'static str),
    /// One event of ten megabytes.
    Huge,
    /// Tells of a fault in the midst of an answer.
    Fault(String),
}

type Answers = Arc<dyn Fn(&Value, usize) -> Script + Send + Sync>;

/// A running server; it ends with this.
pub struct ModelDouble {
    pub url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Answers>>,
    stop: tokio::task::JoinHandle<()>,
}

impl Drop for ModelDouble {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

impl ModelDouble {
    /// A server that does the same with every request.
    pub async fn always(script: Script) -> ModelDouble {
        Self::start(move |_, _| script.clone()).await
    }

    /// A server that looks at the request and at how many came before.
    pub async fn start(answers: impl Fn(&Value, usize) -> Script + Send + Sync + 'static) -> ModelDouble {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let answers: Arc<Mutex<Answers>> = Arc::new(Mutex::new(Arc::new(answers)));
        let (notes, doing) = (asked.clone(), answers.clone());
        let stop = tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                tokio::spawn(serve(line, notes.clone(), doing.clone()));
            }
        });
        ModelDouble { url, asked, answers, stop }
    }

    /// Changes what the server does from now on.
    pub fn becomes(&self, script: Script) {
        *self.answers.lock().expect("not poisoned") = Arc::new(move |_, _| script.clone());
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("not poisoned").clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.asked.lock().expect("not poisoned").clear();
    }
}

/// The last thing that a request's user or tool said.
pub fn last_said(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    messages.last().and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned()
}

/// Everything that a request says.
pub fn all_said(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

async fn serve(mut line: TcpStream, asked: Arc<Mutex<Vec<Value>>>, answers: Arc<Mutex<Answers>>) {
    while let Some(request) = read(&mut line).await {
        let before = {
            let mut asked = asked.lock().expect("not poisoned");
            asked.push(request.clone());
            asked.len() - 1
        };
        let answers = answers.lock().expect("not poisoned").clone();
        if act(&mut line, answers(&request, before)).await.is_err() {
            return;
        }
    }
}

/// Reads a request to its end; gives its body.
async fn read(line: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0_u8; 8192];
        let read = line.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_lowercase();
        assert!(lower.starts_with("post /v1/chat/completions"), "{head}");
        assert!(lower.contains("authorization: bearer "), "{head}");
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).expect("a length");
        if body.len() >= length {
            return Some(serde_json::from_str(body).expect("the body is JSON"));
        }
    }
}

const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn delta(text: &str) -> String {
    event(
        &json!({ "id": "x", "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": text } }] }),
    )
}

fn end(reason: &str, usage: bool) -> String {
    let mut text = event(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }));
    if usage {
        let used = json!({ "prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540 });
        text.push_str(&event(&json!({ "choices": [], "usage": used })));
    }
    text + "data: [DONE]\n\n"
}

async fn chunk(line: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    line.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
    line.write_all(bytes).await?;
    line.write_all(b"\r\n").await?;
    line.flush().await
}

async fn last(line: &mut TcpStream) -> std::io::Result<()> {
    line.write_all(b"0\r\n\r\n").await
}

async fn words(line: &mut TcpStream, text: &str) -> std::io::Result<()> {
    line.write_all(STREAM.as_bytes()).await?;
    for word in text.split_inclusive(' ') {
        chunk(line, delta(word).as_bytes()).await?;
    }
    Ok(())
}

async fn plain(line: &mut TcpStream, status: u16, header: &str, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} X\r\n{header}content-length: {}\r\n\r\n", body.len());
    line.write_all((head + body).as_bytes()).await
}

/// Does what the script says; an error ends the connection.
async fn act(line: &mut TcpStream, script: Script) -> std::io::Result<()> {
    match script {
        Script::Says(text) => {
            words(line, &text).await?;
            chunk(line, end("stop", true).as_bytes()).await?;
            last(line).await
        }
        Script::SaysUncounted(text) => {
            words(line, &text).await?;
            chunk(line, end("stop", false).as_bytes()).await?;
            last(line).await
        }
        Script::SaysInBytes(text) => {
            line.write_all(STREAM.as_bytes()).await?;
            let whole = delta(&text) + &end("stop", true);
            for bytes in whole.as_bytes().chunks(3) {
                chunk(line, bytes).await?;
            }
            last(line).await
        }
        Script::Calls(calls) => {
            line.write_all(STREAM.as_bytes()).await?;
            for (index, (name, arguments)) in calls.into_iter().enumerate() {
                let arguments = arguments.to_string();
                let half =
                    arguments.char_indices().nth(arguments.chars().count() / 2).map_or(0, |(at, _)| at);
                let begin = json!({ "index": index, "id": format!("c{index}"), "type": "function",
                    "function": { "name": name, "arguments": &arguments[..half] } });
                let more = json!({ "index": index, "function": { "arguments": &arguments[half..] } });
                for call in [begin, more] {
                    let piece = json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] });
                    chunk(line, event(&piece).as_bytes()).await?;
                }
            }
            chunk(line, end("tool_calls", true).as_bytes()).await?;
            last(line).await
        }
        Script::Cut(text) => {
            words(line, &text).await?;
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
        Script::Unfinished(text) => {
            words(line, &text).await?;
            last(line).await
        }
        Script::Stalls(text) => {
            words(line, &text).await?;
            std::future::pending().await
        }
        Script::Silent => std::future::pending().await,
        Script::Endless => {
            line.write_all(STREAM.as_bytes()).await?;
            loop {
                chunk(line, delta("and so on ").as_bytes()).await?;
            }
        }
        Script::KeepAlive => {
            line.write_all(STREAM.as_bytes()).await?;
            loop {
                chunk(line, b": still here\n\n").await?;
                tokio::task::yield_now().await;
            }
        }
        Script::Status(status, header, body) => plain(line, status, header, body).await,
        Script::Body(kind, body) => plain(line, 200, &format!("content-type: {kind}\r\n"), body).await,
        Script::Huge => {
            line.write_all(STREAM.as_bytes()).await?;
            chunk(line, delta(&"x".repeat(10 * 1024 * 1024)).as_bytes()).await?;
            chunk(line, end("stop", true).as_bytes()).await?;
            last(line).await
        }
        Script::Fault(text) => {
            words(line, &text).await?;
            let fault = json!({ "error": { "message": "the engine is overloaded", "code": 7 } });
            chunk(line, event(&fault).as_bytes()).await?;
            last(line).await
        }
    }
}
