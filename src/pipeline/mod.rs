//! The pipeline: what happens between a customer's message and a draft that waits for a person.
//!
//! A turn runs seven stages in order: transcribe, classify, retrieve, extract, rules, draft, gate. Each is
//! a function over one `Turn`; it adds facts, has a time budget and a fallback, and leaves a trace row. The
//! draft streams to staff while it is written. Everything a turn changes for good (fields, rule actions,
//! the draft) is stored in one transaction at its end, together with the note that the message is dealt
//! with; so a turn that is superseded, crashes or loses its lease leaves nothing behind and runs again.

mod acts;
mod drafting;
pub mod evals;
mod gap;
mod library;
mod place;
pub mod replay;
mod routes;
mod run;
mod scheduler;
mod spans;
mod stages;
mod store;
pub mod studio;
mod toolbox;
mod trace;
mod turn;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use library::Library;
pub use routes::routes;

use crate::base::Actor;
use crate::identity::Site;
use crate::ports::DbError;
use crate::{
    agents, automation, contacts, context, conversations, drafts, identity, knowledge, rules, schemas,
    workspaces,
};

/// Starts running turns on this node until `stop` is cancelled; turns in hand are finished.
pub fn start(site: Site, library: Library, tasks: TaskTracker, stop: CancellationToken) {
    warm_up(site.clone(), library.clone(), &tasks);
    let worker = tasks.clone();
    tasks.spawn(scheduler::run(site, library, worker, stop));
}

/// Learns what the workspaces' agents know beside the sockets, so that no customer waits for it.
fn warm_up(site: Site, library: Library, tasks: &TaskTracker) {
    tasks.spawn(async move {
        let listed = async {
            let mut tx = site.ports.db.read().await?;
            let mut agents = Vec::new();
            for workspace in workspaces::all(&mut tx).await? {
                let cx = site.ports.cx(workspace.id, Actor::System, "");
                let (understanding, own) = (library.understanding(), workspace.agent.as_str());
                agents.push(agents::bundles::of_workspace(&cx, &mut tx, understanding, own, None).await?);
            }
            Ok::<_, Error>(agents)
        };
        let agents = match listed.await {
            Ok(agents) => agents,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "workspaces could not be read");
                return;
            }
        };
        let warmed = tokio::task::spawn_blocking(move || {
            crate::language::fields::warm_up();
            library.warm_up(&agents);
        });
        if let Err(error) = warmed.await {
            tracing::error!(error = &error as &dyn std::error::Error, "warming up failed");
        }
    });
}

/// Why a turn did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A newer message took its place, or another node holds it.
    #[error("the turn was superseded")]
    Superseded,
    /// A stage ran out of its time or panicked.
    #[error("the stage {0} did not end in time")]
    Stage(crate::protocol::StageName),
    /// A domain refused.
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    /// Drafts refused.
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    /// Knowledge refused.
    #[error(transparent)]
    Knowledge(#[from] knowledge::Error),
    /// Schemas refused.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// Context refused.
    #[error(transparent)]
    Context(#[from] context::Error),
    /// What rules decided could not be carried out.
    #[error(transparent)]
    Automation(#[from] automation::Error),
    /// The customer is not there.
    #[error(transparent)]
    Contact(#[from] contacts::Error),
    /// Rules refused.
    #[error(transparent)]
    Rule(#[from] rules::Error),
    /// The workspace is not there.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// Staff are not there.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// Cases refused.
    #[error(transparent)]
    Case(#[from] agents::cases::Error),
    /// Lessons refused.
    #[error(transparent)]
    Lesson(#[from] agents::lessons::Error),
    /// The business's agent is not readable.
    #[error(transparent)]
    Bundle(#[from] agents::bundles::Error),
    /// The agents are not readable.
    #[error(transparent)]
    Agent(#[from] agents::Error),
    /// The store failed.
    #[error("the pipeline's storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Conversation(error) => error.into(),
            Error::Bundle(error) => error.into(),
            Error::Case(error) => error.into(),
            Error::Lesson(error) => error.into(),
            Error::Db(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}
