//! How many people come: "table for four", "party of eight", "just me and my wife", "2 adults and 3 children".

use super::dates::Clue;
use super::numbers::number_at;
use super::token::Tokens;

const PERSONS: &[&str] = &[
    "people",
    "person",
    "persons",
    "adult",
    "adults",
    "child",
    "children",
    "kid",
    "kids",
    "guest",
    "guests",
    "friend",
    "friends",
    "other",
    "others",
    "colleague",
    "colleagues",
    "coworker",
    "coworkers",
    "sister",
    "sisters",
    "brother",
    "brothers",
    "men",
    "man",
    "women",
    "woman",
    "wife",
    "husband",
    "partner",
    "mom",
    "mum",
    "dad",
    "mother",
    "father",
    "son",
    "daughter",
    "sons",
    "daughters",
    "girlfriend",
    "boyfriend",
    "baby",
    "teen",
    "teens",
    "teenager",
    "senior",
    "seniors",
    "grandmother",
    "grandfather",
    "grandson",
    "granddaughter",
    "boss",
    "lady",
    "gentleman",
    "cousin",
    "cousins",
    "boys",
    "girls",
    "toddler",
    "infant",
    "fiance",
    "fiancee",
];
const PAIRS: &[&str] = &["parents", "couples", "couple", "twins", "grandparents"];

/// All counts of people in a text.
pub(super) fn parties(tokens: Tokens<'_, '_>) -> Vec<Clue<u16>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match party_at(tokens, at) {
            Some(clue) => {
                at = clue.end.max(at + 1);
                found.push(clue);
            }
            None => at += 1,
        }
    }
    found
}

