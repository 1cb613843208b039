//! What all turns of a node share: agents, phrases, and what was learned from the agents' examples.

use std::sync::{Arc, LazyLock, OnceLock};

use dashmap::DashMap;

use crate::agents::{Agent, Catalogue, Phrases};
use crate::language::intents::{Classification, Classifier, Example};
use crate::language::steering;
use crate::language::tongue::Tongue;
use crate::pipeline::Error;
use crate::ports::embedder::{Cached, Embedder, MiniLm};

/// The agent of workspaces whose own has gone from the catalogue.
const FALLBACK_AGENT: &str = "online-shop";

/// A text of fewer words does not tell its language.
const FEW_WORDS: usize = 5;

/// Vectors of texts that are kept.
const KEPT_VECTORS: usize = 4_096;

/// Learned classifiers by agent and by whether the sentence model helped. They belong to the process: what
/// was learned from a catalogue that comes with the binary is the same for every hub in it.
type Learned = DashMap<(String, bool), Arc<OnceLock<Classifier>>>;
static LEARNED: LazyLock<Learned> = LazyLock::new(DashMap::new);

/// The sentence model, loaded at its first use.
static SENTENCE_MODEL: LazyLock<Cached<MiniLm>> =
    LazyLock::new(|| Cached::new(MiniLm::built_in(), KEPT_VECTORS));

/// What all turns of a node share. Clones are the same library.
#[derive(Clone)]
pub struct Library {
    catalogue: Arc<Catalogue>,
    phrases: Arc<Phrases>,
    sentence_model: bool,
}

impl Library {
    /// Reads agents and phrases.
    pub fn load(sentence_model: bool) -> Result<Library, crate::agents::Error> {
        Ok(Library {
            catalogue: Arc::new(Catalogue::load()?),
            phrases: Arc::new(Phrases::load()?),
            sentence_model,
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

    /// Takes a text for one of an agent's intents. Until the sentence model has learned the agent's
    /// examples (`warm_up`), words alone decide: that takes milliseconds. Call from a blocking thread.
    pub(super) fn classify(&self, agent: &Agent, text: &str) -> Classification {
        let by_meaning = learned(agent, self.sentence_model);
        match (by_meaning.get(), self.embedder()) {
            (Some(classifier), embedder) => classifier.classify(text, embedder),
            (None, _) => learned(agent, false).get_or_init(|| learn(agent, None)).classify(text, None),
        }
    }

    /// Learns the examples of all given agents, so that the first message does not wait for it.
    pub(super) fn warm_up(&self, agents: &[Arc<Agent>]) {
        for agent in agents {
            learned(agent, self.sentence_model).get_or_init(|| learn(agent, self.embedder()));
        }
    }

    /// Judges whether a text tries to steer the agent. Call from a blocking thread.
    pub(super) fn judge(&self, text: &str) -> steering::Verdict {
        let vector = self.embedder().map(|embedder| embedder.embed_one(text));
        steering::judge(text, vector.as_deref())
    }

    /// The meaning of a text, if the sentence model is in use. Call from a blocking thread.
    pub(super) fn meaning(&self, text: &str) -> Option<Vec<f32>> {
        self.embedder().map(|embedder| embedder.embed_one(text))
    }

    fn embedder(&self) -> Option<&'static dyn Embedder> {
        self.sentence_model.then(|| &*SENTENCE_MODEL as &dyn Embedder)
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

/// The place of what is learned from an agent's examples, with or without the sentence model.
fn learned(agent: &Agent, sentence_model: bool) -> Arc<OnceLock<Classifier>> {
    LEARNED.entry((agent.key.clone(), sentence_model)).or_default().clone()
}

fn learn(agent: &Agent, embedder: Option<&dyn Embedder>) -> Classifier {
    let examples: Vec<Example> = agent
        .intents
        .iter()
        .flat_map(|intent| intent.examples.iter().map(|text| Example::of(&intent.key, text)))
        .collect();
    Classifier::train(&examples, embedder)
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
