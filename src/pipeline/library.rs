//! What all turns of a node share: agents, phrases, and what was learned from the agents' examples.

use std::sync::Arc;

use dashmap::DashMap;

use crate::agents::{Agent, Catalogue, Phrases};
use crate::language::intents::{Classifier, Example};
use crate::pipeline::Error;

/// The agent of workspaces whose own has gone from the catalogue.
const FALLBACK_AGENT: &str = "online-shop";

/// Below this length a guess at the language is not trusted.
const SURE_LENGTH: usize = 24;

/// What all turns of a node share. Clones are the same library.
#[derive(Clone)]
pub struct Library {
    catalogue: Arc<Catalogue>,
    phrases: Arc<Phrases>,
    classifiers: Arc<DashMap<String, Arc<Classifier>>>,
}

impl Library {
    /// Reads agents and phrases.
    pub fn load() -> Result<Library, crate::agents::Error> {
        Ok(Library {
            catalogue: Arc::new(Catalogue::load()?),
            phrases: Arc::new(Phrases::load()?),
            classifiers: Arc::new(DashMap::new()),
        })
    }

    /// The agents.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The phrases.
    pub(super) fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// The agent with this key.
    pub(super) fn agent(&self, key: &str) -> Arc<Agent> {
        let agent = self.catalogue.find(key).or_else(|| self.catalogue.find(FALLBACK_AGENT));
        agent.cloned().expect("the catalogue holds the fallback agent, which a test proves")
    }

    /// What was learned from an agent's examples; learned at its first use. Call from a blocking thread.
    pub(super) fn classifier(&self, agent: &Agent) -> Arc<Classifier> {
        if let Some(known) = self.classifiers.get(&agent.key) {
            return known.clone();
        }
        let examples: Vec<Example> = agent
            .intents
            .iter()
            .flat_map(|intent| intent.examples.iter().map(|text| Example::of(&intent.key, text)))
            .collect();
        let classifier = Arc::new(Classifier::train(&examples, None));
        self.classifiers.insert(agent.key.clone(), classifier.clone());
        classifier
    }

    /// The two-letter language of a text; the workspace's where the text is too short to tell.
    pub(super) fn language(&self, text: &str, locale: &str) -> String {
        let own = locale.split(['-', '_']).next().unwrap_or("en").to_lowercase();
        let guess = whatlang::detect(text).filter(|guess| guess.is_reliable() && text.len() >= SURE_LENGTH);
        let code = guess.map(|guess| match guess.lang() {
            whatlang::Lang::Eng => "en",
            whatlang::Lang::Deu => "de",
            whatlang::Lang::Spa => "es",
            whatlang::Lang::Por => "pt",
            whatlang::Lang::Fra => "fr",
            whatlang::Lang::Pol => "pl",
            whatlang::Lang::Ara => "ar",
            _ => "",
        });
        match code {
            Some(code) if !code.is_empty() => code.to_owned(),
            _ => own,
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
