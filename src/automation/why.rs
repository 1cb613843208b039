//! Why, and why not: any rule, asked about any conversation.

use crate::automation::Error;
use crate::automation::facts::Scene;
use crate::automation::times::due_at;
use crate::base::{ConversationId, RuleId, Timestamp};
use crate::ports::{Cx, Tx};
use crate::rules::{
    self, Asked, Explanation, Facts, Guard, Op, Rule, RunRow, Since, Trigger, Vocabulary, evaluate,
};
use crate::{conversations, workspaces};

crate::word_enum! {
    /// What a rule did in a conversation when it last could.
    pub enum Verdict {
        /// It matched and acted.
        Fired = "fired",
        /// Its conditions did not hold.
        Unmet = "unmet",
        /// Its conditions held, but a rule before it stops those after it.
        Stopped = "stopped",
        /// Its conditions held, but it would have caused itself, or the chain was too long.
        Held = "held",
        /// What makes it look has not happened here since it is switched on.
        NotAsked = "not_asked",
        /// It is switched off.
        Off = "off",
    }
}

/// A rule's answer about a conversation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Answer {
    /// Which rule.
    pub rule: RuleId,
    /// The word that names it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The version that answers.
    pub version: i64,
    /// The rule in words.
    pub text: String,
    /// What it did.
    pub verdict: Verdict,
    /// Why, in plain words: for `unmet` what did not hold, with what was there.
    pub says: Vec<String>,
    /// The entry it looked at; absent when it is asked about the conversation as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// When it looked.
    pub at: Timestamp,
    /// For rules of time: when it will look next, if nothing happens before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Every condition with what was there.
    pub tree: Explanation,
    /// Its last runs here, newest first, with what became of its actions.
    pub runs: Vec<RunRow>,
}

/// Runs that an answer shows.
const SHOWN: usize = 5;

/// Asks rules about a conversation: one, or all.
pub async fn ask(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    only: Option<RuleId>,
) -> Result<Vec<Answer>, Error> {
    conversations::exists(cx, tx, conversation).await?;
    let workspace = workspaces::get(tx, cx.workspace).await?;
    let scene = Scene::read(cx, tx, &workspace, conversation).await?;
    let now = scene.facts(cx.now);
    let words = rules::vocabulary(cx, tx).await?;
    let runs = rules::runs(cx, tx, conversation).await?;
    let mut looks: Vec<(Trigger, Option<rules::Look>)> = Vec::new();
    let mut answers = Vec::new();
    for row in rules::list(cx, tx).await? {
        if only.is_some_and(|only| only != row.rule.id) {
            continue;
        }
        let on = row.rule.document.on;
        if !looks.iter().any(|(trigger, _)| *trigger == on) {
            looks.push((on, rules::last_look(cx, tx, conversation, on).await?));
        }
        let look = looks.iter().find(|(trigger, _)| *trigger == on).and_then(|(_, look)| look.as_ref());
        let mine: Vec<RunRow> =
            runs.iter().filter(|run| run.rule == row.rule.id).take(SHOWN).cloned().collect();
        answers.push(answer(cx.now, &scene, &row.rule, row.text, (&now, look), mine, &words));
    }
    match only {
        Some(rule) if answers.is_empty() => Err(rules::Error::NotFound(rule).into()),
        _ => Ok(answers),
    }
}

fn answer(
    asked_at: Timestamp,
    scene: &Scene,
    rule: &Rule,
    text: String,
    (now, look): (&Facts, Option<&rules::Look>),
    runs: Vec<RunRow>,
    words: &Vocabulary,
) -> Answer {
    let document = &rule.document;
    // The run of this version at the newest look says what happened; without one the rule is asked now.
    let run =
        runs.first().filter(|run| run.version == rule.version && look.is_none_or(|look| run.seq >= look.seq));
    let (seq, at, tree) = match (run, look) {
        (Some(run), _) => (Some(run.seq), run.at, run.tree.clone()),
        (None, Some(look)) => (Some(look.seq), look.at, evaluate(&document.condition(), &look.facts)),
        (None, None) => (None, asked_at, evaluate(&document.condition(), now)),
    };
    let looked = look.is_some_and(|look| look.at >= rule.updated_at);
    let verdict = match run {
        Some(run) if run.held_by.is_some() => Verdict::Held,
        Some(run) if run.matched => Verdict::Fired,
        _ if !rule.enabled => Verdict::Off,
        Some(run) if run.stopped_by.is_some() && run.tree.met => Verdict::Stopped,
        None if tree.met || !looked => Verdict::NotAsked,
        _ => Verdict::Unmet,
    };
    let due = due(rule, scene, asked_at);
    let says = reasons(verdict, document.on, run, &tree, words);
    Answer {
        rule: rule.id,
        key: document.key.clone(),
        name: document.name.clone(),
        version: rule.version,
        text,
        verdict,
        says,
        seq,
        at,
        due,
        tree,
        runs,
    }
}

