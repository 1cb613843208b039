//! Sentences and passages of a text, as byte spans into it.
//!
//! Spans rise, do not overlap, begin and end on a character that is not blank, and together hold every
//! character that is not blank, apart from list marks and heading marks. Markdown list items, headings,
//! table rows and blank lines end a sentence.

use std::ops::Range;

/// Where a sentence stands in a text, in bytes.
pub type Span = Range<usize>;

/// Words before a full stop that does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "e.g", "i.e", "eg", "ie", "cf", "etc", "approx",
    "no", "nos", "nr", "fig", "vol", "pp", "tel", "ext", "dept", "est", "inc", "ltd", "co", "corp", "bros",
    "ave", "blvd", "rd", "mt", "gen", "col", "capt", "lt", "sgt", "rev", "hon", "gov", "sen", "rep", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu",
    "fri", "sat", "a.m", "p.m", "u.s", "u.k", "z.b", "bzw", "usw", "ca", "inkl", "zzgl", "str", "tgl", "max",
    "min", "incl", "excl", "p.ej", "pag", "sra", "sta", "avda", "env", "mme", "mlle", "dott", "sig",
];

/// The sentences of a text.
pub fn sentences(text: &str) -> Vec<Span> {
    blocks(text).into_iter().flat_map(|block| split_block(text, block)).collect()
}

/// Cuts a text into passages of whole sentences, at most `words` words each unless one sentence is longer.
///
/// Headings stay with what follows them.
pub fn passages(text: &str, words: usize) -> Vec<Span> {
    let mut passages: Vec<Span> = Vec::new();
    let mut count = 0;
    let mut after_heading = false;
    for block in blocks(text) {
        let heading = is_heading(text, &block);
        for sentence in split_block(text, block) {
            let length = text[sentence.clone()].split_whitespace().count();
            let opens = heading && !after_heading && count * 3 > words;
            match passages.last_mut() {
                Some(passage) if count + length <= words && !opens => {
                    passage.end = sentence.end;
                    count += length;
                }
                _ => {
                    passages.push(sentence);
                    count = length;
                }
            }
        }
        after_heading = heading;
    }
    passages
}

/// Paragraphs, list items, headings and table rows without their marks.
fn blocks(text: &str) -> Vec<Span> {
    let mut blocks: Vec<Span> = Vec::new();
    let mut joins = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let shift = mark(line);
        let content = line[shift..].trim();
        let from = start + shift + (line[shift..].len() - line[shift..].trim_start().len());
        let span = from..from + content.len();
        start += line.len();
        if content.is_empty() || content.chars().all(|character| "-=*_|:+ ".contains(character)) {
            joins = false;
            continue;
        }
        let heading = line.trim_start().starts_with('#');
        let row = content.starts_with('|');
        match blocks.last_mut() {
            Some(block) if joins && shift == 0 && !row => block.end = span.end,
            _ => blocks.push(span),
        }
        joins = !heading && !row;
    }
    blocks
}

/// Whether a span is a Markdown heading.
pub fn is_heading(text: &str, block: &Span) -> bool {
    text[..block.start].trim_end_matches(' ').ends_with('#')
}

/// The length of a list, heading or quote mark at the begin of a line, with its blanks; 0 if there is none.
fn mark(line: &str) -> usize {
    let trimmed = line.trim_start();
    let indent = line.len() - trimmed.len();
    let sign = trimmed.len() - trimmed.trim_start_matches('#').len();
    let length = match trimmed.chars().next() {
        Some('#') => sign,
        Some('-' | '*' | '+' | '>' | '•' | '–' | '·') => {
            trimmed.chars().next().map_or(0, char::len_utf8)
        }
        Some(first) if first.is_ascii_digit() => {
            let digits = trimmed.find(|character: char| !character.is_ascii_digit()).unwrap_or(trimmed.len());
            match trimmed[digits..].starts_with(['.', ')']) && digits <= 3 {
                true => digits + 1,
                false => 0,
            }
        }
        _ => 0,
    };
    match length > 0 && trimmed[length..].starts_with([' ', '\t']) {
        true => indent + length,
        false => 0,
    }
}

fn split_block(text: &str, block: Span) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = block.start;
    let mut characters = text[block.clone()].char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        if !is_stop(character) {
            continue;
        }
        let mut end = block.start + offset + character.len_utf8();
        while let Some((_, next)) = characters.peek().copied() {
            if !(is_stop(next) || closes(next)) {
                break;
            }
            end += next.len_utf8();
            characters.next();
        }
        let here = block.start + offset;
        if ends_sentence(&text[start..here], character, &text[end..block.end]) {
            push_trimmed(text, start..end, &mut spans);
            start = end;
        }
    }
    push_trimmed(text, start..block.end, &mut spans);
    spans
}

