//! Sentence embedder: turns texts into vectors whose cosine says how close their meanings are.
//!
//! Invariants: every vector has `dimension` components and length one; the same text gives the same
//! vector on every run of one machine. The calls compute and block, so callers run them on a blocking
//! thread. Vectors of different models must never be compared: store `model` beside each vector.

mod built_in;
mod cache;

pub use built_in::MiniLm;
pub use cache::Cached;

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
