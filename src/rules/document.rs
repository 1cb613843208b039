//! Reading a rule, and saying exactly what is wrong with it.

use serde_json::{Map, Value};

use crate::rules::Error;
use crate::rules::check::Check;
use crate::rules::model::{
    Action, Comparison, Condition, Hours, Op, RuleDocument, Schedule, Since, Trigger, Wait,
};
use crate::rules::vocabulary::{FACTS, FactKind, SEGMENTS, Vocabulary, lasts, ops};
use crate::schemas::{FieldType, Ground, MAX_TEXT, Problems, check_action, check_value};

/// How deep conditions may be nested, how many there may be, and how many actions.
pub(super) const MAX_DEPTH: usize = 20;
const MAX_CONDITIONS: usize = 1_000;
const MAX_ACTIONS: usize = 50;

/// Longest time that a rule waits: a year.
const MAX_MINUTES: u32 = 366 * 24 * 60;

const RULE_WORDS: &[&str] =
    &["key", "name", "on", "priority", "stop", "enabled", "hours", "after", "at", "when", "then"];

/// Reads a rule and checks it against what the workspace has.
pub(super) fn check(document: &Value, vocabulary: &Vocabulary) -> Result<RuleDocument, Error> {
    let mut problems = Problems::default();
    let rule = read_rule(document, &mut problems);
    if let Some(rule) = &rule {
        check_condition("when", &rule.when, vocabulary, &mut problems);
        let field = |key: &str| vocabulary.fields.get(key);
        let has_state = |key: &str| vocabulary.states.contains(key);
        let has_sequence = |key: &str| vocabulary.has_sequence(key);
        let ground = Ground { field: &field, has_state: &has_state, has_sequence: &has_sequence };
        for (at, action) in rule.then.iter().enumerate() {
            check_action(&format!("then[{at}]"), action, &ground, &mut problems);
        }
        if let Some(Wait { since: Since::Status, status: Some(status), .. }) = &rule.after
            && !vocabulary.states.contains(status)
        {
            problems.add("after.status", &format!("no workflow has a state {status:?}"));
        }
    }
    finished(rule, problems)
}

/// Reads a rule without asking whether the workspace has what it speaks of.
pub(super) fn read(document: &Value) -> Result<RuleDocument, Error> {
    let mut problems = Problems::default();
    let rule = read_rule(document, &mut problems);
    finished(rule, problems)
}

fn finished(rule: Option<RuleDocument>, problems: Problems) -> Result<RuleDocument, Error> {
    match rule {
        Some(rule) if problems.is_empty() => Ok(rule),
        _ => Err(Error::Invalid(problems)),
    }
}

fn read_rule(document: &Value, problems: &mut Problems) -> Option<RuleDocument> {
    let Some(object) = document.as_object() else {
        problems.add("the rule", "this must be an object");
        return None;
    };
    only(object, RULE_WORDS, "the rule", problems);
    let key = text(object, "key", problems);
    if let Some(key) = &key
        && !is_key(key)
    {
        problems.add("key", &format!("{key:?} is not a name such as quotes-need-manager"));
    }
    let name = text(object, "name", problems);
    let on =
        text(object, "on", problems).and_then(|word| word_of::<Trigger>("on", &word, Trigger::ALL, problems));
    let priority = match object.get("priority") {
        None => Some(100),
        Some(value) => {
            let priority = value.as_i64();
            if priority.is_none() {
                problems.add("priority", "this must be a whole number");
            }
            priority
        }
    };
    let stop = flag(object, "stop", false, problems);
    let starts_enabled = flag(object, "enabled", true, problems);
    let hours = match object.get("hours") {
        None => Some(Hours::Any),
        Some(value) => word_of("hours", value.as_str().unwrap_or_default(), Hours::ALL, problems),
    };
    let after = read_wait(object.get("after"), on, problems);
    let at = read_schedule(object.get("at"), on, problems);
    let when = read_when(object.get("when"), problems);
    let then = read_actions(object.get("then"), problems);
    Some(RuleDocument {
        key: key?,
        name: name?,
        on: on?,
        priority: priority?,
        stop,
        starts_enabled,
        hours: hours?,
        after,
        at,
        when: when?,
        then,
    })
}

/// The condition of a rule; one without any always holds.
fn read_when(value: Option<&Value>, problems: &mut Problems) -> Option<Condition> {
    let always = || Some(Condition::All { all: Vec::new() });
    match value {
        None => always(),
        Some(Value::Object(object))
            if object.len() == 1 && object.get("all").is_some_and(|all| all == &Value::Array(Vec::new())) =>
        {
            always()
        }
        Some(value) => read_condition("when", value, 1, &mut { MAX_CONDITIONS }, problems),
    }
}

