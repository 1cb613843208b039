//! Cutting a Markdown text into passages.
//!
//! A passage belongs to one section and holds about as many words as a person reads at a glance and an
//! embedding still tells apart. It is cut where the text has a joint: between paragraphs and list items,
//! else between sentences, else between words.
//!
//! A heading belongs to the passages below it; one with nothing below is a statement and a passage itself.
//!
//! Invariants: passages stand in the order of the text and do not overlap; every visible character is in
//! exactly one passage or in a heading; a span cuts exactly the passage's text out of the body.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use unicode_segmentation::UnicodeSegmentation;

/// Words a passage grows to.
const TARGET_WORDS: usize = 120;

/// A section of up to this many words stays whole.
const WHOLE_WORDS: usize = 160;

/// Characters that count as one word where a text has no words, such as encoded pictures.
const CHARS_PER_WORD: usize = 12;

/// Longest heading that is kept, in characters.
const MAX_HEADING: usize = 200;

/// A passage cut out of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cut {
    /// The headings above it, outermost first.
    pub heading: Option<String>,
    /// Its place in the body, in Unicode scalar values.
    pub start: usize,
    /// The place after its last character.
    pub end: usize,
    /// Its text.
    pub text: String,
}

/// What the parser found, in bytes.
struct Outline {
    headings: Vec<Heading>,
    /// Where top-level blocks and list items begin, and whether the block is running text.
    joints: Vec<usize>,
    paragraphs: Vec<Range<usize>>,
}

struct Heading {
    level: usize,
    text: String,
    span: Range<usize>,
}

/// Cuts a Markdown text into passages.
pub(super) fn cut(body: &str) -> Vec<Cut> {
    let outline = Outline::of(body);
    let mut cuts = Vec::new();
    let mut place = Place { body, byte: 0, char: 0 };
    let mut push = |path: &[(usize, &str)], piece: Range<usize>| {
        cuts.push(Cut {
            heading: title_of(path),
            start: place.chars_at(piece.start),
            end: place.chars_at(piece.end),
            text: body[piece].to_owned(),
        });
    };
    let mut path: Vec<(usize, &str)> = Vec::new();
    let mut above: Option<&Heading> = None;
    for heading in outline.headings.iter().map(Some).chain([None]) {
        let start = above.map_or(0, |above| above.span.end);
        let end = heading.map_or(body.len(), |heading| heading.span.start);
        let below = pieces(body, &outline, start..end);
        if let Some(above) = above
            && below.is_empty()
            && heading.is_none_or(|heading| heading.level <= above.level)
        {
            for statement in pieces(body, &outline, above.span.clone()) {
                push(&path[..path.len() - 1], statement);
            }
        }
        for piece in below {
            push(&path, piece);
        }
        if let Some(heading) = heading {
            path.retain(|(level, _)| *level < heading.level);
            path.push((heading.level, &heading.text));
        }
        above = heading;
    }
    cuts
}

fn title_of(path: &[(usize, &str)]) -> Option<String> {
    let title = path.iter().map(|(_, text)| *text).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    match title.is_empty() {
        true => None,
        false => Some(title.join(" › ").chars().take(MAX_HEADING).collect()),
    }
}

/// Counts characters up to bytes that only go forward.
struct Place<'a> {
    body: &'a str,
    byte: usize,
    char: usize,
}

impl Place<'_> {
    fn chars_at(&mut self, byte: usize) -> usize {
        self.char += self.body[self.byte..byte].chars().count();
        self.byte = byte;
        self.char
    }
}

impl Outline {
    fn of(body: &str) -> Outline {
        let mut outline = Outline { headings: Vec::new(), joints: Vec::new(), paragraphs: Vec::new() };
        let mut depth = 0_usize;
        let mut open: Option<Heading> = None;
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
        for (event, span) in Parser::new_ext(body, options).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                    open = Some(Heading { level: level as usize, text: String::new(), span });
                    depth += 1;
                }
                Event::End(TagEnd::Heading(_)) if depth == 1 => {
                    depth -= 1;
                    outline.headings.extend(open.take());
                }
                Event::Start(tag) => {
                    if depth == 0 || matches!(tag, Tag::Item | Tag::TableRow) {
                        outline.joints.push(span.start);
                    }
                    if matches!(tag, Tag::Paragraph) {
                        outline.paragraphs.push(span);
                    }
                    depth += 1;
                }
                Event::End(_) => depth = depth.saturating_sub(1),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut open {
                        heading.text.push_str(&text);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    if let Some(heading) = &mut open {
                        heading.text.push(' ');
                    }
                }
                _ => {}
            }
        }
        for heading in &mut outline.headings {
            heading.text = heading.text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        outline
    }
}

