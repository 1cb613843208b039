//! The agents that come with the binary.

use std::collections::BTreeMap;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::agents::bundles::{Guards, ModelChoice, Shot};
use crate::agents::{Error, tools};
use crate::protocol::BlockerKind;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/agents");

/// The file that holds ways of speaking instead of an agent.
const PERSONALITIES: &str = "personalities.toml";

/// An agent: role, tone, instructions, and what customers ask of it.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The word that names it.
    pub key: String,
    /// Its name for staff.
    pub name: String,
    /// What it is.
    pub role: String,
    /// Its name for customers.
    pub assistant_name: String,
    /// How it speaks.
    pub personality: String,
    /// What to do and what never to promise.
    pub instructions: String,
    /// First words of an empty conversation.
    pub greeting: String,
    /// Things to tap to begin.
    pub starters: Vec<String>,
    /// What customers ask for.
    pub intents: Vec<Intent>,
    /// A personality of the catalogue, beside the agent's own words.
    #[serde(default)]
    pub manner: Option<String>,
    /// The tools it may use.
    #[serde(default = "all_tools")]
    pub tools: Vec<String>,
    /// What holds its drafts back.
    #[serde(default)]
    pub guards: Guards,
    /// Which model it would like.
    #[serde(default)]
    pub model: ModelChoice,
    /// Good answers to learn from.
    #[serde(default)]
    pub examples: Vec<Shot>,
    /// Messages that it must understand, whoever's agent it is.
    #[serde(default, rename = "evals")]
    pub samples: Vec<Sample>,
    /// The version of the business's own; 0 for the role as it comes.
    #[serde(skip)]
    pub version: i64,
}

fn all_tools() -> Vec<String> {
    tools::NAMES.iter().map(|name| (*name).to_owned()).collect()
}

/// A message that an agent of this role must understand, and what must come of it.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The word that names it.
    pub key: String,
    /// What a customer writes.
    pub asked: String,
    /// The intent; absent: none of the known ones.
    #[serde(default)]
    pub intent: Option<String>,
    /// Why the draft must wait for a person.
    #[serde(default)]
    pub waits: Vec<BlockerKind>,
    /// What the draft must not say.
    #[serde(default)]
    pub never: Vec<String>,
}

/// A way of speaking that any agent can take on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// The word that names it.
    pub key: String,
    /// Its name for staff.
    pub name: String,
    /// How it speaks.
    pub description: String,
    /// The same in a few words.
    pub tone: Vec<String>,
    /// How it greets.
    pub greeting: String,
    /// How it ends.
    pub closing: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Manners {
    personalities: Vec<Manner>,
}

/// Something customers ask for.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The word that names it.
    pub key: String,
    /// Its name for staff.
    pub label: String,
    /// How customers say it.
    pub examples: Vec<String>,
    /// Context fields without which the reply asks.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Always a person's matter.
    #[serde(default)]
    pub sensitive: bool,
    /// Why.
    #[serde(default)]
    pub sensitive_because: String,
}

/// All agents by key.
#[derive(Debug, Clone)]
pub struct Catalogue {
    agents: BTreeMap<String, Arc<Agent>>,
    manners: Arc<[Manner]>,
}

impl Catalogue {
    /// Reads the agents that come with the binary.
    pub fn load() -> Result<Catalogue, Error> {
        let mut agents = BTreeMap::new();
        let mut manners = Vec::new();
        for file in FILES.files() {
            let name = file.path().display().to_string();
            if !name.ends_with(".toml") {
                continue;
            }
            let wrong = |problem: String| Error::Catalogue { file: name.clone(), problem };
            let text = file.contents_utf8().ok_or_else(|| wrong("is not UTF-8".to_owned()))?;
            if name == PERSONALITIES {
                let read: Manners = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
                manners = read.personalities;
                continue;
            }
            let agent: Agent = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
            if name != format!("{}.toml", agent.key) {
                return Err(wrong(format!("its key is {}", agent.key)));
            }
            agents.insert(agent.key.clone(), Arc::new(agent));
        }
        Ok(Catalogue { agents, manners: manners.into() })
    }

    /// The agent with this key.
    pub fn find(&self, key: &str) -> Option<&Arc<Agent>> {
        self.agents.get(key)
    }

    /// The personalities.
    pub fn manners(&self) -> &[Manner] {
        &self.manners
    }

    /// The personality with this key.
    pub fn manner(&self, key: &str) -> Option<&Manner> {
        self.manners.iter().find(|manner| manner.key == key)
    }

    /// All agents.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.agents.values()
    }
}

impl Agent {
    /// The intent with this key.
    pub fn intent(&self, key: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.key == key)
    }

    /// Whether it may use a tool.
    pub fn may_use(&self, tool: &str) -> bool {
        self.tools.iter().any(|on| on == tool)
    }

    /// Whether an intent always is a person's matter with it.
    pub fn leaves_to_people(&self, intent: &str) -> bool {
        self.guards.always_person.iter().any(|key| key == intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_holds_twelve_roles_with_enough_examples() {
        let catalogue = Catalogue::load().expect("the built-in agents are right");
        assert_eq!((catalogue.all().count(), catalogue.manners().len()), (12, 6));
        for agent in catalogue.all() {
            assert_eq!(agent.bundle().warnings(), [], "{}", agent.key);
            assert!(agent.samples.len() >= 4, "{} needs sample evals", agent.key);
            let known =
                |sample: &Sample| sample.intent.as_deref().is_none_or(|key| agent.intent(key).is_some());
            assert!(agent.samples.iter().all(known), "{}", agent.key);
            let taught =
                |sample: &Sample| agent.intents.iter().any(|intent| intent.examples.contains(&sample.asked));
            assert!(!agent.samples.iter().any(taught), "{}: a sample must not be learned from", agent.key);
            assert!(agent.starters.len() <= 3, "{}", agent.key);
            for intent in &agent.intents {
                assert!(intent.examples.len() >= 6, "{}/{}", agent.key, intent.key);
                assert_eq!(
                    intent.sensitive,
                    !intent.sensitive_because.is_empty(),
                    "{}/{}",
                    agent.key,
                    intent.key
                );
            }
        }
    }
}
