//! A server with OpenAI's streaming chat API that says numbered words at a steady pace, and remembers when it wrote
//! which.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A word that was said: in which answer, and the how manieth.
pub(crate) type Word = (usize, usize);

/// What became of one answer.
struct Told {
    asked: Instant,
    wrote: Vec<Instant>,
}

/// A running server; it ends with its runtime.
pub(crate) struct Scripted {
    /// Where its API begins.
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    thinks: Duration,
    pause: Duration,
    words: AtomicUsize,
    told: Mutex<Vec<Told>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Shared {
    fn told(&self) -> std::sync::MutexGuard<'_, Vec<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scripted {
    /// A server that thinks before its first word, and pauses before each other one.
    pub(crate) async fn start(thinks: Duration, pause: Duration, words: usize) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            thinks,
            pause,
            words: AtomicUsize::new(words),
            told: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                line.set_nodelay(true).expect("a socket");
                tokio::spawn(serve(line, serving.clone()));
            }
        });
        Scripted { url, shared }
    }

    /// Says so many words from now on.
    pub(crate) fn say(&self, words: usize) {
        self.shared.words.store(words, Ordering::Relaxed);
    }

    /// When a word was written.
    pub(crate) fn wrote(&self, (answer, place): Word) -> Instant {
        self.shared.told()[answer].wrote[place]
    }

    /// When the answer of a word was asked for.
    pub(crate) fn asked(&self, (answer, _): Word) -> Instant {
        self.shared.told()[answer].asked
    }

    /// From the last request to the first word of its answer.
    pub(crate) fn last_thought(&self) -> Duration {
        let told = self.shared.told();
        let last = told.last().expect("an answer");
        last.wrote[0] - last.asked
    }

    /// How many answers were written at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::Relaxed)
    }
}

/// The words of a piece of an answer.
pub(crate) fn words(text: &[u8]) -> Vec<Word> {
    let text = String::from_utf8_lossy(text);
    let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let word = |part: &str| {
        let (answer, place) = part.strip_prefix("said")?.split_once('n')?;
        Some((answer.parse().ok()?, place.parse().ok()?))
    };
    parts.filter_map(word).collect()
}

async fn serve(mut line: TcpStream, shared: Arc<Shared>) {
    while request(&mut line).await.is_some() {
        let answer = {
            let mut told = shared.told();
            told.push(Told { asked: Instant::now(), wrote: Vec::new() });
            told.len() - 1
        };
        let now = shared.now.fetch_add(1, Ordering::Relaxed) + 1;
        shared.most.fetch_max(now, Ordering::Relaxed);
        let said = say(&mut line, &shared, answer).await;
        shared.now.fetch_sub(1, Ordering::Relaxed);
        if said.is_err() {
            return;
        }
    }
}

/// Reads a request to its end.
async fn request(line: &mut TcpStream) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0_u8; 16_384];
        let read = line.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if bytes.len() >= head + 4 + length.unwrap_or(0) {
            return Some(());
        }
    }
}

async fn say(line: &mut TcpStream, shared: &Shared, answer: usize) -> std::io::Result<()> {
    line.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )
    .await?;
    tokio::time::sleep(shared.thinks).await;
    let mut pace = tokio::time::interval(shared.pause);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for place in 0..shared.words.load(Ordering::Relaxed) {
        pace.tick().await;
        // Sentences of a dozen words, as a reply has them.
        let end = if place % 12 == 11 { ". " } else { " " };
        let delta = format!("said{answer}n{place}{end}");
        let chunk = serde_json::json!({ "id": "x", "object": "chat.completion.chunk",
            "choices": [{ "index": 0, "delta": { "content": delta } }] });
        shared.told()[answer].wrote.push(Instant::now());
        event(line, &chunk.to_string()).await?;
    }
    event(line, r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#).await?;
    event(line, r#"{"choices":[],"usage":{"prompt_tokens":1500,"completion_tokens":400}}"#).await?;
    event(line, "[DONE]").await?;
    line.write_all(b"0\r\n\r\n").await
}

/// One event in a chunk of its own, in one write.
async fn event(line: &mut TcpStream, data: &str) -> std::io::Result<()> {
    let event = format!("data: {data}\n\n");
    line.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await
}