/// When a rule of time looks next at the state the conversation is in.
fn due(rule: &Rule, scene: &Scene, now: Timestamp) -> Option<Timestamp> {
    let wait = rule.document.after.as_ref().filter(|_| rule.enabled)?;
    let conversation = &scene.conversation;
    if conversation.resolved_at.is_some() {
        return None;
    }
    let since = match wait.since {
        Since::Status => Some(scene.status_since)
            .filter(|_| wait.status.as_ref().is_none_or(|status| *status == conversation.status)),
        Since::CustomerWaits => conversation.waiting_since,
        Since::WeWait if conversation.waiting_since.is_none() && conversation.outbound_count > 0 => {
            conversation.last_message.as_ref().map(|last| last.at)
        }
        Since::WeWait => None,
    }?;
    due_at(rule, &scene.workspace.settings, since).filter(|due| *due > now)
}

fn reasons(
    verdict: Verdict,
    on: Trigger,
    run: Option<&RunRow>,
    tree: &Explanation,
    words: &Vocabulary,
) -> Vec<String> {
    match verdict {
        Verdict::Off => vec!["The rule is switched off.".to_owned()],
        Verdict::NotAsked => vec![format!("{} here since the rule is as it is.", never(on))],
        Verdict::Stopped => vec!["A rule before it matched and stops those after it.".to_owned()],
        Verdict::Held => match run.and_then(|run| run.held_by) {
            Some(Guard::Depth) => vec!["Rules had caused each other too often in a row.".to_owned()],
            _ => vec!["The change was its own: a rule does not cause itself.".to_owned()],
        },
        Verdict::Fired | Verdict::Unmet => {
            let mut says = Vec::new();
            deciding(tree, tree.met, words, &mut says);
            says
        }
    }
}

fn never(on: Trigger) -> &'static str {
    match on {
        Trigger::Message => "No message was read",
        Trigger::ContextChanged => "No field changed",
        Trigger::StatusChanged => "The status did not change",
        Trigger::DraftDecided => "No draft was decided",
        Trigger::Resolved => "Nothing was closed or opened again",
        Trigger::Rated => "Nobody rated",
        Trigger::ContactChanged => "Nothing about the customer changed",
        Trigger::Hook => "No hook was called",
        Trigger::Elapsed => "The time was not reached",
        Trigger::Schedule => "The hour did not come",
    }
}

/// The comparisons that made a tree hold or not, with what was there.
fn deciding(tree: &Explanation, met: bool, words: &Vocabulary, says: &mut Vec<String>) {
    match &tree.asked {
        Asked::All { all: inner } | Asked::Any { any: inner } => {
            let decide = inner.iter().filter(|one| one.met == met);
            decide.for_each(|one| deciding(one, met, words, says));
        }
        Asked::Not { not } => deciding(not, !met, words, says),
        Asked::Fact { comparison, actual } => {
            let asked = rules::describe_condition(&rules::Condition::Fact(comparison.clone()), words);
            let there = match actual {
                None => "nothing is known of it".to_owned(),
                Some(actual) => format!("it was {}", rules::show_fact_beside(comparison, actual, words)),
            };
            let sign = if tree.met { "holds" } else { "does not hold" };
            match comparison.op {
                Op::Known | Op::Unknown if actual.is_none() => says.push(format!("{asked}: {sign}")),
                _ => says.push(format!("{asked}: {sign}, {there}")),
            }
        }
    }
}
