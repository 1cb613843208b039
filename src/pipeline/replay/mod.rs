//! What would have happened: past messages run through a changed agent, rule, schema or knowledge, beside what
//! happens without the change.
//!
//! A replay is a turn without its end: the same stages over what was known when the message came, with the
//! message's own time, and nothing is stored, sent or told. A model's answer is taken from the record, by
//! the hash of what it was given; a prompt that no model was given says so, unless models may be asked: then
//! what they answer joins the record. Two replays of the same messages by the same versions are the same, byte
//! for byte.
//!
//! What is not told again: the customer's name and address are those of today, and passages those of today's
//! documents. Where that makes a difference, the replay differs from what was recorded, and says so.

mod change;
mod moment;
mod routes;

use serde::Serialize;

pub use routes::routes;

use crate::base::{ConversationId, DraftId, Id as _, Timestamp};
use crate::identity::Site;
use crate::pipeline::drafting::{self, Drafted};
use crate::pipeline::turn::Turn;
use crate::pipeline::{Error, Library, stages, studio};
use crate::ports::{Cx, Tx};
use crate::protocol::BlockerKind;
use change::Changed;
pub(super) use moment::{Moment, Recorded};

/// What a turn would leave behind, in words that can be compared.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub(super) struct Outcome {
    /// What the customer wants; absent for none of the known intents.
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<String>,
    /// The reply.
    text: String,
    /// The documents it cites, in order.
    sources: Vec<String>,
    /// What was read from the message: the field and its value.
    fields: Vec<(String, String)>,
    /// Rules that matched, in order.
    rules: Vec<String>,
    /// What they do, in order.
    actions: Vec<String>,
    /// Why it waits, without what is only about trust.
    blockers: Vec<BlockerKind>,
    /// What is to be done when it is sent.
    proposals: Vec<String>,
    /// The model that wrote it; absent for the built-in engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Why the built-in engine wrote it although a model is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<String>,
}

crate::word_enum! {
    /// What differs between two outcomes.
    pub(super) enum Part {
        /// What the customer wants.
        Intent = "intent",
        /// The words of the reply.
        Text = "text",
        /// The documents it cites.
        Sources = "sources",
        /// What was read from the message.
        Fields = "fields",
        /// Rules, or what they do.
        Rules = "rules",
        /// Why it waits.
        Blockers = "blockers",
        /// What is to be done.
        Proposals = "proposals",
        /// Who wrote it.
        Model = "model",
    }
}

/// A message of the past, and what it leads to without and with the change.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub(super) struct Replayed {
    /// Where.
    conversation: ConversationId,
    /// What the conversation is about.
    title: String,
    /// The customer's last message of those that were answered together.
    seq: i64,
    /// When.
    at: Timestamp,
    /// What the customer wrote.
    asked: String,
    /// What it leads to now.
    before: Outcome,
    /// What it would lead to; absent where that is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Outcome>,
    /// What differs.
    differs: Vec<Part>,
    /// Whether `before` is what was recorded when the message came; absent where no turn ran for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_recorded: Option<bool>,
}

impl Replayed {
    /// A message of the past with what it leads to, twice.
    pub(super) fn beside(
        (conversation, title): (ConversationId, String),
        moment: Moment,
        before: Outcome,
        after: Outcome,
    ) -> Replayed {
        Replayed {
            conversation,
            title,
            seq: moment.seq,
            at: moment.at,
            differs: parts(&before, &after),
            as_recorded: moment.recorded.as_ref().map(|recorded| recorded.is(&before)),
            asked: moment.text,
            before,
            after: Some(after),
        }
    }
}

/// The last message of a conversation that waited for an answer, and its turn before the stages.
pub(super) async fn last_moment(
    site: &Site,
    library: &Library,
    cx: &Cx,
    id: ConversationId,
) -> Result<Option<(Moment, Turn)>, Error> {
    let mut tx = site.ports.db.read().await?;
    let mut material = moment::Material::read(library, cx, &mut tx, id, None).await?;
    drop(tx);
    let Some(last) = material.moments.pop() else { return Ok(None) };
    let turn = material.turn(library, cx, &last);
    Ok(Some((last, turn)))
}

