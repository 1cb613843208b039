//! Following a conversation: what was asked, offered, confirmed, corrected, and what is known by now.

use serde_json::{Value, json};

use super::affinity::{Role, asks_for};
use super::assent::{self, Answer};
use super::assign::{Given, Schema, assign};
use super::hearing::Hearing;
use super::reading::Reading;
use super::{FieldSpec, FieldType, Found, Setting, Speaker, Turn};

/// Reads a conversation from its first turn to its last.
pub(super) fn follow(fields: &[FieldSpec], turns: &[Turn<'_>], setting: &Setting) -> Vec<Found> {
    let schema = Schema::new(fields);
    let mut state = State {
        schema: &schema,
        setting,
        known: fields.iter().map(|_| None).collect(),
        asked: vec![0.0; fields.len()],
        offered: Vec::new(),
        read_back: Vec::new(),
        day: None,
        hearing: Hearing::new(fields.len()),
        fresh: true,
    };
    for (index, turn) in turns.iter().enumerate() {
        match turn.role {
            Speaker::Business => state.hear_business(index, turn),
            Speaker::Customer => state.hear_customer(index, turn),
        }
    }
    state.known.into_iter().flatten().collect()
}

struct State<'s> {
    schema: &'s Schema<'s>,
    setting: &'s Setting,
    known: Vec<Option<Found>>,
    /// How strongly each field was asked for since the customer last spoke.
    asked: Vec<f64>,
    /// What the business offered last.
    offered: Vec<Found>,
    /// What the business read back last, waiting for a yes.
    read_back: Vec<Found>,
    /// The day last named, for a moment whose hour comes later.
    day: Option<jiff::civil::Date>,
    hearing: Hearing,
    /// True until the business speaks again.
    fresh: bool,
}

