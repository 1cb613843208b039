//! Fields of words: a line, prose, a postal address, a person's name.

use serde_json::{Value, json};

use super::super::affinity::Role;
use super::super::dates::Clue;
use super::super::person::{self, Given};
use super::super::place::{self, Lead};
use super::super::reading::{Mention, Need, Reading};
use super::super::{FieldSpec, Setting, answer, journey, postcode, sample};
use super::{Fault, Kind, Operator, WORDS, unreadable};

const LINE: usize = 500;
const PROSE: usize = 10_000;

fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn said<T>(reading: &Reading<'_>, clue: &Clue<T>, certainty: f64, need: Need) -> Mention {
    Mention {
        value: json!(reading.slice(clue.start, clue.end)),
        start: clue.start,
        end: clue.end,
        certainty,
        need,
    }
}

/// One line of words.
pub(in super::super) struct Line;

impl Kind for Line {
    fn parse(&self, _: &FieldSpec, text: &str, _: &Setting) -> Result<Value, Fault> {
        Ok(json!(clean(text)))
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        shown(value)
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let mut found = match spec.profile.role {
            Role::Place => places(spec, reading),
            Role::Thing => things(reading),
            Role::Person => people(spec, reading),
            Role::Sort => answer::sorts(spec, reading),
            Role::Count => counts(reading),
            Role::Postcode => postcode::postcodes(reading),
            Role::Free if sample::is_vehicle(spec) => sample::vehicles(reading),
            Role::Free => labelled(spec, reading),
        };
        found.extend(sample::like_the_example(spec, reading));
        if reading.asked > 0.0
            && spec.profile.role != Role::Postcode
            && let Some(clue) = answer::short_answer(reading)
        {
            let covered =
                found.iter().any(|m| m.start <= clue.start && clue.end <= m.end && m.certainty >= 0.6);
            if !covered {
                found.push(said(reading, &clue, clue.certainty, Need::Question));
            }
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "maxLength": LINE })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

fn places(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let town = spec.profile.is_town();
    let mut named = place::proper_names(tokens);
    for clue in journey::journeys(tokens) {
        let known = named.iter().any(|c| c.start < clue.end && clue.start < c.end);
        if !known {
            named.push(clue);
        }
    }
    named
        .into_iter()
        .filter(|c| !reading.is_taken(c.start, c.end))
        .filter(|c| !(town && place::street_address(tokens, c.start).is_some()))
        .map(|c| {
            let thing = place::names_a_thing(tokens, c.start, c.end);
            let (certainty, need) = match c.value {
                Lead::At if reading.names_things => (0.5, Need::Context),
                _ if thing && town => (0.5, Need::Context),
                Lead::In | Lead::None if !town && !thing && reading.names_towns && c.end - c.start < 3 => {
                    (0.5, Need::Context)
                }
                Lead::To if reading.names_things && !reading.offers => (0.7, Need::Nothing),
                Lead::In | Lead::At | Lead::From | Lead::To => (c.certainty, Need::Nothing),
                Lead::None | Lead::Called => (c.certainty, Need::Context),
            };
            said(reading, &c, certainty, need)
        })
        .collect()
}

fn things(reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let mut named = journey::called(tokens);
    for clue in place::proper_names(tokens) {
        let known = named.iter().any(|c| c.start < clue.end && clue.start < c.end);
        if !known {
            named.push(clue);
        }
    }
    named
        .into_iter()
        .filter(|c| !reading.is_taken(c.start, c.end))
        .filter(|c| place::street_address(tokens, c.start).is_none())
        .filter(|c| {
            !(c.end - c.start == 1
                && (place::names_a_thing(tokens, c.start, c.end) || is_amenity(tokens.word(c.start))))
        })
        .filter(|c| !tokens.glued(c.start))
        .map(|c| {
            let thing = place::names_a_thing(tokens, c.start, c.end);
            let long = c.end - c.start > 1;
            let (certainty, need) = match c.value {
                Lead::Called => (0.93, Need::Nothing),
                Lead::In | Lead::From if !thing => (0.5, Need::Context),
                Lead::At => (0.85, Need::Nothing),
                _ if thing => (0.85, Need::Nothing),
                Lead::To => (0.65, Need::Nothing),
                _ if reading.offers && (long || c.certainty > 0.5) => (0.75, Need::Nothing),
                _ => (c.certainty * 0.9, Need::Context),
            };
            said(reading, &c, certainty, need)
        })
        .collect()
}

/// Words with a capital letter that name nothing by themselves.
fn is_amenity(word: &str) -> bool {
    matches!(
        word,
        "wifi" | "city" | "address" | "phone" | "tv" | "ac" | "parking" | "internet" | "email" | "usa" | "uk"
    )
}

/// "name it Cooking", "the label is X": words right behind the field's own name.
fn labelled(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let own = spec.profile.weight(&super::super::affinity::concept(tokens.word(at))) >= 1.0;
        let verb = matches!(tokens.word(at + 1), "is" | ":" | "=");
        if own && verb {
            let end = tokens.sentence_end(at + 2).min(at + 8);
            let end = (at + 2..end).find(|i| matches!(tokens.word(*i), "," | "and")).unwrap_or(end);
            if end > at + 2 {
                let clue = Clue { value: (), start: at + 2, end, certainty: 0.75 };
                found.push(said(reading, &clue, 0.75, Need::Context));
            }
        }
    }
    found
}

