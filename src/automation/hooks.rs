//! What a call of a hook does: fields, an entry, and the rules that wait for it.

use serde_json::Value;

use crate::automation::Error;
use crate::base::{Actor, Audience, ConversationId, HookId};
use crate::context::Proposal;
use crate::hooks::{self, Hook, Mapping, Outcome};
use crate::http::Problem;
use crate::identity::Site;
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, ErrorCode, FieldOrigin};
use crate::{contacts, context, conversations};

/// Longest name of a call, and longest body.
const MAX_NAME: usize = 120;
const MAX_BYTES: usize = 64 * 1024;

/// A call as it came: what it says of itself, and its body.
pub(super) struct Call<'a> {
    /// The caller's identifier of it.
    pub(super) delivery: &'a str,
    /// When it was signed.
    pub(super) timestamp: &'a str,
    /// The signatures.
    pub(super) signature: &'a str,
    /// What it says.
    pub(super) body: &'a [u8],
}

/// Takes a call of a hook, once.
pub(super) async fn receive(site: &Site, id: HookId, call: Call<'_>) -> Result<Outcome, Problem> {
    if call.body.len() > MAX_BYTES {
        return Err(Problem::new(ErrorCode::TooLarge, format!("a call has at most {MAX_BYTES} bytes")));
    }
    let mut tx = site.ports.db.read().await?;
    let (workspace, hook, secret) = hooks::listening(&mut tx, id).await?;
    drop(tx);
    let signed = (call.delivery, call.timestamp, call.signature);
    hooks::verify(&secret, signed, call.body, site.ports.now())
        .map_err(|says| Problem::new(ErrorCode::Unauthenticated, says))?;
    if call.delivery.is_empty() || call.delivery.len() > MAX_NAME {
        let says = format!("webhook-id must have from 1 to {MAX_NAME} characters");
        return Err(Problem::new(ErrorCode::InvalidField, says));
    }
    let body: Value = serde_json::from_slice(call.body)
        .map_err(|error| Problem::new(ErrorCode::InvalidValue, format!("the body is not JSON: {error}")))?;
    let cx = site.ports.cx(workspace, Actor::System, &hook.name);
    let mut tx = site.ports.db.begin().await?;
    if let Some(known) = hooks::take(&cx, &mut tx, id, call.delivery).await? {
        return Ok(known);
    }
    let outcome = take_in(&cx, &mut tx, &hook, &body).await?;
    hooks::note(&cx, &mut tx, id, call.delivery, &outcome).await?;
    tx.commit().await?;
    Ok(outcome)
}

async fn take_in(cx: &Cx, tx: &mut Tx, hook: &Hook, body: &Value) -> Result<Outcome, Error> {
    let conversation = match find(cx, tx, &hook.mapping, body).await? {
        Ok(conversation) => conversation,
        Err(ignored) => return Ok(Outcome { ignored: Some(ignored), ..Outcome::default() }),
    };
    conversations::hold(cx, tx, conversation).await?;
    let set = hook.mapping.fields.iter().filter_map(|(field, place)| {
        let value = body.pointer(place).filter(|value| !value.is_null())?.clone();
        let (field, origin) = (field.clone(), FieldOrigin::Rule);
        Some(Proposal { field, value, confidence: 1.0, evidence: None, evidence_seq: None, origin })
    });
    context::propose(cx, tx, conversation, set.collect()).await?;
    let (key, name, values) = (hook.key.clone(), hook.name.clone(), hook.mapping.values(body));
    let content = Content::HookReceived { key, name, values };
    let entry = conversations::append(cx, tx, conversation, Audience::Staff, None, content).await?;
    Ok(Outcome { conversation: Some(conversation.to_string()), seq: Some(entry.seq), ignored: None })
}

/// The conversation that a call is about, or why there is none.
async fn find(
    cx: &Cx,
    tx: &mut Tx,
    mapping: &Mapping,
    body: &Value,
) -> Result<Result<ConversationId, String>, Error> {
    if let Some(text) = Mapping::text(mapping.conversation.as_ref(), body) {
        let Ok(id) = text.parse::<ConversationId>() else {
            return Ok(Err(format!("{text:?} is not the identifier of a conversation")));
        };
        return match conversations::exists(cx, tx, id).await {
            Ok(()) => Ok(Ok(id)),
            Err(conversations::Error::NotFound) => Ok(Err(format!("there is no conversation {id}"))),
            Err(error) => Err(error.into()),
        };
    }
    let email = Mapping::text(mapping.email.as_ref(), body);
    let phone = Mapping::text(mapping.phone.as_ref(), body);
    if email.is_none() && phone.is_none() {
        return Ok(Err("the call does not say whom it is about".to_owned()));
    }
    let Some(contact) = contacts::known_as(cx, tx, email.as_deref(), phone.as_deref()).await? else {
        return Ok(Err("no customer is known by this address".to_owned()));
    };
    let open = conversations::open_of_contact(cx, tx, contact, 1).await?;
    Ok(open.first().copied().ok_or_else(|| "the customer has no open conversation".to_owned()))
}
