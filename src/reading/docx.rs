//! DOCX: a ZIP archive with XML in it.

use std::io::Cursor;

use undoc::ErrorKind;
use undoc::render::{RenderOptions, to_markdown};

use crate::reading::{Refusal, Text};

/// Parts that an honest document stays far below.
const MAX_PARTS: usize = 4_096;

/// Bytes that all parts together may unpack to, by their own account.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;

/// How many times larger than its packed form a large part may be.
const MAX_RATIO: u64 = 400;

/// Below this a part may be as repetitive as it likes.
const SMALL_PART: u64 = 8 * 1024 * 1024;

/// The list of parts that every Office Open XML document has.
const CONTENTS: &str = "[Content_Types].xml";

/// Looks at the archive's table before anything is unpacked, then reads the text. The parser counts what
/// it unpacks, and the process has a limit on its memory: a table that lies gains nothing.
pub(super) fn read(bytes: &[u8]) -> Result<Text, Refusal> {
    inspect(bytes)?;
    let document = undoc::parse_bytes(bytes).map_err(|error| refusal(&error))?;
    let options = RenderOptions::new().with_images(false).with_frontmatter(false);
    let body = to_markdown(&document, &options).map_err(|error| refusal(&error))?;
    let title = document.metadata.title.filter(|title| !title.trim().is_empty());
    Ok(Text { title, body })
}

fn inspect(bytes: &[u8]) -> Result<(), Refusal> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refusal::Broken)?;
    if archive.len() > MAX_PARTS {
        return Err(Refusal::Bomb);
    }
    let mut unpacked = 0_u64;
    let mut has_text = false;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|_| Refusal::Broken)?;
        if part.encrypted() {
            return Err(Refusal::Encrypted);
        }
        let size = part.size();
        unpacked = unpacked.saturating_add(size);
        if size > SMALL_PART && size / part.compressed_size().max(1) > MAX_RATIO {
            return Err(Refusal::Bomb);
        }
        has_text |= part.name().is_ok_and(|name| name == "word/document.xml" || name == CONTENTS);
    }
    match (unpacked > MAX_UNPACKED, has_text) {
        (true, _) => Err(Refusal::Bomb),
        (false, true) => Ok(()),
        (false, false) => Err(Refusal::OtherKind),
    }
}

fn refusal(error: &undoc::Error) -> Refusal {
    match error.kind() {
        ErrorKind::Encrypted => Refusal::Encrypted,
        ErrorKind::UnknownFormat | ErrorKind::UnsupportedFormat => Refusal::OtherKind,
        // The parser's own guard against parts that unpack to more than they declare.
        ErrorKind::ZipArchive if error.to_string().contains("inflat") => Refusal::Bomb,
        _ => Refusal::Broken,
    }
}
