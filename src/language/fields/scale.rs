//! Choices that are times of day, weekdays or days of the month.

use jiff::civil::Time;

use super::dates::{self, Clock, Clue, Day};
use super::numbers::number_at;
use super::reading::Reading;
use super::token::{Tokens, fold, tokens};
use super::{Choice, FieldSpec};

/// What all choices of a field mean, in their order.
#[derive(Debug, Clone)]
pub(super) enum Scale {
    /// Times of day.
    Times(Vec<Time>),
    /// Weekdays, Monday = 0.
    Weekdays(Vec<i8>),
    /// Days of a month.
    MonthDays(Vec<i8>),
}

impl Scale {
    /// The scale that every choice has a place on, if there is one.
    pub(super) fn of(choices: &[Choice]) -> Option<Scale> {
        all_times(choices)
            .map(Scale::Times)
            .or_else(|| all_weekdays(choices).map(Scale::Weekdays))
            .or_else(|| all_ordinals(choices).map(Scale::MonthDays))
    }
}

/// Choices that are times of day, weekdays or days of the month are found by their meaning.
pub(super) fn by_meaning(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Clue<usize>> {
    match &spec.profile.scale {
        Some(Scale::Times(times)) => by_time(times, reading),
        Some(Scale::Weekdays(weekdays)) => by_weekday(weekdays, reading),
        Some(Scale::MonthDays(days)) => by_month_day(days, reading),
        None => Vec::new(),
    }
}

fn by_time(times: &[Time], reading: &Reading<'_>) -> Vec<Clue<usize>> {
    let mut found = Vec::new();
    for clue in &reading.times {
        let Some(said) = dates::time_of(clue.value, &reading.now) else { continue };
        if let Some(index) = times.iter().position(|t| *t == said) {
            found.push(Clue { value: index, ..clue_place(clue) });
        }
    }
    if found.is_empty() && reading.asked > 0.0 {
        let view = reading.tokens();
        let hour = (0..view.len()).find_map(|at| Some((at, dates::bare_hour(view, at)?)));
        if let Some((at, hour)) = hour
            && let Clock::At(said) = hour.clock
            && let Some(index) = times.iter().position(|t| *t == said)
        {
            found.push(Clue { value: index, start: at, end: at + hour.len, certainty: hour.certainty });
        }
    }
    found
}

fn by_weekday(weekdays: &[i8], reading: &Reading<'_>) -> Vec<Clue<usize>> {
    let mut found = Vec::new();
    for clue in &reading.days {
        let date = clue.value.resolve(reading.now.date(), dates::Lean::Future);
        let wanted = match (clue.value, date) {
            (Day::Weekday(day) | Day::WeekdayOf(day, _), _) => Some(day),
            (Day::Away(..), Some(date)) => Some(date.weekday().to_monday_zero_offset()),
            _ => None,
        };
        if let Some(index) = wanted.and_then(|day| weekdays.iter().position(|d| *d == day)) {
            found.push(Clue { value: index, ..clue_place(clue) });
        }
    }
    found
}

fn by_month_day(days: &[i8], reading: &Reading<'_>) -> Vec<Clue<usize>> {
    let mut found = Vec::new();
    for clue in &reading.days {
        let day = match clue.value {
            Day::InYear(_, day) | Day::InSomeMonth(day) | Day::InMonth(day, _) => Some(day),
            Day::Exact(date) => Some(date.day()),
            _ => None,
        };
        if let Some(index) = day.and_then(|day| days.iter().position(|d| *d == day)) {
            found.push(Clue { value: index, ..clue_place(clue) });
        }
    }
    found
}

fn clue_place<T>(clue: &Clue<T>) -> Clue<usize> {
    Clue { value: 0, start: clue.start, end: clue.end, certainty: clue.certainty }
}

fn each<T>(choices: &[Choice], read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if choices.is_empty() {
        return None;
    }
    choices.iter().map(|c| read(&c.label)).collect()
}

fn all_times(choices: &[Choice]) -> Option<Vec<Time>> {
    each(choices, |label| {
        let list = tokens(label);
        let view = Tokens::new(&list);
        let found = dates::times(view, &[]);
        let [Clue { value: Clock::At(time), start: 0, end, .. }] = found.as_slice() else { return None };
        (*end == view.len()).then_some(*time)
    })
}

fn all_weekdays(choices: &[Choice]) -> Option<Vec<i8>> {
    each(choices, |label| dates::weekday(&fold(label)).map(|(day, _)| day))
}

fn all_ordinals(choices: &[Choice]) -> Option<Vec<i8>> {
    each(choices, |label| {
        let list = tokens(label);
        let number = number_at(Tokens::new(&list), 0).filter(|n| n.ordinal && n.len == list.len())?;
        number.whole().and_then(|n| i8::try_from(n).ok()).filter(|n| (1..=31).contains(n))
    })
}
