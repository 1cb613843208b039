//! Words spelled letter by letter, plainly or with an alphabet: "s w 7", "Sierra whiskey 7", "double five".

use super::token::{Shape, Tokens};

/// The letter that a word of a spelling alphabet stands for (NATO, with what transcribers make of it).
pub(super) fn alphabet(word: &str) -> Option<char> {
    Some(match word {
        "alpha" | "alfa" | "apple" => 'A',
        "bravo" => 'B',
        "charlie" | "charley" => 'C',
        "delta" => 'D',
        "echo" => 'E',
        "foxtrot" => 'F',
        "golf" | "gulf" => 'G',
        "hotel" => 'H',
        "india" | "indigo" => 'I',
        "juliet" | "juliett" | "juliette" => 'J',
        "kilo" => 'K',
        "lima" => 'L',
        "mike" => 'M',
        "november" => 'N',
        "oscar" => 'O',
        "papa" => 'P',
        "quebec" => 'Q',
        "romeo" => 'R',
        "sierra" => 'S',
        "tango" => 'T',
        "uniform" => 'U',
        "victor" => 'V',
        "whiskey" | "whisky" => 'W',
        "xray" => 'X',
        "yankee" => 'Y',
        "zulu" => 'Z',
        _ => return None,
    })
}

/// The character that a spoken letter or digit stands for.
fn spoken(word: &str) -> Option<&'static str> {
    Some(match word {
        "zero" | "nought" | "oh" | "note" | "naught" => "0",
        "one" => "1",
        "two" | "to" | "too" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "zed" | "zedd" | "zee" | "said" => "Z",
        "you" => "U",
        "are" => "R",
        "be" | "bee" => "B",
        "see" | "sea" => "C",
        "tea" | "tee" => "T",
        "pea" | "pee" => "P",
        "queue" | "cue" => "Q",
        "why" => "Y",
        "jay" => "J",
        "kay" => "K",
        "el" => "L",
        "em" => "M",
        "en" => "N",
        "ess" => "S",
        "ex" => "X",
        "gee" => "G",
        "eye" => "I",
        "aitch" | "hate" | "height" | "age" => "H",
        "hey" | "eh" | "ay" => "A",
        "and" | "an" => "N",
        "+" | "&" => "N",
        "vee" => "V",
        _ => return None,
    })
}

/// All letters and digits a message spells, in capitals.
pub(super) fn characters(tokens: Tokens<'_, '_>) -> String {
    let mut spelled = String::new();
    let mut doubled = false;
    for at in 0..tokens.len() {
        let Some(token) = tokens.get(at).filter(|t| t.shape != Shape::Mark || matches!(t.text, "+" | "&"))
        else {
            continue;
        };
        let word = token.fold.as_str();
        if matches!(word, "double" | "triple") {
            doubled = true;
            continue;
        }
        let piece = match (alphabet(word), spoken(word)) {
            (Some(letter), _) => letter.to_string(),
            (_, Some(character)) => character.to_owned(),
            _ => token.text.to_uppercase(),
        };
        if doubled && let Some(first) = piece.chars().next() {
            spelled.push(first);
        }
        doubled = false;
        spelled.push_str(&piece);
    }
    spelled.retain(|c| c.is_ascii_alphanumeric());
    spelled
}
