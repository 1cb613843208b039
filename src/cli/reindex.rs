//! `concierge reindex`: fills the vector index anew from the store.

use std::io::Write as _;

use crate::app;
use crate::cli::{Failure, say};
use crate::config::Config;
use crate::knowledge::{self, ReindexStep};
use crate::workspaces;

/// Which index is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Target {
    /// The one in memory, which reads the store: makes what is missing there and proves that it can be read.
    Local,
    /// A Qdrant server.
    Qdrant,
}

/// Goes through all workspaces and says how far it is.
pub(super) async fn run(mut config: Config, target: Target) -> Result<(), Failure> {
    match target {
        Target::Local => config.vectors.qdrant.clear(),
        Target::Qdrant if config.vectors.qdrant.is_empty() => {
            return Err(Failure::wrong("vectors.qdrant must name the server, such as http://localhost:6334"));
        }
        Target::Qdrant => {}
    }
    let ports = app::open_ports(&config).await.map_err(Failure::failed)?;
    if ports.embeddings.model().is_none() {
        return Err(Failure::wrong("no sentence model is set up: look at [embeddings] in the settings"));
    }
    let mut tx = ports.db.read().await.map_err(Failure::failed)?;
    let all = workspaces::all(&mut tx).await.map_err(Failure::failed)?;
    drop(tx);
    for (number, workspace) in all.iter().enumerate() {
        let place = format!("{}/{} {}", number + 1, all.len(), workspace.slug);
        let tell = |step: ReindexStep| match step {
            ReindexStep::Made { made, of } => show(&format!("{place}: vectors made {made} of {of}")),
            ReindexStep::Copied { rows } => show(&format!("{place}: rows copied {rows}")),
        };
        let held = knowledge::reindex(&ports, workspace.id, tell).await.map_err(Failure::failed)?;
        show("");
        say(&format!("{place}: {held} passages in the index"));
    }
    ports.db.close().await;
    Ok(())
}

/// Shows progress in one line that is written over.
fn show(text: &str) {
    // Nobody is hurt if progress cannot be shown.
    let _ = write!(std::io::stderr(), "\r\x1b[2K{text}");
    let _ = std::io::stderr().flush();
}
