//! What documents, passages and hits are.

use crate::base::{DocumentId, PassageId, Timestamp, clean_text};
use crate::knowledge::{Error, cut, words};

/// Longest title, in characters.
const MAX_TITLE: usize = 200;

/// Longest document, in characters.
const MAX_BODY: usize = crate::reading::MAX_TEXT;

/// What the agent may answer from: one text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Document {
    /// Its identifier.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Its language, such as `en` or `pt-PT`.
    pub language: String,
    /// Rises by one with every change.
    pub version: i64,
    /// Passages it was cut into.
    pub passages: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A document to be added, or what an existing one becomes.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Its language, such as `en` or `pt-PT`; absent: English, or as it was.
    #[serde(default)]
    pub language: Option<String>,
}

/// A stretch of a document that can be cited.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Passage {
    /// Its identifier: another one after every change of the document.
    pub id: PassageId,
    /// Where it stands.
    pub document: DocumentId,
    /// The document's title.
    pub title: String,
    /// The document's language.
    pub language: String,
    /// Its place among the document's passages, from 0.
    pub position: i64,
    /// The headings above it, outermost first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// Its place in the document's body, in Unicode scalar values.
    pub start: i64,
    /// The place after its last character.
    pub end: i64,
    /// Its text, in Markdown.
    pub text: String,
}

/// A passage that may answer a question, with what its words say for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which passage.
    pub passage: Passage,
    /// BM25 with title and heading weighted: 0 and up, comparable within one search only.
    pub lexical: f64,
    /// How much of the question is found, 0 to 1, comparable between searches (see `rank`).
    pub score: f64,
    /// Whether the question is the document's title.
    pub is_title: bool,
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Hit {
    /// Which passage.
    pub passage: PassageId,
    /// The document it stands in.
    pub document: DocumentId,
    /// The document's title.
    pub title: String,
    /// The document's language.
    pub language: String,
    /// The headings above it, outermost first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// Its place in the document's body, in Unicode scalar values.
    pub start: i64,
    /// The place after its last character.
    pub end: i64,
    /// Its text, in Markdown.
    pub text: String,
    /// How well it fits, 0 to 1.
    pub score: f64,
}

/// What tells whether a workspace's knowledge changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// How many documents there are.
    pub documents: i64,
    /// The sum of their versions.
    pub versions: i64,
    /// When one was last changed.
    pub updated_at: Option<Timestamp>,
}

impl NewDocument {
    /// Reads a Markdown file: a first line `# …` is the title and no part of the body.
    pub fn from_markdown(text: &str, fallback_title: &str) -> NewDocument {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        match first.strip_prefix("# ") {
            Some(title) if !rest.trim().is_empty() => NewDocument {
                title: title.trim().to_owned(),
                body: rest.trim_start_matches(['\r', '\n']).to_owned(),
                language: None,
            },
            _ => NewDocument { title: fallback_title.to_owned(), body: text.to_owned(), language: None },
        }
    }

    pub(super) fn into_document(self, id: DocumentId, now: Timestamp) -> Result<Document, Error> {
        self.apply(Document::waiting(id, String::new(), now), now)
    }

    /// The next version of a document; the same version if nothing changed.
    pub(super) fn apply(self, before: Document, now: Timestamp) -> Result<Document, Error> {
        let after = Document {
            title: clean("title", &self.title, MAX_TITLE)?.split_whitespace().collect::<Vec<_>>().join(" "),
            body: clean("body", &self.body, MAX_BODY)?,
            language: self.language.unwrap_or_else(|| before.language.clone()),
            ..before.clone()
        };
        if !is_language(&after.language) {
            return Err(Error::Invalid {
                field: "language",
                problem: format!("{:?} is not a language such as en or pt-PT", after.language),
            });
        }
        if after == before {
            return Ok(before);
        }
        Ok(Document { version: before.version + 1, updated_at: now, ..after })
    }
}

