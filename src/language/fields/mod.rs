//! Fields: what a business wants to know from a conversation, and finding it in what was said.
//!
//! Pure code: the clock and the zone are passed in, nothing is read or stored. A value found carries
//! the words it was read from, their place, and a confidence. Invariants: a span always points at
//! the evidence, any text is readable, and where nothing speaks for a value there is none.

mod affinity;
mod answer;
mod assent;
mod assign;
mod choice;
mod contact;
mod dates;
mod dialogue;
mod flags;
mod hearing;
mod journey;
mod kinds;
mod money;
mod numbers;
mod party;
mod person;
mod place;
mod postcode;
mod reading;
mod sample;
mod scale;
mod setting;
mod spec;
mod spelling;
mod token;
mod value;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use kinds::{Fault, FieldType, Operator, compare, format, json_schema, parse, validate};
pub use setting::Setting;
pub use spec::{Choice, FieldSpec, SchemaFault};
pub use value::{Limits, amount, check};

crate::word_enum! {
    /// Who speaks.
    pub enum Speaker {
        /// The customer.
        Customer = "customer",
        /// The business: its agent or a person of its staff.
        Business = "business",
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Speaker,
    /// What is said.
    pub text: &'a str,
    /// Keys of the fields this turn is known to ask for (business) or to answer (customer).
    pub asks: &'a [String],
    /// Other readings of a spoken message, the likeliest first, with the text itself among them.
    pub alternatives: &'a [String],
}

impl<'a> Turn<'a> {
    /// A customer's message.
    pub fn customer(text: &'a str) -> Self {
        Turn { role: Speaker::Customer, text, asks: &[], alternatives: &[] }
    }

    /// A message of the business.
    pub fn business(text: &'a str) -> Self {
        Turn { role: Speaker::Business, text, asks: &[], alternatives: &[] }
    }

    /// The same turn, known to ask for or to answer these fields.
    #[must_use]
    pub fn asking(self, keys: &'a [String]) -> Self {
        Turn { asks: keys, ..self }
    }
}

/// A value found in a conversation.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Found {
    /// The key of the field.
    pub field: String,
    /// The value in the JSON form of the field's type.
    pub value: Value,
    /// The words it was read from.
    pub text: String,
    /// Which turn they stand in, counted from zero.
    pub turn: usize,
    /// First character of the words in the turn's text.
    pub start: usize,
    /// The character after the last one.
    pub end: usize,
    /// How surely this is the field's value, 0 to 1.
    pub confidence: f64,
}

/// Loads the tables of telephone numbers, so that the first message does not wait for them.
pub fn warm_up() {
    let _ = contact::valid("+442079460018", "GB");
}

/// The largest sum of money that a text names, in whatever currency.
pub fn largest_amount(text: &str, setting: &Setting) -> Option<f64> {
    let found = token::tokens(text);
    let sums = money::sums(token::Tokens::new(&found), setting);
    sums.into_iter().map(|sum| sum.value.amount).max_by(f64::total_cmp)
}

/// Finds the values of fields in a conversation as it stands after its last turn.
pub fn extract(fields: &[FieldSpec], turns: &[Turn<'_>], setting: &Setting) -> Vec<Found> {
    dialogue::follow(fields, turns, setting)
}
