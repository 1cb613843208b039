//! The built-in model behind the port.

use super::Embedder;

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
