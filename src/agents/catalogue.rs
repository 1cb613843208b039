//! The agents that come with the binary.

use std::collections::BTreeMap;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::agents::Error;

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
}

impl Catalogue {
    /// Reads the agents that come with the binary.
    pub fn load() -> Result<Catalogue, Error> {
        let mut agents = BTreeMap::new();
        for file in FILES.files() {
            let name = file.path().display().to_string();
            if name == PERSONALITIES || !name.ends_with(".toml") {
                continue;
            }
            let wrong = |problem: String| Error::Catalogue { file: name.clone(), problem };
            let text = file.contents_utf8().ok_or_else(|| wrong("is not UTF-8".to_owned()))?;
            let agent: Agent = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
            if name != format!("{}.toml", agent.key) {
                return Err(wrong(format!("its key is {}", agent.key)));
            }
            agents.insert(agent.key.clone(), Arc::new(agent));
        }
        Ok(Catalogue { agents })
    }

    /// The agent with this key.
    pub fn find(&self, key: &str) -> Option<&Arc<Agent>> {
        self.agents.get(key)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_holds_twelve_roles_with_enough_examples() {
        let catalogue = Catalogue::load().expect("the built-in agents are right");
        assert_eq!(catalogue.all().count(), 12);
        for agent in catalogue.all() {
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
