//! Doing what an approved draft proposes: in the transaction that sends it, so that it is done once.

use serde_json::{Value, json};

use crate::agents::outside::{self, CallTool};
use crate::agents::tools::{HAND_OVER, HandOver, OutsideCall, PROPOSE_VALUE, ProposeValue};
use crate::base::{Actor, Audience};
use crate::context::{self, RecordView};
use crate::drafts::{self, Draft};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Content, FieldOrigin, Proposal, ProposalState};
use crate::schemas::{Schema, check_value, show_value};
use crate::{conversations, jobs, schemas};

/// Most things that one draft may propose.
const MOST: usize = 8;

/// Notes that a value is to be set; says what is wrong with it, for the model.
pub fn propose_value(
    proposals: &mut Vec<Proposal>,
    schemas: &[Schema],
    records: &[RecordView],
    learned: &[context::Proposal],
    wanted: ProposeValue,
) -> Result<(), String> {
    let (name, key) = wanted
        .field
        .split_once('.')
        .map_or((None, wanted.field.as_str()), |(schema, key)| (Some(schema), key));
    let found = schemas
        .iter()
        .filter(|schema| name.is_none_or(|name| name == schema.key))
        .find_map(|schema| schema.field(key));
    let field = found.ok_or_else(|| format!("There is no field {key:?}; read_context lists them."))?;
    check_value(field, &wanted.value).map_err(|problem| format!("{}: {problem}", field.key))?;
    let before = value_now(records, &field.key);
    let is_learned = learned.iter().any(|one| one.field == field.key && one.value == wanted.value);
    if is_learned || before.as_ref() == Some(&wanted.value) {
        return Err("It has this value already.".to_owned());
    }
    let says = match &before {
        None => format!("Set {} to {}", field.label, show_value(field, &wanted.value)),
        Some(before) => format!(
            "Change {} from {} to {}",
            field.label,
            show_value(field, before),
            show_value(field, &wanted.value)
        ),
    };
    let arguments = json!({
        "field": field.key, "value": wanted.value, "because": wanted.because, "before": before,
    });
    proposals.retain(|known| {
        known.tool != PROPOSE_VALUE || known.arguments["field"].as_str() != Some(field.key.as_str())
    });
    add(proposals, PROPOSE_VALUE, arguments, says)
}

/// Notes that a person is to take over.
pub fn propose_hand_over(proposals: &mut Vec<Proposal>, wanted: &HandOver) -> Result<(), String> {
    proposals.retain(|known| known.tool != HAND_OVER);
    let says = format!("Ask a person to take over, with this note: {}", wanted.summary);
    add(proposals, HAND_OVER, json!(wanted), says)
}

/// Notes that a tool from outside is to be called. The same call is noted once.
pub fn propose_call(
    proposals: &mut Vec<Proposal>,
    tool: &outside::Tool,
    arguments: serde_json::Map<String, Value>,
) -> Result<(), String> {
    let says = outside::says(tool, &arguments);
    let (server, name, hash) = (tool.server.clone(), tool.name.clone(), tool.hash.clone());
    let called = tool.called();
    let wanted = json!(OutsideCall { server, tool: name, hash, arguments });
    if proposals.iter().any(|known| known.tool == called && known.arguments == wanted) {
        return Err("This is noted already.".to_owned());
    }
    add(proposals, &called, wanted, says)
}

fn add(proposals: &mut Vec<Proposal>, tool: &str, arguments: Value, says: String) -> Result<(), String> {
    if proposals.len() >= MOST {
        return Err("No more can be proposed with one reply.".to_owned());
    }
    let state = ProposalState::Proposed;
    proposals.push(Proposal {
        number: 0,
        tool: tool.to_owned(),
        arguments,
        says,
        state,
        receipt: None,
        at: None,
    });
    for (number, proposal) in (1..).zip(proposals.iter_mut()) {
        proposal.number = number;
    }
    Ok(())
}

fn value_now(records: &[RecordView], key: &str) -> Option<Value> {
    records.iter().flat_map(|record| &record.fields).find(|field| field.key == key)?.value.clone()
}

