//! How well words near a value, or of a question, speak for a field.

use rust_stemmers::{Algorithm, Stemmer};

use super::scale::Scale;
use super::token::{Tokens, fold, tokens};
use super::{FieldSpec, FieldType};

/// What the words of a field say about it, worked out once.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    /// Stems of its key, label and hint with their weight.
    pub(super) words: Vec<(String, f64)>,
    /// Which end of a pair the field is, if any.
    pub(super) end: Option<End>,
    /// What a field of words holds.
    pub(super) role: Role,
    /// What its choices mean, where they are times or days.
    pub(super) scale: Option<Scale>,
}

/// One end of a pair of fields: from and to, start and finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Origin, start, check-in, pick-up.
    First,
    /// Destination, end, return, drop-off.
    Last,
}

/// What a field of words holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// Anything.
    #[default]
    Free,
    /// A town or a spot.
    Place,
    /// A person.
    Person,
    /// Something with a name of its own: a hotel, an event.
    Thing,
    /// A sort of something: a cuisine, a genre.
    Sort,
    /// A number kept as text.
    Count,
    /// A postcode.
    Postcode,
}

/// Words too common in schemas to point to one field.
const EMPTY: &[&str] = &[
    "a", "an", "the", "of", "for", "to", "in", "at", "by", "with", "and", "or", "is", "are", "be", "has",
    "have", "if", "whether", "which", "that", "it", "its", "this", "as", "on", "from", "number", "name",
    "type", "date", "time", "flag", "boolean", "user", "customer", "find", "make", "set", "their", "your",
    "you", "who", "what", "where", "when", "how", "id", "value", "kind", "new", "until", "will", "being",
    "used", "use", "does", "do",
];

/// The stem of a folded word.
pub(super) fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

/// The stem of a folded word, with words of one meaning brought together.
pub(super) fn concept(word: &str) -> String {
    let stem = stem(word);
    let brought = match stem.as_str() {
        "peopl" | "person" | "guest" | "seat" | "parti" | "rider" | "passeng" | "travel" | "adult"
        | "attende" | "diner" | "cover" | "ticket" | "us" | "head" | "pax" | "friend" | "kid"
        | "children" | "child" => "people",
        "bedroom" | "bed" | "br" => "bed",
        "bathroom" | "bath" => "bath",
        "luggag" | "suitcas" | "bag" | "baggag" => "bag",
        "price" | "cost" | "fare" | "fee" | "budget" | "rent" | "pay" | "rate" | "charg" => "price",
        "day" | "night" | "stay" => "stay",
        "citi" | "town" => "city",
        "locat" | "place" | "area" | "address" => "place",
        "destin" | "arriv" | "goal" => "destin",
        "origin" | "depart" | "departur" => "origin",
        "wifi" | "wi" | "internet" => "wifi",
        "outdoor" | "outsid" => "outdoor",
        "pet" | "dog" | "cat" => "pet",
        "transfer" | "send" => "transfer",
        "cuisin" | "food" => "food",
        "phone" | "telephon" | "mobil" | "cell" => "phone",
        "birth" | "born" | "birthday" | "dob" => "birth",
        "mail" | "email" => "email",
        other => other,
    };
    brought.to_owned()
}

/// The words of an identifier: `check_in_date`, `StartTimeHour`.
fn split(name: &str) -> String {
    let mut spaced = String::with_capacity(name.len() + 8);
    let mut small_before = false;
    for c in name.chars() {
        if c.is_uppercase() && small_before {
            spaced.push(' ');
        }
        small_before = c.is_lowercase() || c.is_ascii_digit();
        spaced.push(if c == '_' || c == '-' { ' ' } else { c });
    }
    fold(&spaced)
}

impl Profile {
    pub(super) fn of(spec: &FieldSpec) -> Profile {
        let name = split(&format!("{} {}", spec.key, spec.label));
        let hint = spec.hint.as_deref().map(fold).unwrap_or_default();
        let mut words: Vec<(String, f64)> = Vec::new();
        for (source, weight) in [(&name, 1.0), (&hint, 0.5)] {
            for token in tokens(source).iter().filter(|t| t.is_word()) {
                if EMPTY.contains(&token.fold.as_str()) && !(token.fold == "id" && weight == 1.0) {
                    continue;
                }
                let stem = concept(&token.fold);
                if !words.iter().any(|(w, _)| *w == stem) {
                    words.push((stem, weight));
                }
            }
        }
        let all = format!("{name} {hint}");
        let list = tokens(&all);
        Profile {
            words,
            end: end_of(Tokens::new(&list)),
            role: role_of(spec.kind, &name, &hint),
            scale: Scale::of(&spec.choices),
        }
    }

