//! What all turns of a node share: agents, phrases, and what was learned from the agents' examples.

use std::sync::Arc;

use crate::agents::prompt::Prompts;
use crate::agents::{Agent, Phrases, Understanding};
use crate::language::tongue::Tongue;
use crate::pipeline::Error;
use crate::rules::Shelf;

/// A text of fewer words does not tell its language.
const FEW_WORDS: usize = 5;

/// What all turns of a node share. Clones are the same library.
#[derive(Clone)]
pub struct Library {
    understanding: Understanding,
    phrases: Arc<Phrases>,
    shelf: Shelf,
    prompts: Arc<Prompts>,
}

impl Library {
    /// Reads agents and phrases.
    pub fn load(sentence_model: bool) -> Result<Library, crate::agents::Error> {
        Ok(Library {
            understanding: Understanding::load(sentence_model)?,
            phrases: Arc::new(Phrases::load()?),
            shelf: Shelf::default(),
            prompts: Arc::new(Prompts::load()?),
        })
    }

    /// The agents, and what was learned from examples.
    pub fn understanding(&self) -> &Understanding {
        &self.understanding
    }

    /// The rules of workspaces, as they were last read.
    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The phrases.
    pub(super) fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// The templates of prompts.
    pub(super) fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// Learns the examples of all given agents, so that the first message does not wait for it.
    pub(super) fn warm_up(&self, agents: &[Arc<Agent>]) {
        for agent in agents {
            self.understanding.learn(&agent.intents);
        }
    }

    /// The language of a text; the workspace's where the text does not tell.
    pub(super) fn tongue(&self, text: &str, locale: &str) -> Tongue {
        let own = Tongue::of_locale(locale);
        match text.split_whitespace().count() {
            0..FEW_WORDS => own,
            _ => Tongue::of(text, own),
        }
    }
}

/// Runs heavy work beside the sockets; a panic in it is the stage's failure, not the node's.
pub(super) async fn blocking<T: Send + 'static>(
    stage: crate::protocol::StageName,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let budget = std::time::Duration::from_secs(10);
    match tokio::time::timeout(budget, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) | Err(_) => Err(Error::Stage(stage)),
    }
}
