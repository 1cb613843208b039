//! Words as the search compares them: without case and accents, cut back to their stem.
//!
//! The same words go into both engines' indexes and into the ranking, so that an engine only proposes
//! passages and never decides their order.

use std::collections::BTreeSet;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Most words of a question that are looked for.
const MAX_QUERY_WORDS: usize = 24;

/// Longest word that is told apart, in characters: an index has a limit for its words.
const MAX_WORD: usize = 64;

/// Languages whose words are cut back to a stem; words of all others are compared as they are.
const STEMMED: &[(&str, Algorithm)] = &[
    ("en", Algorithm::English),
    ("de", Algorithm::German),
    ("es", Algorithm::Spanish),
    ("fr", Algorithm::French),
    ("it", Algorithm::Italian),
    ("nl", Algorithm::Dutch),
    ("pt", Algorithm::Portuguese),
];

/// Words that say nothing about the subject, by language, folded and sorted.
const STOP_WORDS: &[(&str, &[&str])] =
    &[("en", ENGLISH), ("de", GERMAN), ("es", SPANISH), ("fr", FRENCH), ("pt", PORTUGUESE)];

const ENGLISH: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could", "did",
    "do", "does", "for", "from", "get", "had", "has", "have", "hello", "hi", "how", "i", "id", "if", "ill",
    "im", "in", "is", "it", "its", "ive", "just", "like", "many", "may", "me", "much", "my", "need", "of",
    "on", "or", "our", "please", "should", "so", "some", "tell", "thanks", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "us", "want", "was", "we", "were", "what",
    "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
];

const GERMAN: &[&str] = &[
    "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bitte", "da", "das", "dass", "dem",
    "den", "der", "des", "die", "dies", "diese", "du", "ein", "eine", "einem", "einen", "einer", "er", "es",
    "fur", "gibt", "habe", "haben", "hallo", "hat", "ich", "ihr", "ihre", "im", "in", "ist", "kann",
    "konnen", "mein", "meine", "meinen", "mich", "mir", "mit", "mochte", "nach", "noch", "oder", "sie",
    "sind", "so", "um", "und", "uns", "unser", "viel", "vom", "von", "wann", "warum", "was", "welche",
    "wenn", "wer", "wie", "wir", "wird", "wo", "zu", "zum", "zur",
];

const SPANISH: &[&str] = &[
    "a", "al", "como", "con", "cual", "cuando", "cuanto", "cuesta", "de", "del", "donde", "el", "ella", "en",
    "es", "esa", "ese", "esta", "estan", "este", "favor", "hay", "hola", "la", "las", "le", "lo", "los",
    "me", "mi", "mis", "no", "nos", "o", "para", "pero", "por", "porque", "puede", "puedo", "que", "quien",
    "quiero", "se", "ser", "si", "son", "su", "sus", "tengo", "tiene", "tienen", "tu", "un", "una", "unas",
    "unos", "y", "ya", "yo",
];

const FRENCH: &[&str] = &[
    "a", "ai", "au", "aux", "avec", "avez", "bonjour", "ce", "ces", "cest", "cette", "combien", "comment",
    "dans", "de", "des", "dois", "du", "elle", "en", "est", "et", "etes", "faire", "il", "ils", "je", "la",
    "le", "les", "leur", "ma", "mais", "me", "mes", "moi", "mon", "ne", "nous", "on", "ou", "par", "pas",
    "peut", "peux", "plait", "pour", "pouvez", "puis", "quand", "que", "quel", "quelle", "quels", "qui",
    "quoi", "sa", "se", "ses", "si", "son", "sont", "suis", "sur", "ta", "te", "tu", "un", "une", "vos",
    "votre", "vous", "y",
];

const PORTUGUESE: &[&str] = &[
    "a", "ao", "as", "com", "como", "custa", "da", "das", "de", "do", "dos", "e", "ela", "ele", "em", "esta",
    "estao", "eu", "favor", "ha", "isso", "isto", "la", "lhe", "mas", "me", "meu", "minha", "na", "nao",
    "nas", "no", "nos", "o", "ola", "onde", "os", "ou", "para", "pela", "pelo", "pode", "podem", "por",
    "porque", "posso", "quais", "qual", "quando", "quanto", "que", "quem", "quero", "sao", "se", "ser",
    "seu", "sua", "tem", "tenho", "um", "uma", "voces",
];

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// The words that say something about the subject, folded, each once.
    pub words: Vec<String>,
    /// The whole question in folded words, to compare with titles and headings.
    pub title_key: String,
}

