//! PDF, page by page.

use std::ops::ControlFlow;

use unpdf::render::{RenderOptions, to_markdown};
use unpdf::{ErrorKind, ErrorMode, PageStreamOptions, ParseEvent, ParseOptions, PdfParser};

use crate::reading::tidy::tidy;
use crate::reading::{Event, Kind, MAX_PAGES, MAX_TEXT, Refusal};

/// Reads the pages in their order. A page that cannot be read is left out and said so; text that is only
/// in pictures is not there.
pub(super) fn read(bytes: &[u8], say: &mut dyn FnMut(Event)) -> Result<(), Refusal> {
    let options = ParseOptions::new().with_parallel(false).with_resources(false);
    let parser = PdfParser::from_bytes_with_options(bytes, options).map_err(|error| refusal(error.kind()))?;
    let total = parser.page_count();
    match total {
        0 => return Err(Refusal::Broken),
        pages if pages > MAX_PAGES => return Err(Refusal::TooLong),
        _ => {}
    }
    let mut pages = Pages { say, total, characters: 0, broken: 0, stopped: None };
    parser.for_each_page(one_by_one(), |event| pages.hear(event)).map_err(|error| refusal(error.kind()))?;
    match pages.stopped {
        Some(refusal) => Err(refusal),
        None if pages.characters == 0 && (pages.broken > 0 || is_cut(bytes)) => Err(Refusal::Broken),
        None if pages.characters == 0 => Err(Refusal::NoText),
        None => Ok(()),
    }
}

/// Everything on this thread: the process may start no other.
fn one_by_one() -> PageStreamOptions {
    PageStreamOptions {
        error_mode: ErrorMode::Lenient,
        extract_text: true,
        extract_resources: false,
        min_image_dimension: 64,
        pages: unpdf::PageSelection::All,
        password: None,
        parallel: false,
        suppress_low_confidence_ocr: true,
        window_size: 1,
        emit_progress_every: u32::MAX,
    }
}

struct Pages<'a> {
    say: &'a mut dyn FnMut(Event),
    total: u32,
    characters: usize,
    broken: u32,
    stopped: Option<Refusal>,
}

impl Pages<'_> {
    fn hear(&mut self, event: ParseEvent) -> ControlFlow<()> {
        match event {
            ParseEvent::DocumentStart { metadata, .. } => {
                let title = metadata.title.filter(|title| is_title(title));
                (self.say)(Event::Begun { kind: Kind::Pdf, pages: self.total, title });
            }
            ParseEvent::PageParsed(page) => {
                let number = page.number;
                let mut alone = unpdf::Document::new();
                alone.add_page(page);
                match to_markdown(&alone, &RenderOptions::new().with_standard_cleanup()) {
                    Ok(text) => return self.page(number, &text),
                    Err(_) => self.broken(number),
                }
            }
            ParseEvent::PageFailed { page, .. } => self.broken(page),
            ParseEvent::Progress { .. } | ParseEvent::DocumentEnd { .. } => {}
        }
        ControlFlow::Continue(())
    }

    fn page(&mut self, number: u32, text: &str) -> ControlFlow<()> {
        let text = tidy(text);
        self.characters += text.chars().count();
        if self.characters > MAX_TEXT {
            self.stopped = Some(Refusal::TooLong);
            return ControlFlow::Break(());
        }
        (self.say)(Event::Page { number, text, broken: false });
        ControlFlow::Continue(())
    }

    fn broken(&mut self, number: u32) {
        self.broken += 1;
        (self.say)(Event::Page { number, text: String::new(), broken: true });
    }
}

/// Whether the end of the file is missing.
fn is_cut(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(2_048)..).unwrap_or(bytes);
    !tail.windows(5).any(|window| window == b"%%EOF")
}

/// Programs write all sorts of things where the title belongs.
fn is_title(title: &str) -> bool {
    let title = title.trim();
    let lower = title.to_lowercase();
    let placeholder = ["untitled", "(anonymous)", "microsoft word", "document1"];
    let file = [".doc", ".docx", ".pdf", ".tex", ".indd", ".html"];
    !title.is_empty()
        && !placeholder.iter().any(|word| lower.starts_with(word))
        && !file.iter().any(|ending| lower.ends_with(ending))
}

fn refusal(kind: ErrorKind) -> Refusal {
    match kind {
        ErrorKind::Encrypted | ErrorKind::InvalidPassword => Refusal::Encrypted,
        _ => Refusal::Broken,
    }
}
