//! Sentence embedder: turns texts into vectors whose cosine says how close their meanings are.
//!
//! `Embedder` computes in this process and blocks; what understands messages calls it on a blocking
//! thread. `Embeddings` is what the knowledge base asks: the built-in model off the async threads, or a
//! server that speaks OpenAI's API, with patience, memory and a rest after a failure.
//!
//! Invariants: every vector has length one; the same text gives the same vector on every run of one
//! machine. Vectors of different models must never be compared: store `model` beside each vector.

mod built_in;
mod cache;
mod server;
mod service;

pub use built_in::{MiniLm, shared};
pub use cache::{Cached, Memory};
pub use server::ServerSettings;
pub use service::{EmbedError, Embeddings, Haste};

/// The languages a model understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reads {
    /// English only: vectors of other texts say little.
    English,
    /// Many languages.
    Many,
}

/// Something that turns texts into unit vectors.
pub trait Embedder: Send + Sync {
    /// The model's name, stored with every vector it made.
    fn model(&self) -> &str;

    /// Components of every vector.
    fn dimension(&self) -> usize;

    /// One unit vector for each text, in the order given.
    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>>;

    /// The vector of one text.
    fn embed_one(&self, text: &str) -> Vec<f32> {
        self.embed(&[text]).pop().unwrap_or_else(|| vec![0.0; self.dimension()])
    }
}

/// The cosine of two unit vectors.
pub fn cosine(left: &[f32], right: &[f32]) -> f32 {
    minilm::dot(left, right)
}
