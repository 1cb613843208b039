//! Words of a text as other modules count them: folded to lower case, accents off.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text in lower case without accents, one kind of apostrophe.
pub fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_lowercase)
        .map(|character| match character {
            '\u{2019}' | '\u{2018}' | '`' | '\u{b4}' => '\'',
            other => other,
        })
        .collect()
}

/// The words of a folded text: runs of letters and digits; a character of a script that is written
/// without blanks is a word of its own.
pub fn words(folded: &str) -> impl Iterator<Item = &str> {
    let mut rest = folded;
    std::iter::from_fn(move || {
        let start = rest.find(char::is_alphanumeric)?;
        rest = &rest[start..];
        let first = rest.chars().next()?;
        let end = match stands_alone(first) {
            true => first.len_utf8(),
            false => rest
                .find(|character: char| !character.is_alphanumeric() || stands_alone(character))
                .unwrap_or(rest.len()),
        };
        let (word, left) = rest.split_at(end);
        rest = left;
        Some(word)
    })
}

/// Han, kana, Thai, Lao, Khmer and Burmese letters.
fn stands_alone(character: char) -> bool {
    matches!(
        character,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{e00}'..='\u{eff}' | '\u{1780}'..='\u{17ff}' | '\u{1000}'..='\u{109f}' | '\u{20000}'..='\u{2fa1f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_scripts_without_blanks_fall_apart() {
        let folded = fold("Où est l\u{2019}HÔTEL? I'd pay £79.50 東京です");
        let found: Vec<&str> = words(&folded).collect();
        assert_eq!(found, ["ou", "est", "l", "hotel", "i", "d", "pay", "79", "50", "東", "京", "て", "す"]);
    }
}