/// Replays the messages of one conversation.
async fn conversation(
    site: &Site,
    library: &Library,
    cx: &Cx,
    (id, title): (ConversationId, &str),
    changed: &Changed,
) -> Result<Vec<Replayed>, Error> {
    let mut tx = site.ports.db.read().await?;
    let material = moment::Material::read(library, cx, &mut tx, id, None).await?;
    let otherwise = match changed.schemas() {
        None => None,
        some => Some(moment::Material::read(library, cx, &mut tx, id, some).await?),
    };
    drop(tx);
    let otherwise = otherwise.as_ref().unwrap_or(&material);
    let unchanged = changed.unchanged();
    let mut replayed = Vec::new();
    for moment in &material.moments {
        let before = outcome(site, library, material.turn(library, cx, moment), &unchanged).await?;
        let after = match changed.is_nothing() {
            true => None,
            false => {
                let turn = otherwise.turn(library, cx, moment);
                Some(outcome(site, library, turn, changed).await?).filter(|after| *after != before)
            }
        };
        replayed.push(Replayed {
            conversation: id,
            title: title.to_owned(),
            seq: moment.seq,
            at: moment.at,
            asked: moment.text.clone(),
            differs: after.as_ref().map(|after| parts(&before, after)).unwrap_or_default(),
            as_recorded: moment.recorded.as_ref().map(|recorded| recorded.is(&before)),
            before,
            after,
        });
    }
    Ok(replayed)
}

/// Runs the stages of a turn that stores nothing but what models were asked for.
async fn outcome(site: &Site, library: &Library, turn: Turn, changed: &Changed) -> Result<Outcome, Error> {
    let mut turn = changed.apply(turn);
    stages::classify(library, &mut turn).await?;
    stages::retrieve(site, &mut turn).await?;
    stages::extract(site, &mut turn).await?;
    stages::rules(site, &mut turn);
    stages::draft(library, &mut turn).await?;
    if !changed.without_models() {
        let nobody = DraftId::from_parts(turn.cx.now, 0);
        if let Drafted::Failed(why) = drafting::with_model(site, library, &mut turn, nobody).await {
            turn.found.written.fallback = Some(why);
        }
        studio::settle(site, &turn, true).await?;
    }
    stages::gate(site, &mut turn).await?;
    Ok(told(&turn))
}

/// What a turn would leave behind.
pub(super) fn told(turn: &Turn) -> Outcome {
    let written = super::run::written(turn);
    let rule = |id| turn.rule_name(id).to_owned();
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut blockers: Vec<BlockerKind> = written.blockers.iter().map(|blocker| blocker.kind).collect();
    blockers.retain(|kind| !crate::drafts::autopilot::is_about_trust(*kind));
    Outcome {
        intent: turn.found.intent.clone(),
        sources: written.citations.iter().map(|citation| citation.title.clone()).collect(),
        fields: turn
            .found
            .proposals
            .iter()
            .map(|proposal| (proposal.field.clone(), value(&proposal.value)))
            .collect(),
        rules: turn.found.runs.iter().filter(|run| run.matched).map(|run| rule(run.rule)).collect(),
        actions: turn
            .found
            .actions
            .iter()
            .map(|(_, action)| serde_json::to_string(action).unwrap_or_default())
            .collect(),
        blockers,
        proposals: written.proposals.iter().map(|proposal| proposal.says.clone()).collect(),
        model: written.model,
        fallback: written.fallback,
        text: written.text,
    }
}

fn parts(before: &Outcome, after: &Outcome) -> Vec<Part> {
    let rules = (&before.rules, &before.actions) != (&after.rules, &after.actions);
    let writers = (&before.model, &before.fallback) != (&after.model, &after.fallback);
    let all = [
        (Part::Intent, before.intent != after.intent),
        (Part::Text, before.text != after.text),
        (Part::Sources, before.sources != after.sources),
        (Part::Fields, before.fields != after.fields),
        (Part::Rules, rules),
        (Part::Blockers, before.blockers != after.blockers),
        (Part::Proposals, before.proposals != after.proposals),
        (Part::Model, writers),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
}

/// Learns an agent's intents before the first message is told again: a replay has one way to understand.
async fn learn(library: &Library, changed: &Changed, agent: std::sync::Arc<crate::agents::Agent>) {
    let understanding = library.understanding().clone();
    let other = changed.agent();
    let learned = tokio::task::spawn_blocking(move || {
        crate::language::fields::warm_up();
        understanding.learn(&agent.intents);
        if let Some(other) = other {
            understanding.learn(&other.intents);
        }
    });
    if let Err(error) = learned.await {
        tracing::error!(error = &error as &dyn std::error::Error, "an agent could not be learned");
    }
}

/// The agent of a workspace, with its own intents.
async fn agent_of(
    library: &Library,
    cx: &Cx,
    tx: &mut Tx,
    key: &str,
) -> Result<std::sync::Arc<crate::agents::Agent>, Error> {
    Ok(crate::agents::bundles::of_workspace(cx, tx, library.understanding(), key, None).await?)
}
