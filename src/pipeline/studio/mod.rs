//! Trying an agent before it drafts: on words that somebody makes up, step by step, and on the business's own
//! past messages, beside what drafts now. Nothing is stored but what models cost and answered; nothing is
//! sent.

mod ground;
mod routes;

use std::sync::Arc;
use std::time::Instant;

pub(super) use ground::{Ground, Said};
pub use routes::routes;
use serde_json::{Value, json};

use crate::agents::bundles::{self, Bundle, Standing};
use crate::agents::{Agent, Understanding, cases, intents, usage};
use crate::base::{DraftId, Id as _};
use crate::conversations;
use crate::http::Cursor;
use crate::identity::Site;
use crate::pipeline::drafting::{self, Drafted};
use crate::pipeline::replay::{self, Replayed};
use crate::pipeline::trace::{Report, StageTrace};
use crate::pipeline::turn::{Step, Telling, Turn};
use crate::pipeline::{Error, Library, run, stages};
use crate::ports::{Cx, Tx};
use crate::protocol::StageName;
use crate::workspaces;

/// Which agent is tried.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// A published version; 0 for the role as it comes. Nothing given: what drafts now.
    version: Option<i64>,
    /// The key of a role, for a bundle that is not saved.
    agent: Option<String>,
    /// A bundle that is not saved.
    bundle: Option<Bundle>,
}

impl Which {
    /// The agent, with the workspace's own intents.
    pub(super) async fn find(
        self,
        library: &Library,
        cx: &Cx,
        tx: &mut Tx,
        own: &str,
    ) -> Result<Arc<Agent>, Error> {
        let understanding = library.understanding();
        let agent = match (self.bundle, self.version) {
            (Some(bundle), _) => {
                let key = self.agent.as_deref().unwrap_or(own);
                let bundle = bundles::checked(cx, tx, understanding, key, bundle).await?;
                Arc::new(understanding.agent(key).with(bundle, 0))
            }
            (None, Some(0)) => understanding.agent(self.agent.as_deref().unwrap_or(own)),
            (None, Some(version)) => {
                let version = bundles::version(cx, tx, version).await?;
                Arc::new(bundles::agent_of(understanding, &version))
            }
            (None, None) => return Ok(bundles::of_workspace(cx, tx, understanding, own, None).await?),
        };
        Ok(intents::of_workspace(cx, tx, agent).await.map_err(bundles::Error::from)?)
    }
}

/// Learns what an agent's customers ask for, so that a trial understands as a turn would.
pub(super) async fn learn(library: &Library, agents: &[Arc<Agent>]) {
    let (understanding, agents) = (library.understanding().clone(), agents.to_vec());
    let learned = tokio::task::spawn_blocking(move || {
        for agent in &agents {
            understanding.learn(&agent.intents);
        }
    });
    if let Err(error) = learned.await {
        tracing::error!(error = &error as &dyn std::error::Error, "an agent could not be learned");
    }
}

/// Runs the stages of a turn that is not real, and tells whoever watches.
pub(super) async fn play(site: &Site, library: &Library, turn: &mut Turn) -> Result<Vec<StageTrace>, Error> {
    let mut traces = Vec::with_capacity(StageName::ALL.len());
    for stage in StageName::ALL.iter().copied() {
        turn.telling.tell(Step::Begun(stage)).await;
        let started = Instant::now();
        let report = match stage {
            StageName::Transcribe => stages::transcribe(turn),
            StageName::Classify => stages::classify(library, turn).await?,
            StageName::Retrieve => stages::retrieve(site, turn).await?,
            StageName::Extract => stages::extract(site, turn).await?,
            StageName::Rules => stages::rules(site, turn),
            StageName::Draft => draft(site, library, turn).await?,
            StageName::Gate => stages::gate(site, turn).await?,
        };
        let trace = run::traced(turn, stage, report, started.elapsed());
        turn.telling.tell(Step::Ended(Box::new(trace.clone()))).await;
        traces.push(trace);
    }
    Ok(traces)
}

