//! The outside world: the only place where vendors are named.
//!
//! Each port is a small interface in our words with a real adapter and one that works in memory.

pub mod blobs;
pub mod bus;
pub mod clock;
mod cx;
pub mod db;
pub mod embedder;
pub mod entropy;
pub mod mcp;
pub mod models;
pub mod outbound;
pub mod outgoing;
pub mod readers;
pub mod secrets;
pub mod sound;
pub mod speech;
pub mod traces;
pub mod vectors;

use std::sync::Arc;

pub use blobs::Blobs;
pub use bus::Bus;
pub use clock::Clock;
pub use cx::Cx;
pub use db::{Db, DbError, Tx};
pub use embedder::Embeddings;
pub use entropy::Entropy;
pub use mcp::Mcp;
pub use models::Models;
pub use outbound::Outbound;
pub use readers::Readers;
pub use secrets::Secrets;
pub use speech::Speech;
pub use traces::Traces;
pub use vectors::Vectors;

use crate::base::{Actor, Id, Timestamp, WorkspaceId};

/// Everything a verb may need from outside.
#[derive(Clone)]
pub struct Ports {
    /// The store.
    pub db: Db,
    /// News between the parts of this node and to other nodes.
    pub bus: Bus,
    /// What time it is.
    pub clock: Clock,
    /// Random bits.
    pub entropy: Entropy,
    /// Uploaded files.
    pub blobs: Arc<Blobs>,
    /// What was said in recordings.
    pub speech: Speech,
    /// Models of language.
    pub models: Models,
    /// Seals what must be kept secret.
    pub secrets: Secrets,
    /// Reads documents.
    pub readers: Arc<Readers>,
    /// Requests to addresses that people give.
    pub outbound: Outbound,
    /// Servers of tools elsewhere.
    pub mcp: Mcp,
    /// Where traces of turns go.
    pub traces: Traces,
    /// Vectors of texts.
    pub embeddings: Arc<Embeddings>,
    /// The index that finds passages by their vectors.
    pub vectors: Arc<Vectors>,
}

impl Ports {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh identifier.
    pub fn id<I: Id>(&self) -> I {
        self.entropy.id(self.clock.now())
    }

    /// A call in a workspace by an actor, now.
    pub fn cx(&self, workspace: WorkspaceId, actor: Actor, name: impl Into<String>) -> Cx {
        Cx { workspace, actor, name: name.into(), now: self.now(), entropy: self.entropy.clone() }
    }
}