    /// True when the field counts people.
    pub(super) fn counts_people(&self) -> bool {
        self.words.iter().any(|(word, weight)| word == "people" && *weight >= 0.5)
    }

    /// True when the field holds an amount of money.
    pub(super) fn is_money(&self) -> bool {
        self.words
            .iter()
            .any(|(w, _)| matches!(w.as_str(), "price" | "amount" | "money" | "budget" | "payment"))
    }

    /// True when the field is about the one who speaks, not about a third person.
    pub(super) fn is_speaker(&self) -> bool {
        const OTHERS: &[&str] = &[
            "host",
            "recipi",
            "receiv",
            "driver",
            "doctor",
            "therapist",
            "stylist",
            "dentist",
            "artist",
            "employe",
            "contact",
        ];
        !self.words.iter().any(|(w, _)| OTHERS.contains(&w.as_str()))
    }

    /// True when the field holds a town rather than a spot in it.
    pub(super) fn is_town(&self) -> bool {
        self.words.iter().any(|(w, _)| matches!(w.as_str(), "city" | "region" | "countri"))
    }

    /// True when the field holds an amount and its name says nothing more.
    pub(super) fn is_plain_amount(&self) -> bool {
        let own = self.words.iter().filter(|(_, weight)| *weight >= 1.0);
        own.clone()
            .all(|(w, _)| matches!(w.as_str(), "amount" | "total" | "sum" | "currenc" | "valu" | "money"))
    }

    /// True when the field's date lies in the past.
    pub(super) fn looks_back(&self) -> bool {
        const BACK: &[&str] = &["birth", "purchas", "bought", "issu", "incid"];
        self.words.iter().any(|(w, _)| BACK.contains(&w.as_str()))
    }

    /// The weight of a word for this field, zero for words that do not belong to it.
    pub(super) fn weight(&self, stem: &str) -> f64 {
        self.words.iter().find(|(w, _)| w == stem).map_or(0.0, |(_, weight)| *weight)
    }
}

fn end_of(words: Tokens<'_, '_>) -> Option<End> {
    (0..words.len()).find_map(|at| match (words.word(at), words.word(at + 1)) {
        ("check", "in") | ("pick", "up") => Some(End::First),
        ("check", "out") | ("drop", "off") => Some(End::Last),
        (
            "from" | "origin" | "departure" | "depart" | "departing" | "pickup" | "start" | "begin"
            | "leaving" | "checkin" | "originates" | "starting" | "source",
            _,
        ) => Some(End::First),
        ("to", "location" | "city" | "station" | "place" | "to") | ("recipient" | "receiver", _) => {
            Some(End::Last)
        }
        (
            "destination" | "arrival" | "dropoff" | "end" | "return" | "checkout" | "until" | "finish"
            | "ending" | "arriving",
            _,
        ) => Some(End::Last),
        _ => None,
    })
}

