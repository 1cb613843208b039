//! A message cut into tokens, with everything that can be recognised without knowing the fields.

use jiff::Zoned;
use serde_json::Value;

use super::Setting;
use super::contact::{self, Contact};
use super::dates::{self, Clock, Clue, Day, Length};
use super::money::{self, Sum};
use super::numbers::{Number, number_at};
use super::token::{Token, Tokens, tokens};

/// A possible value of a field, found at some tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// The value in its JSON form.
    pub(super) value: Value,
    /// First token.
    pub(super) start: usize,
    /// The token after the last one.
    pub(super) end: usize,
    /// How surely the words mean this value.
    pub(super) certainty: f64,
    /// How much more must speak for the field than the words themselves.
    pub(super) need: Need,
}

/// What a mention needs besides its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The words tell the field: an e-mail address, a date where there is one date field.
    Nothing,
    /// Words of the field near by, or the question for it.
    Context,
    /// The question for it, just asked.
    Question,
}

/// A message and what was recognised in it.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) text: &'a str,
    list: Vec<Token<'a>>,
    pub(super) now: Zoned,
    pub(super) currency: String,
    pub(super) days: Vec<Clue<Day>>,
    pub(super) times: Vec<Clue<Clock>>,
    pub(super) lengths: Vec<Clue<Length>>,
    pub(super) sums: Vec<Clue<Sum>>,
    pub(super) contacts: Vec<Clue<Contact>>,
    pub(super) numbers: Vec<Clue<Number>>,
    /// How strongly the field that is looked for was just asked for.
    pub(super) asked: f64,
    /// True when the business speaks: it names what it offers.
    pub(super) offers: bool,
    /// True when some field holds the name of a thing: "at X" is then a thing and no place.
    pub(super) names_things: bool,
    /// True when some field holds a town: other places are spots.
    pub(super) names_towns: bool,
    /// True when several fields hold names of people: "my name is X" is then the speaker's.
    pub(super) names_people: bool,
}

impl<'a> Reading<'a> {
    /// Reads a text.
    pub(super) fn new(text: &'a str, setting: &Setting) -> Self {
        let list = tokens(text);
        let view = Tokens::new(&list);
        let contacts = contact::contacts(view, text, setting);
        let outside = |start: usize, end: usize| !contacts.iter().any(|c| c.start < end && start < c.end);
        let days: Vec<_> = dates::days(view, setting.month_first())
            .into_iter()
            .filter(|c| outside(c.start, c.end))
            .collect();
        let times: Vec<_> =
            dates::times(view, &days).into_iter().filter(|c| outside(c.start, c.end)).collect();
        let lengths = dates::lengths(view).into_iter().filter(|c| outside(c.start, c.end)).collect();
        let sums: Vec<_> =
            money::sums(view, setting).into_iter().filter(|c| outside(c.start, c.end)).collect();
        let mut numbers = Vec::new();
        let mut at = 0;
        let linked = |start: usize, end: usize| {
            contacts.iter().any(|c| c.start < end && start < c.end && !matches!(c.value, Contact::Phone(_)))
        };
        while at < view.len() {
            let Some(number) = number_at(view, at) else {
                at += 1;
                continue;
            };
            let (start, end) = (at, at + number.len);
            if !linked(start, end) {
                numbers.push(Clue { value: number, start, end, certainty: 0.9 });
            }
            at = end;
        }
        Reading {
            text,
            now: setting.local_now(),
            currency: setting.currency.clone(),
            days,
            times,
            lengths,
            sums,
            contacts,
            numbers,
            asked: 0.0,
            offers: false,
            names_things: false,
            names_towns: false,
            names_people: false,
            list,
        }
    }

    /// The tokens.
    pub(super) fn tokens(&self) -> Tokens<'_, 'a> {
        Tokens::new(&self.list)
    }

    /// How many words and numbers the message has.
    pub(super) fn words(&self) -> usize {
        self.list.iter().filter(|t| t.shape != super::token::Shape::Mark).count()
    }

    /// The text of a run of tokens, as written.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        let view = self.tokens();
        self.text.get(view.start_byte(start)..view.end_byte(end)).unwrap_or_default()
    }

    /// True when tokens belong to a date, a time or contact data.
    pub(super) fn is_taken(&self, start: usize, end: usize) -> bool {
        let meets = |s: usize, e: usize| s < end && start < e;
        self.days.iter().any(|c| meets(c.start, c.end))
            || self.times.iter().any(|c| meets(c.start, c.end))
            || self.contacts.iter().any(|c| meets(c.start, c.end))
    }
}