fn people(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let mut found = PersonName.find(spec, reading);
    for clue in place::proper_names(reading.tokens()) {
        let led = clue.value == Lead::To || reading.tokens().word_before(clue.start, 1) == "with";
        let taken = reading.is_taken(clue.start, clue.end)
            || found.iter().any(|m| m.start < clue.end && clue.start < m.end);
        if !taken {
            let address = place::street_address(reading.tokens(), clue.start).is_some();
            if address {
                continue;
            }
            let offered =
                reading.offers && matches!(clue.value, Lead::None | Lead::At) && clue.end - clue.start > 1;
            let (certainty, need) = match (led, offered) {
                (true, _) => (0.8, Need::Nothing),
                (_, true) => (0.75, Need::Nothing),
                _ if clue.value == Lead::None || clue.value == Lead::At => (0.6, Need::Context),
                _ => continue,
            };
            found.push(said(reading, &clue, certainty, need));
        }
    }
    found
}

fn counts(reading: &Reading<'_>) -> Vec<Mention> {
    reading
        .numbers
        .iter()
        .filter(|c| !c.value.ordinal && !reading.is_taken(c.start, c.end))
        .map(|c| said(reading, c, 0.9, Need::Context))
        .collect()
}

/// Several lines of words.
pub(in super::super) struct Prose;

impl Kind for Prose {
    fn parse(&self, _: &FieldSpec, text: &str, _: &Setting) -> Result<Value, Fault> {
        Ok(json!(text))
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        shown(value)
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        // A description is a whole message, and only when it was asked for.
        let tokens = reading.tokens();
        let whole = Clue { value: (), start: 0, end: tokens.len(), certainty: 0.7 };
        if reading.asked > 0.0 && reading.words() >= 2 {
            vec![said(reading, &whole, 0.7, Need::Question)]
        } else {
            Vec::new()
        }
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "maxLength": PROSE })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

/// A postal address.
pub(in super::super) struct Address;

impl Kind for Address {
    fn parse(&self, _: &FieldSpec, text: &str, _: &Setting) -> Result<Value, Fault> {
        let address = clean(text);
        let tells = address.chars().any(char::is_alphabetic) && address.chars().count() >= 4;
        if tells { Ok(json!(address)) } else { Err(unreadable(text, "an address")) }
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        shown(value)
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let tokens = reading.tokens();
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            match place::street_address(tokens, at) {
                Some(len) => {
                    // The postcode behind an address belongs to it.
                    let code = postcode::postcode_at(tokens, at + len);
                    let end = code.map_or(at + len, |(_, more)| at + len + more);
                    let clue = Clue { value: (), start: at, end, certainty: 0.92 };
                    found.push(said(reading, &clue, 0.92, Need::Nothing));
                    at = end;
                }
                None => at += 1,
            }
        }
        if found.is_empty()
            && reading.asked > 0.0
            && let Some(clue) = answer::short_answer(reading)
        {
            found.push(said(reading, &clue, 0.7, Need::Question));
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "maxLength": LINE })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

/// A person's name.
pub(in super::super) struct PersonName;

impl Kind for PersonName {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        let mut reading = Reading::new(text, setting);
        reading.asked = 1.0;
        let found = self.find(spec, &reading);
        let best = found.into_iter().max_by(|a, b| a.certainty.total_cmp(&b.certainty));
        best.map(|m| m.value).ok_or_else(|| unreadable(text, "a name"))
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        shown(value)
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let tokens = reading.tokens();
        let part = NamePart::of(spec);
        let mut clues = person::names(tokens);
        if clues.is_empty()
            && reading.asked > 0.0
            && let Some(bare) = person::bare_name(tokens)
        {
            clues.push(bare);
        }
        if clues.is_empty() && !reading.offers {
            let contact = reading.contacts.first().map(|c| (c.start, c.end));
            clues.extend(person::beside(tokens, contact));
        }
        clues
            .into_iter()
            .filter(|c| !reading.is_taken(c.start, c.end))
            .filter_map(|c| {
                let (start, end) = part.of_run(&c)?;
                let need = if c.value == Given::Bare { Need::Question } else { Need::Nothing };
                let value = json!(proper(reading.slice(start, end)));
                // "My name is …" names the customer, not the host.
                let other = own_name(c.value) && reading.names_people && !spec.profile.is_speaker();
                let certainty = if other { c.certainty * 0.5 } else { c.certainty };
                Some(Mention { value, start, end, certainty, need })
            })
            .collect()
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "maxLength": 200 })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

fn own_name(given: Given) -> bool {
    matches!(given, Given::Own | Given::First | Given::Family)
}

/// A name written all small gets its capitals.
fn proper(text: &str) -> String {
    if text.chars().any(char::is_uppercase) {
        return clean(text);
    }
    clean(text)
        .split(' ')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Which part of a name the field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamePart {
    Whole,
    First,
    Family,
}

impl NamePart {
    fn of(spec: &FieldSpec) -> NamePart {
        let weight = |word: &str| spec.profile.weight(&super::super::affinity::concept(word));
        if weight("last") >= 1.0 || weight("surname") >= 1.0 || weight("family") >= 1.0 {
            NamePart::Family
        } else if weight("first") >= 1.0 || weight("given") >= 1.0 {
            NamePart::First
        } else {
            NamePart::Whole
        }
    }

    /// The tokens of a name that this part takes.
    fn of_run(self, clue: &Clue<Given>) -> Option<(usize, usize)> {
        let words = clue.end - clue.start;
        match (self, clue.value) {
            (NamePart::Whole, _) => Some((clue.start, clue.end)),
            (NamePart::First, Given::Family) | (NamePart::Family, Given::First) => None,
            (NamePart::First, Given::First) | (NamePart::Family, Given::Family) => {
                Some((clue.start, clue.end))
            }
            (NamePart::First, _) => Some((clue.start, clue.start + 1)),
            (NamePart::Family, Given::Bare) if words == 1 => Some((clue.start, clue.end)),
            (NamePart::Family, _) => (words > 1).then_some((clue.start + 1, clue.end)),
        }
    }
}
