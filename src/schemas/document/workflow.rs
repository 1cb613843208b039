//! Reading the workflow of a document.

use std::collections::BTreeSet;

use crate::base::Role;
use crate::schemas::Problems;
use crate::schemas::condition;
use crate::schemas::document::place::{Place, place_of};
use crate::schemas::document::{MAX_STATES, is_key};
use crate::schemas::model::{Field, StateAction, Transition, Workflow, WorkflowState};

const WORKFLOW_WORDS: &[&str] = &["initial", "states", "transitions"];
const STATE_WORDS: &[&str] = &["key", "label", "colour", "final", "on_enter", "on_leave"];
const TRANSITION_WORDS: &[&str] = &["from", "to", "by", "needs", "when", "says"];

/// Most actions of a state, and fields that a move needs.
const MAX_ACTIONS: usize = 10;

pub(super) fn read_workflow(
    place: &Place<'_>,
    fields: &[Field],
    problems: &mut Problems,
) -> Option<Workflow> {
    place.object(problems)?;
    place.only(WORKFLOW_WORDS, problems);
    let initial = place.needed_text("initial", problems);
    let mut states: Vec<WorkflowState> = Vec::new();
    for item in place.get("states").map(|list| list.items(problems)).unwrap_or_default() {
        let Some(state) = read_state(&item, problems) else { continue };
        if states.iter().any(|known| known.key == state.key) {
            problems.add(&item.path, &format!("there are two states {:?}", state.key));
        }
        states.push(state);
    }
    if states.is_empty() || states.len() > MAX_STATES {
        problems.add(&place_of(place, "states"), &format!("from 1 to {MAX_STATES} states are needed"));
    }
    let mut transitions: Vec<Transition> = Vec::new();
    for item in place.get("transitions").map(|list| list.items(problems)).unwrap_or_default() {
        let Some(transition) = read_transition(&item, &states, fields, problems) else { continue };
        if transitions.iter().any(|known| (&known.from, &known.to) == (&transition.from, &transition.to)) {
            problems.add(&item.path, "this transition is there twice");
        }
        transitions.push(transition);
    }
    let initial = initial?;
    if !states.iter().any(|state| state.key == initial) {
        problems.add(&place_of(place, "initial"), &format!("there is no state {initial:?}"));
        return None;
    }
    let workflow = Workflow { initial, states, transitions };
    for key in unreachable_states(&workflow) {
        problems
            .add(&place_of(place, "states"), &format!("no way leads from {:?} to {key:?}", workflow.initial));
    }
    Some(workflow)
}

fn read_transition(
    item: &Place<'_>,
    states: &[WorkflowState],
    fields: &[Field],
    problems: &mut Problems,
) -> Option<Transition> {
    item.only(TRANSITION_WORDS, problems);
    let from = item.needed_text("from", problems);
    let to = item.needed_text("to", problems);
    let (from, to) = (from?, to?);
    for (word, key) in [("from", &from), ("to", &to)] {
        if !states.iter().any(|state| state.key == *key) {
            problems.add(&place_of(item, word), &format!("there is no state {key:?}"));
        }
    }
    if from == to {
        problems.add(&item.path, "a state does not move to itself");
    }
    let by = item.text("by", problems).and_then(|word| match word.parse::<Role>() {
        Ok(role) => Some(role),
        Err(_) => {
            let known = Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
            problems.add(&place_of(item, "by"), &format!("{word:?} is not a role; known are {known}"));
            None
        }
    });
    let needs = item.get("needs").map(|list| list.texts(problems)).unwrap_or_default();
    for key in &needs {
        if !fields.iter().any(|field| field.key == *key) {
            problems.add(&place_of(item, "needs"), &format!("there is no field {key:?}"));
        }
    }
    let when = item.get("when").and_then(|place| condition::read(&place, fields, problems));
    Some(Transition { from, to, by, needs, when, says: item.text("says", problems) })
}

fn read_state(place: &Place<'_>, problems: &mut Problems) -> Option<WorkflowState> {
    place.object(problems)?;
    place.only(STATE_WORDS, problems);
    let key = place.needed_text("key", problems)?;
    if !is_key(&key, '_') {
        let says = format!("{key:?} is not of small letters, digits and _, beginning with a letter");
        problems.add(&place_of(place, "key"), &says);
    }
    let is_final = match place.get("final") {
        None => false,
        Some(place) => place.value.as_bool().unwrap_or_else(|| {
            problems.add(&place.path, "this must be true or false");
            false
        }),
    };
    let label = place.needed_text("label", problems)?;
    Some(WorkflowState {
        key,
        label,
        colour: place.text("colour", problems),
        is_final,
        on_enter: read_actions(place, "on_enter", problems),
        on_leave: read_actions(place, "on_leave", problems),
    })
}

fn read_actions(state: &Place<'_>, word: &str, problems: &mut Problems) -> Vec<StateAction> {
    let Some(list) = state.get(word) else { return Vec::new() };
    let items = list.items(problems);
    if items.len() > MAX_ACTIONS {
        problems.add(&list.path, &format!("at most {MAX_ACTIONS} actions are allowed"));
        return Vec::new();
    }
    let mut actions = Vec::new();
    for item in items {
        item.only(&["label", "unlabel"], problems);
        match (item.text("label", problems), item.text("unlabel", problems)) {
            (Some(label), None) => actions.push(StateAction::Label(label)),
            (None, Some(label)) => actions.push(StateAction::Unlabel(label)),
            _ => problems.add(&item.path, "one of \"label\" and \"unlabel\" is needed"),
        }
    }
    actions
}

fn unreachable_states(workflow: &Workflow) -> Vec<&str> {
    let mut reached = BTreeSet::from([workflow.initial.as_str()]);
    let mut waiting = vec![workflow.initial.as_str()];
    while let Some(from) = waiting.pop() {
        for transition in workflow.transitions.iter().filter(|transition| transition.from == from) {
            if reached.insert(&transition.to) {
                waiting.push(&transition.to);
            }
        }
    }
    let states = workflow.states.iter().map(|state| state.key.as_str());
    states.filter(|key| !reached.contains(key)).collect()
}
