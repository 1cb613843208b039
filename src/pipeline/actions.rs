//! What rules decided, carried out once: in the transaction that ends the turn.

use crate::base::{Actor, Audience, Role, RuleId, StaffId};
use crate::context::{self, Changed, Proposal};
use crate::conversations;
use crate::identity;
use crate::pipeline::Error;
use crate::pipeline::turn::Turn;
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, FieldOrigin, Receipt, ReceiptState};
use crate::rules::{self, Action, Run};

/// Carries out the actions of every rule that matched, and keeps each rule's tree and receipts.
pub(super) async fn carry_out(cx: &Cx, tx: &mut Tx, turn: &Turn) -> Result<(), Error> {
    let cause =
        rules::Cause { conversation: turn.lease.conversation, seq: turn.lease.for_seq, turn: Some(turn.id) };
    for run in &turn.found.runs {
        let mut receipts = Vec::new();
        if run.matched {
            let rule_cx = cx.acting_as(Actor::Rule { id: run.rule }, turn.rule_name(run.rule));
            for action in actions_of(turn, run.rule) {
                receipts.push(carry_out_one(&rule_cx, tx, turn, action).await?);
            }
            tell_fired(&rule_cx, tx, turn, run, &receipts).await?;
        }
        rules::record_run(cx, tx, cause, run, &receipts).await?;
    }
    Ok(())
}

fn actions_of(turn: &Turn, rule: RuleId) -> impl Iterator<Item = &Action> {
    turn.found.actions.iter().filter(move |(of, _)| *of == rule).map(|(_, action)| action)
}

async fn tell_fired(cx: &Cx, tx: &mut Tx, turn: &Turn, run: &Run, receipts: &[Receipt]) -> Result<(), Error> {
    let content = Content::RuleFired {
        rule: run.rule,
        name: turn.rule_name(run.rule).to_owned(),
        version: run.version,
        receipts: receipts.to_vec(),
    };
    conversations::append(cx, tx, turn.lease.conversation, Audience::Staff, None, content).await?;
    Ok(())
}

async fn carry_out_one(cx: &Cx, tx: &mut Tx, turn: &Turn, action: &Action) -> Result<Receipt, Error> {
    let conversation = turn.lease.conversation;
    let (state, because) = match action {
        Action::RequireApproval { .. } => match turn.person_answers() {
            true => skipped("a person answers already"),
            false => done(),
        },
        Action::SetStatus { status } => match context::move_status(cx, tx, conversation, status).await {
            Ok(()) => done(),
            Err(context::Error::IllegalMove { says }) => skipped(&says),
            Err(error) => return Err(error.into()),
        },
        Action::Label { add, remove } => {
            conversations::label(cx, tx, conversation, add, remove).await?;
            done()
        }
        Action::Assign { role } => assign(cx, tx, turn, *role).await?,
        Action::Notify { text } => {
            conversations::append(
                cx,
                tx,
                conversation,
                Audience::Staff,
                Some(text.clone()),
                Content::Note { mentions: Vec::new() },
            )
            .await?;
            done()
        }
        Action::SetField { field, value } => {
            let proposal = Proposal {
                field: field.clone(),
                value: value.clone(),
                confidence: 1.0,
                evidence: None,
                evidence_seq: None,
                origin: FieldOrigin::Rule,
            };
            let changes = context::propose(cx, tx, conversation, vec![proposal]).await?;
            match changes.iter().any(|change| matches!(change.what, Changed::Value { .. })) {
                true => done(),
                false => skipped("the field had this value, or a person's"),
            }
        }
        Action::HandOver { .. } => {
            // The customer sees this entry: the agent asks, the rule's name stays with staff.
            let agent = cx.acting_as(turn.cx.actor, turn.cx.name.clone());
            conversations::ask_for_person(&agent, tx, conversation).await?;
            done()
        }
    };
    Ok(Receipt { action: action.to_string(), state, because })
}

/// Assigns to the first active colleague of a role, unless somebody looks after it already.
async fn assign(
    cx: &Cx,
    tx: &mut Tx,
    turn: &Turn,
    role: Role,
) -> Result<(ReceiptState, Option<String>), Error> {
    if turn.conversation.assignee.is_some() {
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
            conversations::assign(cx, tx, turn.lease.conversation, Some(chosen)).await?;
            Ok(done())
        }
    }
}

fn done() -> (ReceiptState, Option<String>) {
    (ReceiptState::Done, None)
}

fn skipped(because: &str) -> (ReceiptState, Option<String>) {
    (ReceiptState::Skipped, Some(because.to_owned()))
}
