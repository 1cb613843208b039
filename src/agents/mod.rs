//! Agents: who drafts for a business, and how.
//!
//! The catalogue in `agents/*.toml` and the phrases in `prompts/` come with the binary. The built-in engine
//! composes a reply from cited sentences and the agent's phrases; it invents nothing: every number and date
//! in a draft stands in a source, in the context record, or in the customer's own words.
//!
//! Where models are set up, one of them drafts instead: from a prompt that is a function of what the turn
//! knows (`prompt`), with tools that read at once and only propose what has an effect (`tools`,
//! `proposals`), and every sentence is held against its sources (`grounding`).

pub mod autopilot;
pub mod bundles;
pub mod cases;
mod catalogue;
mod compose;
pub mod examples;
pub mod grounding;
pub mod intents;
pub mod lessons;
pub mod markers;
pub mod outside;
mod phrases;
pub mod prompt;
pub mod proposals;
pub mod providers;
pub mod tools;
pub mod translation;
mod understanding;
pub mod usage;

pub use catalogue::{Agent, Catalogue, Intent, Manner, Sample};
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
