//! What staff do again and again by hand, as rules that could do it: each with how often it would have been
//! right on history, and what it would have missed.
//!
//! A habit is learned on the older conversations and measured on the newer ones. One that would be wrong too
//! often, that is too rare, or that a rule does already is not offered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::{Value, json};

use crate::automation::Error;
use crate::base::{ActorKind, ConversationId, Role, StaffId};
use crate::conversations::PastEntry;
use crate::ports::{Cx, Tx};
use crate::protocol::Content;
use crate::rules::{self, Action, Comparison, Condition, FactValue, Facts, Op};
use crate::{conversations, identity};

/// Conversations that are read at once, and at most.
const BATCH: i64 = 200;
const MOST: usize = 5_000;

/// Entries that are read at once.
const ENTRIES: i64 = 5_000;

/// How often staff must have done it, in all and among the newer conversations.
const LEAST: usize = 5;
const LEAST_NEWER: usize = 2;

/// Values of a fact above which it is no category.
const MAX_VALUES: usize = 40;

/// Conversations that are shown of each kind, and habits.
const SHOWN: usize = 5;
const MAX_HABITS: usize = 20;

/// A rule that would do what staff do.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Habit {
    /// The rule in words.
    pub text: String,
    /// The rule, to be looked at, tried and saved.
    #[schema(value_type = Object)]
    pub document: Value,
    /// Conversations in which its condition held.
    pub held: usize,
    /// Of these, those in which staff did it.
    pub right: usize,
    /// Conversations in which staff did it at all.
    pub done: usize,
    /// Right of held, 0 to 1.
    pub precision: f64,
    /// Right of done, 0 to 1.
    pub recall: f64,
    /// The same on the newer conversations alone, from which nothing was learned: held, right.
    pub newer: (usize, usize),
    /// Conversations in which staff did it.
    pub examples: Vec<ConversationId>,
    /// Conversations in which it would have done it and staff did not.
    pub wrong: Vec<ConversationId>,
}

/// What the past says about habits.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Habits {
    /// How many conversations were looked at.
    pub conversations: usize,
    /// The precision below which nothing is offered.
    pub precision: f64,
    /// The habits, the most frequent first.
    pub items: Vec<Habit>,
}

/// A condition with one comparison: fact, comparison and value as a text.
type Trait = (String, Op, String);

/// One conversation of the past.
#[derive(Default)]
struct Past {
    id: Option<ConversationId>,
    /// What held of a message, with the first entry at which it did.
    traits: BTreeMap<Trait, i64>,
    /// What staff did by hand, with the entry; as JSON, since actions do not sort.
    done: BTreeMap<String, i64>,
}

/// Looks for habits in the conversations of the last days. Changes nothing.
pub async fn habits(cx: &Cx, tx: &mut Tx, days: u32, precision: f64) -> Result<Habits, Error> {
    let past = gather(cx, tx, days).await?;
    let known: BTreeSet<String> = rules::list(cx, tx)
        .await?
        .iter()
        .flat_map(|row| row.rule.document.then.iter().map(written))
        .collect();
    let words = rules::vocabulary(cx, tx).await?;
    let common = categories(&past);
    let mut found = Vec::new();
    let all: BTreeSet<&String> = past.iter().flat_map(|one| one.done.keys()).collect();
    for action in all.into_iter().filter(|action| !known.contains(*action)) {
        let Some(habit) = best(&past, action, &common, precision) else { continue };
        let document = document(action, &habit.0);
        // A value that no schema has any more makes no rule.
        if let Ok(rule) = rules::check(cx, tx, &document).await {
            found.push(Habit { text: rules::describe(&rule, &words), document, ..habit.1 });
        }
    }
    found.sort_by(|a, b| b.right.cmp(&a.right).then_with(|| a.text.cmp(&b.text)));
    found.truncate(MAX_HABITS);
    Ok(Habits { conversations: past.len(), precision, items: found })
}