impl State<'_> {
    fn read<'t>(&self, turn: &Turn<'t>) -> Reading<'t> {
        let mut reading = Reading::new(turn.text, self.setting);
        reading.offers = turn.role == Speaker::Business;
        reading.names_things = self.schema.fields.iter().any(|f| {
            f.profile.role == Role::Thing || f.profile.role == Role::Person && f.kind == FieldType::Text
        });
        reading.names_towns =
            self.schema.fields.iter().any(|f| f.profile.role == Role::Place && f.profile.is_town());
        reading.names_people =
            self.schema.fields.iter().filter(|f| f.profile.role == Role::Person).count() > 1;
        reading
    }

    fn hear_business(&mut self, index: usize, turn: &Turn<'_>) {
        if !self.fresh {
            self.asked.iter_mut().for_each(|a| *a = 0.0);
            self.read_back.clear();
            self.fresh = true;
        }
        let mut reading = self.read(turn);
        self.note_questions(&reading, turn);
        let nothing_asked = vec![0.0; self.asked.len()];
        let given = assign(self.schema, &mut reading, &nothing_asked);
        let found: Vec<Found> = given.iter().filter_map(|g| self.found(g, &reading, index)).collect();
        if reads_back(&reading) {
            // "Is that right?" asks for the whole, not for the one wish it mentions.
            for (field, asked) in self.schema.fields.iter().zip(self.asked.iter_mut()) {
                if field.kind == FieldType::Boolean && !turn.asks.contains(&field.key) {
                    *asked = 0.0;
                }
            }
            self.read_back = found;
            return;
        }
        let offers: Vec<Found> = given
            .iter()
            .filter(|g| is_on_offer(self.schema.fields.get(g.field).map(|f| f.kind), g, &reading))
            .filter_map(|g| self.found(g, &reading, index))
            .filter(|f| self.can_be_offered(&f.field))
            .collect();
        if states_something(&reading) {
            for offer in offers {
                self.offered.retain(|held| held.field != offer.field);
                self.offered.push(offer);
            }
        }
    }

    /// Names, places, times and choices are offered; counts and wishes are the customer's own.
    fn can_be_offered(&self, key: &str) -> bool {
        self.schema.fields.iter().find(|f| f.key == key).is_some_and(|f| match f.kind {
            FieldType::Text => matches!(f.profile.role, Role::Thing | Role::Person | Role::Place),
            FieldType::Time | FieldType::Datetime | FieldType::Choice | FieldType::Date => true,
            _ => false,
        })
    }

    fn note_questions(&mut self, reading: &Reading<'_>, turn: &Turn<'_>) {
        let tokens = reading.tokens();
        let rarity = |stem: &str| self.schema.rarity(stem);
        // "Account number and PIN": a few words without a question mark ask all the same.
        let terse = reading.words() <= 8 && !turn.text.contains('?');
        let mut at = 0;
        while at < tokens.len() {
            let end = tokens.sentence_end(at);
            if terse || tokens.word(end) == "?" || is_request(tokens.word(at), tokens.word(at + 1)) {
                for (field, asked) in self.schema.fields.iter().zip(self.asked.iter_mut()) {
                    let strength = asks_for(field, tokens, at, end, &rarity);
                    *asked = asked.max(strength);
                }
            }
            at = end + 1;
        }
        for (field, asked) in self.schema.fields.iter().zip(self.asked.iter_mut()) {
            let same = field.ask.as_deref().is_some_and(|ask| turn.text.contains(ask));
            if same || turn.asks.contains(&field.key) {
                *asked = 1.0;
            }
        }
    }

    fn hear_customer(&mut self, index: usize, turn: &Turn<'_>) {
        self.fresh = false;
        for (field, asked) in self.schema.fields.iter().zip(self.asked.iter_mut()) {
            if turn.asks.contains(&field.key) {
                *asked = 1.0;
            }
        }
        let mut reading = self.read(turn);
        let taken = assent::takes(&reading);
        if taken == Some(Answer::Yes) {
            let confirmed = std::mem::take(&mut self.read_back);
            confirmed.into_iter().for_each(|f| self.learn(f, 0.9, false));
        }
        let asked = self.asked.clone();
        let given = assign(self.schema, &mut reading, &asked);
        self.note_day(&reading);
        let corrects = taken == Some(Answer::No);
        let mut said: Vec<String> = Vec::new();
        for value in &given {
            if let Some(found) = self.found(value, &reading, index) {
                said.push(found.field.clone());
                self.learn(found, 1.0, corrects);
            }
        }
        match taken {
            Some(Answer::Yes) => {
                let offered = std::mem::take(&mut self.offered);
                offered
                    .into_iter()
                    .filter(|f| !said.contains(&f.field))
                    .for_each(|f| self.learn(f, 0.8, false));
            }
            Some(Answer::No) if said.is_empty() => self.offered.clear(),
            _ => {}
        }
        if !turn.alternatives.is_empty() {
            self.hear_alternatives(index, turn);
        }
    }

    /// Other readings of a spoken turn are weighed together with those of earlier tries.
    fn hear_alternatives(&mut self, index: usize, turn: &Turn<'_>) {
        for (place, field) in self.schema.fields.iter().enumerate() {
            if self.asked.get(place).is_none_or(|a| *a < 0.5) {
                continue;
            }
            let best = self.hearing.weigh(place, field, index, turn, self.setting);
            if let (Some(found), Some(slot)) = (best, self.known.get_mut(place)) {
                *slot = Some(found);
            }
        }
    }

    fn note_day(&mut self, reading: &Reading<'_>) {
        let today = reading.now.date();
        if let Some(day) =
            reading.days.last().and_then(|d| d.value.resolve(today, super::dates::Lean::Future))
        {
            self.day = Some(day);
        }
    }

    fn found(&self, given: &Given, reading: &Reading<'_>, turn: usize) -> Option<Found> {
        let field = self.schema.fields.get(given.field)?;
        let tokens = reading.tokens();
        let (from, to) = (tokens.start_byte(given.mention.start), tokens.end_byte(given.mention.end));
        let text = reading.text.get(from..to)?;
        let start = reading.text.get(..from)?.chars().count();
        let mut value = given.mention.value.clone();
        if field.kind == FieldType::Datetime && reading.days.is_empty() {
            value = self.on_the_day_named(value, reading).unwrap_or(given.mention.value.clone());
        }
        Some(Found {
            field: field.key.clone(),
            value,
            text: text.to_owned(),
            turn,
            start,
            end: start + text.chars().count(),
            confidence: given.confidence,
        })
    }

    /// An hour given after the day was named belongs to that day.
    fn on_the_day_named(&self, value: Value, reading: &Reading<'_>) -> Option<Value> {
        let day = self.day?;
        let wall: jiff::civil::DateTime = value.as_str()?.get(..19)?.parse().ok()?;
        let after_now = reading.times.iter().any(|t| matches!(t.value, super::dates::Clock::After(_)));
        if after_now {
            return None;
        }
        super::dates::written(day, wall.time(), &reading.now).map(|text| json!(text))
    }

    /// Takes a value in: the later one counts, unless it is much less sure and corrects nothing.
    fn learn(&mut self, mut found: Found, factor: f64, corrects: bool) {
        found.confidence *= factor;
        if found.confidence < super::assign::LEAST {
            return;
        }
        let Some(place) = self.schema.fields.iter().position(|f| f.key == found.field) else { return };
        let Some(slot) = self.known.get_mut(place) else { return };
        if let Some(held) = slot {
            if held.value == found.value {
                held.confidence = held.confidence.max(found.confidence);
                return;
            }
            if !corrects && found.confidence + 0.3 < held.confidence {
                return;
            }
        }
        *slot = Some(found);
    }
}

