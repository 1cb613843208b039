//! Reading: takes the text out of documents that people upload.
//!
//! Documents come from anywhere and their formats are made to be abused, so this module runs in a process
//! of its own (`child`), with little memory, little time, no files and no network. It says what it finds as
//! it goes (`Event`), one JSON line each; the hub's side of it is `ports::readers`.
//!
//! What a document is is found in its bytes; its name only tells one kind of text from another.

mod child;
mod csv;
mod docx;
mod html;
mod kind;
mod limits;
mod pdf;
mod sitemap;
mod tidy;

pub use child::run;
pub use kind::{Kind, Sniffed, sniff};
pub use limits::Limits;

/// Most characters that a document's text may have.
pub const MAX_TEXT: usize = 1_000_000;

/// Most pages that a document may have.
const MAX_PAGES: u32 = 2_000;

/// What the reader says while it reads.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It knows what the document is and how many pages it has.
    Begun {
        /// What it is.
        kind: Kind,
        /// How many pages; 1 for kinds without pages.
        pages: u32,
        /// The title that the document gives itself.
        title: Option<String>,
    },
    /// A page was read.
    Page {
        /// Which one, from 1.
        number: u32,
        /// Its text, in Markdown; empty if the page has none or could not be read.
        text: String,
        /// Whether the page could not be read.
        broken: bool,
    },
    /// The addresses that a list of pages names.
    Addresses {
        /// The addresses, in the list's order.
        addresses: Vec<String>,
    },
    /// Everything was read.
    Ended,
    /// The document cannot be read.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

crate::word_enum! {
    /// Why a document cannot be read.
    pub enum Refusal {
        /// There is nothing in it.
        Empty = "empty",
        /// It has pages, but no text on them.
        NoText = "no_text",
        /// A password is needed.
        Encrypted = "encrypted",
        /// It is damaged.
        Broken = "broken",
        /// It grows beyond all measure when it is unpacked.
        Bomb = "bomb",
        /// It has more text or pages than fit.
        TooLong = "too_long",
        /// Reading it took too long.
        TooSlow = "too_slow",
        /// Reading it needed too much memory.
        TooBig = "too_big",
        /// It is none of the kinds that are read.
        OtherKind = "other_kind",
        /// A Word document of the time before DOCX.
        OldOffice = "old_office",
        /// Its characters are in no encoding that is known.
        Unreadable = "unreadable",
        /// The table has no columns for questions and answers.
        NoColumns = "no_columns",
    }
}

impl Refusal {
    /// The reason as people read it, with what to do.
    pub const fn says(self) -> &'static str {
        match self {
            Refusal::Empty => "The document is empty.",
            Refusal::NoText => {
                "There is no text in it, only pictures (a scan, perhaps). Upload a version with text."
            }
            Refusal::Encrypted => "It is protected by a password. Upload a copy without one.",
            Refusal::Broken => {
                "The file is damaged and cannot be opened. Save it again and upload the new file."
            }
            Refusal::Bomb => {
                "It grows beyond all measure when it is unpacked, as files do that are made to do harm."
            }
            Refusal::TooLong => {
                "It is too long: at most 2,000 pages or 1,000,000 characters fit. Split it into several documents."
            }
            Refusal::TooSlow => {
                "Reading it took too long. Try a simpler version, such as plain text or Markdown."
            }
            Refusal::TooBig => {
                "Reading it needs more memory than one document may use. Split it into several documents."
            }
            Refusal::OtherKind => {
                "This kind of file is not read. PDF, DOCX, HTML, Markdown, plain text and CSV are."
            }
            Refusal::OldOffice => "It is an old Office file. Save it as DOCX or PDF and upload that.",
            Refusal::Unreadable => "Its characters cannot be read. Save it as UTF-8 and upload it again.",
            Refusal::NoColumns => {
                "The table has no columns for questions and answers. Name two columns “question” and “answer”."
            }
        }
    }
}

/// Takes the text out of a document and says what it finds; the last event is `Ended` or `Refused`.
///
/// Deep or self-referring structures may end the process: call it where that does no harm.
pub fn read(name: &str, bytes: &[u8], say: &mut dyn FnMut(Event)) {
    let read = match sniff(name, bytes) {
        Sniffed::Refused(refusal) => Err(refusal),
        Sniffed::Kind(kind) => read_as(kind, bytes, say),
    };
    say(match read {
        Ok(()) => Event::Ended,
        Err(refusal) => Event::Refused { refusal },
    });
}

fn read_as(kind: Kind, bytes: &[u8], say: &mut dyn FnMut(Event)) -> Result<(), Refusal> {
    match kind {
        Kind::Pdf => pdf::read(bytes, say),
        Kind::Docx => one_page(kind, docx::read(bytes)?, say),
        Kind::Html => one_page(kind, html::read(&kind::decode(bytes)?), say),
        Kind::Csv => one_page(kind, Text { title: None, body: csv::read(&kind::decode(bytes)?)? }, say),
        Kind::Markdown | Kind::Text => one_page(kind, tidy::plain(&kind::decode(bytes)?, kind), say),
    }
}

/// The addresses of a sitemap, at most `limit`.
pub fn read_sitemap(bytes: &[u8], limit: usize, say: &mut dyn FnMut(Event)) {
    say(match sitemap::read(bytes, limit) {
        Ok(addresses) => Event::Addresses { addresses },
        Err(refusal) => Event::Refused { refusal },
    });
}

/// The text of a document without pages.
struct Text {
    title: Option<String>,
    body: String,
}

fn one_page(kind: Kind, text: Text, say: &mut dyn FnMut(Event)) -> Result<(), Refusal> {
    say(Event::Begun { kind, pages: 1, title: text.title });
    let body = tidy::tidy(&text.body);
    match body.chars().count() {
        0 => Err(Refusal::NoText),
        characters if characters > MAX_TEXT => Err(Refusal::TooLong),
        _ => {
            say(Event::Page { number: 1, text: body, broken: false });
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
