//! What a document is, by its bytes.

use crate::reading::Refusal;

crate::word_enum! {
    /// The kinds of documents that are read.
    pub enum Kind {
        /// Portable Document Format.
        Pdf = "pdf",
        /// Office Open XML text.
        Docx = "docx",
        /// A web page.
        Html = "html",
        /// Text with Markdown's marks.
        Markdown = "markdown",
        /// Text.
        Text = "text",
        /// A table of questions and answers.
        Csv = "csv",
    }
}

/// What the first look gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// One of the kinds that are read, as far as one can see.
    Kind(Kind),
    /// None of them.
    Refused(Refusal),
}

/// Bytes in which a PDF's mark may stand (ISO 32000-1, annex H).
const PDF_MARK_WITHIN: usize = 1024;

/// Bytes that are looked at to tell one kind of text from another.
const HEAD: usize = 4096;

/// Says what a document is. The beginning of its bytes is enough for a first answer.
pub fn sniff(name: &str, bytes: &[u8]) -> Sniffed {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if head.iter().all(u8::is_ascii_whitespace) {
        return Sniffed::Refused(Refusal::Empty);
    }
    if head.windows(5).take(PDF_MARK_WITHIN).any(|window| window == b"%PDF-") {
        return Sniffed::Kind(Kind::Pdf);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Sniffed::Kind(Kind::Docx);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Sniffed::Refused(old_office(bytes));
    }
    if head.starts_with(b"{\\rtf") {
        return Sniffed::Refused(Refusal::OldOffice);
    }
    match infer::get(head).map(|kind| kind.mime_type()) {
        Some("text/html") => Sniffed::Kind(Kind::Html),
        Some("text/xml") => text_kind(name, head),
        Some(_) => Sniffed::Refused(Refusal::OtherKind),
        None => text_kind(name, head),
    }
}

/// A DOCX with a password is a compound file with this stream in it.
fn old_office(bytes: &[u8]) -> Refusal {
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    match bytes.windows(stream.len()).any(|window| window == stream) {
        true => Refusal::Encrypted,
        false => Refusal::OldOffice,
    }
}

/// Which kind of text it is: by its marks, and where there are none by its name.
fn text_kind(name: &str, head: &[u8]) -> Sniffed {
    let start = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    let lower = name.to_lowercase();
    let named = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    let tags = ["<!doctype html", "<html", "<head", "<body"];
    if tags.iter().any(|tag| start.starts_with(tag)) || (start.starts_with('<') && start.contains("<html")) {
        return Sniffed::Kind(Kind::Html);
    }
    if start.starts_with("<?xml") {
        return Sniffed::Refused(Refusal::OtherKind);
    }
    Sniffed::Kind(match () {
        () if named(&[".csv", ".tsv"]) => Kind::Csv,
        () if named(&[".md", ".markdown"]) => Kind::Markdown,
        () if named(&[".html", ".htm"]) && start.contains("</") => Kind::Html,
        () => Kind::Text,
    })
}

/// Makes text of bytes: by their mark, as UTF-8, else by what the bytes look like.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return readable(text.into_owned(), broken);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return readable(text.to_owned(), false);
    }
    if bytes.contains(&0) {
        return Err(Refusal::Unreadable);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    readable(text.into_owned(), broken)
}

/// Text of people holds hardly any control characters; what does is something else.
fn readable(text: String, broken: bool) -> Result<String, Refusal> {
    let strange = text
        .chars()
        .filter(|c| (c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}')) || *c == '\u{fffd}')
        .count();
    match (broken, strange * 200 > text.len()) {
        (true, _) | (_, true) => Err(Refusal::Unreadable),
        (false, false) if text.trim().is_empty() => Err(Refusal::Empty),
        (false, false) => Ok(text),
    }
}