/// The condition that foretells an action best, with how well.
fn best(
    past: &[Past],
    action: &str,
    common: &BTreeSet<Trait>,
    precision: f64,
) -> Option<(Vec<Trait>, Habit)> {
    let split = past.len() * 2 / 3;
    let (older, newer) = past.split_at(split);
    let mut candidates: Vec<Vec<Trait>> = common.iter().map(|one| vec![one.clone()]).collect();
    // Two traits together, where one alone is often right already but not often enough.
    let promising: Vec<&Trait> = common
        .iter()
        .filter(|one| {
            let (held, right) = measure(older, std::slice::from_ref(*one), action);
            right >= LEAST - LEAST_NEWER && ratio(right, held) >= precision / 3.0
        })
        .collect();
    for (at, first) in promising.iter().enumerate() {
        let others = promising[at + 1..].iter().filter(|second| second.0 != first.0);
        candidates.extend(others.map(|second| vec![(*first).clone(), (*second).clone()]));
    }
    let score = |traits: &Vec<Trait>| {
        let (held, right) = measure(older, traits, action);
        (right >= LEAST - LEAST_NEWER && ratio(right, held) >= precision).then_some((right, traits.len()))
    };
    let scored = candidates.into_iter().filter_map(|traits| score(&traits).map(|score| (score, traits)));
    // The one that catches most; of two that catch the same the plainer one.
    let (_, traits) = scored.max_by(|a, b| a.0.0.cmp(&b.0.0).then_with(|| b.0.1.cmp(&a.0.1)))?;
    let (held, right) = measure(past, &traits, action);
    let on_newer = measure(newer, &traits, action);
    let offered = right >= LEAST
        && on_newer.1 >= LEAST_NEWER
        && ratio(right, held) >= precision
        && ratio(on_newer.1, on_newer.0) >= precision;
    if !offered {
        return None;
    }
    let done = past.iter().filter(|one| one.done.contains_key(action)).count();
    let pick = |is_right: bool| {
        let fits =
            past.iter().rev().filter(|one| holds(one, &traits) && is_done(one, &traits, action) == is_right);
        fits.filter_map(|one| one.id).take(SHOWN).collect()
    };
    let habit = Habit {
        text: String::new(),
        document: Value::Null,
        held,
        right,
        done,
        precision: ratio(right, held),
        recall: ratio(right, done),
        newer: on_newer,
        examples: pick(true),
        wrong: pick(false),
    };
    Some((traits, habit))
}