/// Does what a draft proposes that was sent in this transaction, and keeps the receipts. What cannot be
/// done any more is skipped, and its receipt says why.
pub async fn carry_out(cx: &Cx, tx: &mut Tx, draft: &Draft, assistant: &str) -> Result<(), Error> {
    if draft.proposals.is_empty() {
        return Ok(());
    }
    // Who approved the draft answers for it.
    let approver = draft.decided_by.map_or(Actor::Agent, |id| Actor::Staff { id });
    let by = cx.acting_as(approver, draft.decided_by_name.clone().unwrap_or_default());
    let agent = cx.acting_as(Actor::Agent, assistant);
    let mut proposals = draft.proposals.clone();
    for proposal in proposals.iter_mut().filter(|proposal| proposal.state == ProposalState::Proposed) {
        if serde_json::from_value::<OutsideCall>(proposal.arguments.clone()).is_ok() {
            // No server is waited for while a transaction is open: the receipt follows.
            let job = CallTool { draft: draft.id, number: proposal.number };
            jobs::enqueue(cx, tx, &job, cx.now).await?;
            proposal.state = ProposalState::Waiting;
            proposal.at = Some(cx.now);
            continue;
        }
        let (state, receipt) = match one(&by, &agent, tx, draft, proposal).await? {
            Ok(done) => (ProposalState::Done, done),
            Err(skipped) => (ProposalState::Skipped, skipped),
        };
        proposal.state = state;
        proposal.receipt = Some(receipt);
        proposal.at = Some(cx.now);
    }
    drafts::receipt(&agent, tx, draft, proposals).await?;
    Ok(())
}

/// Does one thing; tells what was done, or why not.
async fn one(
    by: &Cx,
    agent: &Cx,
    tx: &mut Tx,
    draft: &Draft,
    proposal: &Proposal,
) -> Result<Result<String, String>, Error> {
    match proposal.tool.as_str() {
        PROPOSE_VALUE => set_value(by, tx, draft, proposal).await,
        HAND_OVER => {
            let Ok(wanted) = serde_json::from_value::<HandOver>(proposal.arguments.clone()) else {
                return Ok(Err("it is not readable".to_owned()));
            };
            let body = format!("{}\n\n{}", wanted.because, wanted.summary);
            let note = Content::Note { mentions: Vec::new() };
            conversations::append(agent, tx, draft.conversation, Audience::Staff, Some(body), note).await?;
            conversations::ask_for_person(agent, tx, draft.conversation).await?;
            Ok(Ok("a person was asked for, and the note was written".to_owned()))
        }
        tool => Ok(Err(format!("there is no tool {tool:?}"))),
    }
}

async fn set_value(
    by: &Cx,
    tx: &mut Tx,
    draft: &Draft,
    proposal: &Proposal,
) -> Result<Result<String, String>, Error> {
    let Some(key) = proposal.arguments["field"].as_str() else {
        return Ok(Err("it is not readable".to_owned()));
    };
    let value = proposal.arguments["value"].clone();
    let records = context::view(by, tx, draft.conversation).await?;
    let field = records.iter().flat_map(|record| &record.fields).find(|field| field.key == key);
    let Some(field) = field else { return Ok(Err("the field is gone".to_owned())) };
    if field.value.as_ref() == Some(&value) {
        return Ok(Ok("it had this value already".to_owned()));
    }
    let before = Some(&proposal.arguments["before"]).filter(|before| !before.is_null());
    if field.origin == Some(FieldOrigin::Person) && field.value.as_ref() != before {
        return Ok(Err("a person changed the value since the draft was written".to_owned()));
    }
    match context::set(by, tx, draft.conversation, key, Some(value), field.locked).await {
        Ok(_) => Ok(Ok("the value was set".to_owned())),
        Err(error @ (context::Error::NoField(_) | context::Error::Invalid { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why what a draft proposes could not be done now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The draft refused.
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    /// The conversation refused.
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    /// The context refused.
    #[error(transparent)]
    Context(#[from] context::Error),
    /// The schemas could not be read.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// The store failed.
    #[error("what a draft proposes could not be stored")]
    Db(#[from] DbError),
}
