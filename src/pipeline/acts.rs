//! What rules ask about in a turn, and what they decided, carried out once: in the transaction that ends it.

use crate::automation;
use crate::base::Timestamp;
use crate::pipeline::Error;
use crate::pipeline::turn::Turn;
use crate::ports::{Cx, Tx};
use crate::rules::{self, Action, Cause, FactValue, Facts, Look, Trigger};

/// The facts of a turn, as rules name them.
pub(super) fn facts(turn: &Turn, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    let settings = &turn.workspace.settings;
    let conversation = (&turn.conversation, turn.status_since);
    let contact = (&turn.contact, &turn.circle);
    automation::state_facts(&mut facts, conversation, contact, &turn.records, (settings, now));
    automation::message_facts(&mut facts, &turn.text, turn.files, settings, now);
    if !turn.around.is_empty() {
        facts.retain(|name, _| !is_around(name));
        facts.extend(turn.around.clone());
    }
    let mut set = |name: &str, value: FactValue| {
        facts.insert(name.to_owned(), value);
    };
    if let Some(intent) = &turn.found.intent {
        set("intent", FactValue::Text(intent.clone()));
        set("intent.confidence", FactValue::Number(turn.found.intent_confidence));
    }
    set("message.language", FactValue::Text(turn.tongue.code().to_owned()));
    set("retrieval.score", FactValue::Number(turn.found.hits.first().map_or(0.0, |hit| hit.score)));
    set("steering.score", FactValue::Number(turn.found.steering));
    for proposal in &turn.found.proposals {
        if let Some(value) = FactValue::from_value(&proposal.value) {
            set(&format!("context.{}", proposal.field), value);
        }
    }
    facts
}

/// Whether a fact is about what is around a conversation and told by none of its entries: the customer's past, and
/// the time.
pub(super) fn is_around(fact: &str) -> bool {
    fact.starts_with("contact.")
        || fact.starts_with("time.")
        || matches!(fact, "conversation.status_minutes" | "conversation.waiting_minutes")
}

/// Carries out the actions of every rule that matched, and keeps each rule's tree and receipts, and what
/// they knew.
pub(super) async fn carry_out(cx: &Cx, tx: &mut Tx, turn: &Turn) -> Result<(), Error> {
    let conversation = turn.lease.conversation;
    let cause = Cause { conversation, seq: turn.lease.for_seq, turn: Some(turn.id) };
    if let Some(facts) = &turn.found.facts {
        let facts = facts.clone();
        let look = Look { conversation, seq: cause.seq, trigger: Trigger::Message, facts, at: cx.now };
        rules::record_look(cx, tx, &look).await?;
    }
    for run in &turn.found.runs {
        let actions = turn.rules.find(run.rule).map_or(&[][..], |rule| &rule.document.then);
        automation::carry_out(cx, tx, cause, run, actions).await?;
    }
    Ok(())
}

/// The reply that a rule puts in the place of the turn's own; the first one that wants to.
pub(super) fn reply(turn: &Turn) -> Option<(&str, &str)> {
    let proposes = |(rule, action): &(_, Action)| match action {
        Action::Draft { .. } => Some(*rule),
        _ => None,
    };
    let rule = turn.found.actions.iter().find_map(proposes)?;
    let texts = turn.found.actions.iter().filter_map(|(_, action)| match action {
        Action::Draft { text } => Some(text.as_str()),
        _ => None,
    });
    texts.take(1).map(|text| (turn.rule_name(rule), text)).next()
}