fn push_trimmed(text: &str, span: Span, spans: &mut Vec<Span>) {
    let content = &text[span.clone()];
    let trimmed = content.trim();
    if !trimmed.is_empty() {
        let start = span.start + (content.len() - content.trim_start().len());
        spans.push(start..start + trimmed.len());
    }
}

fn is_stop(character: char) -> bool {
    matches!(
        character,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．' | '｡' | '।' | '॥' | '؟' | '۔' | '።' | '။'
    )
}

fn closes(character: char) -> bool {
    matches!(character, '"' | '\'' | ')' | ']' | '}' | '”' | '’' | '»' | '」' | '』' | '）')
}

/// Whether a stop between `before` and `after` ends a sentence.
fn ends_sentence(before: &str, stop: char, after: &str) -> bool {
    let Some(next) = after.chars().next() else { return true };
    if matches!(stop, '。' | '！' | '？' | '．' | '｡' | '।' | '॥' | '።' | '။') {
        return true;
    }
    // Inside a number, an address or an abbreviation.
    if !next.is_whitespace() {
        return false;
    }
    if stop != '.' {
        return true;
    }
    let word =
        before.rsplit(|character: char| character.is_whitespace() || "([\"“'".contains(character)).next();
    let word = word.unwrap_or_default().to_lowercase();
    let follows = after.trim_start().chars().next().unwrap_or(' ');
    let single = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let abbreviated = ABBREVIATIONS.contains(&word.as_str()) || single;
    match (abbreviated, word.as_str()) {
        // "See p. 5", "10 a.m. Monday": the hour may end a sentence, a title or an initial does not.
        (true, "a.m" | "p.m" | "etc" | "u.s" | "u.k" | "inc" | "ltd" | "co") => follows.is_uppercase(),
        (true, "no" | "max" | "min" | "sat" | "mar" | "sun" | "est" | "ms") => !follows.is_ascii_digit(),
        (true, _) => false,
        // The number of a list item or of a day: "on the 3. of May".
        (false, number) if !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit()) => {
            !follows.is_lowercase() && number.len() != 1
        }
        (false, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn stops_in_numbers_hours_and_abbreviations_do_not_end_a_sentence() {
        assert_eq!(
            split(
                "Dr. Smith is here at 3.30 p.m. on weekdays. It costs £79.50, e.g. for a VW. See www.a.example now!"
            ),
            [
                "Dr. Smith is here at 3.30 p.m. on weekdays.",
                "It costs £79.50, e.g. for a VW.",
                "See www.a.example now!"
            ]
        );
        assert_eq!(split("We close at 5 p.m. Come early."), ["We close at 5 p.m.", "Come early."]);
        assert_eq!(split("J. R. Tolkien wrote. ok."), ["J. R. Tolkien wrote.", "ok."]);
        assert_eq!(split("Call No. 5 first. Really?! Yes."), ["Call No. 5 first.", "Really?!", "Yes."]);
    }

    #[test]
    fn quotes_belong_to_their_sentence_and_other_scripts_have_their_stops() {
        assert_eq!(split("He said \"No.\" Then he left."), ["He said \"No.\"", "Then he left."]);
        assert_eq!(split("営業は9時から。休みは月曜。"), ["営業は9時から。", "休みは月曜。"]);
    }

    #[test]
    fn headings_items_and_rows_stand_alone() {
        let text = "# Prices\n\n- Oil change: £79\n- MOT: £45\n\nA line that\nruns on. Next.\n| a | b |\n|---|---|\n| 1 | 2 |\n2) Second";
        assert_eq!(
            split(text),
            [
                "Prices",
                "Oil change: £79",
                "MOT: £45",
                "A line that\nruns on.",
                "Next.",
                "| a | b |",
                "| 1 | 2 |",
                "Second"
            ]
        );
    }

    #[test]
    fn passages_hold_whole_sentences_and_start_at_headings() {
        let text = "# One\nA b c d e f. G h i.\n# Two\nJ k l m.";
        let cut: Vec<&str> = passages(text, 12).into_iter().map(|span| &text[span]).collect();
        assert_eq!(cut, ["One\nA b c d e f. G h i.", "Two\nJ k l m."]);
        assert!(passages("", 10).is_empty());
    }

    proptest! {
        #[test]
        fn spans_rise_and_hold_their_text(text in "[a-zA-Z0-9 .!?\\n#*|()\"é。-]{0,120}") {
            let mut end = 0;
            for span in sentences(&text) {
                prop_assert!(span.start >= end && span.end > span.start);
                prop_assert_eq!(text[span.clone()].trim(), &text[span.clone()]);
                end = span.end;
            }
        }
    }
}
