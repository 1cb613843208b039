//! What rules decided, carried out once: in the transaction of their event. Every action leaves a receipt.

use crate::automation::webhook::CallWebhook;
use crate::automation::{Error, sequences as at_work};
use crate::base::{Actor, Audience, ConversationId, Role, RuleId, SequenceRunId, StaffId};
use crate::context::{self, Changed, Proposal};
use crate::conversations;
use crate::drafts::{self, Written};
use crate::identity;
use crate::jobs;
use crate::ports::{Cx, Tx};
use crate::protocol::{Blocker, BlockerKind, Content, FieldOrigin, Owner, Receipt, ReceiptState};
use crate::rules::{self, Action, Cause, Run};
use crate::sequences::{self, Ending};

/// What wants an action done.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// A rule that matched.
    Rule(RuleId),
    /// A step of a sequence, 1 for the first.
    Step {
        /// On its way there.
        run: SequenceRunId,
        /// Which step.
        step: i64,
    },
}

/// What became of an action, and why.
type Outcome = (ReceiptState, Option<String>);

/// Carries out the actions of a rule that matched, tells the timeline, and keeps its tree and receipts.
/// `actions` are the rule's, in order.
pub async fn carry_out(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    run: &Run,
    actions: &[Action],
) -> Result<(), Error> {
    let mut receipts = Vec::new();
    if run.matched {
        let rule_cx = cx.acting_as(Actor::Rule { id: run.rule }, run.name.clone());
        for (at, action) in actions.iter().enumerate() {
            let (state, because) = do_one(&rule_cx, tx, cause, (By::Rule(run.rule), at), action).await?;
            receipts.push(Receipt { action: action.to_string(), state, because });
        }
        let content = Content::RuleFired {
            rule: run.rule,
            name: run.name.clone(),
            version: run.version,
            receipts: receipts.clone(),
        };
        conversations::append(&rule_cx, tx, cause.conversation, Audience::Staff, None, content).await?;
    }
    rules::record_run(cx, tx, cause, run, &receipts).await?;
    Ok(())
}

