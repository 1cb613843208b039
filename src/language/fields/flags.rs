//! Statements that settle a yes-or-no field without a question: "with wifi", "no parking", "we have two dogs".

use serde_json::json;

use super::FieldSpec;
use super::affinity::concept;
use super::reading::{Mention, Need, Reading};

/// Mentions of what a yes-or-no field is about, with or without a denial.
pub(super) fn statements(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let Some(token) = tokens.get(at).filter(|t| t.is_word() && t.text.chars().count() > 2) else {
            continue;
        };
        let stem = concept(&token.fold);
        let weight = if stem == "people" { 0.0 } else { spec.profile.weight(&stem) };
        // A question asks whether the thing is there; it does not wish for it.
        if weight < 1.0 || is_enquiry(reading, at) {
            continue;
        }
        let from = tokens.sentence_start(at).max(at.saturating_sub(4));
        let denied = (from..at).any(|i| {
            matches!(
                tokens.word(i),
                "no" | "not" | "don't" | "without" | "doesn't" | "isn't" | "won't" | "non"
            )
        });
        found.push(Mention {
            value: json!(!denied),
            start: at,
            end: at + 1,
            certainty: 0.8,
            need: Need::Context,
        });
    }
    found
}

/// True when the words before a token ask whether something is so, rather than wish for it.
pub(super) fn is_enquiry(reading: &Reading<'_>, at: usize) -> bool {
    let tokens = reading.tokens();
    let start = tokens.sentence_start(at);
    let asks = tokens.is_question(at)
        && (start..at).any(|i| {
            matches!(
                tokens.word(i),
                "do" | "does"
                    | "is"
                    | "are"
                    | "has"
                    | "what"
                    | "how"
                    | "did"
                    | "which"
                    | "if"
                    | "whether"
                    | "know"
                    | "tell"
            )
        });
    let wants_to_know = (start..at).any(|i| {
        matches!(
            (tokens.word(i), tokens.word(i + 1)),
            ("know" | "check" | "see" | "ask", "if" | "whether")
                | ("tell", "me")
                | ("can" | "could" | "may", "i" | "we" | "my" | "pets")
                | ("wondering", "if")
                | ("know", "what")
                | ("do" | "does", "they" | "it" | "you" | "the")
                | ("is" | "are", "it" | "there" | "they" | "the" | "pets")
        )
    });
    asks || wants_to_know
}
