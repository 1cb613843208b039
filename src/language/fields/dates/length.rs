//! Lengths of time: "two hours", "an hour and a half", "3 nights", "90 min".

use super::super::numbers::number_at;
use super::super::token::Tokens;

/// A length of time: calendar days and clock minutes kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) struct Length {
    /// Years.
    pub(in super::super) years: i64,
    /// Months.
    pub(in super::super) months: i64,
    /// Weeks and days, as days.
    pub(in super::super) days: i64,
    /// Hours and minutes, as seconds.
    pub(in super::super) seconds: i64,
}

impl Length {
    /// The ISO 8601 form: `P3D`, `PT1H30M`.
    pub(in super::super) fn to_iso(self) -> String {
        let (hours, minutes, seconds) = (self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60);
        let part = |n: i64, letter: &str| if n == 0 { String::new() } else { format!("{n}{letter}") };
        let date = [part(self.years, "Y"), part(self.months, "M"), part(self.days, "D")].concat();
        let time = [part(hours, "H"), part(minutes, "M"), part(seconds, "S")].concat();
        match (date.is_empty(), time.is_empty()) {
            (true, true) => "PT0S".to_owned(),
            (_, true) => format!("P{date}"),
            _ => format!("P{date}T{time}"),
        }
    }

    /// Reads the ISO 8601 form.
    pub(in super::super) fn from_iso(text: &str) -> Option<Length> {
        let span: jiff::Span = text.parse().ok()?;
        let seconds = i64::from(span.get_hours())
            .checked_mul(3600)?
            .checked_add(span.get_minutes().checked_mul(60)?)?
            .checked_add(span.get_seconds())?;
        let days = i64::from(span.get_weeks()).checked_mul(7)?.checked_add(i64::from(span.get_days()))?;
        let length = Length {
            years: i64::from(span.get_years()),
            months: i64::from(span.get_months()),
            days,
            seconds,
        };
        (!span.is_negative()).then_some(length)
    }

    /// About how many seconds, for putting lengths in order.
    pub(in super::super) fn about_seconds(self) -> i64 {
        let days = self.years * 365 + self.months * 30 + self.days;
        days.saturating_mul(86_400).saturating_add(self.seconds)
    }
}

/// Reads the length that begins at a token, and how many tokens it takes.
pub(in super::super) fn length_at(tokens: Tokens<'_, '_>, at: usize) -> Option<(Length, usize)> {
    for (words, seconds) in [
        (&["half", "an", "hour"][..], 1800),
        (&["half", "hour"], 1800),
        (&["a", "quarter", "of", "an", "hour"], 900),
        (&["an", "hour", "and", "a", "half"], 5400),
        (&["a", "day", "and", "a", "half"], 129_600),
    ] {
        if tokens.says(at, words) {
            return Some((Length { seconds, ..Length::default() }, words.len()));
        }
    }
    let mut total = Length::default();
    let mut next = at;
    while let Some((piece, end)) = piece_at(tokens, next) {
        total = Length {
            years: total.years.checked_add(piece.years)?,
            months: total.months.checked_add(piece.months)?,
            days: total.days.checked_add(piece.days)?,
            seconds: total.seconds.checked_add(piece.seconds)?,
        };
        next = end;
        let joins = usize::from(matches!(tokens.word(next), "and" | ","));
        match piece_at(tokens, next + joins) {
            Some(_) => next += joins,
            None => break,
        }
    }
    (next > at).then_some((total, next - at))
}

fn piece_at(tokens: Tokens<'_, '_>, at: usize) -> Option<(Length, usize)> {
    let (count, mut next) = match number_at(tokens, at).filter(|n| !n.ordinal && n.value < 100_000.0) {
        Some(number) => (number.value, at + number.len),
        None if matches!(tokens.word(at), "a" | "an") => (1.0, at + 1),
        None => return None,
    };
    let mut half = 0.0;
    if tokens.says(next, &["and", "a", "half"]) {
        half = 0.5;
        next += 3;
    }
    next += usize::from(matches!(tokens.word(next), "-" | "full" | "whole" | "more"));
    let count = count + half;
    let unit = tokens.word(next);
    let seconds = |per: f64| seconds_of(count * per).map(|seconds| Length { seconds, ..Length::default() });
    let days = |per: f64| {
        let whole = super::super::numbers::whole(count * per)?;
        Some(Length { days: whole, ..Length::default() })
    };
    let length = match unit {
        "second" | "seconds" | "sec" | "secs" => seconds(1.0),
        "minute" | "minutes" | "min" | "mins" => seconds(60.0),
        "hour" | "hours" | "hr" | "hrs" | "h" => seconds(3600.0),
        "day" | "days" | "night" | "nights" => days(1.0),
        "week" | "weeks" => days(7.0),
        "fortnight" => days(14.0),
        "month" | "months" => {
            super::super::numbers::whole(count).map(|months| Length { months, ..Length::default() })
        }
        "year" | "years" => {
            super::super::numbers::whole(count).map(|years| Length { years, ..Length::default() })
        }
        _ => None,
    }?;
    Some((length, next + 1))
}

fn seconds_of(value: f64) -> Option<i64> {
    super::super::numbers::whole(value.round())
}