/// Does one action: the one at this place among those of a rule or of a step.
pub(super) async fn do_one(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    (by, at): (By, usize),
    action: &Action,
) -> Result<Outcome, Error> {
    let conversation = cause.conversation;
    Ok(match action {
        Action::RequireApproval { role, people, because } => {
            require_approval(cx, tx, cause, (*role, i64::from(*people)), because).await?
        }
        Action::SetStatus { status } => match context::move_status(cx, tx, conversation, status).await {
            Ok(()) => done(),
            Err(context::Error::IllegalMove { says }) => skipped(&says),
            Err(error) => return Err(error.into()),
        },
        Action::Label { add, remove } => {
            match conversations::label(cx, tx, conversation, add, remove).await {
                Ok(()) => done(),
                Err(conversations::Error::Invalid { problem, .. }) => failed(&problem),
                Err(conversations::Error::Text(fault)) => failed(&fault.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        Action::Assign { role } => assign(cx, tx, conversation, *role).await?,
        Action::Notify { text } => {
            let note = Content::Note { mentions: Vec::new() };
            conversations::append(cx, tx, conversation, Audience::Staff, Some(text.clone()), note).await?;
            done()
        }
        Action::SetField { field, value } => set_field(cx, tx, conversation, field, value).await?,
        Action::HandOver { .. } => {
            // The customer sees this entry: the agent asks, the rule's name stays with staff.
            let name = crate::workspaces::get(tx, cx.workspace).await?.settings.assistant_name;
            let agent = cx.acting_as(Actor::Agent, name);
            conversations::ask_for_person(&agent, tx, conversation).await?;
            done()
        }
        Action::Draft { text } => draft(cx, tx, cause, by, text).await?,
        Action::StartSequence { sequence } => start_sequence(cx, tx, conversation, sequence).await?,
        Action::StopSequence { sequence } => stop_sequence(cx, tx, conversation, sequence).await?,
        Action::Webhook { .. } => {
            let (rule, step) = match by {
                By::Rule(rule) => (Some(rule), None),
                By::Step { run, step } => (None, Some((run, step))),
            };
            let job = CallWebhook { conversation, seq: cause.seq, rule, step, at };
            jobs::enqueue(cx, tx, &job, cx.now).await?;
            (ReceiptState::Waiting, None)
        }
    })
}

/// In a turn the draft is written after its rules and asks for what they asked for; otherwise the draft that
/// waits does.
async fn require_approval(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    needed: (Role, i64),
    because: &str,
) -> Result<Outcome, Error> {
    if conversations::get(cx, tx, cause.conversation).await?.owner == Owner::Person {
        return Ok(skipped("a person answers already"));
    }
    if cause.turn.is_some() {
        return Ok(done());
    }
    Ok(match drafts::require(cx, tx, cause.conversation, needed, because).await? {
        true => done(),
        false => skipped("no draft waits"),
    })
}

/// Begins a sequence, unless it is on its way already or may not begin.
async fn start_sequence(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    key: &str,
) -> Result<Outcome, Error> {
    let Some(sequence) = sequences::by_key(cx, tx, key).await? else {
        return Ok(failed(&format!("there is no sequence {key:?}")));
    };
    match at_work::start(cx, tx, conversation, &sequence).await {
        Ok(_) => Ok(done()),
        Err(Error::Resolved) => Ok(skipped("the conversation is closed")),
        Err(Error::Sequence(refused)) => match refused {
            sequences::Error::Off | sequences::Error::Running | sequences::Error::TooOften => {
                Ok(skipped(&refused.to_string()))
            }
            other => Err(other.into()),
        },
        Err(error) => Err(error),
    }
}

/// Stops a sequence that is on its way.
async fn stop_sequence(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    key: &str,
) -> Result<Outcome, Error> {
    let Some(sequence) = sequences::by_key(cx, tx, key).await? else {
        return Ok(failed(&format!("there is no sequence {key:?}")));
    };
    let Some(run) = sequences::running(cx, tx, conversation, sequence.id).await? else {
        return Ok(skipped("the sequence is not on its way here"));
    };
    at_work::stop(cx, tx, &run, Ending::Stopped).await?;
    Ok(done())
}

async fn draft(cx: &Cx, tx: &mut Tx, cause: Cause, by: By, text: &str) -> Result<Outcome, Error> {
    if conversations::get(cx, tx, cause.conversation).await?.owner == Owner::Person {
        return Ok(skipped("a person answers already"));
    }
    if cause.turn.is_some() {
        // The turn's own draft takes this text.
        return Ok(done());
    }
    let says = match by {
        By::Rule(_) => format!("The rule “{}” proposes this", cx.name),
        By::Step { step, .. } => format!("Step {step} of the sequence “{}” proposes this", cx.name),
    };
    let written = proposed(text, says);
    Ok(match drafts::propose(cx, tx, cause.conversation, written).await? {
        Some(_) => done(),
        None => skipped("another draft waits already"),
    })
}

/// A draft with a rule's text.
pub fn proposed(text: &str, says: String) -> Written {
    let blockers = vec![Blocker { kind: BlockerKind::RuleRequires, says }];
    Written { text: text.to_owned(), blockers, confidence: 1.0, ..Written::default() }
}

async fn set_field(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    field: &str,
    value: &serde_json::Value,
) -> Result<Outcome, Error> {
    let proposal = Proposal {
        field: field.to_owned(),
        value: value.clone(),
        confidence: 1.0,
        evidence: None,
        evidence_seq: None,
        origin: FieldOrigin::Rule,
    };
    let changes = context::propose(cx, tx, conversation, vec![proposal]).await?;
    Ok(match changes.iter().any(|change| matches!(change.what, Changed::Value { .. })) {
        true => done(),
        false => skipped("the field had this value, or a person's"),
    })
}

/// Assigns to the first active colleague of a role, unless somebody looks after it already.
async fn assign(cx: &Cx, tx: &mut Tx, conversation: ConversationId, role: Role) -> Result<Outcome, Error> {
    if conversations::get(cx, tx, conversation).await?.assignee.is_some() {
        return Ok(skipped("somebody looks after it already"));
    }
    let staff = identity::list_staff(cx, tx).await?;
    let chosen: Option<(StaffId, String)> = staff
        .into_iter()
        .find(|person| person.role == role && !person.disabled)
        .map(|person| (person.id, person.name));
    match chosen {
        None => Ok(skipped(&format!("there is no {role}"))),
        Some(chosen) => {
            conversations::assign(cx, tx, conversation, Some(chosen)).await?;
            Ok(done())
        }
    }
}

fn done() -> Outcome {
    (ReceiptState::Done, None)
}

fn skipped(because: &str) -> Outcome {
    (ReceiptState::Skipped, Some(because.to_owned()))
}

fn failed(because: &str) -> Outcome {
    (ReceiptState::Failed, Some(because.to_owned()))
}
