//! What rules decided, carried out once: in the transaction of their event. Every action leaves a receipt.

use crate::automation::Error;
use crate::automation::webhook::CallWebhook;
use crate::base::{Actor, Audience, ConversationId, Role, RuleId, StaffId};
use crate::context::{self, Changed, Proposal};
use crate::conversations;
use crate::drafts::{self, Written};
use crate::identity;
use crate::jobs;
use crate::ports::{Cx, Tx};
use crate::protocol::{Blocker, BlockerKind, Content, FieldOrigin, Owner, Receipt, ReceiptState};
use crate::rules::{self, Action, Cause, Run};

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
            let (state, because) = carry_out_one(&rule_cx, tx, cause, (run.rule, at), action).await?;
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

async fn carry_out_one(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    of: (RuleId, usize),
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
        Action::Draft { text } => draft(cx, tx, cause, text).await?,
        Action::Webhook { .. } => {
            let (rule, at) = of;
            let job = CallWebhook { conversation, seq: cause.seq, rule, at };
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

async fn draft(cx: &Cx, tx: &mut Tx, cause: Cause, text: &str) -> Result<Outcome, Error> {
    if conversations::get(cx, tx, cause.conversation).await?.owner == Owner::Person {
        return Ok(skipped("a person answers already"));
    }
    if cause.turn.is_some() {
        // The turn's own draft takes this text.
        return Ok(done());
    }
    let says = format!("The rule “{}” proposes this", cx.name);
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
