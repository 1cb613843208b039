//! Messages that try to steer the agent.

/// How much a text looks like an attempt to steer the agent, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Steering {
    /// 0 to 1.
    pub score: f64,
    /// Which words.
    pub reasons: Vec<String>,
}

/// Phrases of known attempts.
const PHRASES: &[&str] = &[
    "ignore all previous",
    "ignore previous",
    "ignore your instructions",
    "disregard",
    "system prompt",
    "you are now",
    "developer mode",
    "pretend you are",
    "act as",
    "reveal your",
    "jailbreak",
    "new instructions",
];

/// Scores a text.
pub fn score(text: &str) -> Steering {
    let lower = text.to_lowercase();
    let reasons: Vec<String> =
        PHRASES.iter().filter(|phrase| lower.contains(*phrase)).map(|phrase| (*phrase).to_owned()).collect();
    let score = match reasons.len() {
        0 => 0.0,
        1 => 0.6,
        _ => 0.9,
    };
    Steering { score, reasons }
}
