//! The built-in model behind the port.

use std::sync::LazyLock;

use super::{Cached, Embedder};

/// Vectors of texts that are kept.
const KEPT: usize = 4_096;

/// The one model of this process, loaded at its first use, with a memory in front.
pub fn shared() -> &'static Cached<MiniLm> {
    static SHARED: LazyLock<Cached<MiniLm>> = LazyLock::new(|| Cached::new(MiniLm::built_in(), KEPT));
    &SHARED
}

/// all-MiniLM-L6-v2 in four bits, carried by the program.
///
/// English only: texts in other languages get vectors that say little, so retrieval leans on words there.
#[derive(Clone)]
pub struct MiniLm(minilm::MiniLm);

impl MiniLm {
    /// Unpacks the model; takes some 30 ms and 45 MB, so make one and share it.
    pub fn built_in() -> Self {
        Self(minilm::MiniLm::built_in())
    }
}

impl Embedder for MiniLm {
    fn model(&self) -> &str {
        "all-MiniLM-L6-v2-q4"
    }

    fn dimension(&self) -> usize {
        minilm::WIDTH
    }

    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        self.0.embed(texts)
    }
}