/// The passages of one section, without the white space around them.
fn pieces(body: &str, outline: &Outline, section: Range<usize>) -> Vec<Range<usize>> {
    let mut grown = Vec::new();
    let mut divided = Vec::new();
    if size(&body[section.clone()]) <= WHOLE_WORDS {
        grown.push(section);
    } else {
        divide(body, outline, section, Some(Joint::Block), &mut divided);
        let mut length = Length::default();
        for piece in divided {
            let longer = length.and(Length::of(&body[piece.clone()]));
            match grown.last_mut() {
                Some(last) if longer.in_words() <= TARGET_WORDS => {
                    *last = Range { start: last.start, end: piece.end };
                    length = longer;
                }
                _ => {
                    length = Length::of(&body[piece.clone()]);
                    grown.push(piece);
                }
            }
        }
    }
    grown.into_iter().filter_map(|piece| trimmed(body, piece)).collect()
}

/// Where a text may be cut, from the best joint to the last resort.
#[derive(Clone, Copy)]
enum Joint {
    Block,
    Line,
    Sentence,
    Word,
    Character,
}

impl Joint {
    const fn next(self) -> Option<Joint> {
        match self {
            Joint::Block => Some(Joint::Line),
            Joint::Line => Some(Joint::Sentence),
            Joint::Sentence => Some(Joint::Word),
            Joint::Word => Some(Joint::Character),
            Joint::Character => None,
        }
    }
}

/// Cuts a piece that is too long at the best joints it has; the parts are put together again up to the target.
fn divide(
    body: &str,
    outline: &Outline,
    piece: Range<usize>,
    joint: Option<Joint>,
    into: &mut Vec<Range<usize>>,
) {
    let joint = match joint {
        Some(joint) if size(&body[piece.clone()]) > TARGET_WORDS => joint,
        _ => return into.push(piece),
    };
    let text = &body[piece.clone()];
    let offset = |at: usize| piece.start + at;
    let joints: Vec<usize> = match joint {
        Joint::Block => outline.joints.clone(),
        // The lines of running text are where its writer's window happened to end.
        Joint::Line if is_inside(&outline.paragraphs, &piece) => Vec::new(),
        Joint::Line => text.match_indices('\n').map(|(at, _)| offset(at + 1)).collect(),
        Joint::Sentence => sentence_starts(text).into_iter().map(offset).collect(),
        Joint::Word => text.split_word_bound_indices().map(|(at, _)| offset(at)).collect(),
        Joint::Character => character_joints(text).into_iter().map(offset).collect(),
    };
    let mut start = piece.start;
    for at in joints.into_iter().filter(|at| piece.start < *at && *at < piece.end).chain([piece.end]) {
        if at > start {
            divide(body, outline, start..at, joint.next(), into);
            start = at;
        }
    }
}

fn is_inside(paragraphs: &[Range<usize>], piece: &Range<usize>) -> bool {
    paragraphs.iter().any(|paragraph| paragraph.start <= piece.start && piece.start < paragraph.end)
}

/// Where sentences begin: after a full stop and white space, unless a small letter or a digit follows.
fn sentence_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut ended = false;
    let mut spaced = false;
    for (at, character) in text.char_indices() {
        match character {
            '.' | '!' | '?' | '…' => (ended, spaced) = (true, false),
            '。' | '！' | '？' => (ended, spaced) = (true, true),
            ')' | ']' | '"' | '\'' | '”' | '’' | '»' | '*' | '_' if !spaced => {}
            _ if character.is_whitespace() => spaced = true,
            _ => {
                if ended && spaced && !character.is_lowercase() && !character.is_numeric() {
                    starts.push(at);
                }
                (ended, spaced) = (false, false);
            }
        }
    }
    starts
}

/// Between characters as people see them, a passage's length apart.
fn character_joints(text: &str) -> Vec<usize> {
    let mut joints = Vec::new();
    let mut length = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if length >= (TARGET_WORDS - 1) * CHARS_PER_WORD {
            joints.push(at);
            length = 0;
        }
        length += grapheme.chars().count();
    }
    joints
}

/// How long a text is.
#[derive(Clone, Copy, Default)]
struct Length {
    words: usize,
    chars: usize,
}

impl Length {
    fn of(text: &str) -> Length {
        Length { words: text.unicode_words().count(), chars: text.chars().count() }
    }

    const fn and(self, more: Length) -> Length {
        Length { words: self.words + more.words, chars: self.chars + more.chars }
    }

    /// As it is to a reader: at least its words, more where it has none.
    fn in_words(self) -> usize {
        self.words.max(self.chars / CHARS_PER_WORD)
    }
}

fn size(text: &str) -> usize {
    Length::of(text).in_words()
}

fn trimmed(body: &str, piece: Range<usize>) -> Option<Range<usize>> {
    let text = &body[piece.clone()];
    let start = piece.start + (text.len() - text.trim_start().len());
    let end = start + text.trim().len();
    (start < end).then_some(start..end)
}

