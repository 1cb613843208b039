//! Carrying a person's edits from one draft to the next.
//!
//! A three-way merge by words. The edits are the difference between the old draft and what the person made
//! of it; they are applied to the new draft where its words still stand. Nothing the person typed is lost:
//! where the words around an edit are gone, the typed words are put in at the place they would have had.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Applies the edits that led from `base` to `edited` to `new`.
pub fn carry_edits(base: &str, edited: &str, new: &str) -> String {
    let (base_words, edited_words, new_words) = (words(base), words(edited), words(new));
    let places = places_in(&base_words, &new_words);
    let mut removed = vec![false; new_words.len()];
    // For each position in `new`, the words to put in before it.
    let mut inserted: Vec<Vec<&str>> = vec![Vec::new(); new_words.len() + 1];
    for op in capture_diff_slices(Algorithm::Patience, &base_words, &edited_words) {
        if let DiffOp::Equal { .. } = op {
            continue;
        }
        let (old, typed) = (op.old_range(), op.new_range());
        for place in places[old.clone()].iter().flatten() {
            removed[*place] = true;
        }
        let after = places[..old.start].iter().rev().flatten().next().map_or(0, |place| place + 1);
        inserted[after].extend(&edited_words[typed]);
    }
    let mut merged = String::with_capacity(new.len() + edited.len());
    for (position, typed) in inserted.iter().enumerate() {
        for word in typed {
            push_word(&mut merged, word);
        }
        if let Some(word) = new_words.get(position).filter(|_| !removed[position]) {
            push_word(&mut merged, word);
        }
    }
    merged
}

/// Where each word of `base` stands in `new`, if it still does.
fn places_in(base: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    let mut places = vec![None; base.len()];
    for op in capture_diff_slices(Algorithm::Patience, base, new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for step in 0..len {
                places[old_index + step] = Some(new_index + step);
            }
        }
    }
    places
}

/// Splits a text into words that keep the white space after them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut in_space = false;
    for (index, character) in text.char_indices() {
        if in_space && !character.is_whitespace() {
            words.push(&text[start..index]);
            start = index;
        }
        in_space = character.is_whitespace();
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

/// Appends a word, with a space if the one before brought none.
fn push_word(text: &mut String, word: &str) {
    if !text.is_empty() && !text.ends_with(char::is_whitespace) && !word.starts_with(char::is_whitespace) {
        text.push(' ');
    }
    text.push_str(word);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_edit_survives_a_new_draft() {
        let base = "The check costs £79. Shall I book it?";
        let edited = "The check costs £89. Shall I book it?";
        let new = "The check costs £79 and takes an hour. Shall I book it?";
        let merged = carry_edits(base, edited, new);
        assert!(merged.contains("£89"), "{merged}");
        assert!(merged.contains("takes an hour"), "{merged}");
    }

    #[test]
    fn words_of_a_person_survive_a_draft_that_shares_nothing() {
        let merged = carry_edits("One two.", "One two. Please bring the key.", "Entirely other words here.");
        assert!(merged.contains("Please bring the key."), "{merged}");
        assert!(merged.contains("Entirely other words here."), "{merged}");
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d", "£79", "Hi."]), 0..12)
            .prop_map(|words| words.join(" "))
    }

    /// Whether all `needles` occur in `haystack` in their order.
    fn in_order(needles: &[&str], haystack: &[&str]) -> bool {
        let mut rest = haystack.iter();
        needles.iter().all(|needle| rest.any(|word| word == needle))
    }

    proptest! {
        #[test]
        fn no_typed_word_is_lost(base in text(), typed in prop::collection::vec("[x-z]{3}", 1..4), at in 0_usize..12, new in text()) {
            let mut edited: Vec<&str> = base.split_whitespace().collect();
            let at = at.min(edited.len());
            let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
            edited.splice(at..at, typed.iter().copied());
            let merged = carry_edits(&base, &edited.join(" "), &new);
            let merged: Vec<&str> = merged.split_whitespace().collect();
            prop_assert!(in_order(&typed, &merged), "{typed:?} in {merged:?}");
        }

        #[test]
        fn the_same_draft_gives_the_edited_text(base in text(), edited in text()) {
            let merged = carry_edits(&base, &edited, &base);
            prop_assert_eq!(
                merged.split_whitespace().collect::<Vec<_>>(),
                edited.split_whitespace().collect::<Vec<_>>()
            );
        }

        #[test]
        fn no_edit_gives_the_new_draft(base in text(), new in text()) {
            prop_assert_eq!(carry_edits(&base, &base, &new), new);
        }
    }
}