fn role_of(kind: FieldType, name: &str, hint: &str) -> Role {
    let has = |text: &str, words: &[&str]| tokens(text).iter().any(|t| words.contains(&t.fold.as_str()));
    const PLACES: &[&str] = &[
        "city",
        "location",
        "area",
        "destination",
        "origin",
        "town",
        "place",
        "address",
        "where",
        "airport",
        "station",
        "street",
        "neighbourhood",
        "neighborhood",
        "country",
        "region",
        "venue",
        "stop",
    ];
    const PEOPLE: &[&str] = &[
        "recipient",
        "therapist",
        "doctor",
        "person",
        "customer",
        "guest",
        "patient",
        "contact",
        "receiver",
        "host",
        "driver",
        "stylist",
        "dentist",
        "friend",
        "passenger",
        "artist",
        "director",
        "actor",
        "provider",
        "employee",
    ];
    const SORTS: &[&str] = &["category", "genre", "cuisine", "type", "kind", "subcategory", "sort", "style"];
    const COUNTS: &[&str] = &["length", "number", "count", "amount", "quantity", "size"];
    if kind == FieldType::Name {
        return Role::Person;
    }
    if has(name, &["postcode", "zip", "zipcode", "postal"]) || has(hint, &["postcode", "zip"]) {
        return Role::Postcode;
    }
    let opens =
        |word: &str| hint.starts_with(&format!("{word} of ")) || hint.starts_with(&format!("the {word} of "));
    let named = has(name, &["name", "title"]) || opens("name") || opens("title");
    let third_person = has(name, PEOPLE) && !has(name, &["number", "type", "account"]);
    if third_person || opens("name") && has(hint, PEOPLE) && !has(name, PLACES) {
        return Role::Person;
    }
    if named && !has(name, &["city", "town", "location", "area", "destination", "country", "region"]) {
        return Role::Thing;
    }
    if has(name, SORTS) {
        return Role::Sort;
    }
    if has(name, COUNTS)
        && (has(hint, &["days", "number", "many", "nights"]) || has(name, &["number", "count"]))
    {
        return Role::Count;
    }
    if has(name, PLACES) {
        return Role::Place;
    }
    if has(hint, &["city", "location", "town", "address"]) {
        return Role::Place;
    }
    Role::Free
}

/// How strongly the words around a run of tokens speak for a field: 0 to 1.
///
/// `rarity` gives a word less weight the more fields of the schema share it.
pub(super) fn nearness(
    profile: &Profile,
    words: Tokens<'_, '_>,
    start: usize,
    end: usize,
    rarity: &dyn Fn(&str) -> f64,
) -> f64 {
    const BEHIND: [f64; 4] = [1.0, 0.75, 0.5, 0.3];
    const BEFORE: [f64; 6] = [0.8, 0.75, 0.65, 0.5, 0.4, 0.3];
    let from = words.sentence_start(start);
    let to = words.sentence_end(end.saturating_sub(1).max(start));
    let mut best: f64 = 0.0;
    let mut rest: f64 = 0.0;
    let mut add = |at: usize, decay: f64| {
        let word = words.word(at);
        if word.is_empty() || EMPTY.contains(&word) && word != "id" {
            return;
        }
        let stem = concept(word);
        let strength = profile.weight(&stem) * rarity(&stem) * decay;
        if strength > best {
            rest += best;
            best = strength;
        } else {
            rest += strength;
        }
    };
    for (after, decay) in (end..).zip(BEHIND) {
        // A number behind counts its own noun.
        if after >= to || matches!(words.word(after), "," | "and" | "but") && after > end {
            break;
        }
        add(after, decay);
    }
    for (back, decay) in BEFORE.iter().enumerate() {
        let Some(at) = start.checked_sub(back + 1).filter(|at| *at >= from) else { break };
        if words.word(at) == "," && back > 0 {
            break;
        }
        add(at, *decay);
    }
    for at in start..end {
        add(at, 0.5);
    }
    (best + 0.3 * rest).min(1.0)
}

/// Which end of a pair the words before a value name.
///
/// "from" and "to" lead only what follows them at once; verbs reach a little further.
pub(super) fn end_before(words: Tokens<'_, '_>, start: usize) -> Option<End> {
    let mut at = start;
    while at > 0
        && matches!(
            words.word(at - 1),
            "the" | "next" | "this" | "my" | "a" | "on" | "'" | "\"" | "of" | "around" | "about" | "sometime"
        )
    {
        at -= 1;
    }
    match words.word_before(at, 1) {
        "from" | "between" => return Some(End::First),
        "to" | "until" | "till" | "through" | "til" | "by" | "thru" => return Some(End::Last),
        "-" if at >= 2 && words.glued(at) => return Some(End::Last),
        "and" if (words.sentence_start(at)..at).any(|i| words.word(i) == "between") => {
            return Some(End::Last);
        }
        _ => {}
    }
    let from = words.sentence_start(start).max(start.saturating_sub(5));
    (from..start).rev().find_map(|at| match (words.word(at), words.word(at + 1)) {
        (
            "leaving" | "departing" | "starting" | "beginning" | "depart" | "leave" | "start" | "starts"
            | "pickup" | "departure" | "outbound",
            _,
        ) => Some(End::First),
        ("check" | "checking", "in") | ("pick", "up" | "it") | ("picking", _) => Some(End::First),
        ("returning" | "return" | "back" | "ending" | "arriving" | "arrive" | "ends" | "returns", _) => {
            Some(End::Last)
        }
        ("check" | "checking", "out") | ("drop", "off" | "it") | ("dropping", _) => Some(End::Last),
        _ => None,
    })
}

