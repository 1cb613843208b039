//! Text as the knowledge base keeps it: one form for each character, no stray spaces, no control characters.

use unicode_normalization::UnicodeNormalization as _;

use crate::reading::{Kind, Text};

/// Unifies ligatures and forms (NFKC, within lines), drops control characters, trims lines, and leaves at
/// most one empty line.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.replace("\r\n", "\n").split(['\n', '\r', '\u{c}', '\u{2028}', '\u{2029}']) {
        let line: String =
            line.nfkc().filter(|c| *c == '\t' || !(c.is_control() || is_carrier(*c))).collect();
        let line = line.trim_end();
        empty_lines = if line.is_empty() { empty_lines + 1 } else { 0 };
        if empty_lines < 2 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.trim_matches('\n').trim_end().to_owned()
}

/// Characters that show nothing and could carry words past a reader.
fn is_carrier(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Text and Markdown as they are; a first heading of Markdown is the title.
pub(super) fn plain(text: &str, kind: Kind) -> Text {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.strip_prefix("# ").filter(|_| kind == Kind::Markdown && !rest.trim().is_empty()) {
        Some(title) => Text { title: Some(title.trim().to_owned()), body: rest.to_owned() },
        None => Text { title: None, body: text.to_owned() },
    }
}
