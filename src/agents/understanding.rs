//! What was learned from examples: which intent a message has.
//!
//! A classifier belongs to its examples, not to a business: equal lists share one. Learning takes
//! milliseconds once the vectors of the examples are known, so an edited list is learned as it is saved.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use crate::agents::{Agent, Catalogue, Intent};
use crate::language::intents::{Classification, Classifier, Example};
use crate::language::steering;
use crate::ports::embedder::{self, Embedder};

/// The agent of workspaces whose own has gone from the catalogue.
const FALLBACK_AGENT: &str = "online-shop";

/// Classifiers kept: those used last.
const KEPT: usize = 96;

/// Names a list of examples, and whether the sentence model helped.
type Key = ([u8; 32], bool);

/// What was learned. It belongs to the process: equal examples give equal classifiers for every hub in it.
type Learned = Mutex<VecDeque<(Key, Arc<OnceLock<Classifier>>)>>;
static LEARNED: LazyLock<Learned> = LazyLock::new(Mutex::default);

/// The agents, and what was learned from their examples. Clones are the same.
#[derive(Clone)]
pub struct Understanding {
    catalogue: Arc<Catalogue>,
    sentence_model: bool,
}

/// What was compared with the examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub enum Reader {
    /// Meaning and words.
    #[serde(rename = "sentence model")]
    SentenceModel,
    /// Words alone: no model is wanted, or it has not learned these examples yet.
    #[serde(rename = "words")]
    Words,
}

impl Understanding {
    /// Reads the agents that come with the binary.
    pub fn load(sentence_model: bool) -> Result<Understanding, crate::agents::Error> {
        Ok(Understanding { catalogue: Arc::new(Catalogue::load()?), sentence_model })
    }

    /// The agents.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The agent with this key.
    pub fn agent(&self, key: &str) -> Arc<Agent> {
        let agent = self.catalogue.find(key).or_else(|| self.catalogue.find(FALLBACK_AGENT));
        agent.cloned().expect("the catalogue holds the fallback agent, which a test proves")
    }

    /// The sentence model of this process, if it is wanted.
    pub fn embedder(&self) -> Option<&'static dyn Embedder> {
        self.sentence_model.then(|| embedder::shared() as &dyn Embedder)
    }

    /// Takes a text for some of the intents. Until the sentence model has learned their examples (`learn`),
    /// words alone decide: that takes milliseconds. Call from a blocking thread.
    pub fn classify(&self, intents: &[Intent], text: &str) -> (Classification, Reader) {
        if let (Some(embedder), Some(classifier)) = (self.embedder(), place(intents, true).get()) {
            return (classifier.classify(text, Some(embedder)), Reader::SentenceModel);
        }
        let by_words = place(intents, false);
        (by_words.get_or_init(|| train(intents, None)).classify(text, None), Reader::Words)
    }

    /// Learns a list's examples, so that no message waits for it. Call from a blocking thread.
    pub fn learn(&self, intents: &[Intent]) {
        place(intents, self.sentence_model).get_or_init(|| train(intents, self.embedder()));
    }

    /// Judges whether a text tries to steer the agent. Call from a blocking thread.
    pub fn judge(&self, text: &str) -> steering::Verdict {
        let vector = self.embedder().map(|embedder| embedder.embed_one(text));
        steering::judge(text, vector.as_deref())
    }
}

/// The place of what is learned from a list of examples, with or without the sentence model.
fn place(intents: &[Intent], sentence_model: bool) -> Arc<OnceLock<Classifier>> {
    let key = (name(intents), sentence_model);
    let mut learned = LEARNED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = learned.iter().position(|(known, _)| *known == key).and_then(|at| learned.remove(at));
    let place = known.map(|(_, place)| place).unwrap_or_default();
    learned.push_front((key, place.clone()));
    learned.truncate(KEPT);
    place
}

/// A list without what learning does not look at.
fn name(intents: &[Intent]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for intent in intents {
        for text in std::iter::once(&intent.key).chain(&intent.examples) {
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
        }
        hasher.update(&[1]);
    }
    *hasher.finalize().as_bytes()
}

fn train(intents: &[Intent], embedder: Option<&dyn Embedder>) -> Classifier {
    let examples: Vec<Example> = intents
        .iter()
        .flat_map(|intent| intent.examples.iter().map(|text| Example::of(&intent.key, text)))
        .collect();
    Classifier::train(&examples, embedder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(key: &str, examples: &[&str]) -> Intent {
        Intent {
            key: key.to_owned(),
            label: key.to_owned(),
            examples: examples.iter().map(|text| (*text).to_owned()).collect(),
            needs: Vec::new(),
            sensitive: false,
            sensitive_because: String::new(),
        }
    }

    #[test]
    fn every_role_understands_its_own_samples() {
        let understanding = Understanding::load(false).expect("the built-in agents are right");
        let mut wrong = Vec::new();
        for agent in understanding.catalogue().all() {
            for sample in &agent.samples {
                let best = understanding.classify(&agent.intents, &sample.asked).0.best;
                let best = best.map(|(intent, _)| intent);
                let steers = understanding.judge(&sample.asked).flag;
                let of_steering = sample.waits.contains(&crate::protocol::BlockerKind::Steering);
                if steers != of_steering || (!of_steering && best != sample.intent) {
                    wrong.push(format!("{}/{}: {best:?}, steers {steers}", agent.key, sample.key));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn an_edited_list_is_another_and_an_old_one_is_forgotten() {
        let list = [intent("hours", &["when are you open"]), intent("price", &["what does it cost"])];
        let first = place(&list, false);
        assert!(Arc::ptr_eq(&first, &place(&list, false)));
        let edited = [intent("hours", &["when are you open", "opening times"]), list[1].clone()];
        assert!(!Arc::ptr_eq(&first, &place(&edited, false)));
        for number in 0..KEPT {
            place(&[intent(&format!("other_{number}"), &["x"])], false);
        }
        assert!(!Arc::ptr_eq(&first, &place(&list, false)), "only so many are kept");
    }
}