async fn draft(site: &Site, library: &Library, turn: &mut Turn) -> Result<Report, Error> {
    let built_in = stages::draft(library, turn).await?;
    let nobody = DraftId::from_parts(turn.cx.now, 0);
    Ok(match drafting::with_model(site, library, turn, nobody).await {
        Drafted::Written(report) => report,
        Drafted::NotAsked => built_in,
        Drafted::Failed(why) => {
            let summary = format!("{}; the built-in engine wrote it: {why}", built_in.summary);
            turn.found.written.fallback = Some(why);
            Report { summary, ..built_in }
        }
    })
}

/// Notes what a trial's calls of models used, and what they answered: the next trial of the same asks nobody.
pub(super) async fn settle(site: &Site, turn: &Turn, keep: bool) -> Result<(), Error> {
    let uses = turn.meter.take();
    if uses.is_empty() {
        return Ok(());
    }
    let cx = Cx { now: site.ports.now(), ..turn.cx.clone() };
    let mut tx = site.ports.db.begin().await?;
    usage::record(&cx, &mut tx, None, turn.found.intent.as_deref(), &uses).await?;
    if keep {
        usage::keep_answers(&cx, &mut tx, &turn.found.answers).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// How the cases stand with what is edited beside what drafts now, and which of them get worse; none: nothing is
/// edited.
async fn standing(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
) -> Result<Option<(Standing, Vec<String>)>, Error> {
    let Some(copy) = bundles::copy(cx, tx).await? else { return Ok(None) };
    let own = workspaces::get(tx, cx.workspace).await?.agent;
    let live = bundles::of_workspace(cx, tx, understanding, &own, None).await?;
    // The cases are those of the role that is published.
    let all = cases::list(cx, tx, &understanding.agent(&copy.agent)).await?;
    let before = cases::results(cx, tx, &live.bundle().hash(&live.key)).await?;
    let after = cases::results(cx, tx, &copy.bundle.hash(&copy.agent)).await?;
    Ok(Some(cases::compare(&all, &after, &before)))
}

/// Runs a turn that somebody watches to its end.
async fn watched(site: &Site, library: &Library, mut turn: Turn) -> Result<(), Error> {
    let played = play(site, library, &mut turn).await;
    settle(site, &turn, false).await?;
    played?;
    let written = run::written(&turn);
    let done: Value = json!({
        "outcome": replay::told(&turn),
        "draft": {
            "text": written.text, "citations": written.citations, "sentences": written.sentences,
            "blockers": written.blockers, "confidence": written.confidence,
        },
        "agent": turn.agent.key,
        "version": turn.agent.version,
    });
    turn.telling.tell(Step::Done(Box::new(done))).await;
    Ok(())
}

/// The newest past messages of the business, answered by what drafts now and by another agent.
async fn preview(
    site: &Site,
    library: &Library,
    cx: &Cx,
    start: Cursor<crate::base::ConversationId>,
    (other, count): (Arc<Agent>, usize),
) -> Result<Vec<Replayed>, Error> {
    let mut tx = site.ports.db.read().await?;
    let looked_at = i64::try_from(count.saturating_mul(3)).unwrap_or(i64::MAX);
    let heads = conversations::heads(cx, &mut tx, start, looked_at).await?;
    drop(tx);
    let mut previewed = Vec::new();
    for (id, title, _) in heads {
        if previewed.len() >= count {
            break;
        }
        let past = replay::last_moment(site, library, cx, id).await?;
        let Some((moment, turn)) = past else { continue };
        let mut outcomes = Vec::with_capacity(2);
        for agent in [turn.agent.clone(), other.clone()] {
            let mut turn = turn.again(agent, Telling::Trial);
            play(site, library, &mut turn).await?;
            settle(site, &turn, true).await?;
            outcomes.push(replay::told(&turn));
        }
        let (Some(after), Some(before)) = (outcomes.pop(), outcomes.pop()) else { continue };
        previewed.push(Replayed::beside((id, title), moment, before, after));
    }
    Ok(previewed)
}
