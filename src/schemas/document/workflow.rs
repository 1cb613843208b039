//! Reading the workflow of a document.

use std::collections::BTreeSet;

use crate::base::Role;
use crate::schemas::Problems;
use crate::schemas::condition;
use crate::schemas::document::place::{Place, place_of};
use crate::schemas::document::{MAX_STATES, is_key};
use crate::schemas::model::{Field, StateTimer, Transition, Workflow, WorkflowState};
use crate::schemas::{Action, Ground, check_action};

const WORKFLOW_WORDS: &[&str] = &["initial", "states", "transitions"];
const STATE_WORDS: &[&str] = &["key", "label", "colour", "final", "on_enter", "on_leave", "after"];
const TRANSITION_WORDS: &[&str] = &["from", "to", "by", "needs", "when", "says"];

/// Most actions of a state, and fields that a move needs.
const MAX_ACTIONS: usize = 10;

/// Most times of a state, and the longest: a year.
const MAX_TIMERS: usize = 10;
const MAX_MINUTES: u32 = 366 * 24 * 60;

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
    check_actions(place, &workflow, fields, problems);
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
        after: read_timers(place, problems),
    })
}

fn read_actions(state: &Place<'_>, word: &str, problems: &mut Problems) -> Vec<Action> {
    let Some(list) = state.get(word) else { return Vec::new() };
    let items = list.items(problems);
    if items.len() > MAX_ACTIONS {
        problems.add(&list.path, &format!("at most {MAX_ACTIONS} actions are allowed"));
        return Vec::new();
    }
    items.iter().filter_map(|item| read_action(item, problems)).collect()
}

/// An action as rules have them, or the short form for a label.
fn read_action(item: &Place<'_>, problems: &mut Problems) -> Option<Action> {
    item.object(problems)?;
    if item.get("do").is_some() {
        return match serde_json::from_value(item.value.clone()) {
            Ok(action) => Some(action),
            Err(error) => {
                problems.add(&item.path, &error.to_string());
                None
            }
        };
    }
    item.only(&["do", "label", "unlabel"], problems);
    match (item.text("label", problems), item.text("unlabel", problems)) {
        (Some(label), None) => Some(Action::Label { add: vec![label], remove: Vec::new() }),
        (None, Some(label)) => Some(Action::Label { add: Vec::new(), remove: vec![label] }),
        _ => {
            problems.add(&item.path, "one of \"do\", \"label\" and \"unlabel\" is needed");
            None
        }
    }
}

fn read_timers(state: &Place<'_>, problems: &mut Problems) -> Vec<StateTimer> {
    let items = state.get("after").map(|list| list.items(problems)).unwrap_or_default();
    if items.len() > MAX_TIMERS {
        problems.add(&place_of(state, "after"), &format!("at most {MAX_TIMERS} times are allowed"));
        return Vec::new();
    }
    items.iter().filter_map(|item| read_timer(item, problems)).collect()
}

fn read_timer(item: &Place<'_>, problems: &mut Problems) -> Option<StateTimer> {
    item.object(problems)?;
    item.only(&["minutes", "clock", "then"], problems);
    let minutes = item.get("minutes").and_then(|place| place.value.as_u64()).unwrap_or_default();
    let minutes = u32::try_from(minutes).ok().filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
    if minutes.is_none() {
        let says = format!("this must be a whole number from 1 to {MAX_MINUTES}");
        problems.add(&place_of(item, "minutes"), &says);
    }
    let working = match item.text("clock", problems).as_deref() {
        None | Some("wall") => false,
        Some("working") => true,
        Some(other) => {
            problems.add(&place_of(item, "clock"), &format!("{other:?} is not one of wall, working"));
            false
        }
    };
    let then = read_actions(item, "then", problems);
    if then.is_empty() {
        problems.add(&place_of(item, "then"), "at least one action is needed");
    }
    Some(StateTimer { minutes: minutes?, working, then })
}

/// Holds what states do against the fields and moves there are.
fn check_actions(place: &Place<'_>, workflow: &Workflow, fields: &[Field], problems: &mut Problems) {
    let field = |key: &str| fields.iter().find(|field| field.key == key);
    let has_state = |key: &str| workflow.state(key).is_some();
    // Schemas know no sequences: one that is not there when its time comes leaves a receipt that says so.
    let has_sequence = |_: &str| true;
    let ground = Ground { field: &field, has_state: &has_state, has_sequence: &has_sequence };
    for (at, state) in workflow.states.iter().enumerate() {
        let here = place_of(place, &format!("states[{at}]"));
        let timed =
            state.after.iter().enumerate().map(|(n, timer)| (format!("after[{n}].then"), &timer.then));
        let lists = [("on_enter".to_owned(), &state.on_enter), ("on_leave".to_owned(), &state.on_leave)];
        for (word, actions) in lists.into_iter().chain(timed) {
            for (n, action) in actions.iter().enumerate() {
                let place = format!("{here}.{word}[{n}]");
                check_action(&place, action, &ground, problems);
                check_move(&place, &word, workflow, (&state.key, action), problems);
            }
        }
    }
}

/// A state moves on only where a transition leads, and leaving is no time to move elsewhere.
fn check_move(
    place: &str,
    word: &str,
    workflow: &Workflow,
    (state, action): (&str, &Action),
    problems: &mut Problems,
) {
    let Action::SetStatus { status } = action else { return };
    if word == "on_leave" {
        problems
            .add(place, "a conversation that leaves a state is on its way already; use on_enter or after");
    } else if workflow.state(status).is_some() && !workflow.may_move(state, status) {
        problems.add(place, &format!("no transition leads from {state:?} to {status:?}"));
    }
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
