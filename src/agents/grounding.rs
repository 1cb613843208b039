//! What each sentence of a model's draft rests on: a passage, what is known, or nothing.
//!
//! A passage supports a sentence if it holds enough of its telling words, and every number in it. Numbers,
//! links and days that stand nowhere make a sentence unsupported, whatever else it says. Where a passage says
//! the same with another number, that is a contradiction.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::agents::markers::unmark;
use crate::agents::prompt::Shown;
use crate::language::sentences::sentences;
use crate::language::tongue::Tongue;
use crate::language::words::{fold, words};
use crate::protocol::{Blocker, BlockerKind, Sentence, Support};

/// The share of a sentence's telling words that a passage must hold if the model names it, and if not.
const NAMED: f64 = 0.34;
const FOUND: f64 = 0.6;
/// The share that makes two statements be about the same.
const SAME: f64 = 0.5;

/// Words of courtesy and of plain dealing, which claim nothing.
const COURTESY: &str = "hello hi dear thank thanks thankyou welcome please sorry apologise apologies glad happy \
    help helping let know question questions ask asking write writing wrote reply answer answers message \
    colleague colleagues team person people check checked find found out confirm confirmed confirmation pass \
    passed get back touch soon shortly moment contact reach anything else further day good great nice best \
    regards kind look looking forward understand hear sure course information informed detail details say \
    tell document documents unfortunately share provide would like need want could can may will able here \
    morning afternoon evening feel free wait see not \
    hallo danke bitte gern gerne frage fragen hilfe helfen kollegin kollege kollegen team melden klaren prufen \
    weiter leider information angaben wissen sagen schreiben antwort nachricht freundlich grussen \
    hola gracias favor ayuda ayudar pregunta companero colega equipo confirmara responder escribir saludos \
    lamento informacion saber decir mensaje \
    bonjour merci plait aider question collegue equipe repondre confirmer cordialement desole message savoir \
    ola obrigado obrigada ajudar pergunta equipa responder confirmar mensagem desculpe saber dizer";

/// Names of days and months, which are as good as numbers.
const DAYS: &str = "monday tuesday wednesday thursday friday saturday sunday january february march april june \
    july august september october november december \
    montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz juni juli oktober dezember \
    lunes martes miercoles jueves viernes sabado domingo enero febrero marzo abril junio julio septiembre \
    octubre noviembre diciembre \
    lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier avril juin juillet aout septembre \
    octobre novembre decembre segunda terca quarta quinta sexta janeiro fevereiro abril maio junho julho \
    setembro outubro novembro dezembro";

/// A text that a draft may rest on beside the passages: a known value, the customer's own words.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a>(pub &'a str);

/// A draft with what it rests on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grounded {
    /// The text, without markers.
    pub text: String,
    /// Its sentences. Their citations are numbers of passages.
    pub sentences: Vec<Sentence>,
    /// The passages that are cited, with the words of theirs that fit best.
    pub cited: BTreeMap<usize, String>,
    /// What a person should look at.
    pub blockers: Vec<Blocker>,
    /// The share of its statements that rest on something; 1 if it states nothing.
    pub supported: f64,
}

/// Says what each sentence of an answer rests on. `names` may be said without claiming anything.
pub fn check(
    answer: &str,
    tongue: Tongue,
    passages: &[Shown],
    known: &[Known<'_>],
    names: &[&str],
) -> Grounded {
    let unmarked = unmark(answer.trim());
    let text = unmarked.text.trim_end().to_owned();
    let court = Court::new(tongue, passages, known, names);
    let mut grounded = Grounded { supported: 1.0, ..Grounded::default() };
    let (mut stated, mut held) = (0_u32, 0_u32);
    for span in sentences(&text) {
        let marks = unmarked.marks.iter().filter(|(place, _)| span.start < *place && *place <= span.end);
        let named: BTreeSet<usize> = marks.flat_map(|(_, numbers)| numbers.iter().copied()).collect();
        let words = &text[span.clone()];
        let (support, passages) = court.judge(words, &named);
        match support {
            Support::Cited | Support::Context => (stated, held) = (stated + 1, held + 1),
            Support::Unsupported => {
                stated += 1;
                grounded.blockers.push(court.complaint(words));
            }
            Support::Phrase => {}
        }
        for number in &passages {
            grounded.cited.entry(*number).or_insert_with(|| court.quote(*number, words));
        }
        grounded.sentences.push(Sentence {
            start: units(&text[..span.start]),
            end: units(&text[..span.end]),
            support,
            citations: passages.iter().filter_map(|number| i64::try_from(*number).ok()).collect(),
        });
    }
    if stated > 0 {
        grounded.supported = f64::from(held) / f64::from(stated);
    }
    grounded.text = text;
    grounded
}

fn units(text: &str) -> i64 {
    i64::try_from(text.encode_utf16().count()).unwrap_or(i64::MAX)
}

struct Passage<'a> {
    number: usize,
    text: &'a str,
    stems: HashSet<String>,
    exact: HashSet<String>,
}

