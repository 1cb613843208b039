//! Turns of phrase that attacks share, in words a person understands.

use crate::language::words::{fold, words};

/// One of some words, and soon after it one of others.
pub(super) struct Phrase {
    reason: &'static str,
    first: &'static [&'static str],
    then: &'static [&'static str],
    within: usize,
}

pub(super) const PHRASES: &[Phrase] = &[
    Phrase {
        reason: "asks to ignore earlier instructions",
        first: &[
            "ignore",
            "disregard",
            "forget",
            "override",
            "bypass",
            "neglect",
            "vergiss",
            "ignoriere",
            "missachte",
            "vergessen",
            "olvida",
            "ignora",
            "omite",
            "oublie",
            "oubliez",
            "ignorez",
            "esqueca",
            "dimentica",
            "zaboravi",
            "vergeet",
            "negeer",
            "zapomnij",
        ],
        then: &[
            "previous",
            "prior",
            "above",
            "earlier",
            "preceding",
            "instructions",
            "instruction",
            "prompt",
            "rules",
            "guidelines",
            "vorherigen",
            "vorher",
            "obigen",
            "bisherigen",
            "anweisungen",
            "instrucciones",
            "anteriores",
            "precedentes",
            "consignes",
            "instructies",
            "istruzioni",
            "everything",
            "alles",
            "todo",
        ],
        within: 6,
    },
    Phrase {
        reason: "asks for the agent's own instructions",
        first: &[
            "system", "initial", "original", "hidden", "secret", "your", "full", "entire", "exact", "deine",
            "tus",
        ],
        then: &["prompt", "prompts", "instructions", "anweisungen", "instrucciones", "guidelines"],
        within: 3,
    },
    Phrase {
        reason: "asks to give something away",
        first: &[
            "print", "output", "repeat", "reveal", "spell", "display", "return", "drucke", "zeige", "leak",
        ],
        then: &[
            "prompt",
            "instructions",
            "password",
            "passwort",
            "key",
            "secret",
            "anweisungen",
            "above",
            "verbatim",
        ],
        within: 8,
    },
    Phrase {
        reason: "gives the agent another role",
        first: &[
            "act",
            "acting",
            "behave",
            "pretend",
            "roleplay",
            "simulate",
            "imagine",
            "respond",
            "impersonate",
        ],
        then: &["as", "like", "you", "to"],
        within: 3,
    },
    Phrase {
        reason: "tells the agent what it is",
        first: &["you", "du"],
        then: &["now", "jetzt", "nun", "longer"],
        within: 2,
    },
    Phrase {
        reason: "changes what holds from here on",
        first: &["from", "ab", "von"],
        then: &["now", "jetzt", "nun"],
        within: 1,
    },
    Phrase {
        reason: "names a known way to unlock a model",
        first: &[
            "dan",
            "jailbreak",
            "jailbroken",
            "unfiltered",
            "uncensored",
            "developer",
            "anything",
            "no",
            "without",
        ],
        then: &[
            "mode",
            "now",
            "restrictions",
            "limitations",
            "filter",
            "filters",
            "censorship",
            "dan",
            "jailbreak",
        ],
        within: 2,
    },
    Phrase {
        reason: "speaks in the place of the system or the agent",
        first: &["system", "assistant", "im_start", "inst", "begin", "end"],
        then: &["override", "message", "instructions", "prompt", "inst", "user", "assistant"],
        within: 2,
    },
];

/// The phrases of a text: their numbers.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = usize> {
    let folded = fold(text);
    (0..PHRASES.len())
        .filter(move |number| PHRASES[*number].place(&words(&folded).collect::<Vec<_>>()).is_some())
}

/// The phrases of a text: why each is telling, and the words themselves.
pub(super) fn found(text: &str) -> Vec<(&'static str, String)> {
    let folded = fold(text);
    let said: Vec<&str> = words(&folded).collect();
    PHRASES
        .iter()
        .filter_map(|phrase| phrase.place(&said).map(|(from, to)| (phrase.reason, said[from..=to].join(" "))))
        .collect()
}

impl Phrase {
    /// The first and last word of the phrase, if it is said.
    fn place(&self, said: &[&str]) -> Option<(usize, usize)> {
        said.iter().enumerate().filter(|(_, word)| self.first.contains(word)).find_map(|(from, _)| {
            let after = &said[from + 1..(from + 1 + self.within).min(said.len())];
            after.iter().rposition(|word| self.then.contains(word)).map(|place| (from, from + 1 + place))
        })
    }
}
