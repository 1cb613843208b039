//! Workflows at work: which moves a conversation has, and why one is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::base::{Actor, ConversationId, Role, Timestamp};
use crate::context::{Error, known_values, view};
use crate::ports::{Cx, Tx};
use crate::schemas::{self, Action, Schema, StateTimer, Transition};
use crate::workspaces::{self, Settings, after_working};
use crate::{conversations, identity};

/// A status that a conversation can go to, or could.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Move {
    /// Its key.
    pub to: String,
    /// Its name as shown.
    pub label: String,
    /// Why not now; absent when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// When it happens by itself, if nothing happens before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
}

/// The moves of a conversation from where it stands, with what keeps it from them.
pub async fn moves(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<Vec<Move>, Error> {
    let from = conversations::status(cx, tx, conversation).await?;
    let schemas = schemas::active(cx, tx).await?;
    let Some(schema) = schema_of(&schemas, &from) else { return Ok(Vec::new()) };
    let known = known_of(cx, tx, conversation, schema).await?;
    let role = role_of(cx, tx).await?;
    let (since, _) = conversations::rules_state(cx, tx, conversation).await?;
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    let timers = schema.workflow.state(&from).map_or(&[][..], |state| &state.after);
    let leaving = schema.workflow.transitions.iter().filter(|transition| transition.from == from);
    let moves = leaving.filter_map(|transition| {
        let state = schema.workflow.state(&transition.to)?;
        let blocked = obstacle(schema, transition, &known, role);
        let due = due(timers, &state.key, since, &settings).filter(|due| *due > cx.now);
        Some(Move { to: state.key.clone(), label: state.label.clone(), blocked, due })
    });
    Ok(moves.collect())
}

/// When the timers of a state that lasts since some time move on to another.
fn due(timers: &[StateTimer], to: &str, since: Timestamp, settings: &Settings) -> Option<Timestamp> {
    let leads = |timer: &&StateTimer| {
        timer.then.iter().any(|action| matches!(action, Action::SetStatus { status } if status == to))
    };
    let at = |timer: &StateTimer| match timer.working {
        true => after_working(settings, since, timer.minutes),
        false => Some(since.after(Duration::from_secs(u64::from(timer.minutes) * 60))),
    };
    timers.iter().filter(leads).filter_map(at).min()
}

/// Moves a conversation to another status, if its workflow allows the move.
///
/// Not allowed: a move that is no transition, one that needs a higher role, fields that are not known, or
/// something that does not hold. What the states do on leaving and entering happens with the move.
pub async fn move_status(cx: &Cx, tx: &mut Tx, conversation: ConversationId, to: &str) -> Result<(), Error> {
    conversations::hold(cx, tx, conversation).await?;
    let from = conversations::status(cx, tx, conversation).await?;
    if from == to {
        return Ok(());
    }
    let schemas = schemas::active(cx, tx).await?;
    let Some(schema) = schema_of(&schemas, &from) else {
        return Ok(conversations::move_status(cx, tx, conversation, to).await?);
    };
    let Some(transition) = schema.workflow.transition(&from, to) else {
        return Err(Error::IllegalMove { says: no_way(schema, &from, to) });
    };
    if transition.by.is_some() || transition.when.is_some() || !transition.needs.is_empty() {
        let known = known_of(cx, tx, conversation, schema).await?;
        let role = role_of(cx, tx).await?;
        if let Some(says) = obstacle(schema, transition, &known, role) {
            return Err(Error::IllegalMove { says });
        }
    }
    conversations::move_status(cx, tx, conversation, to).await?;
    act(cx, tx, conversation, schema, &from, to).await
}

/// The schema whose workflow a status belongs to.
fn schema_of<'a>(schemas: &'a [Schema], status: &str) -> Option<&'a Schema> {
    schemas.iter().find(|schema| schema.workflow.state(status).is_some())
}

fn no_way(schema: &Schema, from: &str, to: &str) -> String {
    if schema.workflow.state(to).is_none() {
        return format!("{} has no status {to:?}", schema.title);
    }
    let next: Vec<&str> = schema.workflow.next(from).into_iter().map(|state| state.key.as_str()).collect();
    let ways = if next.is_empty() { "nowhere".to_owned() } else { next.join(", ") };
    format!("{} does not go from {from:?} to {to:?}; from there it goes to {ways}", schema.title)
}

/// Why a transition cannot be taken now. `None` as the role: no person takes it.
fn obstacle(
    schema: &Schema,
    transition: &Transition,
    known: &BTreeMap<String, Value>,
    role: Option<Role>,
) -> Option<String> {
    let label = |key: &str| schema.workflow.state(key).map_or(key, |state| state.label.as_str()).to_owned();
    let (from, to) = (label(&transition.from), label(&transition.to));
    let problem = if let (Some(by), Some(role)) = (transition.by, role)
        && role < by
    {
        format!("it needs the role {by}, you are {role}")
    } else if let Some(key) = transition.needs.iter().find(|key| !known.contains_key(*key)) {
        let field = schema.field(key).map_or(key.as_str(), |field| field.label.as_str());
        format!("{field} must be known")
    } else if let Some(when) = &transition.when
        && !when.holds(&schema.fields, &|key| known.get(key))
    {
        transition.says.clone().unwrap_or_else(|| format!("only if {when}"))
    } else {
        return None;
    };
    Some(format!("{from} → {to}: {problem}"))
}

/// What is known of a conversation for one schema, by field.
async fn known_of(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    schema: &Schema,
) -> Result<BTreeMap<String, Value>, Error> {
    let records = view(cx, tx, conversation).await?;
    let own: Vec<_> = records.into_iter().filter(|record| record.schema.key == schema.key).collect();
    Ok(known_values(&own))
}

/// The role of the person who acts; `None` for rules and agents, which managers have set up.
async fn role_of(cx: &Cx, tx: &mut Tx) -> Result<Option<Role>, Error> {
    match cx.actor {
        Actor::Staff { id } => Ok(Some(identity::get_staff(cx, tx, id).await?.role)),
        _ => Ok(None),
    }
}

/// Puts the labels on and off that go with a move; what else its states do is done by rules.
async fn act(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    schema: &Schema,
    from: &str,
    to: &str,
) -> Result<(), Error> {
    let leave = schema.workflow.state(from).map(|state| &state.on_leave);
    let enter = schema.workflow.state(to).map(|state| &state.on_enter);
    for action in [leave, enter].into_iter().flatten().flatten() {
        let Action::Label { add, remove } = action else { continue };
        conversations::label(cx, tx, conversation, add, remove).await?;
    }
    Ok(())
}