/// A condition outside a rule, such as a filter; `when` names its place.
pub(super) fn read_filter(value: &Value, vocabulary: &Vocabulary) -> Result<Condition, Error> {
    let mut problems = Problems::default();
    let condition = read_when(Some(value), &mut problems);
    if let Some(condition) = &condition {
        check_condition("when", condition, vocabulary, &mut problems);
        check_lasting("when", condition, &mut problems);
    }
    match condition {
        Some(condition) if problems.is_empty() => Ok(condition),
        _ => Err(Error::Invalid(problems)),
    }
}

/// The condition of a segment: what is known of a contact without any conversation.
pub(super) fn read_segment(value: &Value, vocabulary: &Vocabulary) -> Result<Condition, Error> {
    let condition = read_filter(value, vocabulary)?;
    let mut problems = Problems::default();
    check_about_contacts("when", &condition, &mut problems);
    match problems.is_empty() {
        true => Ok(condition),
        false => Err(Error::Invalid(problems)),
    }
}

/// A condition outside a rule, without asking whether the workspace has what it speaks of.
pub(super) fn read_alone(value: &Value) -> Option<Condition> {
    let mut problems = Problems::default();
    read_when(Some(value), &mut problems).filter(|_| problems.is_empty())
}

fn read_wait(value: Option<&Value>, on: Option<Trigger>, problems: &mut Problems) -> Option<Wait> {
    let value = match (value, on) {
        (None, Some(Trigger::Elapsed)) => {
            problems.add("after", "a rule of elapsed time says after how many minutes in which state");
            return None;
        }
        (None, _) => return None,
        (Some(_), Some(on)) if on != Trigger::Elapsed => {
            problems.add("after", "this goes with \"on\": \"elapsed\" only");
            return None;
        }
        (Some(value), _) => value,
    };
    let wait = match serde_json::from_value::<Wait>(value.clone()) {
        Ok(wait) => wait,
        Err(error) => {
            problems.add("after", &error.to_string());
            return None;
        }
    };
    // Being in a status for no time is having come into it: that is how the first state of a workflow acts.
    let least = u32::from(wait.since != Since::Status);
    if wait.minutes < least || wait.minutes > MAX_MINUTES {
        problems.add("after.minutes", &format!("this must be from {least} to {MAX_MINUTES}"));
    }
    if wait.status.is_some() && wait.since != Since::Status {
        problems.add("after.status", "this goes with \"since\": \"status\" only");
    }
    Some(wait)
}

fn read_schedule(value: Option<&Value>, on: Option<Trigger>, problems: &mut Problems) -> Option<Schedule> {
    let value = match (value, on) {
        (None, Some(Trigger::Schedule)) => {
            problems.add("at", "a rule of the clock says at what time");
            return None;
        }
        (None, _) => return None,
        (Some(_), Some(on)) if on != Trigger::Schedule => {
            problems.add("at", "this goes with \"on\": \"schedule\" only");
            return None;
        }
        (Some(value), _) => value,
    };
    match serde_json::from_value::<Schedule>(value.clone()) {
        Ok(schedule) => {
            if let Err(problem) = crate::workspaces::check_time(&schedule.time, &schedule.days) {
                problems.add("at", &problem);
            }
            Some(schedule)
        }
        Err(error) => {
            problems.add("at", &error.to_string());
            None
        }
    }
}

fn read_condition(
    place: &str,
    value: &Value,
    depth: usize,
    budget: &mut usize,
    problems: &mut Problems,
) -> Option<Condition> {
    if depth > MAX_DEPTH {
        problems.add(place, &format!("conditions are nested deeper than {MAX_DEPTH}"));
        return None;
    }
    if *budget == 0 {
        problems.add(place, &format!("there are more than {MAX_CONDITIONS} conditions"));
        return None;
    }
    *budget -= 1;
    let Some(object) = value.as_object() else {
        problems.add(place, "a condition is an object with all, any, not or fact");
        return None;
    };
    let heads: Vec<&str> =
        ["all", "any", "not", "fact"].into_iter().filter(|head| object.contains_key(*head)).collect();
    let [head] = heads[..] else {
        problems.add(place, "a condition has exactly one of all, any, not and fact");
        return None;
    };
    let known: &[&str] = if head == "fact" { &["fact", "op", "value"] } else { &[head] };
    only(object, known, place, problems);
    let inner = &object[head];
    let path = format!("{place}.{head}");
    match head {
        "not" => {
            let not = Box::new(read_condition(&path, inner, depth + 1, budget, problems)?);
            Some(Condition::Not { not })
        }
        "fact" => read_comparison(place, object, problems).map(Condition::Fact),
        _ => {
            let Some(items) = inner.as_array().filter(|items| !items.is_empty()) else {
                problems.add(&path, "this must be a list with at least one condition");
                return None;
            };
            let mut conditions = Vec::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                // Once there are too many, saying so once is enough.
                if *budget == 0 && at < items.len() {
                    problems.add(&path, &format!("there are more than {MAX_CONDITIONS} conditions"));
                    return None;
                }
                conditions.extend(read_condition(
                    &format!("{path}[{at}]"),
                    item,
                    depth + 1,
                    budget,
                    problems,
                ));
            }
            match head {
                "all" => Some(Condition::All { all: conditions }),
                _ => Some(Condition::Any { any: conditions }),
            }
        }
    }
}

