//! Agents: who drafts for a business, and how.
//!
//! The catalogue in `agents/*.toml` and the phrases in `prompts/` come with the binary. The built-in engine
//! composes a reply from cited sentences and the agent's phrases; it invents nothing: every number and date
//! in a draft stands in a source, in the context record, or in the customer's own words.

mod catalogue;
mod compose;
pub mod intents;
mod phrases;
mod understanding;

pub use catalogue::{Agent, Catalogue, Intent};
pub use compose::{Brief, Draft, Missing, Moment, Quote, compose};
pub use phrases::Phrases;
pub use understanding::{Reader, Understanding};

/// Why the agents that come with the binary could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the catalogue is wrong.
    #[error("agents/{file}: {problem}")]
    Catalogue {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A phrase is wrong.
    #[error("prompts: {0}")]
    Phrases(String),
}
