//! Text that came from outside: what is taken as it is, what is taken off, what is refused.

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing is left after trimming.
    #[error("the text is empty")]
    Empty,
    /// More characters than allowed.
    #[error("the text has {length} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters in the cleaned text.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A control character that has no place in a message.
    #[error("the text holds the control character U+{0:04X}")]
    Control(u32),
}

/// A text that passed `clean_text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean(String);

impl Clean {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the text away.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Trims a text, unifies its line ends, takes off invisible carriers and refuses control characters.
///
/// `limit` counts Unicode scalar values. Taken off silently: the tag block (U+E0000 to U+E007F) and
/// zero-width spaces and byte-order marks, which are used to smuggle instructions past a reader
/// (OWASP Top 10 for LLM applications 2026, LLM01). Zero-width joiners stay: several scripts and
/// emoji need them.
pub fn clean_text(text: &str, limit: usize) -> Result<Clean, TextFault> {
    if is_plain(text) {
        let trimmed = text.trim();
        return judge(trimmed, trimmed.len(), limit);
    }
    let mut cleaned = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut length = 0_usize;
    for character in text.replace("\r\n", "\n").trim().chars() {
        match character {
            '\u{e0000}'..='\u{e007f}' | '\u{200b}' | '\u{feff}' => continue,
            '\n' | '\t' => {}
            '\r' => return Err(TextFault::Control(0x0d)),
            control if control.is_control() => return Err(TextFault::Control(control.into())),
            _ => {}
        }
        cleaned.push(character);
        length += 1;
    }
    judge(cleaned.trim(), length, limit)
}

/// Whether there is nothing to clean, and each byte is a character: most messages in English.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
}

/// Takes a text of so many characters unless it is empty or too long.
fn judge(text: &str, length: usize, limit: usize) -> Result<Clean, TextFault> {
    match (text.is_empty(), length > limit) {
        (true, _) => Err(TextFault::Empty),
        (_, true) => Err(TextFault::TooLong { length, limit }),
        _ => Ok(Clean(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invisible_instructions_are_taken_off() {
        let cleaned = clean_text("hi\u{e0041}\u{200b} there\r\nyou", 100).map(Clean::into_string);
        assert_eq!(cleaned.as_deref(), Ok("hi there\nyou"));
    }

    #[test]
    fn control_characters_and_empty_texts_are_refused() {
        assert_eq!(clean_text("a\u{0}b", 10), Err(TextFault::Control(0)));
        assert_eq!(clean_text(" \n\u{200b} ", 10), Err(TextFault::Empty));
        assert_eq!(clean_text("abc", 2), Err(TextFault::TooLong { length: 3, limit: 2 }));
        assert_eq!(clean_text("äbc", 2), Err(TextFault::TooLong { length: 3, limit: 2 }));
    }

    proptest! {
        #[test]
        fn a_plain_text_is_judged_as_any_other(text in "[ -~\n\t]{0,12}", limit in 0_usize..14) {
            // A space without width is taken off, and takes the longer way.
            let other = clean_text(&format!("\u{200b}{}", text.trim()), limit);
            prop_assert_eq!(clean_text(&text, limit), other);
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(once) = clean_text(&text, 1_000) {
                let twice = clean_text(once.as_str(), 1_000);
                prop_assert_eq!(twice.as_ref(), Ok(&once));
            }
        }
    }
}