fn read_comparison(place: &str, object: &Map<String, Value>, problems: &mut Problems) -> Option<Comparison> {
    let Some(fact) = object.get("fact").and_then(Value::as_str) else {
        problems.add(&format!("{place}.fact"), "this must be the name of a fact");
        return None;
    };
    let Some(word) = object.get("op").and_then(Value::as_str) else {
        problems.add(place, "\"op\" is missing");
        return None;
    };
    let op = word_of::<Op>(&format!("{place}.op"), word, Op::ALL, problems)?;
    Some(Comparison { fact: fact.to_owned(), op, value: object.get("value").cloned() })
}

fn read_actions(then: Option<&Value>, problems: &mut Problems) -> Vec<Action> {
    let Some(items) = then.and_then(Value::as_array).filter(|items| !items.is_empty()) else {
        problems.add("then", "this must be a list with at least one action");
        return Vec::new();
    };
    if items.len() > MAX_ACTIONS {
        problems.add("then", &format!("at most {MAX_ACTIONS} actions are allowed"));
        return Vec::new();
    }
    let mut actions = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        match serde_json::from_value::<Action>(item.clone()) {
            Ok(action) => actions.push(action),
            Err(error) => problems.add(&format!("then[{at}]"), &error.to_string()),
        }
    }
    actions
}

fn check_condition(place: &str, condition: &Condition, vocabulary: &Vocabulary, problems: &mut Problems) {
    match condition {
        Condition::All { all } => {
            for (at, inner) in all.iter().enumerate() {
                check_condition(&format!("{place}.all[{at}]"), inner, vocabulary, problems);
            }
        }
        Condition::Any { any } => {
            for (at, inner) in any.iter().enumerate() {
                check_condition(&format!("{place}.any[{at}]"), inner, vocabulary, problems);
            }
        }
        Condition::Not { not } => check_condition(&format!("{place}.not"), not, vocabulary, problems),
        Condition::Fact(comparison) => check_comparison(place, comparison, vocabulary, problems),
    }
}

/// A filter asks about conversations as they are, not about the moment of an event.
fn check_lasting(place: &str, condition: &Condition, problems: &mut Problems) {
    let mut each = |head: &str, inner: &[Condition]| {
        for (at, one) in inner.iter().enumerate() {
            check_lasting(&format!("{place}.{head}[{at}]"), one, problems);
        }
    };
    match condition {
        Condition::All { all } => each("all", all),
        Condition::Any { any } => each("any", any),
        Condition::Not { not } => check_lasting(&format!("{place}.not"), not, problems),
        Condition::Fact(Comparison { fact, .. }) if !lasts(fact) => {
            let says =
                format!("{fact} is known only at the moment of an event; a filter cannot ask about it");
            problems.add(&format!("{place}.fact"), &says);
        }
        Condition::Fact(_) => {}
    }
}

/// A segment asks about contacts, and not about segments: it would ask about itself in the end.
fn check_about_contacts(place: &str, condition: &Condition, problems: &mut Problems) {
    let mut each = |head: &str, inner: &[Condition]| {
        for (at, one) in inner.iter().enumerate() {
            check_about_contacts(&format!("{place}.{head}[{at}]"), one, problems);
        }
    };
    match condition {
        Condition::All { all } => each("all", all),
        Condition::Any { any } => each("any", any),
        Condition::Not { not } => check_about_contacts(&format!("{place}.not"), not, problems),
        Condition::Fact(Comparison { fact, .. }) if fact == SEGMENTS => {
            problems.add(
                &format!("{place}.fact"),
                "a segment cannot ask about segments: it could be its own part",
            );
        }
        Condition::Fact(Comparison { fact, .. }) if !fact.starts_with("contact.") => {
            let says = format!("{fact} is not about the customer; a segment asks about contact.… only");
            problems.add(&format!("{place}.fact"), &says);
        }
        Condition::Fact(_) => {}
    }
}

