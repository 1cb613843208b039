//! What kind of answer a question expects, and whether a sentence has something of that kind.

use crate::language::tongue::Tongue;
use crate::language::words::{fold, words};

/// A kind of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// How many, how much, how long.
    Number,
    /// When, which year.
    Time,
    /// Who.
    Person,
    /// Where.
    Place,
    /// Why.
    Reason,
}

const NUMBER_WORDS: &[&str] = &[
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "dozen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "hundred",
    "hundreds",
    "thousand",
    "thousands",
    "million",
    "millions",
    "billion",
    "half",
    "quarter",
    "third",
    "twice",
    "once",
    "free",
    "several",
    "uno",
    "una",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "cien",
    "mil",
    "ein",
    "eine",
    "zwei",
    "drei",
    "vier",
    "funf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "hundert",
    "tausend",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "sept",
    "huit",
    "neuf",
    "dix",
    "cent",
    "mille",
    "gratis",
    "kostenlos",
    "gratuit",
];

const TIME_WORDS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tomorrow",
    "noon",
    "midnight",
    "morning",
    "evening",
    "century",
    "weekend",
    "weekdays",
    "daily",
    "hours",
    "days",
    "weeks",
    "months",
    "years",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
    "siglo",
    "januar",
    "februar",
    "marz",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "jahrhundert",
    "uhr",
];

const REASON_WORDS: &[&str] = &[
    "because",
    "due",
    "since",
    "therefore",
    "owing",
    "reason",
    "reasons",
    "caused",
    "porque",
    "debido",
    "weil",
    "wegen",
    "denn",
    "car",
    "cause",
];

/// The kind a question expects, if its words tell.
pub(super) fn kind(question: &str, tongue: Tongue) -> Option<Kind> {
    let folded = fold(question);
    let said: Vec<&str> = words(&folded).collect();
    let has = |phrase: &[&str]| said.windows(phrase.len()).any(|window| window == phrase);
    let any = |list: &[&str]| said.iter().any(|word| list.contains(word));
    let number = match tongue {
        Tongue::Spanish => any(&["cuanto", "cuanta", "cuantos", "cuantas", "porcentaje", "precio"]),
        Tongue::German => {
            has(&["wie", "viel"])
                || has(&["wie", "viele"])
                || has(&["wie", "lange"])
                || any(&["wieviel", "prozentsatz", "preis", "kostet"])
        }
        Tongue::French => any(&["combien", "prix", "pourcentage"]),
        Tongue::Portuguese => any(&["quanto", "quantos", "quantas", "preco"]),
        Tongue::Italian => any(&["quanto", "quanti", "quante", "prezzo"]),
        Tongue::Dutch => any(&["hoeveel", "prijs"]),
        _ => {
            ["many", "much", "long", "far", "old", "tall", "high", "large", "big", "often", "fast"]
                .iter()
                .any(|word| has(&["how", word]))
                || any(&[
                    "number",
                    "percentage",
                    "percent",
                    "price",
                    "cost",
                    "costs",
                    "fee",
                    "amount",
                    "population",
                    "rate",
                    "score",
                ])
        }
    };
    if any(&[
        "when", "year", "date", "cuando", "ano", "fecha", "wann", "jahr", "quand", "annee", "quando", "anno",
        "wanneer",
    ]) || has(&["what", "time"])
        || has(&["what", "day"])
        || has(&["opening", "hours"])
    {
        return Some(Kind::Time);
    }
    if number {
        return Some(Kind::Number);
    }
    if any(&["who", "whom", "whose", "quien", "quienes", "wer", "wen", "wem", "qui", "quem", "chi", "wie"])
        && tongue != Tongue::German
        || tongue == Tongue::German && any(&["wer", "wen", "wem"])
    {
        return Some(Kind::Person);
    }
    if any(&[
        "where", "donde", "wo", "wohin", "woher", "ou", "onde", "dove", "waar", "city", "country", "address",
    ]) {
        return Some(Kind::Place);
    }
    if any(&["why", "warum", "pourquoi", "perche", "waarom"]) || has(&["por", "que"]) {
        return Some(Kind::Reason);
    }
    None
}

/// Whether a sentence has something of a kind that the question does not say itself.
pub(super) fn holds(kind: Kind, sentence: &str, question: &str) -> bool {
    let asked = fold(question);
    let asked: Vec<&str> = words(&asked).collect();
    let folded = fold(sentence);
    let fresh = || words(&folded).filter(|word| !asked.contains(word));
    let has_digits = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    match kind {
        Kind::Number => fresh().any(|word| has_digits(word) || NUMBER_WORDS.contains(&word)),
        Kind::Time => fresh().any(|word| has_digits(word) || TIME_WORDS.contains(&word)),
        Kind::Reason => {
            fresh().any(|word| REASON_WORDS.contains(&word))
                || folded.contains(" to ")
                || folded.contains(" so ")
        }
        Kind::Person | Kind::Place => sentence
            .split_whitespace()
            .skip(1)
            .map(|word| word.trim_matches(|character: char| !character.is_alphanumeric()))
            .filter(|word| word.starts_with(char::is_uppercase))
            .any(|word| !asked.contains(&fold(word).as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_expect_kinds() {
        for (question, expected) in [
            ("How much is an oil change?", Some(Kind::Number)),
            ("When do you open on Sunday?", Some(Kind::Time)),
            ("What year did it open?", Some(Kind::Time)),
            ("Who repairs bikes?", Some(Kind::Person)),
            ("Where are you?", Some(Kind::Place)),
            ("Why is it closed?", Some(Kind::Reason)),
            ("Do you sell tyres?", None),
        ] {
            assert_eq!(kind(question, Tongue::English), expected, "{question}");
        }
        assert_eq!(kind("Wie viele Punkte gab es?", Tongue::German), Some(Kind::Number));
        assert_eq!(kind("¿Cuántos puntos hubo?", Tongue::Spanish), Some(Kind::Number));
    }

    #[test]
    fn what_the_question_says_itself_is_no_answer() {
        assert!(!holds(Kind::Number, "The 2 tyres are new.", "How much are 2 tyres?"));
        assert!(holds(Kind::Number, "The 2 tyres are £90.", "How much are 2 tyres?"));
        assert!(holds(Kind::Person, "Ask Tom Reyes.", "Who is it?"));
        assert!(!holds(Kind::Person, "Ask anybody.", "Who is it?"));
    }
}
