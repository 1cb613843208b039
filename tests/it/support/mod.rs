//! What the tests share: a hub on each engine, businesses in it, customers and colleagues.

mod acts;
mod app;
mod calls;
mod demo;
mod dice;
mod embedder;
mod model;
pub mod papers;
mod postgres;
mod qdrant;
mod reader;
mod store;
mod tools;
mod wire;

pub use acts::{Colleague, customer_acts};
pub use app::{
    App, Customer, PASSWORD, approve, join, next_draft, next_event, next_message, on_each_empty_hub,
    on_each_engine, on_each_engine_with, test_config,
};
pub use calls::{Answer, call, code, decisions, draft, manual_clock, ok, sent_by_agent, summary, timeline};
pub use demo::{Demo, bytes, replayed};
pub(crate) use dice::dice;
pub use embedder::{EmbedderDouble, KEY as EMBEDDER_KEY, Mood};
pub use model::{ModelDouble, Script, all_said, last_said};
pub use qdrant::{KEY as QDRANT_KEY, QdrantDouble};
pub use reader::{Reader, all_entries};
pub use store::{Store, on_each_store};
pub use tools::{Reply, Tongue, ToolsDouble, offers};
pub use wire::Wire;

use std::time::Duration;

/// How long anything may take before a test gives up. Nothing waits for its full length, so it is long enough for
/// a machine that is much slower, and busy.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Looks again until there is an answer; the hub looks once a second for what is due.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            // Whoever asks without a pause takes the time that the hub needs to get there.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// Looks again until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    eventually(what, async || so().await.then_some(())).await;
}
