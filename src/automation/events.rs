//! What rules do about the events of one conversation.

use std::collections::VecDeque;

use crate::automation::carry::carry_out;
use crate::automation::facts::{Scene, event, happened_to_contact};
use crate::automation::{Error, MAX_CHAIN};
use crate::base::{Actor, ConversationId, RuleId};
use crate::contacts::Change;
use crate::conversations;
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, Entry};
use crate::rules::{self, Cause, Decided, Facts, Guard, Look, RuleSet, Trigger};
use crate::workspaces::Workspace;

/// Entries that are read at once, and events that one transaction deals with.
const PAGE: i64 = 200;
const MAX_EVENTS: usize = 100;

/// An entry that rules look at, and the rules that led to it.
struct Event {
    entry: Entry,
    chain: Vec<RuleId>,
}

/// Deals with the events of a conversation that rules have not looked at, and with those they cause.
pub(super) async fn work_off(
    cx: &Cx,
    tx: &mut Tx,
    set: &RuleSet,
    workspace: &Workspace,
    conversation: ConversationId,
) -> Result<(), Error> {
    conversations::hold(cx, tx, conversation).await?;
    let (_, Some(from)) = conversations::rules_state(cx, tx, conversation).await? else { return Ok(()) };
    let mut waiting: VecDeque<Event> = VecDeque::new();
    let mut read_to = from - 1;
    let mut done = 0;
    loop {
        read_to = read_on(tx, cx, conversation, read_to, &[], &mut waiting).await?;
        let Some(event) = waiting.pop_front() else { break };
        if done == MAX_EVENTS {
            return Ok(conversations::set_rules_from(cx, tx, conversation, Some(event.entry.seq)).await?);
        }
        done += 1;
        if let Some(trigger) = trigger_of(&event.entry.content) {
            look_at(cx, tx, set, workspace, (conversation, trigger), &event).await?;
            read_to = read_on(tx, cx, conversation, read_to, &event.chain, &mut waiting).await?;
        }
    }
    Ok(conversations::set_rules_from(cx, tx, conversation, None).await?)
}

/// Deals with an event that is no entry: something about the customer changed.
pub(super) async fn contact_changed(
    cx: &Cx,
    tx: &mut Tx,
    set: &RuleSet,
    workspace: &Workspace,
    (conversation, change): (ConversationId, Change),
) -> Result<(), Error> {
    if set.of(Trigger::ContactChanged).next().is_none() {
        return Ok(());
    }
    conversations::hold(cx, tx, conversation).await?;
    let scene = Scene::read(cx, tx, workspace, conversation).await?;
    let mut facts = scene.facts(cx.now);
    happened_to_contact(&mut facts, change);
    let decided = set.decide(Trigger::ContactChanged, &facts);
    let cause = Cause { conversation, seq: scene.conversation.last_seq, turn: None };
    for run in &decided.runs {
        rules::forget_unmet(cx, tx, cause, run.rule).await?;
    }
    keep_and_carry(cx, tx, set, (cause, Trigger::ContactChanged), facts, &decided, &[]).await
}

/// Adds the entries after a place to those that wait; what a rule wrote belongs to its chain.
async fn read_on(
    tx: &mut Tx,
    cx: &Cx,
    conversation: ConversationId,
    after: i64,
    chain: &[RuleId],
    waiting: &mut VecDeque<Event>,
) -> Result<i64, Error> {
    let entries = conversations::raw_entries(tx, cx.workspace, conversation, after, PAGE).await?;
    let last = entries.last().map_or(after, |(entry, _)| entry.seq);
    for (entry, _) in entries.into_iter().filter(|(entry, _)| entry.content.is_event()) {
        let chain = match entry.actor {
            Actor::Rule { id } => chain.iter().copied().chain([id]).collect(),
            _ => Vec::new(),
        };
        waiting.push_back(Event { entry, chain });
    }
    Ok(last)
}

fn trigger_of(content: &Content) -> Option<Trigger> {
    Some(match content {
        Content::FieldChanged { .. } => Trigger::ContextChanged,
        Content::StatusMoved { .. } => Trigger::StatusChanged,
        Content::DraftDecided { .. } => Trigger::DraftDecided,
        Content::ResolvedChanged { .. } => Trigger::Resolved,
        Content::Rated { .. } => Trigger::Rated,
        Content::HookReceived { .. } => Trigger::Hook,
        _ => return None,
    })
}

async fn look_at(
    cx: &Cx,
    tx: &mut Tx,
    set: &RuleSet,
    workspace: &Workspace,
    (conversation, trigger): (ConversationId, Trigger),
    happened: &Event,
) -> Result<(), Error> {
    if set.of(trigger).next().is_none() {
        return Ok(());
    }
    let scene = Scene::read(cx, tx, workspace, conversation).await?;
    let mut facts = scene.facts(cx.now);
    event(&mut facts, happened.entry.actor.kind(), &happened.entry.content);
    let decided = set.decide(trigger, &facts);
    let cause = Cause { conversation, seq: happened.entry.seq, turn: None };
    keep_and_carry(cx, tx, set, (cause, trigger), facts, &decided, &happened.chain).await
}

/// Keeps what was known, and carries out what was decided: a rule that is in the chain already is held
/// back, and so is everything once the chain is long.
pub(super) async fn keep_and_carry(
    cx: &Cx,
    tx: &mut Tx,
    set: &RuleSet,
    (cause, trigger): (Cause, Trigger),
    facts: Facts,
    decided: &Decided,
    chain: &[RuleId],
) -> Result<(), Error> {
    let look = Look { conversation: cause.conversation, seq: cause.seq, trigger, facts, at: cx.now };
    rules::record_look(cx, tx, &look).await?;
    for run in &decided.runs {
        let guard = match run.matched {
            true if chain.contains(&run.rule) => Some(Guard::Loop),
            true if chain.len() >= MAX_CHAIN => Some(Guard::Depth),
            _ => None,
        };
        if let Some(guard) = guard {
            rules::record_held(cx, tx, cause, run, guard).await?;
            continue;
        }
        let actions = set.find(run.rule).map_or(&[][..], |rule| &rule.document.then);
        carry_out(cx, tx, cause, run, actions).await?;
    }
    Ok(())
}
