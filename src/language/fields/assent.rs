//! Yes and no, acceptance and refusal, and taking back what was said.

use super::reading::Reading;
use super::token::Tokens;

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
}

const YES: &[&[&str]] = &[
    &["yes"],
    &["yeah"],
    &["yep"],
    &["yup"],
    &["yea"],
    &["ya"],
    &["sure"],
    &["ok"],
    &["okay"],
    &["correct"],
    &["right"],
    &["exactly"],
    &["definitely"],
    &["absolutely"],
    &["certainly"],
    &["of", "course"],
    &["indeed"],
    &["please", "do"],
    &["that's", "right"],
    &["that", "is", "right"],
    &["that's", "correct"],
    &["that", "is", "correct"],
    &["go", "ahead"],
    &["sounds", "good"],
    &["i", "do"],
    &["i", "would"],
    &["i'd", "like", "that"],
    &["that's", "fine"],
    &["that", "is", "fine"],
    &["fine"],
    &["alright"],
    &["all", "right"],
    &["perfect"],
    &["great"],
    &["good"],
    &["that", "works"],
    &["please"],
    &["si"],
    &["sim"],
    &["oui"],
    &["ja"],
    &["yess"],
    &["affirmative"],
    &["awesome"],
    &["excellent"],
    &["cool"],
];
const NO: &[&[&str]] = &[
    &["no"],
    &["nope"],
    &["nah"],
    &["not", "really"],
    &["no", "thanks"],
    &["i", "don't"],
    &["i", "do", "not"],
    &["never"],
    &["not", "at", "all"],
    &["that's", "wrong"],
    &["that's", "not", "right"],
    &["that", "is", "not", "right"],
    &["negative"],
    &["i'd", "rather", "not"],
    &["i", "would", "not"],
    &["i", "wouldn't"],
    &["nao"],
    &["non"],
    &["nein"],
    &["not", "quite"],
    &["wrong"],
    &["incorrect"],
];
const FILLERS: [&str; 16] = [
    "um", "uh", "oh", "well", "hmm", ",", "so", "hi", "hello", ".", "ah", "!", "thanks", "actually", "sorry",
    "-",
];

/// True for single words that answer a question by themselves.
pub(super) fn is_answer_word(word: &str) -> bool {
    YES.iter().chain(NO.iter()).any(|phrase| *phrase == [word])
        && !matches!(word, "good" | "great" | "right" | "cool" | "fine")
}

/// The answer a message opens with, where, and how surely.
pub(super) fn answer(reading: &Reading<'_>) -> Option<(Answer, usize, usize, f64)> {
    let tokens = reading.tokens();
    let mut start = 0;
    while FILLERS.contains(&tokens.word(start)) && start < 4 {
        start += 1;
    }
    let longest = |list: &[&[&str]]| list.iter().filter(|w| tokens.says(start, w)).map(|w| w.len()).max();
    let (yes, no) = (longest(YES), longest(NO));
    if no > yes {
        return Some((Answer::No, start, start + no?, 0.93));
    }
    if let Some(len) = yes {
        let surely = !matches!(
            tokens.word(start),
            "good" | "great" | "right" | "cool" | "fine" | "please" | "excellent"
        );
        return Some((Answer::Yes, start, start + len, if surely { 0.93 } else { 0.75 }));
    }
    // "I don't need parking", "It doesn't matter": a refusal inside a short message.
    let denial = (0..tokens.len().min(8))
        .find(|at| matches!(tokens.word(*at), "don't" | "not" | "won't" | "doesn't" | "isn't"));
    if let Some(at) = denial.filter(|_| reading.words() <= 8) {
        return Some((Answer::No, at, at + 1, 0.6));
    }
    let wish = matches!(
        (tokens.word(start), tokens.word(start + 1)),
        ("i", "want" | "need" | "am" | "have") | ("i'd", "like" | "prefer") | ("that", "would")
    );
    let fine = (0..tokens.len()).find(|at| {
        matches!((tokens.word(*at), tokens.word(*at + 1)), ("fine" | "ok" | "okay", "with" | "by" | "for"))
            || tokens.word(*at) == "works"
    });
    if let Some(at) = fine.filter(|_| reading.words() <= 10) {
        return Some((Answer::Yes, at, at + 1, 0.75));
    }
    (wish && reading.words() <= 8).then_some((Answer::Yes, start, start + 2, 0.6))
}

