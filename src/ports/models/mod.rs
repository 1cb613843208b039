//! Models of language: servers that speak OpenAI's chat API, asked one after the other until one answers.
//!
//! Each has a circuit breaker. A call has three time-outs (first word, silence, whole), few retries that
//! honour what the server asks for, and a limit on what is read. A workspace asks only so much at once. What
//! a call used is noted in the caller's `Meter`, however the call ends: also when it is dropped.

mod breaker;
mod door;
mod meter;
mod provider;
mod wire;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

pub use meter::{Meter, Reservation, Use};
pub use provider::{ProviderStatus, Standing};

use crate::base::WorkspaceId;
use crate::config::{ModelProvider, Models as Settings};
use provider::Provider;

/// Something said to a model, or by it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// What it is to do.
    System(String),
    /// What it is given.
    User(String),
    /// What it said.
    Assistant {
        /// In words.
        text: String,
        /// The tools it called.
        calls: Vec<Call>,
    },
    /// What a tool answered.
    Tool {
        /// Which call.
        call: String,
        /// The answer.
        text: String,
    },
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Call {
    /// Names the call.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// Its arguments, in JSON if the model is right.
    pub arguments: String,
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What it is for.
    pub description: Cow<'static, str>,
    /// The JSON schema of its arguments.
    pub parameters: serde_json::Value,
}

/// What a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// For whom.
    pub workspace: WorkspaceId,
    /// Names what it is given, in the notes of what was used.
    pub prompt_hash: &'a str,
    /// What was said so far.
    pub messages: &'a [Message],
    /// What it may call.
    pub tools: &'a [ToolSpec],
    /// The longest answer, in tokens.
    pub answer_tokens: usize,
    /// When it is too late.
    pub deadline: Instant,
    /// The models that draft for the workspace.
    pub chain: &'a Chain,
    /// The provider that is asked first.
    pub first: Option<&'a str>,
    /// How freely it chooses words; none: as the provider is set up.
    pub temperature: Option<f64>,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// In words.
    pub text: String,
    /// The tools it called.
    pub calls: Vec<Call>,
    /// It ran into the limit of its length.
    pub cut: bool,
    /// The provider's name in the settings.
    pub provider: String,
    /// The model's name there.
    pub model: String,
}

