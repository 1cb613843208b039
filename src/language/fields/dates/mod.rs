//! Our own grammar of dates and times, relative to the workspace's clock and zone.
//!
//! Words are cut into tokens; small rules read a day or a time of day from a place on, the longest
//! wins, and only then does the calendar tell which day is meant. No rule looks at anything but
//! tokens, so spans always point at what was said.

mod calendar;
mod clock;
mod day;
mod digits;
mod length;
mod relative;

#[cfg(test)]
mod tests;

use jiff::civil::{Date, DateTime, Time};
use jiff::{ToSpan, Zoned};

pub(super) use calendar::{month, weekday};
pub(super) use clock::{Clock, bare_hour, vague_at};
pub(super) use day::{BARE_ORDINAL, Day, Lean, day_at};
pub(super) use digits::bare_date;
pub(super) use length::{Length, length_at};

use super::token::Tokens;

/// Something found at a run of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clue<T> {
    /// What was found.
    pub(super) value: T,
    /// First token.
    pub(super) start: usize,
    /// The token after the last one.
    pub(super) end: usize,
    /// How surely the words mean it.
    pub(super) certainty: f64,
}

/// All days of a text, none overlapping another.
pub(super) fn days(tokens: Tokens<'_, '_>, month_first: bool) -> Vec<Clue<Day>> {
    sweep(tokens, |at| {
        day_at(tokens, at, month_first).map(|s| Clue {
            value: s.day,
            start: at,
            end: at + s.len,
            certainty: s.certainty,
        })
    })
}

/// All times of day of a text, none overlapping another or a day.
pub(super) fn times(tokens: Tokens<'_, '_>, days: &[Clue<Day>]) -> Vec<Clue<Clock>> {
    sweep(tokens, |at| {
        let found = clock::time_at(tokens, at)?;
        let clue = Clue { value: found.clock, start: at, end: at + found.len, certainty: found.certainty };
        let inside = days.iter().any(|d| d.start < clue.end && clue.start < d.end && d.end > d.start + 1);
        (!inside).then_some(clue)
    })
}

/// All lengths of time of a text.
pub(super) fn lengths(tokens: Tokens<'_, '_>) -> Vec<Clue<Length>> {
    sweep(tokens, |at| {
        length_at(tokens, at).map(|(value, len)| Clue { value, start: at, end: at + len, certainty: 0.9 })
    })
}

fn sweep<T>(tokens: Tokens<'_, '_>, read: impl Fn(usize) -> Option<Clue<T>>) -> Vec<Clue<T>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match read(at) {
            Some(clue) => {
                at = clue.end.max(at + 1);
                found.push(clue);
            }
            None => at += 1,
        }
    }
    found
}

/// The time of day a clock reading means.
pub(super) fn time_of(clock: Clock, now: &Zoned) -> Option<Time> {
    match clock {
        Clock::At(time) => Some(time),
        Clock::After(minutes) => moment_after(minutes, now).map(DateTime::time).map(to_minute),
    }
}

/// The moment so many minutes from now, on the wall clock.
pub(super) fn moment_after(minutes: i64, now: &Zoned) -> Option<DateTime> {
    now.checked_add(jiff::Span::new().try_minutes(minutes).ok()?).ok().map(|z| z.datetime())
}

fn to_minute(time: Time) -> Time {
    Time::new(time.hour(), time.minute(), 0, 0).unwrap_or(time)
}

/// A wall-clock moment in the zone, written with its offset.
pub(super) fn written(date: Date, time: Time, now: &Zoned) -> Option<String> {
    let zoned = date.to_datetime(to_minute(time)).to_zoned(now.time_zone().clone()).ok()?;
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// The next time the clock shows this time.
pub(super) fn next_such(time: Time, now: &Zoned) -> Option<Date> {
    let today = now.date();
    if time >= now.time() { Some(today) } else { today.checked_add(1.day()).ok() }
}
