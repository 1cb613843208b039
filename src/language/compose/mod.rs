//! Answers made of sentences that stand in the sources, word for word, each with its place.
//!
//! Nothing is rephrased, so no number or name can appear that is not in a source. Where the sources do
//! not seem to hold the answer, there is none.

mod expected;
mod features;

use std::ops::Range;

use features::{Question, Sentence};

use super::tongue::Tongue;
use crate::ports::embedder::{Embedder, cosine};

/// A passage an answer may be taken from, best first.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// The title of its document; may be empty.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// How well retrieval found it to fit, 0 to 1.
    pub score: f64,
}

/// A sentence of an answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cited {
    /// Which of the passages it was taken from.
    pub passage: usize,
    /// Where it stands in that passage's text, in bytes.
    pub span: Range<usize>,
    /// Its words.
    pub text: String,
}

/// What the sources say.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Answer {
    /// The sentences, best first; empty if the passages hold none.
    pub sentences: Vec<Cited>,
    /// Probability that they answer the question.
    pub answerability: f64,
    /// Whether they should be shown: otherwise say that nothing is known.
    pub answerable: bool,
}

/// From this probability on, an answer is given.
const ENOUGH: f64 = 0.35;
/// Words an answer of several sentences has at most.
const WORDS: usize = 42;
/// Passages that are read.
const PASSAGES: usize = 8;
/// Sentences that are compared by meaning, the best by words.
const COMPARED: usize = 6;

/// The best answer to a question in passages.
///
/// `rarity` tells how telling a stem is in the whole knowledge base; without it the passages alone are
/// counted, which is less sure. With an embedder, the best sentences are also compared by meaning.
pub fn compose(
    question: &str,
    tongue: Tongue,
    passages: &[Passage<'_>],
    rarity: Option<&dyn Fn(&str) -> f32>,
    embedder: Option<&dyn Embedder>,
) -> Answer {
    let passages = &passages[..passages.len().min(PASSAGES)];
    let asked = Question::read(question, tongue, passages, rarity);
    let mut sentences: Vec<Sentence> = passages
        .iter()
        .enumerate()
        .flat_map(|(number, passage)| asked.sentences(number, passage, passages[0].score))
        .collect();
    sentences.sort_by(|a, b| b.score().total_cmp(&a.score()));
    if let Some(embedder) = embedder {
        compare(question, passages, &mut sentences, embedder);
    }
    let Some(best) = sentences.first() else {
        return Answer { sentences: Vec::new(), answerability: 0.0, answerable: false };
    };
    let answerability = asked.answerability(best, passages);
    let second = sentences.get(1).filter(|second| best.words + second.words <= WORDS);
    let chosen = std::iter::once(best).chain(second);
    let sentences = chosen
        .map(|sentence| Cited {
            passage: sentence.passage,
            span: sentence.span.clone(),
            text: passages[sentence.passage].text[sentence.span.clone()].to_owned(),
        })
        .collect();
    Answer { sentences, answerability, answerable: answerability >= ENOUGH }
}

/// Compares the best sentences with the question by meaning and sorts them again.
fn compare(question: &str, passages: &[Passage<'_>], sentences: &mut [Sentence], embedder: &dyn Embedder) {
    let compared = sentences.len().min(COMPARED);
    let texts: Vec<&str> = std::iter::once(question)
        .chain(sentences[..compared].iter().map(|one| &passages[one.passage].text[one.span.clone()]))
        .collect();
    let vectors = embedder.embed(&texts);
    let Some((asked, others)) = vectors.split_first() else { return };
    for (sentence, vector) in sentences.iter_mut().zip(others) {
        sentence.meaning = Some(cosine(asked, vector));
    }
    // The others stay behind: their scores are on another scale.
    sentences[..compared].sort_by(|a, b| b.score().total_cmp(&a.score()));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GARAGE: &str = "## Opening hours\n\n- Monday to Friday: 08:00 to 18:00\n- Saturday: 09:00 to 13:00\n\n\
        ## Prices\n\nAn oil change costs £79, filter included. An MOT costs £45. Do you need both? Ask us.\n";
    const COURTESY: &str = "A courtesy car is free for repairs that take longer than one day. \
        Please bring your driving licence. Drivers must be 21 or older.";

    fn passages() -> [Passage<'static>; 2] {
        [
            Passage { title: "Hours and prices", text: GARAGE, score: 0.6 },
            Passage { title: "Courtesy cars", text: COURTESY, score: 0.5 },
        ]
    }

    fn first(question: &str) -> String {
        let answer = compose(question, Tongue::English, &passages(), None, None);
        answer.sentences.first().map(|cited| cited.text.clone()).unwrap_or_default()
    }

    #[test]
    fn the_sentence_that_answers_is_found() {
        assert_eq!(first("How much is an oil change?"), "An oil change costs £79, filter included.");
        assert_eq!(first("When are you open on Saturday?"), "Saturday: 09:00 to 13:00");
        assert_eq!(first("Can I have a courtesy car for a repair?"), COURTESY[..65].trim());
    }

    #[test]
    fn what_the_passages_do_not_hold_is_not_answered() {
        let answer = compose("Do you sell garden furniture?", Tongue::English, &passages(), None, None);
        assert!(!answer.answerable, "{answer:?}");
        let nothing = compose("Anything?", Tongue::English, &[], None, None);
        assert_eq!(nothing, Answer { sentences: Vec::new(), answerability: 0.0, answerable: false });
    }

    proptest! {
        #[test]
        fn every_word_of_an_answer_stands_where_it_is_cited(
            question in "[a-zA-Z ?]{0,40}", text in "[a-zA-Z0-9 .,!?\\n#é-]{0,200}", score in 0.0_f64..1.0
        ) {
            let passages = [Passage { title: "t", text: &text, score }, Passage { title: "", text: GARAGE, score: 0.1 }];
            let answer = compose(&question, Tongue::English, &passages, None, None);
            prop_assert!((0.0..=1.0).contains(&answer.answerability));
            for cited in &answer.sentences {
                prop_assert_eq!(&passages[cited.passage].text[cited.span.clone()], cited.text.as_str());
            }
        }
    }
}