/// Days, times and choices are offered only where the sentence offers something, and one of it.
fn is_on_offer(kind: Option<FieldType>, given: &Given, reading: &Reading<'_>) -> bool {
    let plain =
        matches!(kind, Some(FieldType::Date | FieldType::Time | FieldType::Datetime | FieldType::Choice));
    if !plain {
        return true;
    }
    let tokens = reading.tokens();
    let (from, to) = (tokens.sentence_start(given.mention.start), tokens.sentence_end(given.mention.end));
    let within = |start: usize| (from..to).contains(&start);
    let several = reading.times.iter().filter(|t| within(t.start)).count() > 1
        || reading.days.iter().filter(|d| within(d.start)).count() > 1;
    let offers = (from..to).any(|at| {
        matches!(
            tokens.word(at),
            "found"
                | "available"
                | "leaves"
                | "leaving"
                | "departs"
                | "shall"
                | "try"
                | "option"
                | "options"
                | "suggest"
                | "recommend"
                | "possible"
                | "offer"
                | "opening"
                | "slot"
                | "got"
                | "works"
        ) || matches!(
            (tokens.word(at), tokens.word(at + 1)),
            ("how" | "what", "about")
                | ("there", "is" | "are")
                | ("there's" | "it's", _)
                | ("it", "is")
                | ("you", "can")
                | ("how", "does")
                | ("would", "you")
                | ("do", "you")
                | ("may", _)
                | ("can", "i")
                | ("are", "you")
                | ("would", "that")
                | ("i", "have")
                | ("we", "have")
                | ("should", "i")
                | ("could", "get")
        )
    });
    let named = kind != Some(FieldType::Choice) || given.mention.certainty >= 0.93;
    offers && !several && named
}

/// "Please tell me", "May I have": a request without a question mark.
fn is_request(first: &str, second: &str) -> bool {
    matches!(
        (first, second),
        ("please", "tell" | "provide" | "give" | "enter" | "confirm" | "specify")
            | ("may", "i")
            | ("can" | "could", "i" | "you")
            | ("what" | "which" | "when" | "where" | "who" | "how", _)
            | ("tell", "me")
            | ("your", "name")
    )
}

/// True when the business repeats what it understood and asks whether that is right.
fn reads_back(reading: &Reading<'_>) -> bool {
    let tokens = reading.tokens();
    (0..tokens.len()).any(|at| {
        matches!(
            (tokens.word(at), tokens.word(at + 1)),
            ("confirm" | "verify" | "confirming", _)
                | ("is", "that" | "this" | "everything" | "it")
                | ("so", "you" | "you'd" | "a" | "i'll" | "that's")
                | ("you", "would")
                | ("want", "me")
                | ("you'd", "like")
                | ("you", "want")
                | ("all", "correct")
                | ("details", _)
                | ("i'm", "going")
                | ("i", "will")
                | ("i'll", _)
                | ("is", "correct")
                | ("right", "?")
                | ("correct", "?")
                | ("okay", "?")
        )
    })
}

/// True when a turn says something and does not only ask.
fn states_something(reading: &Reading<'_>) -> bool {
    let tokens = reading.tokens();
    let mut at = 0;
    while at < tokens.len() {
        let end = tokens.sentence_end(at);
        let offer_question = matches!(
            (tokens.word(at), tokens.word(at + 1)),
            ("how", "about")
                | ("what", "about")
                | ("would", "you")
                | ("do", "you")
                | ("does", _)
                | ("will", _)
        );
        if tokens.word(end) != "?" && end > at || offer_question {
            return true;
        }
        at = end + 1;
    }
    false
}
