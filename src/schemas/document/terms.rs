//! Reading what a document asks of fields beyond their type: patterns, dependencies, formulas.

use std::collections::BTreeMap;

use crate::schemas::document::place::{Place, place_of};
use crate::schemas::formula::Formula;
use crate::schemas::model::{Field, FieldType};
use crate::schemas::value::read_pattern;
use crate::schemas::{Problems, condition};

/// Reads the pattern of a field of text.
pub(super) fn pattern(kind: FieldType, place: &Place<'_>, problems: &mut Problems) -> Option<String> {
    let pattern = place.text("pattern", problems)?;
    let path = place_of(place, "pattern");
    if !matches!(kind, FieldType::Text | FieldType::LongText) {
        problems.add(&path, "only text and long_text have a pattern");
    } else if let Err(problem) = read_pattern(&pattern) {
        problems.add(&path, &problem);
    }
    Some(pattern)
}

/// Reads when fields are shown and needed. That comes last: a condition may name any field.
pub(super) fn conditions(properties: &Place<'_>, fields: &mut [Field], problems: &mut Problems) {
    let known = fields.to_vec();
    for field in fields.iter_mut() {
        let Some(place) = properties.get(&field.key) else { continue };
        let read = |word: &str, problems: &mut Problems| {
            place.get(word).and_then(|place| condition::read(&place, &known, problems))
        };
        field.terms.show_if = read("x-show-if", problems);
        field.terms.require_if = read("x-require-if", problems);
    }
    for cycle in cycles(fields) {
        problems.add("properties", &format!("these fields wait for each other: {}", cycle.join(" → ")));
    }
}

/// The cycles of fields that are shown or needed by each other, each once, as a path back to its start.
fn cycles(fields: &[Field]) -> Vec<Vec<&str>> {
    let needs: BTreeMap<&str, Vec<&str>> = fields
        .iter()
        .map(|field| {
            let terms = [&field.terms.show_if, &field.terms.require_if];
            let named = terms.into_iter().flatten().flat_map(|condition| condition.fields());
            (field.key.as_str(), named.collect())
        })
        .collect();
    let mut done: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for field in fields {
        follow(&field.key, &needs, &mut Vec::new(), &mut done, &mut found);
    }
    found
}

fn follow<'a>(
    key: &'a str,
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    path: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
    found: &mut Vec<Vec<&'a str>>,
) {
    if let Some(start) = path.iter().position(|known| *known == key) {
        let mut cycle = path[start..].to_vec();
        cycle.push(key);
        found.push(cycle);
        return;
    }
    if done.contains(&key) {
        return;
    }
    path.push(key);
    for next in needs.get(key).into_iter().flatten() {
        follow(next, needs, path, done, found);
    }
    path.pop();
    done.push(key);
}

/// Reads a formula of the document.
pub(super) fn formula(
    root: &Place<'_>,
    word: &str,
    fields: &[Field],
    problems: &mut Problems,
) -> Option<Formula> {
    let text = root.text(word, problems)?;
    let formula = match Formula::read(&text) {
        Ok(formula) => formula,
        Err(problem) => {
            problems.add(word, &problem);
            return None;
        }
    };
    for key in formula.fields() {
        if !fields.iter().any(|field| field.key == key) {
            problems.add(word, &format!("there is no field {key:?}"));
        }
    }
    Some(formula)
}