impl Wanted {
    pub(super) fn of(query: &str) -> Wanted {
        let all = folded_words(query);
        let stop_words = likely_stop_words(&all);
        let mut words = Vec::new();
        for word in &all {
            let says_nothing = stop_words.binary_search(&word.as_str()).is_ok() || is_single(word);
            if !says_nothing && !words.contains(word) {
                words.push(word.clone());
            }
        }
        words.truncate(MAX_QUERY_WORDS);
        Wanted { words, title_key: all.join(" ") }
    }

    /// Every stem a word may have, since a customer does not say in which language they ask.
    pub(super) fn stems(&self) -> BTreeSet<String> {
        let mut stems: BTreeSet<String> = self.words.iter().cloned().collect();
        for (_, algorithm) in STEMMED {
            let stemmer = Stemmer::create(*algorithm);
            stems.extend(self.words.iter().map(|word| stemmer.stem(word).into_owned()));
        }
        stems
    }
}

/// A lone letter or digit; a lone ideograph is a word.
fn is_single(word: &str) -> bool {
    word.len() == 1
}

/// The stop words of the language that most of a question's words belong to.
fn likely_stop_words(words: &[String]) -> &'static [&'static str] {
    let mut best: (usize, &[&str]) = (0, &[]);
    for (_, stop_words) in STOP_WORDS {
        let found = words.iter().filter(|word| stop_words.binary_search(&word.as_str()).is_ok()).count();
        if found > best.0 {
            best = (found, stop_words);
        }
    }
    best.1
}

/// A text's words in the order they stand, without case and accents. Numbers are cut at points and commas.
pub fn folded_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.unicode_words() {
        let mut folded = String::with_capacity(word.len());
        for character in word.nfkd().filter(|character| !is_accent(*character)) {
            match character {
                'ß' | 'ẞ' => folded.push_str("ss"),
                'ø' | 'Ø' => folded.push('o'),
                'æ' | 'Æ' => folded.push_str("ae"),
                'œ' | 'Œ' => folded.push_str("oe"),
                _ if character.is_alphanumeric() => folded.extend(character.to_lowercase()),
                _ if folded.ends_with(|last: char| last.is_numeric()) => {
                    words.push(std::mem::take(&mut folded));
                }
                _ => {}
            }
        }
        words.push(folded);
    }
    words.retain(|word| !word.is_empty());
    for word in &mut words {
        if let Some((end, _)) = word.char_indices().nth(MAX_WORD) {
            word.truncate(end);
        }
    }
    words
}

/// The combining marks of Latin, Greek and Cyrillic; those of other scripts carry meaning.
const fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// Cuts words of one language back to their stems.
pub(super) struct Stems(Option<Stemmer>);

impl Stems {
    /// For a language tag such as `en` or `pt-PT`.
    pub(super) fn of(language: &str) -> Stems {
        let primary = language.split('-').next().unwrap_or_default();
        let known = STEMMED.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(primary));
        Stems(known.map(|(_, algorithm)| Stemmer::create(*algorithm)))
    }

    /// The stem of a folded word.
    pub(super) fn stem(&self, word: &str) -> String {
        match &self.0 {
            Some(stemmer) => stemmer.stem(word).into_owned(),
            None => word.to_owned(),
        }
    }

    /// The stems of a text.
    pub(super) fn stems(&self, text: &str) -> Vec<String> {
        folded_words(text).iter().map(|word| self.stem(word)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stop_words_are_sorted_for_the_binary_search() {
        for (language, words) in STOP_WORDS {
            assert!(words.is_sorted(), "{language}");
        }
    }

    #[test]
    fn case_accents_and_sharp_s_do_not_matter() {
        assert_eq!(
            folded_words("Straße, CAFÉ don't 12.50 m.o.t."),
            ["strasse", "cafe", "dont", "12", "50", "mot"]
        );
    }

    #[test]
    fn stop_words_go_in_the_language_of_the_question() {
        assert_eq!(Wanted::of("How much is an MOT?").words, ["mot"]);
        assert_eq!(Wanted::of("Was kostet die Inspektion?").words, ["kostet", "inspektion"]);
        assert_eq!(Wanted::of("Quanto custa a revisão?").words, ["revisao"]);
        for nothing in ["How are you?", " ?! "] {
            assert_eq!(Wanted::of(nothing).words, Vec::<String>::new());
        }
        assert_eq!(Wanted::of("How are you?").title_key, "how are you");
    }

    #[test]
    fn a_question_finds_other_forms_of_its_words() {
        assert!(Wanted::of("tyres").stems().contains(&Stems::of("en").stem("tyre")));
        assert!(Wanted::of("reservações").stems().contains(&Stems::of("pt-PT").stems("reservações")[0]));
    }

    proptest! {
        #[test]
        fn words_hold_letters_and_digits_only(text in "\\PC{0,60}") {
            for word in folded_words(&text) {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
            }
        }
    }
}
