//! One provider: a server, a model there, and how it stands.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use futures_util::StreamExt as _;

use super::breaker::{self, Breaker};
use super::door::{Door, failure_of};
use super::meter::{Meter, Running, Use};
use super::wire::{self, Chunk, Collected};
use super::{Answer, Ask, Failure, tokens_of, tokens_of_all};
use crate::config::{ModelProvider, Models as Settings};

/// How long the server may take to be reached.
const REACHED_WITHIN: Duration = Duration::from_secs(5);
/// The pause before the first retry; it doubles.
const PAUSE: Duration = Duration::from_millis(250);
/// Characters of an answer that are read; a reply to a customer is shorter by far.
const LONGEST_TEXT: usize = 20_000;

crate::word_enum! {
    /// Whether a provider is asked.
    pub enum Standing {
        /// It is asked.
        Ready = "ready",
        /// It failed too often and is left alone for a while.
        Resting = "resting",
        /// The while is over: the next call is a trial.
        Trial = "trial",
    }
}

/// How a provider stands.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct ProviderStatus {
    /// Its name in the settings.
    pub name: String,
    /// The model's name there.
    pub model: String,
    /// The business brought it itself.
    pub own: bool,
    /// The server's host; the whole address may hold a key.
    pub host: String,
    /// Whether it is asked.
    pub standing: Standing,
    /// Seconds until it is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_seconds: Option<u64>,
    /// Failures since it last answered.
    pub failures: u32,
    /// Why it failed last, since it last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
}

/// One provider.
pub(super) struct Provider {
    name: String,
    set: ModelProvider,
    limits: Settings,
    client: Client<OpenAIConfig>,
    health: Mutex<Health>,
}

struct Health {
    breaker: Breaker,
    last_failure: Option<String>,
}

/// A call that the breaker let through; tells it if the call is dropped.
struct Admitted<'a>(&'a Provider);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.health().breaker.given_up();
    }
}

impl Provider {
    pub(super) fn new(name: &str, set: &ModelProvider, limits: &Settings) -> Result<Provider, String> {
        if let Some(problem) = set.problem() {
            return Err(format!("models.{name}: {problem}"));
        }
        if !set.key.chars().all(|character| character.is_ascii_graphic()) {
            return Err(format!("models.{name}.key holds characters that no key has"));
        }
        // Calls end by our own time-outs, which know what was heard so far.
        let whole = Duration::from_millis(limits.total_ms).saturating_mul(2);
        let client = crate::ports::outgoing::client(REACHED_WITHIN, whole)
            .ok_or_else(|| "no client for models could be made".to_owned())?;
        Provider::with_client(name, set, limits, client)
    }