fn ratio(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// In how many conversations a condition held, and in how many of these staff did it afterwards.
fn measure(past: &[Past], traits: &[Trait], action: &str) -> (usize, usize) {
    let held = past.iter().filter(|one| holds(one, traits));
    held.fold((0, 0), |(held, right), one| (held + 1, right + usize::from(is_done(one, traits, action))))
}

fn holds(one: &Past, traits: &[Trait]) -> bool {
    traits.iter().all(|wanted| one.traits.contains_key(wanted))
}

/// Whether staff did it once the condition held.
fn is_done(one: &Past, traits: &[Trait], action: &str) -> bool {
    let from = traits.iter().filter_map(|wanted| one.traits.get(wanted)).max();
    one.done.get(action).zip(from).is_some_and(|(done, from)| done > from)
}

/// Traits that are often enough to be worth a look, of facts with few values.
fn categories(past: &[Past]) -> BTreeSet<Trait> {
    let mut counts: BTreeMap<&Trait, usize> = BTreeMap::new();
    for one in past.iter().flat_map(|one| one.traits.keys()) {
        *counts.entry(one).or_default() += 1;
    }
    let mut values: HashMap<&str, usize> = HashMap::new();
    for (fact, ..) in counts.keys() {
        *values.entry(fact).or_default() += 1;
    }
    let useful = |one: &&Trait, count: usize| {
        count >= LEAST && count < past.len() && values.get(one.0.as_str()).is_some_and(|n| *n <= MAX_VALUES)
    };
    counts.iter().filter(|(one, count)| useful(one, **count)).map(|(one, _)| (*one).clone()).collect()
}

/// The rule of a habit.
fn document(action: &str, traits: &[Trait]) -> Value {
    let leaf = |(fact, op, value): &Trait| {
        let value = serde_json::from_str::<Value>(value).unwrap_or_else(|_| json!(value));
        let comparison = Comparison { fact: fact.clone(), op: *op, value: Some(value) };
        serde_json::to_value(Condition::Fact(comparison)).unwrap_or_default()
    };
    let leaves: Vec<Value> = traits.iter().map(leaf).collect();
    let then: Value = serde_json::from_str(action).unwrap_or_default();
    let hash = blake3::hash(format!("{action}{leaves:?}").as_bytes()).to_hex();
    let read: Option<Action> = serde_json::from_value(then.clone()).ok();
    let name = read.map_or_else(String::new, |action| action.to_string());
    let name =
        name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect::<String>();
    json!({"key": format!("habit-{}", &hash[..10]), "name": name, "on": "message", "enabled": false,
        "when": {"all": leaves}, "then": [then]})
}

fn written(action: &Action) -> String {
    serde_json::to_string(action).unwrap_or_default()
}

/// Reads the past, the oldest conversation first.
async fn gather(cx: &Cx, tx: &mut Tx, days: u32) -> Result<Vec<Past>, Error> {
    let since = cx.now.before(Duration::from_secs(u64::from(days) * 24 * 3_600));
    let staff = identity::list_staff(cx, tx).await?;
    let roles: HashMap<StaffId, Role> = staff.into_iter().map(|one| (one.id, one.role)).collect();
    let mut past: Vec<Past> = Vec::new();
    let mut after = String::new();
    while past.len() < MOST {
        let page = conversations::past_conversations(cx, tx, since, &after, BATCH).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        let range = (first.id, last.id);
        after = last.id.to_string();
        let from = past.len();
        let mut places = HashMap::with_capacity(page.len());
        for one in &page {
            places.insert(one.id, past.len());
            past.push(Past { id: Some(one.id), ..Past::default() });
        }
        for look in rules::message_looks(cx, tx, range).await? {
            if let Some(one) = places.get(&look.conversation).and_then(|at| past.get_mut(*at)) {
                for found in traits(&look.facts) {
                    let first = one.traits.entry(found).or_insert(look.seq);
                    *first = look.seq.min(*first);
                }
            }
        }
        read_entries(cx, tx, range, &roles, &places, &mut past).await?;
        debug_assert!(past.len() > from, "a page that is not empty brings conversations");
    }
    Ok(past)
}

async fn read_entries(
    cx: &Cx,
    tx: &mut Tx,
    range: (ConversationId, ConversationId),
    roles: &HashMap<StaffId, Role>,
    places: &HashMap<ConversationId, usize>,
    past: &mut [Past],
) -> Result<(), Error> {
    let mut place = (String::new(), 0);
    loop {
        let entries = conversations::past_entries(cx, tx, range, (&place.0, place.1), ENTRIES).await?;
        for entry in entries.iter().filter(|entry| entry.actor_kind == ActorKind::Staff) {
            let Some(one) = places.get(&entry.conversation_id).and_then(|at| past.get_mut(*at)) else {
                continue;
            };
            for action in actions(entry, roles) {
                one.done.entry(written(&action)).or_insert(entry.seq);
            }
        }
        match entries.last() {
            Some(entry) if entries.len() as i64 == ENTRIES => {
                place = (entry.conversation_id.to_string(), entry.seq);
            }
            _ => return Ok(()),
        }
    }
}

/// What somebody did, as the actions that rules have.
fn actions(entry: &PastEntry, roles: &HashMap<StaffId, Role>) -> Vec<Action> {
    match &entry.content.0 {
        Content::LabelsChanged { added, .. } => {
            let one = |label: &String| Action::Label { add: vec![label.clone()], remove: Vec::new() };
            added.iter().map(one).collect()
        }
        Content::StatusMoved { to, .. } => vec![Action::SetStatus { status: to.clone() }],
        Content::Assigned { to: Some(to), .. } => {
            roles.get(to).map(|role| Action::Assign { role: *role }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a condition could ask of these facts: categories, not texts and numbers.
fn traits(facts: &Facts) -> Vec<Trait> {
    let mut found = Vec::new();
    for (fact, value) in facts {
        let is_own = fact.starts_with("context.") && fact.matches('.').count() == 1;
        let is_category = matches!(
            fact.as_str(),
            "intent" | "message.language" | "contact.known" | "time.working_hours" | "time.weekday"
        );
        match value {
            FactValue::Text(text) if (is_own || is_category) && text.chars().count() <= 60 => {
                found.push((fact.clone(), Op::Is, Value::String(text.clone()).to_string()));
            }
            FactValue::Flag(flag) if is_own || is_category => {
                found.push((fact.clone(), Op::Is, flag.to_string()));
            }
            FactValue::List(entries) if is_own => {
                let each = entries.iter().take(10);
                found.extend(
                    each.map(|entry| (fact.clone(), Op::Contains, Value::String(entry.clone()).to_string())),
                );
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(traits: &[(&str, &str)], done: &[(&str, i64)]) -> Past {
        let traits = traits.iter().map(|(fact, value)| {
            (((*fact).to_owned(), Op::Is, Value::String((*value).to_owned()).to_string()), 1)
        });
        let done = done.iter().map(|(action, seq)| ((*action).to_owned(), *seq));
        Past { id: None, traits: traits.collect(), done: done.collect() }
    }

    #[test]
    fn a_habit_is_offered_when_it_is_right_often_enough_also_on_what_it_was_not_learned_from() {
        let mut past = Vec::new();
        for number in 0..60 {
            let quote = number % 3 == 0;
            let intent = if quote { "quote" } else { "other" };
            // By hand, after the message; once in a while forgotten.
            let done: &[(&str, i64)] = if quote && number != 30 { &[("label", 4)] } else { &[] };
            past.push(one(&[("intent", intent), ("message.language", "en")], done));
        }
        let common = categories(&past);
        assert_eq!(common.len(), 2, "what holds everywhere tells nothing: {common:?}");
        let (traits, habit) = best(&past, "label", &common, 0.9).expect("a habit");
        assert_eq!((traits.len(), traits[0].2.as_str()), (1, "\"quote\""));
        assert_eq!((habit.held, habit.right, habit.done), (20, 19, 19));
        assert!((habit.precision - 0.95).abs() < 1e-9 && (habit.recall - 1.0).abs() < 1e-9);
        assert!(best(&past, "label", &common, 0.97).is_none(), "not right often enough");
    }

    #[test]
    fn a_habit_that_staff_gave_up_is_not_offered() {
        let past: Vec<Past> = (0..60)
            .map(|number| {
                let kind = if number % 2 == 0 { "quote" } else { "other" };
                let done: &[(&str, i64)] = if number % 2 == 0 && number < 40 { &[("label", 4)] } else { &[] };
                one(&[("intent", kind)], done)
            })
            .collect();
        assert!(best(&past, "label", &categories(&past), 0.6).is_none());
    }

    #[test]
    fn what_came_before_the_condition_is_no_consequence_of_it() {
        let past: Vec<Past> = (0..40)
            .map(|number| one(&[("intent", if number % 2 == 0 { "quote" } else { "x" })], &[("label", 1)]))
            .collect();
        assert!(best(&past, "label", &categories(&past), 0.5).is_none());
    }

    #[test]
    fn two_traits_together_foretell_what_one_does_not() {
        let past: Vec<Past> = (0..80)
            .map(|number| {
                let (first, second) = (number % 2 == 0, number / 2 % 2 == 0);
                let done: &[(&str, i64)] = if first && second { &[("label", 3)] } else { &[] };
                let intent = if first { "quote" } else { "x" };
                let language = if second { "de" } else { "en" };
                one(&[("intent", intent), ("message.language", language)], done)
            })
            .collect();
        let (traits, habit) = best(&past, "label", &categories(&past), 0.9).expect("a habit");
        assert_eq!((traits.len(), habit.right), (2, 20));
        let rule = document(r#"{"do":"label","add":["vip"],"remove":[]}"#, &traits);
        assert_eq!(rule["when"]["all"][0], json!({"fact": "intent", "op": "is", "value": "quote"}));
        assert_eq!(rule["name"], "Add the label vip");
    }
}