fn party_at(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<u16>> {
    led(tokens, at)
        .or_else(|| of_us(tokens, at))
        .or_else(|| list_of_people(tokens, at))
        .or_else(|| plain(tokens, at))
}

fn count(tokens: Tokens<'_, '_>, at: usize) -> Option<(u16, usize)> {
    let number = number_at(tokens, at).filter(|n| !n.ordinal)?;
    let size = u16::try_from(number.whole()?).ok().filter(|n| (1..=500).contains(n))?;
    let decimal_or_clock = matches!(tokens.word(at + number.len), ":" | "/" | "%" | "." | "'" | "-")
        && tokens.glued(at + number.len)
        && tokens.get(at + number.len + 1).is_some_and(|t| t.glued);
    let clock = matches!(tokens.word(at + number.len), "am" | "pm" | "p" | "a" | "o'clock");
    (!decimal_or_clock && !clock).then_some((size, number.len))
}

/// "table for four", "party of 8", "a group of ten", "reservation for two".
fn led(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<u16>> {
    let lead = match (tokens.word(at), tokens.word(at + 1)) {
        (
            "table" | "booking" | "reservation" | "seats" | "seating" | "tables" | "space" | "spot"
            | "dinner" | "lunch" | "room" | "book" | "place",
            "for",
        ) => 2,
        ("mesa" | "reserva", "para") | ("table", "pour") | ("tisch", "fur") => 2,
        ("party" | "group" | "family" | "table" | "total", "of") => 2,
        _ => return None,
    };
    let start = at + lead;
    let just =
        usize::from(matches!(tokens.word(start), "just" | "only" | "about" | "around" | "approximately"));
    let start = start + just;
    let all = usize::from(
        tokens.word(start) == "the" || tokens.word(start) == "a" && count(tokens, start + 1).is_some(),
    );
    if let Some(people) = list_of_people(tokens, start) {
        return Some(people);
    }
    let (size, len) = count(tokens, start + all)?;
    let end = start + all + len;
    // "a booking for 7 tomorrow" may be an hour, "for 2 nights" is a stay.
    let next = tokens.word(end);
    let noun = tokens.get(end).is_some_and(|t| t.is_word())
        && !matches!(
            next,
            "on" | "at"
                | "in"
                | "please"
                | "for"
                | "tomorrow"
                | "today"
                | "tonight"
                | "this"
                | "next"
                | "and"
                | "under"
                | "of"
                | "around"
                | "the"
                | "by"
                | "from"
                | "with"
                | "to"
                | "if"
                | "near"
                | "inside"
                | "outside"
                | "is"
                | "thanks"
        )
        && super::dates::weekday(next).is_none()
        && super::dates::month(next).is_none();
    (!noun).then_some(Clue { value: size, start, end, certainty: 0.9 })
}

/// "for 14 thanks", "only 4", "just the seven", "an 8 top": people where only people are counted.
fn plain(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<u16>> {
    let lead = match tokens.word(at) {
        "for" if tokens.word_before(at, 1) != "looking" => 1,
        "only" | "just" => 1,
        "we" | "there" if matches!(tokens.word(at + 1), "are" | "have" | "were") => 2,
        "we" | "there" if matches!((tokens.word(at + 1), tokens.word(at + 2)), ("will" | "would", "be")) => 3,
        "we'd" | "we'll" | "there'll" | "there'd" if tokens.word(at + 1) == "be" => 2,
        "we're" => 1,
        _ => 0,
    };
    let all = usize::from(matches!(tokens.word(at + lead), "the" | "a"));
    let start = at + lead + all;
    let (size, len) = count(tokens, start)?;
    let end = start + len;
    let next = tokens.word(end);
    if matches!(next, "top" | "individuals" | "pax" | "heads" | "total" | "covers" | "diners") {
        return Some(Clue { value: size, start, end, certainty: 0.85 });
    }
    let ends = tokens.get(end).is_none_or(|t| !t.is_word())
        || matches!(
            next,
            "at" | "on"
                | "please"
                | "thanks"
                | "thank"
                | "today"
                | "tonight"
                | "tomorrow"
                | "under"
                | "for"
                | "outdoors"
                | "indoors"
                | "inside"
                | "outside"
                | "this"
                | "next"
                | "will"
                | "can"
                | "are"
                | "now"
                | "coming"
                | "and"
        );
    let symbol = matches!(next, "%" | "$" | "£" | "€" | "-" | "/" | ":");
    (lead > 0 && ends && !symbol).then_some(Clue { value: size, start: start - all, end, certainty: 0.75 })
}

/// "4 of us", "the five of us", "seven of them".
fn of_us(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<u16>> {
    let all = usize::from(matches!(tokens.word(at), "the"));
    let (size, len) = count(tokens, at + all)?;
    let end = at + all + len;
    // "One of us uses a wheelchair" tells nothing about how many come.
    let tail = size > 1 && matches!((tokens.word(end), tokens.word(end + 1)), ("of", "us" | "them" | "you"));
    tail.then_some(Clue { value: size, start: at, end, certainty: 0.95 })
}

/// "me and my 3 friends", "2 adults and a child", "myself, my wife and our kids".
fn list_of_people(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<u16>> {
    let mut total: u16 = 0;
    let mut members: u16 = 0;
    let mut next = at;
    let mut end = at;
    let mut pronoun = false;
    while let Some((size, len, who)) = member(tokens, next) {
        total = total.checked_add(size)?;
        members += 1;
        pronoun |= who == Who::Speaker;
        end = next + len;
        next = end;
        let joined = joiner(tokens, next);
        if joined == 0 {
            break;
        }
        next += joined;
    }
    if members == 0 || end == at {
        return None;
    }
    let only_speaker = members == 1 && pronoun;
    if only_speaker {
        let alone = matches!(tokens.word_before(at, 1), "just" | "only")
            || matches!((tokens.word_before(at, 2), tokens.word_before(at, 1)), ("just" | "only", "for"));
        let alone = alone && tokens.word(end) != "and";
        return alone.then_some(Clue { value: 1, start: at, end, certainty: 0.85 });
    }
    let counted = number_at(tokens, at).is_some() || members > 1;
    let vague = members == 1 && !counted;
    (!vague).then_some(Clue {
        value: total,
        start: at,
        end,
        certainty: if pronoun || members == 1 { 0.93 } else { 0.9 },
    })
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Who {
    Speaker,
    Others,
}

/// One member of a list of people: how many persons, how many tokens, who.
fn member(tokens: Tokens<'_, '_>, at: usize) -> Option<(u16, usize, Who)> {
    if matches!(tokens.word(at), "me" | "myself" | "i") {
        return Some((1, 1, Who::Speaker));
    }
    let mut next = at;
    next += usize::from(matches!(tokens.word(next), "my" | "our" | "the" | "his" | "her" | "their"));
    let counted = count(tokens, next);
    let mut size = 1;
    if let Some((n, len)) = counted {
        size = n;
        next += len;
    } else if matches!(tokens.word(next), "a" | "an" | "one" | "another") {
        next += 1;
    }
    next += usize::from(
        matches!(
            tokens.word(next),
            "young"
                | "little"
                | "small"
                | "older"
                | "lady"
                | "female"
                | "male"
                | "elderly"
                | "other"
                | "more"
                | "additional"
        ) && is_person(tokens.word(next + 1)),
    );
    let word = tokens.word(next);
    if PAIRS.contains(&word) {
        let marked = next > at;
        return marked.then_some((size.checked_mul(2)?, next + 1 - at, Who::Others));
    }
    if is_person(word) && (next > at || tokens.word_before(at, 1) == ",") {
        return Some((size, next + 1 - at, Who::Others));
    }
    None
}

fn is_person(word: &str) -> bool {
    PERSONS.contains(&word)
}

fn joiner(tokens: Tokens<'_, '_>, at: usize) -> usize {
    match (tokens.word(at), tokens.word(at + 1)) {
        (",", "and" | "plus") => 2,
        ("and" | "plus" | "," | "&" | "with" | "+", _) => 1,
        _ => 0,
    }
}
