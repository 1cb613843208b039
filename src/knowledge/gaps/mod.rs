//! Gaps: questions of customers that the knowledge base does not answer, those alike together.
//!
//! Two questions are alike by their meaning where the sentence model has read both, else by their words. A
//! gap that was closed and is asked again all the same is open again: what was written did not help.

mod routes;
mod store;

pub use routes::routes;

use std::collections::BTreeSet;

use crate::base::{ConversationId, DocumentId, GapId, Timestamp};
use crate::knowledge::Error;
use crate::knowledge::words::{Stems, Wanted};
use crate::ports::{Cx, Tx};

/// How alike the meanings of two questions are (cosine) that ask the same.
const SAME_MEANING: f64 = 0.68;

/// The share of words that two questions have in common which ask the same.
const SAME_WORDS: f64 = 0.6;

/// Longest question that is kept, in characters.
const MAX_QUESTION: usize = 300;

/// Gaps that a question is compared with: the ones asked last.
const COMPARED: i64 = 500;

/// A question of a customer that found no answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where it was asked.
    pub conversation: ConversationId,
    /// The customer's entry.
    pub seq: i64,
    /// The question.
    pub text: String,
    /// Its language, such as `en`.
    pub language: String,
    /// Its meaning, if the sentence model read it.
    pub vector: Option<Vec<f32>>,
}

/// A question that nothing answers.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Gap {
    /// Its identifier.
    pub id: GapId,
    /// The question, as it was first asked.
    pub question: String,
    /// How often it was asked.
    pub asked: i64,
    /// When it was first asked.
    pub first_at: Timestamp,
    /// When it was last asked.
    pub last_at: Timestamp,
    /// When somebody closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// The document that answers it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentId>,
}

/// One time that a gap was asked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Example {
    /// Where.
    pub conversation: ConversationId,
    /// The customer's entry.
    pub seq: i64,
    /// In the customer's words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A gap as it is compared.
#[derive(Debug, Clone)]
struct Known {
    id: GapId,
    words: BTreeSet<String>,
    vector: Option<Vec<f32>>,
}

/// Notes a question that found no answer. The same message is noted once.
pub async fn note(cx: &Cx, tx: &mut Tx, asked: Asked) -> Result<(), Error> {
    let text: String = asked.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(MAX_QUESTION).collect();
    let words = content_words(&text, &asked.language);
    if words.is_empty() || store::is_noted(tx, cx.workspace, asked.conversation, asked.seq).await? {
        return Ok(());
    }
    let known = store::known(tx, cx.workspace, COMPARED).await?;
    let gap = match most_alike(&known, &words, asked.vector.as_deref()) {
        Some(gap) => {
            store::ask_again(tx, cx.workspace, gap, cx.now).await?;
            gap
        }
        None => {
            let gap = cx.id();
            store::insert(tx, cx.workspace, gap, &text, &words, asked.vector.as_deref(), cx.now).await?;
            gap
        }
    };
    let example = Example { conversation: asked.conversation, seq: asked.seq, text, at: cx.now };
    Ok(store::insert_example(tx, cx.workspace, gap, &example).await?)
}

fn content_words(text: &str, language: &str) -> BTreeSet<String> {
    let stems = Stems::of(language);
    stems.stems(&Wanted::of(text).words.join(" ")).into_iter().collect()
}

/// The gap that asks the same, if one does.
fn most_alike(known: &[Known], words: &BTreeSet<String>, vector: Option<&[f32]>) -> Option<GapId> {
    let likeness = |gap: &Known| match (gap.vector.as_deref(), vector) {
        (Some(theirs), Some(ours)) if theirs.len() == ours.len() => cosine(theirs, ours) - SAME_MEANING,
        _ => common(&gap.words, words) - SAME_WORDS,
    };
    known
        .iter()
        .map(|gap| (likeness(gap), gap.id))
        .filter(|(likeness, _)| *likeness >= 0.0)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, id)| id)
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let lengths = (dot(one, one) * dot(other, other)).sqrt();
    if lengths > 0.0 { dot(one, other) / lengths } else { 0.0 }
}

/// The share of words in common (Dice).
fn common(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let count = |words: usize| u32::try_from(words).map_or(f64::MAX, f64::from);
    2.0 * count(one.intersection(other).count()) / count(one.len() + other.len()).max(1.0)
}

/// The open or the closed gaps, most asked first.
pub async fn list(cx: &Cx, tx: &mut Tx, closed: bool) -> Result<Vec<Gap>, Error> {
    Ok(store::list(tx, cx.workspace, closed).await?)
}

/// How many gaps are open.
pub async fn count_open(cx: &Cx, tx: &mut Tx) -> Result<i64, Error> {
    Ok(store::count_open(tx, cx.workspace).await?)
}

/// A gap with the times it was asked, newest first.
pub async fn get(cx: &Cx, tx: &mut Tx, id: GapId) -> Result<(Gap, Vec<Example>), Error> {
    let gap = store::find(tx, cx.workspace, id).await?.ok_or(Error::NoGap(id))?;
    Ok((gap, store::examples(tx, cx.workspace, id).await?))
}

/// Closes a gap: a document answers it now, or it needs no answer.
pub async fn close(cx: &Cx, tx: &mut Tx, id: GapId, document: Option<DocumentId>) -> Result<Gap, Error> {
    if let Some(document) = document {
        crate::knowledge::get(cx, tx, document).await?;
    }
    match store::close(tx, cx.workspace, id, document, &cx.name, cx.now).await? {
        true => Ok(get(cx, tx, id).await?.0),
        false => Err(Error::NoGap(id)),
    }
}

/// Opens a closed gap again.
pub async fn reopen(cx: &Cx, tx: &mut Tx, id: GapId) -> Result<Gap, Error> {
    match store::reopen(tx, cx.workspace, id).await? {
        true => Ok(get(cx, tx, id).await?.0),
        false => Err(Error::NoGap(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id as _;

    fn known(number: u128, text: &str, vector: Option<Vec<f32>>) -> Known {
        let id = GapId::from_parts(Timestamp::from_micros(0), number);
        Known { id, words: content_words(text, "en"), vector }
    }

    #[test]
    fn questions_with_the_same_words_are_one_gap() {
        let gaps = [known(1, "Do you rent roof boxes?", None), known(2, "Can I pay with bitcoin?", None)];
        let like = |text: &str| most_alike(&gaps, &content_words(text, "en"), None);
        assert_eq!(like("do you have a roof box to rent"), Some(gaps[0].id));
        assert_eq!(like("Is bitcoin a way to pay?"), Some(gaps[1].id));
        assert_eq!(like("Do you sell bicycles?"), None);
    }

    #[test]
    fn meaning_counts_where_both_have_one() {
        let gaps = [known(1, "Do you rent roof boxes?", Some(vec![1.0, 0.0]))];
        let words = content_words("luggage carriers for hire", "en");
        assert_eq!(most_alike(&gaps, &words, Some(&[0.9, 0.1])), Some(gaps[0].id));
        assert_eq!(most_alike(&gaps, &words, Some(&[0.1, 0.9])), None);
        assert_eq!(most_alike(&gaps, &words, None), None);
    }
}
