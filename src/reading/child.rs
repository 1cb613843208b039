//! The process that reads one document: its bytes come on standard input, what it finds goes to standard
//! output, one line of JSON each.

use std::io::{ErrorKind, Read as _};

use crate::reading::{Event, Limits, Refusal, read, read_sitemap};

/// Reads the document on standard input. `addresses`: it is a sitemap, and at most so many are wanted.
pub fn run(name: &str, limits: Limits, max_bytes: u64, addresses: Option<usize>) -> std::io::Result<()> {
    super::limits::enter(limits)?;
    let mut bytes = Vec::new();
    let mut output = std::io::stdout().lock();
    match std::io::stdin().lock().take(max_bytes).read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::OutOfMemory => {
            return write(&mut output, &Event::Refused { refusal: Refusal::TooBig });
        }
        Err(error) => return Err(error),
    }
    let mut failed = None;
    let mut say = |event: Event| {
        if failed.is_none() {
            failed = write(&mut output, &event).err();
        }
    };
    match addresses {
        Some(limit) => read_sitemap(&bytes, limit, &mut say),
        None => read(name, &bytes, &mut say),
    }
    failed.map_or(Ok(()), Err)
}

fn write(output: &mut impl std::io::Write, event: &Event) -> std::io::Result<()> {
    serde_json::to_writer(&mut *output, event)?;
    output.write_all(b"\n")?;
    output.flush()
}
