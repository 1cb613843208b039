//! What is changed in a replay: checked once, applied to every message.

use std::sync::Arc;

use serde_json::Value;

use crate::agents::Agent;
use crate::base::DocumentId;
use crate::http::Problem;
use crate::knowledge::{self, EditedDocument, Edition};
use crate::pipeline::Library;
use crate::pipeline::replay::agent_of;
use crate::pipeline::studio::Which;
use crate::pipeline::turn::{Telling, Turn};
use crate::ports::{Cx, Ports, Tx};
use crate::protocol::ErrorCode;
use crate::rules::{self, Rule, RuleSet};
use crate::schemas::{self, Schema};

/// Longest instructions or personality, in characters.
const MAX_TEXT: usize = 20_000;
/// Most rules and documents of a change.
const MAX_ITEMS: usize = 100;

/// A change, as a caller describes it. Nothing given: what happens today.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// A published version of the business's own agent, or a bundle that is not saved. What follows is changed
    /// on top of it.
    #[serde(default)]
    of: Option<Which>,
    /// Another agent of the catalogue.
    agent: Option<String>,
    /// Other instructions.
    instructions: Option<String>,
    /// Another way of speaking.
    personality: Option<String>,
    /// Rules that take the place of those with the same key, or are added; `"enabled": false` leaves one out.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    rules: Vec<Value>,
    /// Schemas that take the place of those with the same name, or are added: their documents.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    schemas: Vec<Value>,
    /// Documents that are not there.
    #[serde(default)]
    without_documents: Vec<DocumentId>,
    /// Documents with another text, in the replay only; without `document`: ones that are not there yet.
    #[serde(default)]
    documents: Vec<EditedDocument>,
    /// No model drafts: the built-in engine does.
    #[serde(default)]
    without_models: bool,
    /// Models are asked what the record does not answer, without and with the change. It counts as use, and what
    /// they answer is kept: the same replay again asks nobody.
    #[serde(default)]
    ask_models: bool,
}

/// A change that was checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Changed {
    agent: Option<Arc<Agent>>,
    rules: Option<Arc<RuleSet>>,
    schemas: Option<Arc<Vec<Schema>>>,
    edition: Option<Arc<Edition>>,
    without_models: bool,
    ask_models: bool,
}

impl Change {
    /// Checks the change against a workspace and its rules.
    pub(super) async fn check(
        self,
        library: &Library,
        cx: &Cx,
        tx: &mut Tx,
        own_agent: &str,
    ) -> Result<Changed, Problem> {
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT);
        if long(&self.instructions) || long(&self.personality) {
            let detail = format!("instructions and personality have at most {MAX_TEXT} characters each");
            return Err(Problem::new(ErrorCode::TextTooLong, detail));
        }
        let counts =
            [self.rules.len(), self.schemas.len(), self.without_documents.len(), self.documents.len()];
        if counts.iter().any(|count| *count > MAX_ITEMS) {
            let detail = format!("a change has at most {MAX_ITEMS} rules, schemas and documents each");
            return Err(Problem::new(ErrorCode::InvalidField, detail));
        }
        let agent = self.changed_agent(library, cx, tx, own_agent).await?;
        let rules = match self.rules.is_empty() {
            true => None,
            false => Some(Arc::new(changed_rules(cx, tx, &self.rules).await?)),
        };
        let schemas = match self.schemas.is_empty() {
            true => None,
            false => Some(Arc::new(changed_schemas(cx, tx, &self.schemas).await?)),
        };
        let edition = knowledge::imagine(cx, tx, &self.without_documents, self.documents).await?;
        Ok(Changed {
            agent,
            rules,
            schemas,
            edition: Some(Arc::new(edition)).filter(|edition| !edition.is_nothing()),
            without_models: self.without_models,
            ask_models: self.ask_models,
        })
    }

    async fn changed_agent(
        &self,
        library: &Library,
        cx: &Cx,
        tx: &mut Tx,
        own: &str,
    ) -> Result<Option<Arc<Agent>>, Problem> {
        let same = self.agent.is_none() && self.of.is_none();
        if same && self.instructions.is_none() && self.personality.is_none() {
            return Ok(None);
        }
        let key = self.agent.as_deref().unwrap_or(own);
        if self.agent.is_some() && library.understanding().catalogue().find(key).is_none() {
            let detail = format!("agent: the catalogue has none with the key {key:?}");
            return Err(Problem::new(ErrorCode::InvalidField, detail));
        }
        // Another agent comes with its own intents; the same one keeps the workspace's.
        let mut agent = match (&self.of, self.agent.is_some()) {
            (Some(_), true) => {
                let detail = "of, agent: give one of them".to_owned();
                return Err(Problem::new(ErrorCode::InvalidField, detail));
            }
            (Some(of), false) => Agent::clone(&*of.clone().find(library, cx, tx, own).await?),
            (None, true) => Agent::clone(&library.understanding().agent(key)),
            (None, false) => Agent::clone(&*agent_of(library, cx, tx, key).await?),
        };
        if let Some(instructions) = &self.instructions {
            agent.instructions.clone_from(instructions);
        }
        if let Some(personality) = &self.personality {
            agent.personality.clone_from(personality);
        }
        Ok(Some(Arc::new(agent)))
    }
}