/// An answer as it comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Piece<'a> {
    /// Another model begins: what came before is void.
    Afresh,
    /// More text.
    Text(&'a str),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No model is set up.
    #[error("no model is set up")]
    NotSetUp,
    /// All models are left alone for a while.
    #[error("{0} failed again and again and is left alone for a while")]
    Resting(String),
    /// The workspace asks too much at once.
    #[error("too many drafts are written at once")]
    Busy,
    /// The server cannot be reached.
    #[error("the model's server cannot be reached ({0})")]
    Unreachable(String),
    /// It wants a pause.
    #[error("the model's server asks for a pause")]
    Limited(Option<Duration>),
    /// It has a fault.
    #[error("the model's server has a fault (status {0})")]
    Fault(u16),
    /// It refuses the request.
    #[error("the model's server refuses the request (status {status}): {says}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// In its own words, shortened.
        says: String,
    },
    /// Time ran out.
    #[error("the model was too slow ({0})")]
    TooSlow(&'static str),
    /// The answer broke off or is no answer.
    #[error("the model's answer {0}")]
    Broken(&'static str),
    /// It complains in the midst of an answer.
    #[error("the model stopped: {0}")]
    Stopped(String),
}

impl Failure {
    /// Whether the same server may answer the same request a moment later.
    fn is_passing(&self) -> bool {
        matches!(self, Failure::Unreachable(_) | Failure::Limited(_) | Failure::Fault(_))
    }

    /// Whether it tells against the server, and not against the request or us.
    fn is_the_servers(&self) -> bool {
        match self {
            Failure::NotSetUp | Failure::Resting(_) | Failure::Busy => false,
            // A wrong key or model does not get right by asking again.
            Failure::Refused { status, .. } => matches!(status, 401 | 403 | 404),
            _ => true,
        }
    }
}

/// The models that draft for one workspace: its own, and then the hub's. Without own ones, the hub's.
#[derive(Clone)]
pub struct Chain {
    own: Option<Arc<Vec<Provider>>>,
    hub_too: bool,
}

impl Default for Chain {
    fn default() -> Chain {
        Chain { own: None, hub_too: true }
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.own.iter().flat_map(|own| own.iter()).map(Provider::name).collect();
        f.debug_struct("Chain").field("own", &names).field("hub_too", &self.hub_too).finish()
    }
}

/// Workspaces whose own providers are kept ready: those used last.
const KEPT: usize = 1_000;

/// A workspace's own providers as they were last seen, with what names their settings.
type Owned = HashMap<WorkspaceId, ([u8; 32], Arc<Vec<Provider>>)>;

/// The port. Clones are the same.
#[derive(Clone)]
pub struct Models(Arc<Inner>);

struct Inner {
    settings: Settings,
    chain: Vec<Provider>,
    owned: Mutex<Owned>,
    desks: Mutex<HashMap<WorkspaceId, Arc<Semaphore>>>,
    reserved: meter::Ledger,
}

impl Models {
    /// Sets up what the settings name. No server is asked yet.
    pub fn open(settings: &Settings) -> Result<Models, String> {
        let chain = settings
            .chain()?
            .into_iter()
            .map(|(name, set)| Provider::new(name, set, settings))
            .collect::<Result<_, String>>()?;
        Ok(Models(Arc::new(Inner {
            settings: settings.clone(),
            chain,
            owned: Mutex::default(),
            desks: Mutex::default(),
            reserved: meter::Ledger::default(),
        })))
    }

    /// A workspace's own providers, made anew when what names their settings is another; and the hub's after
    /// them, if they are wanted too.
    pub fn own(
        &self,
        (workspace, stamp): (WorkspaceId, [u8; 32]),
        hub_too: bool,
        make: impl FnOnce() -> Vec<(String, ModelProvider, crate::ports::outgoing::Client)>,
    ) -> Chain {
        let mut owned = self.0.owned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = owned.get(&workspace).filter(|(known, _)| *known == stamp) {
            return Chain { own: Some(known.clone()), hub_too };
        }
        let limits = &self.0.settings;
        let made = make().into_iter().filter_map(|(name, set, client)| {
            let made = Provider::with_client(&name, &set, limits, client);
            made.inspect_err(|why| tracing::warn!(%why, "a provider cannot be used")).ok()
        });
        let made: Arc<Vec<Provider>> = Arc::new(made.collect());
        if owned.len() >= KEPT {
            owned.clear();
        }
        owned.insert(workspace, (stamp, made.clone()));
        Chain { own: Some(made), hub_too }
    }

    /// Whether any model is set up for a workspace and the operator has not switched models off.
    pub fn ready(&self, chain: &Chain) -> bool {
        self.0.settings.enabled && self.providers(chain).next().is_some()
    }

    /// The providers of a workspace in the order they are asked.
    fn providers<'a>(&'a self, chain: &'a Chain) -> impl Iterator<Item = &'a Provider> {
        let own = chain.own.iter().flat_map(|own| own.iter());
        let hub_too = chain.hub_too || chain.own.as_ref().is_none_or(|own| own.is_empty());
        own.chain(self.0.chain.iter().filter(move |_| hub_too))
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How each provider of a workspace stands, in the order they are asked.
    pub fn status(&self, chain: &Chain) -> Vec<ProviderStatus> {
        let own: Vec<&str> = chain.own.iter().flat_map(|own| own.iter()).map(Provider::name).collect();
        let number = own.len();
        let all = self.providers(chain).enumerate();
        all.map(|(place, one)| ProviderStatus { own: place < number, ..one.status() }).collect()
    }

    /// Sets tokens aside for a workspace that may use `left` more; none if what others have set aside
    /// leaves too little. They are free again when the reservation is dropped.
    pub fn reserve(&self, workspace: WorkspaceId, tokens: i64, left: i64) -> Option<Reservation> {
        self.0.reserved.reserve(workspace, tokens, left)
    }

    /// Asks the models in turn until one answers. `hear` gets the text as it comes.
    pub async fn chat(
        &self,
        ask: &Ask<'_>,
        meter: &Meter,
        hear: &mut (dyn FnMut(Piece<'_>) + Send),
    ) -> Result<Answer, Failure> {
        if !self.ready(ask.chain) {
            return Err(Failure::NotSetUp);
        }
        let desk = self.desk(ask.workspace);
        let Ok(Ok(_place)) = tokio::time::timeout_at(ask.deadline.into(), desk.acquire()).await else {
            return Err(Failure::Busy);
        };
        let mut heard = false;
        let mut failure = Failure::NotSetUp;
        let (wanted, others): (Vec<_>, Vec<_>) =
            self.providers(ask.chain).partition(|provider: &&Provider| ask.first == Some(provider.name()));
        for provider in wanted.into_iter().chain(others) {
            if heard {
                hear(Piece::Afresh);
                heard = false;
            }
            let mut note = |text: &str| {
                heard = true;
                hear(Piece::Text(text));
            };
            match provider.chat(ask, meter, &mut note).await {
                Ok(answer) => return Ok(answer),
                Err(why) => {
                    tracing::warn!(provider = provider.name(), %why, "a model did not answer");
                    // Of several reasons the first that is no "left alone" says most.
                    if matches!(failure, Failure::NotSetUp | Failure::Resting(_)) {
                        failure = why;
                    }
                }
            }
        }
        Err(failure)
    }

    /// Asks one provider by its name: to see whether it works. Its breaker does not hinder it.
    pub async fn test(&self, name: &str, ask: &Ask<'_>, meter: &Meter) -> Option<Result<Answer, Failure>> {
        let provider = self.providers(ask.chain).find(|provider| provider.name() == name)?;
        Some(provider.once(ask, meter, &mut |_| ()).await)
    }

    fn desk(&self, workspace: WorkspaceId) -> Arc<Semaphore> {
        let mut desks = self.0.desks.lock().unwrap_or_else(PoisonError::into_inner);
        let at_once = self.0.settings.at_once.max(1);
        desks.entry(workspace).or_insert_with(|| Arc::new(Semaphore::new(at_once))).clone()
    }
}

/// About how many tokens a text is: on the safe side, as models count differently.
pub fn tokens_of(text: &str) -> usize {
    text.len().div_ceil(3)
}

/// About how many tokens messages are.
pub fn tokens_of_all(messages: &[Message]) -> usize {
    messages
        .iter()
        .map(|message| match message {
            Message::System(text) | Message::User(text) | Message::Tool { text, .. } => tokens_of(text),
            Message::Assistant { text, calls } => {
                tokens_of(text) + calls.iter().map(|call| tokens_of(&call.arguments) + 8).sum::<usize>()
            }
        })
        .sum()
}
