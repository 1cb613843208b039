//! Which of an agent's examples go with a message.

use std::collections::HashSet;

use crate::agents::bundles::Shot;
use crate::language::words::{fold, words};

/// Examples that a prompt shows at most.
const SHOWN: usize = 3;
/// The share of its telling words that an example must have in common with the message.
const LIKE: f64 = 0.2;

/// The examples whose questions are likest, the likest first. A function of its arguments alone.
pub fn nearest<'a>(examples: &'a [Shot], text: &str) -> Vec<&'a Shot> {
    let asked = telling(text);
    let mut weighed: Vec<(f64, &Shot)> = examples
        .iter()
        .map(|shot| (likeness(&asked, &telling(&shot.asked)), shot))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .collect();
    weighed.sort_by(|one, other| other.0.total_cmp(&one.0));
    weighed.into_iter().take(SHOWN).map(|(_, shot)| shot).collect()
}

/// How much two sets of words have in common, 0 to 1.
fn likeness(one: &HashSet<String>, other: &HashSet<String>) -> f64 {
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let all = one.union(other).count();
    if all == 0 { 0.0 } else { count(one.intersection(other).count()) / count(all) }
}

/// The words that tell: the short ones say little in any language.
fn telling(text: &str) -> HashSet<String> {
    let folded = fold(text);
    words(&folded).filter(|word| word.chars().count() > 3).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_questions_come_first_and_others_not_at_all() {
        let shot = |asked: &str| Shot { asked: asked.to_owned(), answer: String::new() };
        let all = [
            shot("Which documents do I need for the mortgage?"),
            shot("How much is a brake check?"),
            shot("How much is a brake check for a van, and how long does it take?"),
        ];
        let found = nearest(&all, "how much would a brake check be");
        let asked: Vec<&str> = found.iter().map(|shot| shot.asked.as_str()).collect();
        assert_eq!(asked, [all[1].asked.as_str(), all[2].asked.as_str()]);
        assert!(nearest(&all, "").is_empty());
    }
}