/// How the customer takes what the business just said or offered.
pub(super) fn takes(reading: &Reading<'_>) -> Option<Answer> {
    let tokens = reading.tokens();
    const REFUSE: &[&[&str]] = &[
        &["another"],
        &["any", "other"],
        &["any", "others"],
        &["something", "else"],
        &["anything", "else"],
        &["different", "one"],
        &["other", "options"],
        &["others"],
        &["else"],
        &["don't", "like"],
        &["not", "interested"],
        &["change", "my", "mind"],
        &["changed", "my", "mind"],
        &["won't", "work"],
        &["doesn't", "work"],
        &["not", "right"],
        &["other", "hotels"],
        &["other", "restaurants"],
        &["instead"],
        &["not", "correct"],
        &["other"],
        &["not", "sure"],
        &["sorry"],
        &["no"],
    ];
    const ACCEPT: &[&[&str]] = &[
        &["sounds", "good"],
        &["sounds", "great"],
        &["sounds", "nice"],
        &["sounds", "perfect"],
        &["sounds", "like"],
        &["sounds", "fine"],
        &["sound", "good"],
        &["sounds", "excellent"],
        &["sounds", "wonderful"],
        &["sounds", "awesome"],
        &["that", "works"],
        &["works", "for", "me"],
        &["that'll", "work"],
        &["that", "will", "work"],
        &["that", "would", "work"],
        &["i'll", "take"],
        &["i", "will", "take"],
        &["book", "it"],
        &["reserve", "it"],
        &["i", "like", "it"],
        &["i", "like", "that"],
        &["that's", "perfect"],
        &["that's", "great"],
        &["that's", "good"],
        &["that's", "fine"],
        &["that", "is", "fine"],
        &["that", "one"],
        &["i'd", "like", "to", "book"],
        &["that", "is", "great"],
        &["that", "is", "perfect"],
        &["that", "is", "good"],
        &["perfect"],
        &["yes"],
        &["great"],
        &["yeah"],
        &["yep"],
        &["good"],
        &["ok"],
        &["okay"],
        &["alright"],
        &["fine"],
        &["awesome"],
        &["excellent"],
        &["nice"],
        &["cool"],
        &["sure"],
        &["wonderful"],
        &["works"],
        &["correct"],
        &["go", "ahead"],
        &["make", "a", "reservation"],
        &["book", "a"],
        &["buy"],
        &["right"],
        &["please", "book"],
        &["amazing"],
        &["acceptable"],
        &["seems", "good"],
        &["seems", "fine"],
        &["seems", "great"],
        &["the", "sound", "of"],
        &["proceed"],
        &["make", "an", "appointment"],
        &["i'd", "like", "to", "reserve"],
        &["i", "want", "to", "reserve"],
        &["i", "want", "to", "book"],
        &["i", "want", "to", "schedule"],
        &["schedule", "a"],
        &["suits", "me"],
    ];
    let within =
        |phrase: &&[&str]| (0..tokens.len()).any(|at| tokens.says(at, phrase) && !is_negated(tokens, at));
    match answer(reading) {
        Some((opening, 0..4, _, certainty)) if certainty > 0.9 => return Some(opening),
        _ => {}
    }
    if REFUSE.iter().any(within) {
        return Some(Answer::No);
    }
    ACCEPT.iter().any(within).then_some(Answer::Yes)
}

fn is_negated(tokens: Tokens<'_, '_>, at: usize) -> bool {
    matches!(tokens.word_before(at, 1), "not" | "isn't" | "don't")
}

/// True when the words between two mentions take the first one back, or change it into the second.
pub(super) fn corrects(tokens: Tokens<'_, '_>, from: usize, to: usize) -> bool {
    let start = tokens.sentence_start(from);
    let changes = (start..to).any(|at| {
        matches!(
            tokens.word(at),
            "change" | "changed" | "switch" | "reschedule" | "move" | "instead" | "chnage" | "swap"
        )
    });
    if changes && (from..to).any(|at| matches!(tokens.word(at), "to" | "for")) {
        return true;
    }
    (from..to).any(|at| {
        matches!(
            tokens.word(at),
            "actually" | "sorry" | "no" | "oops" | "wait" | "rather" | "instead" | "correction" | "nope"
        ) || matches!(
            (tokens.word(at), tokens.word(at + 1)),
            ("i", "mean" | "meant") | ("make", "it" | "that") | ("let's", "say") | ("or", "rather")
        )
    })
}
