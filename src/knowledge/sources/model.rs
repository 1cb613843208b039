//! What a document is made from.

use crate::base::{DocumentId, FileId, Timestamp};
use crate::knowledge::Document;
use crate::protocol::DocumentStatus;
use crate::reading::{Kind, Refusal};

crate::word_enum! {
    /// What a document is made from.
    pub enum SourceKind {
        /// A file that somebody uploaded.
        Upload = "upload",
        /// A page of the web.
        Page = "page",
    }
}

crate::text_column!(SourceKind);

/// What a document is made from, and how reading it went.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Source {
    /// A file or a page.
    pub kind: SourceKind,
    /// The file's name, or the page's address.
    pub name: String,
    /// What was found in the bytes, once they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Kind>,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Pages that are read.
    pub page: i64,
    /// How many pages there are, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<i64>,
    /// Pages that could not be read and are left out.
    pub broken_pages: i64,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// When its text was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// When we last looked whether the page has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A stable word for it.
    pub code: String,
    /// The reason in plain words, with what to do.
    pub says: String,
}

impl Problem {
    pub(super) fn new(code: &str, says: impl Into<String>) -> Problem {
        Problem { code: code.to_owned(), says: says.into() }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Problem::new(refusal.as_str(), refusal.says())
    }
}

/// A document with what it is made from.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DocumentView {
    /// The document.
    #[serde(flatten)]
    pub document: Document,
    /// Whether its text is there.
    pub status: DocumentStatus,
    /// What it is made from; absent for one that people wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// A document in the list: without its text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DocumentRow {
    /// Its identifier.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// Its language, such as `en` or `pt-PT`.
    pub language: String,
    /// Rises by one with every change; 0 while it has no text yet.
    pub version: i64,
    /// Passages it was cut into.
    pub passages: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether its text is there.
    pub status: DocumentStatus,
    /// What it is made from; absent for one that people wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// A file that is stored and shall become a document.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Where its bytes are.
    pub id: FileId,
    /// Its name as uploaded, made safe to show.
    pub name: String,
    /// The hash of its bytes.
    pub hash: String,
    /// Its size in bytes.
    pub size: i64,
}

/// All that is kept of a source.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) document: DocumentId,
    pub(super) status: DocumentStatus,
    pub(super) source: Source,
    pub(super) address: Option<String>,
    pub(super) file: Option<FileId>,
    pub(super) file_hash: Option<String>,
    pub(super) attempt: i64,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
}

impl Kept {
    /// A source that waits for its first reading.
    pub(super) fn waiting(document: DocumentId, kind: SourceKind, name: String) -> Kept {
        let source = Source {
            kind,
            name,
            format: None,
            size: None,
            page: 0,
            pages: None,
            broken_pages: 0,
            problem: None,
            read_at: None,
            checked_at: None,
        };
        Kept {
            document,
            status: DocumentStatus::Waiting,
            source,
            address: None,
            file: None,
            file_hash: None,
            attempt: 1,
            etag: None,
            modified: None,
        }
    }

    /// The bytes that a reading shall read.
    pub(super) fn with_file(mut self, file: NewFile) -> Kept {
        self.source.name = file.name;
        self.source.size = Some(file.size);
        self.file = Some(file.id);
        self.file_hash = Some(file.hash);
        self
    }

    /// Begins another reading; the one before it comes too late from now on.
    pub(super) fn again(mut self) -> Kept {
        self.attempt += 1;
        self.status = DocumentStatus::Waiting;
        self.source.problem = None;
        (self.source.page, self.source.pages) = (0, None);
        self
    }
}

/// The title of a document that gives itself none: the file's name without its ending, as words.
pub(super) fn title_of(name: &str) -> String {
    let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let words: Vec<&str> = stem.split(['_', '-', ' ', '+']).filter(|word| !word.is_empty()).collect();
    let title = words.join(" ");
    let mut letters = title.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).take(200).collect(),
        None => "Document".to_owned(),
    }
}

/// A file's name without its path, and without characters that mislead.
pub(super) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}' | '"' | '<' | '>')
    };
    let cleaned: String = last.chars().filter(|c| !hidden(*c)).take(120).collect();
    match cleaned.trim_matches(['.', ' ']) {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_becomes_a_title() {
        assert_eq!(title_of("guest_handbook-2026.pdf"), "Guest handbook 2026");
        assert_eq!(title_of("https://shop.example/help/opening-hours/"), "Opening hours");
        assert_eq!(title_of("---.pdf"), "Document");
        assert_eq!(safe_name("..\\..\\a\u{202e}b.pdf"), "ab.pdf");
    }
}
