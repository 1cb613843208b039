//! A server with OpenAI's embeddings API, as an operator might run one, that can be made to misbehave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// The key the server wants.
pub const KEY: &str = "an embedder key";

/// What the server does.
#[derive(Clone, Copy, PartialEq)]
pub enum Mood {
    Well,
    /// 503 for everything.
    Down,
    /// It takes the call and never answers.
    Silent,
    /// 200 with something else.
    Nonsense,
}

/// Words with one meaning stand together; a vector counts the meanings of a text.
const MEANINGS: &[&[&str]] = &[
    &["car", "automobile", "vehicle"],
    &["cost", "price", "fee"],
    &["open", "hours", "times"],
    &["dog", "puppy", "hound"],
    &["rain", "umbrella", "wet"],
    &["coche", "voiture", "carro"],
];

#[derive(Clone)]
struct Shared {
    mood: Arc<Mutex<Mood>>,
    embedded: Arc<AtomicUsize>,
    /// Turned round, the same texts get other vectors, as from another model.
    models: Arc<Mutex<Vec<String>>>,
}

/// A running server; it ends with this.
pub struct EmbedderDouble {
    pub url: String,
    shared: Shared,
    stop: tokio::task::JoinHandle<()>,
}

impl Drop for EmbedderDouble {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

impl EmbedderDouble {
    pub async fn start() -> EmbedderDouble {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let shared = Shared {
            mood: Arc::new(Mutex::new(Mood::Well)),
            embedded: Arc::default(),
            models: Arc::default(),
        };
        let routes = Router::new().route("/v1/embeddings", post(embeddings)).with_state(shared.clone());
        let stop =
            tokio::spawn(async move { axum::serve(listener, routes).await.expect("the double serves") });
        EmbedderDouble { url, shared, stop }
    }

    /// Changes what the server does from now on.
    pub fn becomes(&self, mood: Mood) {
        *self.shared.mood.lock().expect("not poisoned") = mood;
    }

    /// Texts that got a vector.
    pub fn embedded(&self) -> usize {
        self.shared.embedded.load(Ordering::Relaxed)
    }

    /// The models that were asked for, each once.
    pub fn models(&self) -> Vec<String> {
        self.shared.models.lock().expect("not poisoned").clone()
    }
}

async fn embeddings(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let mood = *shared.mood.lock().expect("not poisoned");
    match mood {
        Mood::Down => return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "warming up" }))),
        Mood::Silent => std::future::pending().await,
        Mood::Nonsense => return (StatusCode::OK, Json(json!({ "data": [{ "embedding": "none" }] }))),
        Mood::Well => {}
    }
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&format!("Bearer {KEY}")) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": { "message": "wrong key" } })));
    }
    let model = asked["model"].as_str().expect("a model").to_owned();
    let mut models = shared.models.lock().expect("not poisoned");
    if !models.contains(&model) {
        models.push(model.clone());
    }
    let texts = asked["input"].as_array().expect("texts");
    if texts.iter().any(|text| text.as_str().is_some_and(|text| text.contains("unspeakable"))) {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": { "message": "not this text" } })));
    }
    shared.embedded.fetch_add(texts.len(), Ordering::Relaxed);
    // Last first, with their places: some servers answer out of order. No usage, no object: some leave it out.
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(index, text)| json!({ "index": index, "embedding": vector(&model, text.as_str().expect("a text")) }))
        .collect();
    (StatusCode::OK, Json(json!({ "data": data })))
}

fn vector(model: &str, text: &str) -> Vec<f32> {
    let text = text.to_lowercase();
    let mut vector: Vec<f32> = MEANINGS
        .iter()
        .map(|words| 2.0 * f32::from(u8::from(words.iter().any(|word| text.contains(word)))))
        .collect();
    // Something of their own, so that no text is without a direction and no two are alike.
    vector.push(0.3);
    vector.push(0.01 * (text.len() % 17) as f32);
    vector.extend(model.ends_with("wide").then_some(0.1));
    vector
}