struct Court<'a> {
    tongue: Tongue,
    passages: Vec<Passage<'a>>,
    known_stems: HashSet<String>,
    known_exact: HashSet<String>,
    courtesy: HashSet<String>,
}

impl<'a> Court<'a> {
    fn new(tongue: Tongue, passages: &'a [Shown], known: &[Known<'_>], names: &[&str]) -> Court<'a> {
        let passages = passages
            .iter()
            .map(|passage| {
                let head = passage.heading.as_deref().unwrap_or_default();
                let all = format!("{} {head} {}", passage.title, passage.text);
                Passage {
                    number: passage.number,
                    text: &passage.text,
                    stems: tongue.stems(&all).into_iter().collect(),
                    exact: exact(&all),
                }
            })
            .collect();
        let known_stems = known.iter().flat_map(|known| tongue.stems(known.0)).collect();
        let known_exact = known.iter().flat_map(|known| exact(known.0)).collect();
        let courtesy = [COURTESY].iter().chain(names).flat_map(|words| tongue.stems(words)).collect();
        Court { tongue, passages, known_stems, known_exact, courtesy }
    }

    /// What a sentence rests on, and on which passages.
    fn judge(&self, sentence: &str, named: &BTreeSet<usize>) -> (Support, Vec<usize>) {
        let stems: Vec<String> = self.telling(sentence);
        let exact = exact(sentence);
        let share = |of: &HashSet<String>| {
            let held = stems.iter().filter(|stem| of.contains(*stem)).count();
            if stems.is_empty() { 0.0 } else { ratio(held, stems.len()) }
        };
        let holds = |passage: &Passage<'_>, least: f64| {
            share(&passage.stems) >= least
                && exact.iter().all(|one| passage.exact.contains(one) || self.known_exact.contains(one))
        };
        let cited: Vec<usize> = self
            .passages
            .iter()
            .filter(|passage| named.contains(&passage.number) && holds(passage, NAMED))
            .map(|passage| passage.number)
            .collect();
        if !cited.is_empty() {
            return (Support::Cited, cited);
        }
        let is_known = exact.iter().all(|one| self.known_exact.contains(one));
        let asks = sentence.trim_end().ends_with(['?', '？', '؟']);
        if is_known && named.is_empty() && (stems.is_empty() || asks) {
            return (if exact.is_empty() { Support::Phrase } else { Support::Context }, Vec::new());
        }
        let best = self
            .passages
            .iter()
            .filter(|passage| holds(passage, FOUND))
            .max_by(|one, other| share(&one.stems).total_cmp(&share(&other.stems)));
        match best {
            Some(passage) => (Support::Cited, vec![passage.number]),
            None if is_known && share(&self.known_stems) >= FOUND => (Support::Context, Vec::new()),
            None => (Support::Unsupported, Vec::new()),
        }
    }

    /// The stems of a sentence that claim something.
    fn telling(&self, sentence: &str) -> Vec<String> {
        let folded = fold(sentence);
        let telling: Vec<&str> = words(&folded).filter(|word| !self.tongue.stops(word)).collect();
        let stems = telling.iter().flat_map(|word| self.tongue.stems(word));
        stems.filter(|stem| !self.courtesy.contains(stem)).collect()
    }

    /// What is wrong with a sentence that rests on nothing.
    fn complaint(&self, sentence: &str) -> Blocker {
        let stems = self.telling(sentence);
        let about = |of: &str| {
            let there: HashSet<String> = self.tongue.stems(of).into_iter().collect();
            ratio(stems.iter().filter(|stem| there.contains(*stem)).count(), stems.len().max(1))
        };
        let numbers = exact(sentence);
        let against = self.passages.iter().find_map(|passage| {
            let span = sentences(passage.text).into_iter().find(|span| {
                let said = &passage.text[span.clone()];
                about(said) >= SAME && !exact(said).is_empty() && exact(said).is_disjoint(&numbers)
            })?;
            Some(passage.text[span].trim())
        });
        match against.filter(|_| !numbers.is_empty()) {
            Some(source) => Blocker {
                kind: BlockerKind::Contradiction,
                says: format!("The draft says “{}”; the source says “{}”", short(sentence), short(source)),
            },
            None => Blocker {
                kind: BlockerKind::MissingKnowledge,
                says: format!("Nothing supports “{}”", short(sentence)),
            },
        }
    }

    /// The sentence of a passage that fits best.
    fn quote(&self, number: usize, sentence: &str) -> String {
        let stems = self.telling(sentence);
        let Some(passage) = self.passages.iter().find(|passage| passage.number == number) else {
            return String::new();
        };
        let fit = |said: &str| {
            let there: HashSet<String> = self.tongue.stems(said).into_iter().collect();
            stems.iter().filter(|stem| there.contains(*stem)).count()
        };
        let spans = sentences(passage.text).into_iter().rev();
        let best = spans.max_by_key(|span| fit(&passage.text[span.clone()]));
        best.map(|span| passage.text[span].trim().to_owned()).unwrap_or_default()
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

fn short(sentence: &str) -> String {
    const CHARS: usize = 120;
    let line = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

/// The facts with numbers that a text states: each as it stands there, and in one way of writing.
pub fn stated(text: &str) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for token in text.split_whitespace() {
        let raw = token.trim_matches(|character: char| {
            !character.is_alphanumeric() && !matches!(character, '£' | '€' | '$' | '%' | '¥')
        });
        let mut found = HashSet::new();
        numbers(raw, &mut found);
        let mut found: Vec<String> = found.into_iter().collect();
        found.sort();
        if !found.is_empty() {
            facts.push((raw.to_owned(), found.join(" ")));
        }
    }
    facts
}

/// What a text says exactly: its numbers, days, months, addresses and links, in one way of writing.
fn exact(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let folded = fold(text);
    let day_names: HashSet<&str> = DAYS.split_whitespace().collect();
    found.extend(words(&folded).filter(|word| day_names.contains(word)).map(str::to_owned));
    for token in text.split_whitespace() {
        let token = token.trim_matches(|character: char| !character.is_alphanumeric());
        let lower = token.to_lowercase();
        let host = lower.rsplit("://").next().unwrap_or_default().trim_start_matches("www.");
        let domain = host.split(['/', '?', '#']).next().unwrap_or_default();
        let last = domain.rsplit('.').next().unwrap_or_default();
        let is_domain =
            domain.contains('.') && last.len() >= 2 && last.chars().all(|letter| letter.is_alphabetic());
        if lower.contains("://") || lower.contains('@') || is_domain {
            found.insert(host.to_owned());
        } else {
            numbers(token, &mut found);
        }
    }
    found
}

/// The numbers in a word: "£1,250.00" is 1250, "8:00" is 8.
fn numbers(token: &str, found: &mut HashSet<String>) {
    let mut rest = token;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        rest = &rest[start..];
        let inner = |character: char| character.is_ascii_digit() || matches!(character, '.' | ',' | ':');
        let end = rest.find(|character: char| !inner(character)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        let run = run.trim_end_matches(['.', ',', ':']);
        let parts: Vec<&str> = run.split(['.', ',', ':']).collect();
        let mut number = parts[0].to_owned();
        for (part, mark) in parts[1..].iter().zip(run.chars().filter(|mark| !mark.is_ascii_digit())) {
            match (mark, part.len()) {
                ('.' | ',', 3) => number.push_str(part),
                _ if part.chars().all(|digit| digit == '0') => {}
                _ => number.push_str(&format!(".{part}")),
            }
        }
        let trimmed = number.trim_start_matches('0');
        found.insert(if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passages() -> Vec<Shown> {
        let shown = |number, title: &str, text: &str| Shown {
            number,
            title: title.to_owned(),
            heading: None,
            text: text.to_owned(),
        };
        vec![
            shown(
                1,
                "Brakes",
                "A brake check costs £79 and takes about 40 minutes. Brakes that grind are unsafe.",
            ),
            shown(
                2,
                "Opening hours",
                "We are open from Monday to Friday from 8 in the morning to 6 in the evening.",
            ),
        ]
    }

    fn supports(answer: &str) -> Vec<(Support, Vec<i64>)> {
        let known = [Known("Ana"), Known("Could I come on Saturday with my Golf?")];
        let grounded = check(answer, Tongue::English, &passages(), &known, &["Ana"]);
        grounded.sentences.into_iter().map(|sentence| (sentence.support, sentence.citations)).collect()
    }

    #[test]
    fn sentences_are_tied_to_what_holds_them() {
        assert_eq!(
            supports("Hello Ana, thanks for writing. A brake check costs £79 [1]. Which day suits you?"),
            [(Support::Phrase, vec![]), (Support::Cited, vec![1]), (Support::Phrase, vec![])]
        );
        // The model forgot the number, or named the wrong passage.
        assert_eq!(supports("The brake check takes about 40 minutes."), [(Support::Cited, vec![1])]);
        assert_eq!(supports("The brake check takes about 40 minutes [2]."), [(Support::Cited, vec![1])]);
        assert_eq!(supports("A colleague will check and get back to you."), [(Support::Phrase, vec![])]);
    }

    #[test]
    fn numbers_days_and_links_that_stand_nowhere_are_unsupported() {
        for answer in [
            "A brake check costs £99 [1].",
            "A brake check costs £79 [1] and takes 20 minutes.",
            "We are open on Sunday from 8 to 6 [2].",
            "Pay for the brake check at pay-here.example [1].",
            "We have a swimming pool on the terrace.",
            "Your Golf is booked for Tuesday.",
            "Is 15:30 fine for the brake check?",
        ] {
            assert_eq!(supports(answer)[0].0, Support::Unsupported, "{answer}");
        }
    }

    #[test]
    fn another_number_for_the_same_is_a_contradiction() {
        let grounded = check("A brake check costs £99 [1].", Tongue::English, &passages(), &[], &[]);
        assert_eq!(grounded.blockers[0].kind, BlockerKind::Contradiction);
        assert!(grounded.blockers[0].says.contains("£99") && grounded.blockers[0].says.contains("£79"));
        assert!(grounded.supported.abs() < f64::EPSILON);
        let invented = check("We have a swimming pool.", Tongue::English, &passages(), &[], &[]);
        assert_eq!(invented.blockers[0].kind, BlockerKind::MissingKnowledge);
    }

    #[test]
    fn places_are_counted_as_browsers_do() {
        let grounded =
            check("Hello 👋 Ana. A brake check costs £79 [1].", Tongue::English, &passages(), &[], &["Ana"]);
        assert_eq!(grounded.text, "Hello 👋 Ana. A brake check costs £79.");
        assert_eq!((grounded.sentences[1].start, grounded.sentences[1].end), (14, 38));
        assert_eq!(grounded.cited[&1], "A brake check costs £79 and takes about 40 minutes.");
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let numbers = |text: &str| {
            let mut all: Vec<String> = exact(text).into_iter().collect();
            all.sort();
            all
        };
        assert_eq!(numbers("£1,250.00"), ["1250"]);
        assert_eq!(numbers("1.250,00 €"), ["1250"]);
        assert_eq!(numbers("8:00 or 8am"), ["8"]);
        assert_eq!(numbers("£54.85"), ["54.85"]);
        assert_eq!(numbers("See https://www.shop.example/x?y, on Friday"), ["friday", "shop.example/x?y"]);
    }
}