/// A Markdown text as it reads without its marks, in one line.
pub(super) fn plain(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                read.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => read.push(' '),
            Event::End(tag) if !is_inline(tag) => read.push(' '),
            _ => {}
        }
    }
    read.split_whitespace().collect::<Vec<_>>().join(" ")
}

const fn is_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_section_is_a_passage_under_its_headings() {
        let cuts = cut("Intro.\n\n# Prices\n\n## MOT\nAn MOT costs £48.\n\n## Tyres\nFrom £62.\n");
        let read: Vec<_> = cuts.iter().map(|cut| (cut.heading.as_deref(), cut.text.as_str())).collect();
        assert_eq!(
            read,
            [
                (None, "Intro."),
                (Some("Prices › MOT"), "An MOT costs £48."),
                (Some("Prices › Tyres"), "From £62."),
            ]
        );
    }

    #[test]
    fn a_heading_with_nothing_below_is_a_passage() {
        let cuts = cut("# House rules\n## Dogs are welcome\n## Smoking is not\n");
        let read: Vec<_> = cuts.iter().map(|cut| (cut.heading.as_deref(), cut.text.as_str())).collect();
        let above = Some("House rules");
        assert_eq!(read, [(above, "## Dogs are welcome"), (above, "## Smoking is not")]);
    }

    /// A line of signs under a paragraph makes a heading of all of it.
    #[test]
    fn a_long_heading_with_nothing_below_is_cut_too() {
        let body = format!("{}\n---\n", "We open at nine. ".repeat(60));
        let cuts = cut(&body);
        assert!(cuts.len() > 1);
        assert!(cuts.iter().all(|cut| size(&cut.text) <= WHOLE_WORDS), "{cuts:?}");
    }

    #[test]
    fn a_long_section_is_cut_between_sentences() {
        let sentence = "The garage checks pads and discs, e.g. the front ones at no. 5 first. ";
        let cuts = cut(&format!("## Brakes\n{}", sentence.repeat(30)));
        assert!(cuts.len() > 2, "{}", cuts.len());
        for cut in &cuts {
            assert!(cut.text.starts_with("The garage") && cut.text.ends_with("first."), "{:?}", cut.text);
            assert!(size(&cut.text) <= TARGET_WORDS);
        }
    }

    #[test]
    fn a_long_list_is_cut_between_items() {
        let cuts = cut(&"- two words and\n  three more of them\n".repeat(60));
        assert!(cuts.len() > 2);
        assert!(cuts.iter().all(|cut| cut.text.starts_with("- two") && cut.text.ends_with("of them")));
    }

    #[test]
    fn a_word_without_end_is_cut_too() {
        let cuts = cut(&"x".repeat(10_000));
        assert!(cuts.len() > 5 && cuts.iter().all(|cut| size(&cut.text) <= TARGET_WORDS));
    }

    #[test]
    fn plain_text_has_no_marks() {
        assert_eq!(plain("**From** [£62](https://a.example)\n\n- `one`\n- two"), "From £62 one two");
    }

    fn markdown() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            "#{1,4} [a-zé🚗 ]{0,20}",
            "[-*+] [A-Za-zäß👩‍👩‍👧 .!?]{0,60}",
            "[A-Za-z0-9 .,!?é日本🇵🇹🚗\t]{0,200}",
            "[|] ?[a-z]{1,5} ?[|] ?[a-z]{1,5} ?[|]",
            Just("|---|---|".to_owned()),
            Just("```".to_owned()),
            Just("===".to_owned()),
            Just("---".to_owned()),
            Just("> quoted # words".to_owned()),
            Just("[a]: https://a.example".to_owned()),
            Just("<div>".to_owned()),
            Just(String::new()),
            "\\PC{0,30}",
        ];
        let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")];
        prop::collection::vec((line, end), 0..40)
            .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
    }

    proptest! {
        #[test]
        fn passages_cover_the_text_without_overlap(body in markdown()) {
            let chars: Vec<char> = body.chars().collect();
            let outline = Outline::of(&body);
            let mut place = Place { body: &body, byte: 0, char: 0 };
            let headings: Vec<Range<usize>> = outline.headings.iter()
                .map(|heading| place.chars_at(heading.span.start)..place.chars_at(heading.span.end))
                .collect();
            let mut covered = 0;
            let is_left_out = |at: usize| {
                chars[at].is_whitespace() || headings.iter().any(|heading| heading.contains(&at))
            };
            for cut in cut(&body) {
                prop_assert!(covered <= cut.start && cut.start < cut.end);
                prop_assert!((covered..cut.start).all(is_left_out));
                let text: String = chars[cut.start..cut.end].iter().collect();
                prop_assert_eq!(&text, &cut.text);
                prop_assert!(size(&text) <= WHOLE_WORDS, "{} words", size(&text));
                covered = cut.end;
            }
            prop_assert!((covered..chars.len()).all(is_left_out));
        }
    }
}
