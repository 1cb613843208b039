//! Sums of money: "£12.50", "1,580 dollars", "fifty quid", "EUR 20".

use super::Setting;
use super::dates::Clue;
use super::numbers::number_at;
use super::token::Tokens;

/// An amount and its currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sum {
    /// The amount.
    pub(super) amount: f64,
    /// The ISO 4217 code.
    pub(super) currency: [u8; 3],
}

/// The code of a currency as text.
pub(super) fn code(currency: [u8; 3]) -> String {
    currency.iter().map(|b| char::from(*b)).collect()
}

/// A currency's sign, where it has a common one.
pub(super) fn sign(code: &str) -> Option<&'static str> {
    Some(match code {
        "GBP" => "£",
        "EUR" => "€",
        "USD" => "$",
        "JPY" => "¥",
        "INR" => "₹",
        _ => return None,
    })
}

fn bytes(code: &str) -> [u8; 3] {
    let mut found = *b"XXX";
    for (place, byte) in found.iter_mut().zip(code.bytes()) {
        *place = byte.to_ascii_uppercase();
    }
    found
}

/// The currency a sign or word means; a dollar is the workspace's where it has dollars.
fn named(word: &str, home: &str) -> Option<[u8; 3]> {
    let dollars = if home.ends_with('D') && home.len() == 3 { bytes(home) } else { *b"USD" };
    Some(match word {
        "$" | "dollar" | "dollars" | "bucks" | "buck" => dollars,
        "£" | "pound" | "pounds" | "quid" | "gbp" => *b"GBP",
        "€" | "euro" | "euros" | "eur" => *b"EUR",
        "usd" => *b"USD",
        "chf" | "francs" => *b"CHF",
        "¥" | "yen" | "jpy" => *b"JPY",
        "₹" | "rupees" | "rupee" | "inr" => *b"INR",
        "aud" => *b"AUD",
        "cad" => *b"CAD",
        "sek" => *b"SEK",
        "nok" => *b"NOK",
        "dkk" => *b"DKK",
        "pln" => *b"PLN",
        _ => return None,
    })
}

/// All sums of a text.
pub(super) fn sums(tokens: Tokens<'_, '_>, setting: &Setting) -> Vec<Clue<Sum>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match sum_at(tokens, at, &setting.currency) {
            Some(clue) => {
                at = clue.end;
                found.push(clue);
            }
            None => at += 1,
        }
    }
    found
}

fn sum_at(tokens: Tokens<'_, '_>, at: usize, home: &str) -> Option<Clue<Sum>> {
    let clue =
        |amount, currency, end| Clue { value: Sum { amount, currency }, start: at, end, certainty: 0.97 };
    if let Some(currency) = named(tokens.word(at), home)
        && let Some(number) = number_at(tokens, at + 1).filter(|n| !n.worded && !n.ordinal)
    {
        return Some(clue(number.value, currency, at + 1 + number.len));
    }
    let number = number_at(tokens, at).filter(|n| !n.ordinal)?;
    let next = at + number.len;
    let currency = named(tokens.word(next), home)?;
    // "$" behind a number may belong to the next one.
    let before_next =
        matches!(tokens.word(next), "$" | "£") && tokens.digits(next + 1) > 0 && tokens.glued(next + 1);
    if before_next {
        return None;
    }
    let cents = number_at(tokens, next + 1)
        .or_else(|| (tokens.word(next + 1) == "and").then(|| number_at(tokens, next + 2)).flatten())
        .filter(|n| !n.ordinal && (1.0..100.0).contains(&n.value));
    let skip = usize::from(tokens.word(next + 1) == "and");
    if let Some(cents) = cents
        && matches!(tokens.word(next + 1 + skip + cents.len), "cents" | "cent" | "pence" | "p")
    {
        return Some(clue(number.value + cents.value / 100.0, currency, next + 2 + skip + cents.len));
    }
    Some(clue(number.value, currency, next + 1))
}