fn check_comparison(place: &str, comparison: &Comparison, vocabulary: &Vocabulary, problems: &mut Problems) {
    let Comparison { fact, op, value } = comparison;
    let Some(kind) = vocabulary.kind(fact) else {
        let says = match fact.strip_prefix("context.") {
            Some(field) => format!("no active schema has a field {field:?}"),
            None => {
                let known = FACTS.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
                format!("there is no fact {fact:?}; known are {known} and context.<field>")
            }
        };
        return problems.add(&format!("{place}.fact"), &says);
    };
    if !ops(kind).contains(op) {
        let allowed = ops(kind).iter().map(|op| op.as_str()).collect::<Vec<_>>().join(", ");
        return problems.add(&format!("{place}.op"), &format!("{op} does not go with {fact}; use {allowed}"));
    }
    let says = match (op, value) {
        (Op::Known | Op::Unknown, None) => None,
        (Op::Known | Op::Unknown, Some(_)) => Some(format!("{op} takes no value")),
        (_, None) => Some(format!("{op} needs a value")),
        (Op::In | Op::NotIn | Op::ContainsAny, Some(value)) => match value.as_array() {
            Some(options) if !options.is_empty() => {
                options.iter().find_map(|option| wrong_operand(fact, kind, *op, option, vocabulary))
            }
            _ => Some("this must be a list that is not empty".to_owned()),
        },
        (Op::Between, Some(value)) => match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => wrong_operand(fact, kind, *op, from, vocabulary)
                .or_else(|| wrong_operand(fact, kind, *op, to, vocabulary)),
            _ => Some("this must be a list of two: from and to".to_owned()),
        },
        (Op::Matches, Some(value)) => match value.as_str() {
            Some(pattern) => Check::pattern(pattern).err(),
            None => Some("this must be a regular expression".to_owned()),
        },
        (_, Some(value)) => wrong_operand(fact, kind, *op, value, vocabulary),
    };
    if let Some(says) = says {
        problems.add(&format!("{place}.value"), &says);
    }
}

/// What is wrong with a value that a fact is compared with.
fn wrong_operand(
    fact: &str,
    kind: FactKind,
    op: Op,
    value: &Value,
    vocabulary: &Vocabulary,
) -> Option<String> {
    let is_part = matches!(op, Op::Contains | Op::ContainsAny | Op::StartsWith);
    let fits = match kind {
        FactKind::Text | FactKind::Moment | FactKind::List => {
            value.as_str().is_some_and(|text| !text.trim().is_empty())
        }
        FactKind::Number => value.is_number(),
        FactKind::Flag => value.is_boolean(),
    };
    if !fits {
        let wanted = match kind {
            FactKind::Text | FactKind::List => "a text that is not empty",
            FactKind::Moment => "a day or time in its ISO form",
            FactKind::Number => "a number",
            FactKind::Flag => "true or false",
        };
        return Some(format!("{fact} is compared with {wanted}, not with {value}"));
    }
    if fact == SEGMENTS {
        let known = value.as_str().is_some_and(|key| vocabulary.has_segment(key));
        return (!known).then(|| format!("there is no segment {value}"));
    }
    if fact == "conversation.status" && !is_part {
        let is_state = value.as_str().is_some_and(|state| vocabulary.states.contains(state));
        return (!is_state).then(|| format!("no workflow has a state {value}"));
    }
    let field = vocabulary.field(fact)?;
    match field.kind {
        FieldType::Choice if !is_part => check_value(field, value).err(),
        FieldType::MultiChoice => check_value(field, &Value::Array(vec![value.clone()])).err(),
        FieldType::Date | FieldType::Time | FieldType::Datetime => check_value(field, value).err(),
        _ => None,
    }
}

fn only(object: &Map<String, Value>, words: &[&str], place: &str, problems: &mut Problems) {
    for key in object.keys().filter(|key| !words.contains(&key.as_str())) {
        problems.add(place, &format!("{key:?} means nothing here; known are {}", words.join(", ")));
    }
}

fn text(object: &Map<String, Value>, key: &str, problems: &mut Problems) -> Option<String> {
    match object.get(key).and_then(Value::as_str).map(str::trim) {
        Some(text) if !text.is_empty() && text.chars().count() <= MAX_TEXT => Some(text.to_owned()),
        _ => {
            problems.add(key, "this must be a text that is not empty");
            None
        }
    }
}

fn flag(object: &Map<String, Value>, key: &str, default: bool, problems: &mut Problems) -> bool {
    match object.get(key) {
        None => default,
        Some(value) => value.as_bool().unwrap_or_else(|| {
            problems.add(key, "this must be true or false");
            default
        }),
    }
}

fn word_of<T: std::str::FromStr + std::fmt::Display>(
    place: &str,
    word: &str,
    all: &[T],
    problems: &mut Problems,
) -> Option<T> {
    let known = word.parse().ok();
    if known.is_none() {
        let words = all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        problems.add(place, &format!("{word:?} is not one of {words}"));
    }
    known
}

fn is_key(key: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    key.starts_with(|first: char| first.is_ascii_lowercase()) && key.len() <= 64 && key.chars().all(is_inner)
}

#[cfg(test)]
mod tests;