async fn changed_rules(cx: &Cx, tx: &mut Tx, documents: &[Value]) -> Result<RuleSet, Problem> {
    let mut all = rules::enabled(cx, tx).await?;
    for document in documents {
        let checked = rules::check(cx, tx, document).await?;
        let known = all.iter().position(|rule| rule.document.key == checked.key);
        let (id, version, of_schema) = match known {
            Some(place) => {
                let rule = all.swap_remove(place);
                (rule.id, rule.version, rule.of_schema)
            }
            None => (cx.id(), 0, None),
        };
        all.push(Rule {
            id,
            version: version + 1,
            enabled: checked.starts_enabled,
            updated_at: cx.now,
            of_schema,
            document: checked,
        });
    }
    Ok(RuleSet::new(all, -1))
}

async fn changed_schemas(cx: &Cx, tx: &mut Tx, documents: &[Value]) -> Result<Vec<Schema>, Problem> {
    let mut all = schemas::active(cx, tx).await?;
    for document in documents {
        let changed = schemas::imagined(cx, &document.to_string())?;
        match all.iter_mut().find(|known| known.key == changed.key) {
            Some(known) => *known = changed,
            None => all.push(changed),
        }
    }
    Ok(all)
}

impl Changed {
    /// Whether nothing is changed.
    pub(super) fn is_nothing(&self) -> bool {
        self.agent.is_none()
            && self.rules.is_none()
            && self.schemas.is_none()
            && self.edition.is_none()
            && !self.without_models
    }

    /// What happens without the change, told in the same way.
    pub(super) fn unchanged(&self) -> Changed {
        Changed { ask_models: self.ask_models, ..Changed::default() }
    }

    /// Makes what the change needs before the first message: the vectors of edited documents.
    pub(super) async fn make_ready(&mut self, ports: &Ports) -> Result<(), knowledge::Error> {
        match &mut self.edition {
            None => Ok(()),
            Some(edition) => Arc::make_mut(edition).compare(ports).await,
        }
    }

    /// Whether models are asked what the record does not answer.
    pub(super) fn asks_models(&self) -> bool {
        self.ask_models && !self.without_models
    }

    /// The schemas that are known instead.
    pub(super) fn schemas(&self) -> Option<&[Schema]> {
        self.schemas.as_ref().map(|all| all.as_slice())
    }

    /// Whether no model drafts.
    pub(super) fn without_models(&self) -> bool {
        self.without_models
    }

    /// The agent that drafts instead.
    pub(super) fn agent(&self) -> Option<Arc<Agent>> {
        self.agent.clone()
    }

    /// Changes a turn before it runs.
    pub(super) fn apply(&self, mut turn: Turn) -> Turn {
        if let Some(agent) = &self.agent {
            turn.agent = agent.clone();
        }
        if let Some(rules) = &self.rules {
            turn.rules = rules.clone();
        }
        if self.asks_models() {
            turn.telling = Telling::Trial;
        }
        turn.edition.clone_from(&self.edition);
        turn
    }
}