    /// The same, over a client that is there.
    pub(super) fn with_client(
        name: &str,
        set: &ModelProvider,
        limits: &Settings,
        client: crate::ports::outgoing::Client,
    ) -> Result<Provider, String> {
        let config = OpenAIConfig::new()
            .with_api_base(set.address.trim_end_matches('/'))
            .with_api_key(if set.key.is_empty() { "none" } else { &set.key })
            .with_org_id("")
            .with_project_id("");
        let client = Client::build(client.clone(), config).with_http_service(Door::new(client));
        let breaker = Breaker::new(limits.failures, Duration::from_secs(limits.rest_seconds));
        let health = Mutex::new(Health { breaker, last_failure: None });
        Ok(Provider { name: name.to_owned(), set: set.clone(), limits: limits.clone(), client, health })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn status(&self) -> ProviderStatus {
        let health = self.health();
        let (standing, rests) = match health.breaker.standing(Instant::now()) {
            breaker::Standing::Closed => (Standing::Ready, None),
            breaker::Standing::HalfOpen => (Standing::Trial, None),
            breaker::Standing::Open(until) => {
                let rests = until.saturating_duration_since(Instant::now());
                (Standing::Resting, Some(rests.as_secs().saturating_add(1)))
            }
        };
        ProviderStatus {
            name: self.name.clone(),
            model: self.set.model.clone(),
            own: false,
            host: self.set.host(),
            standing,
            rests_seconds: rests,
            failures: health.breaker.failures(),
            last_failure: health.last_failure.clone(),
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, a few times if the fault may pass and nothing was heard yet.
    pub(super) async fn chat(
        &self,
        ask: &Ask<'_>,
        meter: &Meter,
        hear: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Answer, Failure> {
        let mut pause = PAUSE;
        let mut tries = 0;
        loop {
            if !self.health().breaker.admit(Instant::now()) {
                return Err(Failure::Resting(self.name.clone()));
            }
            let admitted = Admitted(self);
            let failure = match self.once(ask, meter, hear).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            drop(admitted);
            let wait = match &failure {
                Failure::Limited(Some(asked)) => *asked,
                _ => pause,
            };
            let patience = Duration::from_secs(self.limits.retry_after_seconds);
            let in_time = Instant::now() + wait < ask.deadline;
            if tries >= self.limits.retries || !failure.is_passing() || wait > patience || !in_time {
                return Err(failure);
            }
            tries += 1;
            tokio::time::sleep(wait).await;
            pause = pause.saturating_mul(2);
        }
    }

    /// Asks once, and keeps in mind how it went.
    pub(super) async fn once(
        &self,
        ask: &Ask<'_>,
        meter: &Meter,
        hear: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Answer, Failure> {
        let used = Use {
            provider: self.name.clone(),
            model: self.set.model.clone(),
            prompt_hash: ask.prompt_hash.to_owned(),
            prompt_tokens: count(tokens_of_all(ask.messages)),
            answer_tokens: 0,
            estimated: true,
            cost: 0,
            first_ms: None,
            ms: 0,
            ended: Instant::now(),
            outcome: "given up".to_owned(),
        };
        let mut running = Running::new(meter, used, (self.set.input_price, self.set.output_price));
        let asked = self.stream(ask, &mut running, hear).await;
        running.used.outcome = match &asked {
            Ok(_) => "answered".to_owned(),
            Err(failure) => failure.to_string(),
        };
        let outcome = if asked.is_ok() { "answered" } else { "failed" };
        metrics::counter!("concierge_model_calls_total", "outcome" => outcome).increment(1);
        let mut health = self.health();
        match &asked {
            Ok(_) => {
                health.breaker.succeeded();
                health.last_failure = None;
            }
            Err(failure) => {
                health.last_failure = Some(failure.to_string());
                if failure.is_the_servers() {
                    let rest = match failure {
                        Failure::Limited(asked) => {
                            asked.filter(|asked| asked.as_secs() > self.limits.retry_after_seconds)
                        }
                        _ => None,
                    };
                    health.breaker.failed(Instant::now(), rest);
                }
                // Nothing was received: nothing is charged.
                if matches!(failure, Failure::Unreachable(_) | Failure::Limited(_)) {
                    running.used.prompt_tokens = 0;
                }
            }
        }
        asked
    }

    async fn stream(
        &self,
        ask: &Ask<'_>,
        running: &mut Running,
        hear: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Answer, Failure> {
        let started = Instant::now();
        let whole = (started + Duration::from_millis(self.limits.total_ms)).min(ask.deadline);
        let first = (started + Duration::from_millis(self.limits.first_token_ms)).min(whole);
        let idle = Duration::from_millis(self.limits.idle_ms);
        let request = wire::request(&self.set, ask);
        let chat = self.client.chat();
        let opened = tokio::time::timeout_at(first.into(), chat.create_stream_byot::<_, Chunk>(request));
        let mut stream = opened.await.map_err(|_| Failure::TooSlow("no first word"))?.map_err(failure_of)?;
        let mut collected = Collected::default();
        loop {
            let heard = running.used.first_ms.is_some();
            let (until, late) = match heard {
                false => (first, "no first word"),
                true => ((Instant::now() + idle).min(whole), "it fell silent"),
            };
            let next = tokio::time::timeout_at(until.into(), stream.next()).await;
            let late = if until >= whole && heard { "it did not come to an end" } else { late };
            let Some(chunk) = next.map_err(|_| Failure::TooSlow(late))? else { break };
            if Instant::now() >= whole {
                return Err(Failure::TooSlow("it did not come to an end"));
            }
            let fresh = collected.take(chunk.map_err(failure_of)?).map_err(stopped)?;
            if !fresh.is_empty() || !collected.calls.is_empty() {
                running.heard();
            }
            running.used.answer_tokens = count(tokens_of(&collected.text));
            if collected.text.len() > LONGEST_TEXT {
                return Err(Failure::Broken("does not come to an end"));
            }
            if !fresh.is_empty() {
                hear(&fresh);
            }
        }
        if let Some(usage) = collected.usage {
            running.used.prompt_tokens = usage.prompt_tokens.unwrap_or(running.used.prompt_tokens).max(0);
            running.used.answer_tokens = usage.completion_tokens.unwrap_or(running.used.answer_tokens).max(0);
            running.used.estimated = usage.prompt_tokens.is_none() || usage.completion_tokens.is_none();
        }
        match (&collected.finish, collected.text.trim().is_empty() && collected.calls.is_empty()) {
            (None, _) => Err(Failure::Broken("broke off")),
            (Some(_), true) => Err(Failure::Broken("is empty")),
            (Some(finish), false) => Ok(Answer {
                cut: finish == "length",
                text: collected.text,
                calls: collected.calls,
                provider: self.name.clone(),
                model: self.set.model.clone(),
            }),
        }
    }
}

/// A server's complaint in the midst of an answer, shortened.
fn stopped(says: String) -> Failure {
    Failure::Stopped(says.chars().take(200).collect())
}

fn count(tokens: usize) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
