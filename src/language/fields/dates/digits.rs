//! Dates said as bare digits, as a telephone caller does: "09 06 1937", "2411 1988", "3 7 89".

use jiff::civil::Date;

use super::super::token::{Shape, Tokens};
use super::{Clue, Lean};

/// The date that the digits of a short answer spell, day first unless only month first fits.
pub(in super::super) fn bare_date(tokens: Tokens<'_, '_>, today: Date, lean: Lean) -> Option<Clue<Date>> {
    let runs: Vec<(usize, usize)> = digit_runs(tokens);
    runs.into_iter().find_map(|(start, end)| {
        let digits: String = (start..end)
            .filter_map(|at| tokens.get(at))
            .filter(|t| t.shape == Shape::Digits)
            .map(|t| t.text)
            .collect();
        let groups: Vec<i64> = (start..end).filter_map(|at| tokens.integer(at)).collect();
        let widths: Vec<usize> = (start..end).map(|at| tokens.digits(at)).filter(|w| *w > 0).collect();
        let dated = matches!(widths.as_slice(), [1 | 2, 1 | 2, 2 | 4] | [4, ..] | [_, _, 4, 1]);
        let grouped = if dated { from_groups(&groups, today, lean) } else { None };
        let date = grouped.or_else(|| from_digits(&digits, today, lean))?;
        Some(Clue { value: date, start, end, certainty: if digits.len() > 6 { 0.8 } else { 0.55 } })
    })
}

/// Runs of digit groups with nothing but spaces and hyphens between.
fn digit_runs(tokens: Tokens<'_, '_>) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        let mut end = at;
        while at < tokens.len()
            && (tokens.digits(at) > 0 || at > start && matches!(tokens.word(at), "-" | "/" | "."))
        {
            at += 1;
            if tokens.digits(at - 1) > 0 {
                end = at;
            }
        }
        if end > start {
            runs.push((start, end));
        }
        at = at.max(start + 1);
    }
    runs
}

fn build(day: i64, month: i64, year: i64, today: Date, lean: Lean) -> Option<Date> {
    let year = match year {
        1900..2200 => year,
        0..100 if lean == Lean::Past && 2000 + year > i64::from(today.year()) => 1900 + year,
        0..100 => 2000 + year,
        _ => return None,
    };
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
        .ok()
        .filter(|date| lean == Lean::Future || *date <= today)
}

fn from_groups(groups: &[i64], today: Date, lean: Lean) -> Option<Date> {
    match *groups {
        [a, b, year] if a >= 1000 => build(year, b, a, today, lean),
        [a, b, year] => build(a, b, year, today, lean).or_else(|| build(b, a, year, today, lean)),
        [a, b, decade, one] if decade >= 1900 && decade % 10 == 0 && one < 10 => {
            build(a, b, decade + one, today, lean)
        }
        _ => None,
    }
}

/// Eight digits in a row, or six.
fn from_digits(digits: &str, today: Date, lean: Lean) -> Option<Date> {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse::<i64>().ok());
    match digits.len() {
        8 => build(part(0, 2)?, part(2, 4)?, part(4, 8)?, today, lean)
            .or_else(|| build(part(6, 8)?, part(4, 6)?, part(0, 4)?, today, lean))
            .or_else(|| build(part(2, 4)?, part(0, 2)?, part(4, 8)?, today, lean)),
        7 => {
            let one = build(part(0, 1)?, part(1, 3)?, part(3, 7)?, today, lean);
            one.or_else(|| build(part(0, 2)?, part(2, 3)?, part(3, 7)?, today, lean))
        }
        6 => build(part(0, 2)?, part(2, 4)?, part(4, 6)?, today, lean)
            .or_else(|| build(part(0, 1)?, part(1, 2)?, part(2, 6)?, today, lean)),
        _ => None,
    }
}
