//! What the knowledge base asks for vectors: the built-in model, or a server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::server::Server;
use super::{Embedder, Memory, Reads, ServerSettings};

/// Questions that are computed at once; passages wait for each other, and never make a question wait.
const QUESTIONS: usize = 2;
/// Vectors of a server's that are kept.
const KEPT: usize = 4_096;
/// How long questions do without a server that failed, instead of waiting for it one by one.
const REST: Duration = Duration::from_secs(5);

/// How long a caller can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// A customer waits for it.
    Question,
    /// Nobody does.
    Passages,
}

/// Why there are no vectors.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EmbedError {
    /// None are wanted.
    #[error("no sentence model is set up")]
    Off,
    /// Not now: try again later.
    #[error("the embedder is down: {0}")]
    Down(String),
    /// Not these texts.
    #[error("the embedder refused: {0}")]
    Refused(String),
    /// The answer makes no sense.
    #[error("the embedder's answer is not usable: {0}")]
    Shape(String),
}

/// Where vectors come from.
pub struct Embeddings {
    source: Source,
    /// Components of a vector; 0 until a server's first answer tells.
    dimension: AtomicUsize,
}

enum Source {
    Off,
    Here(Here),
    Server(Box<Away>),
}

/// A model in this process.
struct Here {
    embedder: &'static dyn Embedder,
    reads: Reads,
    questions: Semaphore,
    passages: Semaphore,
}

/// A server, with what is known of its health.
struct Away {
    server: Server,
    reads: Reads,
    memory: Memory,
    rests_until: Mutex<Option<(Instant, String)>>,
}

impl Embeddings {
    /// No vectors: words alone are compared.
    pub fn off() -> Self {
        Self { source: Source::Off, dimension: AtomicUsize::new(0) }
    }

    /// Vectors of a model in this process.
    pub fn here(embedder: &'static dyn Embedder, reads: Reads) -> Self {
        let here =
            Here { embedder, reads, questions: Semaphore::new(QUESTIONS), passages: Semaphore::new(1) };
        Self { source: Source::Here(here), dimension: AtomicUsize::new(embedder.dimension()) }
    }

    /// Vectors of a server.
    pub fn server(settings: ServerSettings, reads: Reads) -> Result<Self, EmbedError> {
        let away = Away {
            server: Server::new(settings)?,
            reads,
            memory: Memory::new(KEPT),
            rests_until: Mutex::new(None),
        };
        Ok(Self { source: Source::Server(Box::new(away)), dimension: AtomicUsize::new(0) })
    }

    /// The model's name, stored with every vector; none if there is no model.
    pub fn model(&self) -> Option<&str> {
        match &self.source {
            Source::Off => None,
            Source::Here(here) => Some(here.embedder.model()),
            Source::Server(away) => Some(&away.server.settings().model),
        }
    }

    /// Components of a vector; 0 if that is not known yet.
    pub fn dimension(&self) -> usize {
        self.dimension.load(Ordering::Relaxed)
    }

    /// The languages the model understands.
    pub fn reads(&self) -> Reads {
        match &self.source {
            Source::Off => Reads::English,
            Source::Here(here) => here.reads,
            Source::Server(away) => away.reads,
        }
    }

    /// One vector of length one for each text.
    pub async fn embed(&self, texts: &[&str], haste: Haste) -> Result<Vec<Vec<f32>>, EmbedError> {
        match &self.source {
            Source::Off => Err(EmbedError::Off),
            Source::Here(here) => here.embed(texts, haste).await,
            Source::Server(away) => {
                let vectors = away.embed(texts, haste).await?;
                self.check(&vectors)?;
                Ok(vectors)
            }
        }
    }

    /// Refuses vectors of another dimension than those before.
    fn check(&self, vectors: &[Vec<f32>]) -> Result<(), EmbedError> {
        let Some(first) = vectors.first().map(Vec::len) else { return Ok(()) };
        let swap = self.dimension.compare_exchange(0, first, Ordering::Relaxed, Ordering::Relaxed);
        let expected = swap.err().filter(|known| *known != 0).unwrap_or(first);
        match vectors.iter().find(|vector| vector.len() != expected) {
            None => Ok(()),
            Some(other) => Err(EmbedError::Shape(format!(
                "a vector has {} components, those before had {expected}",
                other.len()
            ))),
        }
    }
}

impl Here {
    async fn embed(&self, texts: &[&str], haste: Haste) -> Result<Vec<Vec<f32>>, EmbedError> {
        let queue = match haste {
            Haste::Question => &self.questions,
            Haste::Passages => &self.passages,
        };
        // The semaphores are never closed.
        let _permit = queue.acquire().await.map_err(|error| EmbedError::Down(error.to_string()))?;
        let (embedder, texts) =
            (self.embedder, texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let work = tokio::task::spawn_blocking(move || {
            embedder.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>())
        });
        work.await.map_err(|_| EmbedError::Refused("computing failed".to_owned()))
    }
}

impl Away {
    async fn embed(&self, texts: &[&str], haste: Haste) -> Result<Vec<Vec<f32>>, EmbedError> {
        let known = self.memory.known(texts);
        let missing: Vec<&str> =
            texts.iter().zip(&known).filter(|(_, vector)| vector.is_none()).map(|(text, _)| *text).collect();
        let mut fresh = Vec::new();
        if !missing.is_empty() {
            // Passages have a patience of their own: their job tries again ever more slowly.
            if haste == Haste::Question {
                self.is_resting()?;
            }
            fresh = self.ask(&missing, haste).await?;
        }
        let filled = self.memory.fill(texts, known, fresh);
        filled.ok_or_else(|| EmbedError::Shape("a text has no vector".to_owned()))
    }

    async fn ask(&self, texts: &[&str], haste: Haste) -> Result<Vec<Vec<f32>>, EmbedError> {
        let settings = self.server.settings();
        let patience = match haste {
            Haste::Question => settings.question,
            Haste::Passages => settings.batch,
        };
        let asked = self.server.embed(texts, patience).await;
        if let Err(EmbedError::Down(why)) = &asked {
            self.rest(Some((Instant::now() + REST, why.clone())));
        }
        let mut vectors = asked?;
        for vector in &mut vectors {
            to_length_one(vector)?;
        }
        self.rest(None);
        Ok(vectors)
    }

    fn is_resting(&self) -> Result<(), EmbedError> {
        match &*self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((until, why)) if *until > Instant::now() => Err(EmbedError::Down(why.clone())),
            _ => Ok(()),
        }
    }

    fn rest(&self, until: Option<(Instant, String)>) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

fn to_length_one(vector: &mut [f32]) -> Result<(), EmbedError> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if !length.is_finite() || length <= f32::MIN_POSITIVE {
        return Err(EmbedError::Shape("a vector without a direction".to_owned()));
    }
    vector.iter_mut().for_each(|value| *value /= length);
    Ok(())
}
