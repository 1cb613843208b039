//! Workflows at work: what their states do on entering, on leaving and after a time, as rules.
//!
//! A column of the schema says that its workflow is still to be made rules. Until that is done, no rule of
//! the workspace runs, so a move never meets the rules of an older version.

use serde_json::{Value, json};

use crate::automation::Error;
use crate::base::{Actor, SchemaId, WorkspaceId};
use crate::identity::Site;
use crate::rules;
use crate::schemas::{self, Action, Schema, WorkflowState};

/// For how many minutes a conversation has just begun.
const YOUNG: u32 = 15;

/// Schemas that are taken up at once.
const BATCH: i64 = 100;

/// Makes the workflows rules that are not yet.
pub(super) async fn work_off(site: &Site) -> Result<(), Error> {
    loop {
        let mut tx = site.ports.db.read().await?;
        let waiting = schemas::unsettled(&mut tx, BATCH).await?;
        drop(tx);
        if waiting.is_empty() {
            return Ok(());
        }
        for (workspace, key, id) in waiting {
            settle(site, workspace, &key, id).await?;
        }
    }
}

async fn settle(site: &Site, workspace: WorkspaceId, key: &str, id: SchemaId) -> Result<(), Error> {
    let cx = site.ports.cx(workspace, Actor::System, "");
    let mut tx = site.ports.db.begin().await?;
    // Noted first, which holds the row: whoever retires this version meanwhile waits, and asks for it anew.
    schemas::settle(&cx, &mut tx, id).await?;
    let documents = match schemas::by_key(&cx, &mut tx, key).await {
        Ok(schema) => rules_of(&schema),
        Err(schemas::Error::NoKey(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    match rules::install_workflow(&cx, &mut tx, key, &documents).await {
        Ok(()) => {}
        // It was checked when it was saved; what another schema took away since is said, and keeps nobody.
        Err(rules::Error::Invalid(problems)) => {
            tracing::warn!(schema.key = key, %problems, "a workflow's actions are not rules of this workspace");
        }
        Err(error) => return Err(error.into()),
    }
    tx.commit().await?;
    Ok(())
}

/// The rules that a workflow stands for.
pub(super) fn rules_of(schema: &Schema) -> Vec<Value> {
    schema.workflow.states.iter().flat_map(|state| of_state(schema, state)).collect()
}

fn of_state(schema: &Schema, state: &WorkflowState) -> Vec<Value> {
    let moves = [("enter", "event.to", &state.on_enter), ("leave", "event.from", &state.on_leave)];
    let mut found = Vec::new();
    for (word, fact, actions) in moves {
        if word == "enter" && schema.workflow.initial == state.key {
            found.extend(entering_first(schema, state));
            continue;
        }
        // Labels went with the move.
        let then: Vec<&Action> =
            actions.iter().filter(|action| !matches!(action, Action::Label { .. })).collect();
        if then.is_empty() {
            continue;
        }
        let words = if word == "enter" { "on entering" } else { "on leaving" };
        found.push(json!({
            "key": key(schema, state, word),
            "name": format!("{}: {words} {}", schema.title, state.label),
            "on": "status_changed",
            "when": {"fact": fact, "op": "is", "value": state.key},
            "then": then,
        }));
    }
    for (at, timer) in state.after.iter().enumerate() {
        found.push(json!({
            "key": key(schema, state, &format!("after-{}", at + 1)),
            "name": format!("{}: after some time in {}", schema.title, state.label),
            "on": "elapsed",
            "after": {"since": "status", "status": state.key, "minutes": timer.minutes,
                "clock": if timer.working { "working" } else { "wall" }},
            "then": timer.then,
        }));
    }
    found
}

/// What the first state does on entering. A conversation begins in it without a move, so the rule is one of
/// time without a wait; conversations that were there long before are left alone.
fn entering_first(schema: &Schema, state: &WorkflowState) -> Option<Value> {
    let young = json!({"fact": "conversation.status_minutes", "op": "lt", "value": YOUNG});
    (!state.on_enter.is_empty()).then(|| {
        json!({
            "key": key(schema, state, "enter"),
            "name": format!("{}: on entering {}", schema.title, state.label),
            "on": "elapsed",
            "after": {"since": "status", "status": state.key, "minutes": 0},
            "when": young,
            "then": state.on_enter,
        })
    })
}

/// A key that is the rule's own: names may be long, and two may read alike.
fn key(schema: &Schema, state: &WorkflowState, word: &str) -> String {
    let whole = format!("{}/{}/{word}", schema.key, state.key);
    let hash = blake3::hash(whole.as_bytes()).to_hex();
    let short: String = state.key.replace('_', "-").chars().take(30).collect();
    format!("workflow-{short}-{word}-{}", &hash[..8])
}
