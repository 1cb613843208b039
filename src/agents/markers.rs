//! Numbers of sources in a model's text, `[1]` or `[2, 3]`: taken out, and remembered by their place.

/// The longest text between brackets that may be a marker.
const LONGEST: usize = 14;

/// A text without its markers.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Unmarked {
    /// The text.
    pub text: String,
    /// The numbers that stood at a place of it, in bytes.
    pub marks: Vec<(usize, Vec<usize>)>,
}

/// Takes the markers out of a whole text.
pub fn unmark(text: &str) -> Unmarked {
    let mut out = Unmarked::default();
    scan(text, true, &mut out);
    out
}

/// Takes the markers out of a text that comes in pieces, with the blanks before them.
#[derive(Debug, Default)]
pub struct Stream {
    held: String,
    begun: bool,
}

impl Stream {
    /// Takes a piece; gives what can be shown already.
    pub fn take(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let mut out = Unmarked::default();
        let read = scan(&self.held, false, &mut out);
        self.held.drain(..read);
        match self.begun {
            true => out.text,
            false => {
                let text = out.text.trim_start().to_owned();
                self.begun = !text.is_empty();
                text
            }
        }
    }
}

/// Reads as far as can be decided; gives how far that is.
fn scan(text: &str, whole: bool, out: &mut Unmarked) -> usize {
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if character != ' ' && character != '[' {
            out.text.push(character);
            at += character.len_utf8();
            continue;
        }
        let blanks = text[at..].len() - text[at..].trim_start_matches(' ').len();
        match marker(&text[at + blanks..]) {
            Marker::Numbers(numbers, length) => {
                match out.marks.last_mut() {
                    Some((place, before)) if *place == out.text.len() => before.extend(numbers),
                    _ => out.marks.push((out.text.len(), numbers)),
                }
                at += blanks + length;
            }
            Marker::Undecided if !whole => return at,
            Marker::Undecided | Marker::None => {
                let end = at + blanks.max(1);
                out.text.push_str(&text[at..end]);
                at = end;
            }
        }
    }
    at
}

enum Marker {
    Numbers(Vec<usize>, usize),
    Undecided,
    None,
}

/// What a text begins with.
fn marker(text: &str) -> Marker {
    let Some(inside) = text.strip_prefix('[') else {
        return if text.is_empty() { Marker::Undecided } else { Marker::None };
    };
    for (place, character) in inside.char_indices().take(LONGEST) {
        match character {
            ']' => {
                let numbers: Option<Vec<usize>> =
                    inside[..place].split([',', ';']).map(|number| number.trim().parse().ok()).collect();
                return match numbers {
                    Some(numbers) => Marker::Numbers(numbers, place + 2),
                    None => Marker::None,
                };
            }
            '0'..='9' | ',' | ';' | ' ' => {}
            _ => return Marker::None,
        }
    }
    if inside.chars().count() < LONGEST { Marker::Undecided } else { Marker::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_go_and_their_places_stay() {
        let out = unmark("A check costs £79 [1]. It takes 40 minutes[2, 3][4]. See [the list] [x].");
        assert_eq!(out.text, "A check costs £79. It takes 40 minutes. See [the list] [x].");
        let place = |words: &str| out.text.find(words).expect("it is there") + words.len();
        assert_eq!(out.marks, [(place("£79"), vec![1]), (place("minutes"), vec![2, 3, 4])]);
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_text() {
        let text = "  Hello Ana [1], a [ list ] of 3  items [2 , 3]. End [";
        let expected = unmark(text.trim_start()).text;
        for size in 1..text.len() {
            let mut stream = Stream::default();
            let letters: Vec<char> = text.chars().collect();
            let mut got: String =
                letters.chunks(size).map(|piece| stream.take(&piece.iter().collect::<String>())).collect();
            got.push_str(&stream.held);
            assert_eq!(got, expected, "pieces of {size}");
        }
    }
}
