//! Vector index: the passages of a workspace whose vectors are nearest to a question's.
//!
//! The rows in the store are the truth; an index is a copy of them that can be searched. It knows how far
//! it has followed the store (its **position**, the stamp of the newest row it holds), so it is brought up
//! to date by the rows after that, whether it lives in memory or on a server.
//!
//! Invariants: a search sees one workspace and the vectors of one model; cosines are exact in memory. What
//! a search finds may have been deleted in the store since: whoever asks looks there before showing it.

mod local;
pub mod qdrant;

use futures_util::future::BoxFuture;

pub use local::Local;
pub use qdrant::{Qdrant, QdrantSettings};

use crate::base::{PassageId, WorkspaceId};

/// Whose vectors, and of which model: vectors of different models are never compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The model that made the vectors.
    pub model: String,
    /// Their components.
    pub dimension: usize,
}

/// What changed in the store, in the order it changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Vectors that are there now.
    pub put: Vec<(PassageId, Vec<f32>)>,
    /// Passages that have none any more.
    pub removed: Vec<PassageId>,
    /// The position after this change.
    pub position: i64,
}

/// A passage that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Which.
    pub passage: PassageId,
    /// The cosine of its vector and the question's.
    pub cosine: f32,
}

/// Why an index did not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IndexError {
    /// Not now: try again later.
    #[error("the vector index is down: {0}")]
    Down(String),
    /// A vector is not of the index's dimension.
    #[error("a vector has {given} components, the index holds vectors of {held}")]
    Dimension {
        /// What came.
        given: usize,
        /// What is held.
        held: usize,
    },
}

/// Where vectors are searched.
pub trait VectorIndex: Send + Sync {
    /// What it is, for staff.
    fn name(&self) -> &'static str;

    /// Whether it is in this process: then whoever searches brings it up to date first. A server is brought
    /// up to date by the job that makes the vectors.
    fn in_process(&self) -> bool;

    /// How far it has followed the store; 0 if it holds nothing of this place.
    fn position<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<i64, IndexError>>;

    /// Takes over a change. The same change again changes nothing.
    fn apply<'a>(&'a self, place: &'a Place, change: Change) -> BoxFuture<'a, Result<(), IndexError>>;

    /// The `most` nearest passages, nearest first, and those of `also` that are held, wherever they lie.
    fn nearest<'a>(
        &'a self,
        place: &'a Place,
        vector: &'a [f32],
        most: usize,
        also: &'a [PassageId],
    ) -> BoxFuture<'a, Result<Vec<Near>, IndexError>>;

    /// Forgets everything of a place.
    fn clear<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<(), IndexError>>;

    /// Vectors held of a place.
    fn count<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<usize, IndexError>>;
}

/// The index of this hub, and whose turn it is to bring it up to date.
pub struct Vectors {
    index: Box<dyn VectorIndex>,
    following: tokio::sync::Mutex<()>,
}

impl Vectors {
    /// Searches with this index.
    pub fn new(index: Box<dyn VectorIndex>) -> Self {
        Self { index, following: tokio::sync::Mutex::new(()) }
    }

    /// The index.
    pub fn index(&self) -> &dyn VectorIndex {
        &*self.index
    }

    /// The right to bring the index up to date, once whoever has it is done.
    pub async fn follow(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.following.lock().await
    }
}
