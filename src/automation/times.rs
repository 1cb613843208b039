//! Rules of time: a state that lasts, an hour that has come.

use std::time::Duration;

use crate::automation::Error;
use crate::automation::events::keep_and_carry;
use crate::automation::facts::Scene;
use crate::base::Timestamp;
use crate::conversations;
use crate::identity::Site;
use crate::ports::{Cx, Tx};
use crate::rules::{self, Cause, Decided, Hours, Lasting, Pace, Rule, RuleSet, Since, Trigger};
use crate::workspaces::{Settings, Workspace, after_working, is_open, last_occurrence};

/// Conversations that one look at a rule takes up.
const BATCH: i64 = 200;

/// Runs the rules of time of a workspace wherever they are due.
pub(super) async fn work_off(
    site: &Site,
    cx: &Cx,
    set: &RuleSet,
    workspace: &Workspace,
) -> Result<(), Error> {
    for rule in set.of(Trigger::Elapsed).chain(set.of(Trigger::Schedule)) {
        if !keeps_hours(rule, &workspace.settings, cx.now) {
            continue;
        }
        let Some(before) = latest_begin(site, cx, rule, &workspace.settings).await? else { continue };
        let mut tx = site.ports.db.read().await?;
        let lasting = rules::lasting(cx, &mut tx, rule, before, BATCH).await?;
        drop(tx);
        for one in lasting.iter().filter(|one| is_due(rule, &workspace.settings, one.since, cx.now)) {
            let cx = Cx { now: site.ports.now(), ..cx.clone() };
            let mut tx = site.ports.db.begin().await?;
            fire(&cx, &mut tx, set, workspace, rule, *one).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// A rule that keeps hours waits for them.
fn keeps_hours(rule: &Rule, settings: &Settings, now: Timestamp) -> bool {
    match rule.document.hours {
        Hours::Any => true,
        Hours::Working => is_open(settings, now),
        Hours::Closed => !is_open(settings, now),
    }
}

/// The latest moment at which a state must have begun for the rule to be due. Working time is never longer
/// than time. For a rule of the clock: its hour, unless it was switched on later.
async fn latest_begin(
    site: &Site,
    cx: &Cx,
    rule: &Rule,
    settings: &Settings,
) -> Result<Option<Timestamp>, Error> {
    if let Some(wait) = &rule.document.after {
        return Ok(Some(cx.now.before(Duration::from_secs(u64::from(wait.minutes) * 60))));
    }
    let Some(at) = &rule.document.at else { return Ok(None) };
    let Some(hour) = last_occurrence(settings, &at.time, &at.days, cx.now) else { return Ok(None) };
    let mut tx = site.ports.db.read().await?;
    let enabled = rules::enabled_at(cx, &mut tx, rule.id).await?;
    Ok(enabled.filter(|enabled| *enabled <= hour).map(|_| hour))
}

/// When a rule is due that counts from a moment.
pub(super) fn due_at(rule: &Rule, settings: &Settings, since: Timestamp) -> Option<Timestamp> {
    match &rule.document.after {
        None => Some(since),
        Some(wait) if wait.clock == Pace::Working => after_working(settings, since, wait.minutes),
        Some(wait) => Some(since.after(Duration::from_secs(u64::from(wait.minutes) * 60))),
    }
}

fn is_due(rule: &Rule, settings: &Settings, since: Timestamp, now: Timestamp) -> bool {
    due_at(rule, settings, since).is_some_and(|due| due <= now)
}

/// Runs a rule for a state that still lasts, once.
async fn fire(
    cx: &Cx,
    tx: &mut Tx,
    set: &RuleSet,
    workspace: &Workspace,
    rule: &Rule,
    lasting: Lasting,
) -> Result<(), Error> {
    conversations::hold(cx, tx, lasting.id).await?;
    let scene = Scene::read(cx, tx, workspace, lasting.id).await?;
    if !still_lasts(&scene, rule, lasting.since)
        || !rules::settle_timer(cx, tx, rule.id, lasting.id, lasting.since).await?
    {
        return Ok(());
    }
    let facts = scene.facts(cx.now);
    let decided = decide_one(set, rule, &facts);
    let cause = Cause { conversation: lasting.id, seq: scene.conversation.last_seq, turn: None };
    for run in &decided.runs {
        rules::forget_unmet(cx, tx, cause, run.rule).await?;
    }
    keep_and_carry(cx, tx, set, (cause, rule.document.on), facts, &decided, &[]).await
}

/// What one rule of time wants: others of its kind have their own times and stop nothing here.
fn decide_one(set: &RuleSet, rule: &Rule, facts: &rules::Facts) -> Decided {
    match set.find(rule.id) {
        Some(rule) => rules::decide(std::slice::from_ref(&**rule), facts),
        None => Decided::default(),
    }
}

/// Whether the state that was found lasts now that the conversation is held.
fn still_lasts(scene: &Scene, rule: &Rule, since: Timestamp) -> bool {
    let conversation = &scene.conversation;
    if conversation.resolved_at.is_some() {
        return false;
    }
    let Some(wait) = &rule.document.after else { return true };
    match wait.since {
        Since::Status => {
            scene.status_since == since
                && wait.status.as_ref().is_none_or(|status| *status == conversation.status)
        }
        Since::CustomerWaits => conversation.waiting_since == Some(since),
        Since::WeWait => {
            let last = conversation.last_message.as_ref();
            conversation.waiting_since.is_none() && last.is_some_and(|last| last.at == since)
        }
    }
}