/// Which end of a pair a question is about.
fn end_asked(words: Tokens<'_, '_>, from: usize, to: usize) -> Option<End> {
    (from..to).find_map(|at| match words.word(at) {
        "from" | "leaving" | "leave" | "pick" | "picked" | "pickup" | "departing" | "start" | "starting"
        | "depart" | "origin" | "located" => Some(End::First),
        "go" | "going" | "headed" | "heading" | "traveling" | "travelling" | "destination" | "drop"
        | "dropped" | "arriving" | "return" | "returning" | "end" | "to"
            if words.word(at) != "to" || at + 1 >= to =>
        {
            Some(End::Last)
        }
        _ => None,
    })
}

/// How strongly a question asks for a field: 0 to 1.
pub(super) fn asks_for(
    spec: &FieldSpec,
    words: Tokens<'_, '_>,
    from: usize,
    to: usize,
    rarity: &dyn Fn(&str) -> f64,
) -> f64 {
    let mut overlap: f64 = 0.0;
    for at in from..to {
        let word = words.word(at);
        if EMPTY.contains(&word) && word != "id" {
            continue;
        }
        let stem = concept(word);
        // How many come says nothing about a wish.
        if spec.kind == FieldType::Boolean && stem == "people" {
            continue;
        }
        overlap += spec.profile.weight(&stem) * rarity(&stem);
    }
    let says = |wanted: &[&str]| (from..to).any(|at| wanted.contains(&words.word(at)));
    let how = |second: &[&str]| {
        (from..to).any(|at| words.word(at) == "how" && second.contains(&words.word(at + 1)))
    };
    let cue = match spec.kind {
        FieldType::Date => says(&["date", "day", "when"]),
        FieldType::Time => says(&["time", "hour"]) || says(&["when"]),
        FieldType::Datetime => says(&["date", "day", "when", "time"]),
        FieldType::Duration => how(&["long"]) || says(&["duration"]),
        FieldType::Number if spec.profile.counts_people() => {
            how(&["many", "large", "big"]) || says(&["size"])
        }
        FieldType::Number if spec.profile.is_money() => how(&["much"]) || says(&["amount"]),
        FieldType::Number => how(&["many"]) || says(&["number"]),
        FieldType::Currency => how(&["much"]) || says(&["budget", "amount", "price"]),
        FieldType::Email => says(&["email", "mail"]),
        FieldType::Phone => says(&["phone", "telephone", "mobile", "number"]),
        FieldType::Name => says(&["name", "who", "whom"]),
        FieldType::Address => says(&["address", "where"]),
        FieldType::Rating => says(&["rating", "stars", "star", "rate"]),
        FieldType::Text => match spec.profile.role {
            Role::Place => says(&["where", "city", "location", "area", "place", "town"]),
            Role::Person => says(&["who", "whom"]),
            Role::Count => how(&["many", "long"]),
            Role::Postcode => says(&["postcode", "zip"]),
            Role::Thing => says(&["name", "which"]) && overlap > 0.0,
            Role::Sort => says(&["kind", "type", "sort", "category", "genre"]),
            Role::Free => false,
        },
        _ => false,
    };
    let base = if cue { 0.5 } else { 0.0 };
    // "Where are you going?" asks for one end of a pair, "your name" for the customer's.
    let toward = match (spec.profile.end, end_asked(words, from, to)) {
        (Some(mine), Some(asked)) if mine == asked => 0.3,
        (Some(_), Some(_)) => -0.5,
        _ => 0.0,
    };
    let yours = (from..to).any(|at| {
        words.word(at) == "your" && matches!(words.word(at + 1), "name" | "full" | "first" | "last")
    });
    let yours =
        if yours && spec.profile.role == Role::Person && !spec.profile.is_speaker() { -0.4 } else { 0.0 };
    (base + overlap * 0.6 + toward + yours).clamp(0.0, 1.0)
}