impl Document {
    /// A document whose text is still to be read.
    pub(super) fn waiting(id: DocumentId, title: String, now: Timestamp) -> Document {
        Document {
            id,
            title,
            body: String::new(),
            language: "en".to_owned(),
            version: 0,
            passages: 0,
            updated_at: now,
        }
    }

    /// What tells equal texts apart from different ones; documents without a text are all different.
    pub(super) fn hash(&self) -> String {
        if self.body.is_empty() {
            return format!("none {}", self.id);
        }
        blake3::hash(self.body.as_bytes()).to_hex().to_string()
    }

    /// The title as questions are compared with it.
    pub(super) fn title_key(&self) -> String {
        words::folded_words(&self.title).join(" ")
    }

    /// Cuts the body into passages.
    pub(super) fn cut(&self, mut id: impl FnMut() -> PassageId) -> Vec<Passage> {
        let cuts = cut::cut(&self.body);
        cuts.into_iter()
            .zip(0_i64..)
            .map(|(cut, position)| Passage {
                id: id(),
                document: self.id,
                title: self.title.clone(),
                language: self.language.clone(),
                position,
                heading: cut.heading,
                start: count(cut.start),
                end: count(cut.end),
                text: cut.text,
            })
            .collect()
    }
}

impl From<Candidate> for Hit {
    fn from(candidate: Candidate) -> Self {
        let Candidate { passage, score, .. } = candidate;
        Hit {
            passage: passage.id,
            document: passage.document,
            title: passage.title,
            language: passage.language,
            heading: passage.heading,
            start: passage.start,
            end: passage.end,
            text: passage.text,
            score,
        }
    }
}

fn clean(field: &'static str, text: &str, limit: usize) -> Result<String, Error> {
    match clean_text(text, limit) {
        Ok(text) => Ok(text.into_string()),
        Err(fault) => Err(Error::Invalid { field, problem: fault.to_string() }),
    }
}

/// The shape of a language tag (RFC 5646): a language of two or three letters and perhaps more.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    matches!(primary.len(), 2 | 3)
        && primary.chars().all(|letter| letter.is_ascii_lowercase())
        && parts.all(|part| {
            matches!(part.len(), 2..=8) && part.chars().all(|letter| letter.is_ascii_alphanumeric())
        })
}

/// A count of characters, which `MAX_BODY` keeps far below the limit.
fn count(characters: usize) -> i64 {
    i64::try_from(characters).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;

    fn new(title: &str, body: &str) -> NewDocument {
        NewDocument { title: title.to_owned(), body: body.to_owned(), language: None }
    }

    #[test]
    fn the_same_text_again_is_no_new_version() {
        let at = Timestamp::from_micros(0);
        let later = Timestamp::from_micros(1);
        let first = new("Prices", "£48\r\n").into_document(DocumentId::from_parts(at, 1), at).expect("valid");
        let same = new(" Prices ", "£48").apply(first.clone(), later).expect("valid");
        let other = new("Prices", "£50").apply(first.clone(), later).expect("valid");
        assert_eq!((first.version, &same), (1, &first));
        assert_eq!((other.version, other.updated_at), (2, later));
    }

    #[test]
    fn a_first_line_with_a_mark_is_the_title() {
        let read = NewDocument::from_markdown("# MOT tests\r\n\r\n## How much?\n£48", "02-mot");
        assert_eq!((read.title.as_str(), read.body.as_str()), ("MOT tests", "## How much?\n£48"));
        let plain = NewDocument::from_markdown("£48", "02-mot");
        assert_eq!((plain.title.as_str(), plain.body.as_str()), ("02-mot", "£48"));
    }

    #[test]
    fn languages_are_tags() {
        assert!(is_language("en") && is_language("pt-PT") && is_language("zh-Hant-TW"));
        assert!(!is_language("english") && !is_language("EN") && !is_language("") && !is_language("en-"));
    }
}
