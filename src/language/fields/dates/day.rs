//! Days in running text: "next friday", "the 3rd of March", "24/12", "in three weeks".

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::super::numbers::{Number, number_at};
use super::super::token::Tokens;
use super::calendar::{Naming, month, weekday};
use super::relative::{away, relative};

/// A day as it was said, before the calendar tells which one is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum Day {
    /// A day with its year.
    Exact(Date),
    /// A day of a month without a year.
    InYear(i8, i8),
    /// A day of this or the next month.
    InSomeMonth(i8),
    /// A day of the current month ("the 3rd of this month") or of a later one.
    InMonth(i8, i8),
    /// The next such weekday after today.
    Weekday(i8),
    /// That weekday of a week: 0 = this one, 1 = the next.
    WeekdayOf(i8, i8),
    /// So many days, weeks, months or years from today.
    Away(i32, Unit),
}

/// The step of "in three weeks".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Unit {
    /// Calendar days.
    Days,
    /// Seven days.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

/// Which way a day without a year leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Lean {
    /// Appointments: today or later.
    Future,
    /// Dates of birth, of a purchase: today or earlier.
    Past,
}

/// A day found at some tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Spoken {
    /// What was said.
    pub(in super::super) day: Day,
    /// How many tokens it takes.
    pub(in super::super) len: usize,
    /// How surely the words mean a day.
    pub(in super::super) certainty: f64,
}

impl Day {
    /// The calendar day that is meant.
    pub(in super::super) fn resolve(self, today: Date, lean: Lean) -> Option<Date> {
        let days_ahead = |days: i32| today.checked_add(Span::new().try_days(days).ok()?).ok();
        match self {
            Day::Exact(date) => Some(date),
            Day::InYear(month, day) => nearest_year(today, month, day, lean),
            Day::InSomeMonth(day) => nearest_month(today, day, lean),
            Day::InMonth(day, ahead) => {
                let first = today.first_of_month().checked_add(i32::from(ahead).months()).ok()?;
                Date::new(first.year(), first.month(), day).ok()
            }
            Day::Weekday(wanted) => {
                let now = today.weekday().to_monday_zero_offset();
                let ahead = (i32::from(wanted) - i32::from(now)).rem_euclid(7);
                match lean {
                    Lean::Future => days_ahead(if ahead == 0 { 7 } else { ahead }),
                    Lean::Past => days_ahead(ahead - 7),
                }
            }
            Day::WeekdayOf(wanted, week) => {
                let now = today.weekday().to_monday_zero_offset();
                days_ahead(i32::from(wanted) - i32::from(now) + 7 * i32::from(week))
            }
            Day::Away(count, unit) => {
                let span = match unit {
                    Unit::Days => Span::new().try_days(count),
                    Unit::Weeks => Span::new().try_weeks(count),
                    Unit::Months => Span::new().try_months(count),
                    Unit::Years => Span::new().try_years(count),
                };
                today.checked_add(span.ok()?).ok()
            }
        }
    }
}

fn nearest_year(today: Date, month: i8, day: i8, lean: Lean) -> Option<Date> {
    let step: i16 = if lean == Lean::Future { 1 } else { -1 };
    // 29 February may need up to eight years.
    (0..9).filter_map(|n| Date::new(today.year().checked_add(step * n)?, month, day).ok()).find(|date| {
        match lean {
            Lean::Future => *date >= today,
            Lean::Past => *date <= today,
        }
    })
}

fn nearest_month(today: Date, day: i8, lean: Lean) -> Option<Date> {
    (0..3_i32)
        .filter_map(|n| {
            let ahead = if lean == Lean::Future { n } else { -n };
            let first = today.first_of_month().checked_add(ahead.months()).ok()?;
            Date::new(first.year(), first.month(), day).ok()
        })
        .find(|date| match lean {
            Lean::Future => *date >= today,
            Lean::Past => *date <= today,
        })
}

/// Reads the day that begins at a token. `month_first` is the order of "3/4" in the locale.
pub(in super::super) fn day_at(tokens: Tokens<'_, '_>, at: usize, month_first: bool) -> Option<Spoken> {
    [numeric(tokens, at, month_first), relative(tokens, at), named(tokens, at), ordinal_alone(tokens, at)]
        .into_iter()
        .flatten()
        .max_by_key(|s| s.len)
}

pub(super) fn spoken(day: Day, len: usize, certainty: f64) -> Option<Spoken> {
    Some(Spoken { day, len, certainty })
}

fn small(number: Option<i64>) -> Option<i8> {
    number.and_then(|n| i8::try_from(n).ok())
}

/// "2026-12-24", "24/12/2026", "24.12.2026", "24/12".
fn numeric(tokens: Tokens<'_, '_>, at: usize, month_first: bool) -> Option<Spoken> {
    let first = tokens.integer(at)?;
    let mark = tokens.word(at + 1);
    let joined = matches!(mark, "/" | "-" | ".") && tokens.glued(at + 1) && tokens.glued(at + 2);
    if !joined || tokens.glued(at) {
        return None;
    }
    let second = tokens.integer(at + 2)?;
    let three = tokens.word(at + 3) == mark && tokens.glued(at + 3) && tokens.glued(at + 4);
    let third = if three { tokens.integer(at + 4) } else { None };
    if tokens.digits(at) == 4 {
        let date = Date::new(i16::try_from(first).ok()?, small(Some(second))?, small(third)?).ok()?;
        return spoken(Day::Exact(date), 5, 0.98);
    }
    let (first, second) = (small(Some(first))?, small(Some(second))?);
    let ((day, month), surely) = match (first > 12, second > 12) {
        (true, _) => ((first, second), true),
        (_, true) => ((second, first), true),
        _ if month_first => ((second, first), false),
        _ => ((first, second), false),
    };
    let goes_on = three
        && tokens.glued(at + 5)
        && matches!(tokens.word(at + 5), "/" | "-" | "." | ":")
        && tokens.digits(at + 6) > 0;
    if goes_on {
        return None;
    }
    if let Some(year) = third {
        let date = Date::new(full_year(year, tokens.digits(at + 4))?, month, day).ok()?;
        return spoken(Day::Exact(date), 5, if surely || day == month { 0.97 } else { 0.9 });
    }
    let follows_mark = tokens.glued(at + 3) && matches!(tokens.word(at + 3), "/" | "-" | ":");
    if mark != "/" || follows_mark || !exists(month, day) {
        return None;
    }
    spoken(Day::InYear(month, day), 3, if surely { 0.85 } else { 0.7 })
}

fn full_year(year: i64, digits: usize) -> Option<i16> {
    let year = i16::try_from(year).ok()?;
    match digits {
        4 => Some(year),
        2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

/// True when some year has that day.
fn exists(month: i8, day: i8) -> bool {
    Date::new(2024, month, day).is_ok()
}

/// Days with a weekday's or a month's name.
fn named(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    if let Some(found) = month_day(tokens, at) {
        return Some(found);
    }
    let lead = usize::from(matches!(tokens.word(at), "next" | "this" | "coming" | "last" | "on"));
    let lead = lead + usize::from(lead == 1 && tokens.word(at + 1) == "coming");
    let place = at + lead;
    let leader = tokens.word(at);
    if leader == "on" && lead > 0 {
        return None;
    }
    if tokens.says(at, &["next", "week"]) || tokens.says(at, &["this", "week"]) {
        let (wanted, _) = weekday(tokens.word(at + 2)).map(|w| (w, 3)).or_else(|| {
            (tokens.word(at + 2) == "on").then(|| weekday(tokens.word(at + 3))).flatten().map(|w| (w, 4))
        })?;
        let len = if tokens.word(at + 2) == "on" { 4 } else { 3 };
        return spoken(Day::WeekdayOf(wanted.0, i8::from(leader == "next")), len, 0.92);
    }
    let (wanted, naming) = weekday(tokens.word(place))?;
    let mut next = place + 1;
    if tokens.word(next) == "." && naming == Naming::Doubtful {
        next += 1;
    }
    // "Sunday, 09/02/2018", "Thursday the 3rd", "Mon, 31 Dec": the day that follows says it exactly.
    let gap = next + usize::from(tokens.word(next) == ",");
    let gap = gap + usize::from(matches!((tokens.word(gap), tokens.word(gap + 1)), ("the" | "on", _)));
    let exact = numeric(tokens, gap, false).or_else(|| month_day(tokens, gap)).or_else(|| {
        // After a comma a bare number is rather a count.
        let number = number_at(tokens, gap).filter(|n| n.ordinal)?;
        let day = small(number.whole()).filter(|d| (1..=31).contains(d))?;
        spoken(Day::InSomeMonth(day), number.len, 0.93)
    });
    if let Some(exact) = exact {
        return spoken(exact.day, gap + exact.len - at, (exact.certainty + 0.03).min(0.98));
    }
    if naming == Naming::Doubtful && lead == 0 {
        let capital = tokens.get(place).is_some_and(|t| t.is_capital());
        let before = matches!(tokens.word_before(at, 1), "on" | "for" | "by" | "until" | "till" | "every");
        if !(before || capital && place > 0 && tokens.word_before(at, 1) != ".") {
            return None;
        }
    }
    let trailing = |words: &[&str]| tokens.says(next, words);
    if trailing(&["next", "week"]) || trailing(&["of", "next", "week"]) {
        let words = if tokens.word(next) == "of" { 3 } else { 2 };
        return spoken(Day::WeekdayOf(wanted, 1), next + words - at, 0.95);
    }
    if trailing(&["this", "week"]) || trailing(&["of", "this", "week"]) {
        let words = if tokens.word(next) == "of" { 3 } else { 2 };
        return spoken(Day::WeekdayOf(wanted, 0), next + words - at, 0.95);
    }
    // "Saturday in two weeks" is that day of that week.
    if lead == 0
        && let Some(away) = away(tokens, next).filter(|_| tokens.word(next) == "in")
        && let Day::Away(count, Unit::Weeks) = away.day
        && let Ok(weeks) = i8::try_from(count)
    {
        return spoken(Day::WeekdayOf(wanted, weeks), next + away.len - at, 0.85);
    }
    match leader {
        _ if lead == 0 => spoken(Day::Weekday(wanted), next - at, 0.93),
        // Speakers differ on "next Friday": the week after this one, unless today is later in the week.
        "next" => spoken(Day::WeekdayOf(wanted, 1), next - at, 0.8),
        "last" => None,
        _ => spoken(Day::Weekday(wanted), next - at, 0.94),
    }
}

/// "12 December 2026", "the 3rd of March", "March 4th", "20th of the 1st 1995", "14th of this month".
fn month_day(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    let start = at + usize::from(tokens.word(at) == "the");
    if let Some(found) = day_then_month(tokens, start) {
        return Some(Spoken { len: found.len + start - at, ..found });
    }
    if start != at {
        return None;
    }
    month_then_day(tokens, at)
}

fn day_number(tokens: Tokens<'_, '_>, at: usize) -> Option<(i8, Number)> {
    let number = number_at(tokens, at)?;
    let day = small(number.whole()).filter(|d| (1..=31).contains(d))?;
    let usable = !number.worded || number.ordinal || day > 0;
    usable.then_some((day, number))
}

fn day_then_month(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    let (day, number) = day_number(tokens, at)?;
    let mut next = at + number.len;
    let of =
        matches!(tokens.word(next), "of" | "de" | "for") || (tokens.word(next) == "." && tokens.glued(next));
    if of {
        next += 1;
        if matches!((tokens.word(next), tokens.word(next + 1)), ("this" | "the" | "next", "month")) {
            let ahead = i8::from(tokens.word(next) == "next");
            return spoken(Day::InMonth(day, ahead), next + 2 - at, 0.97);
        }
        if tokens.word(next) == "the"
            && let Some((month, of_month)) =
                day_number(tokens, next + 1).filter(|(m, n)| *m <= 12 && n.ordinal)
        {
            return with_year(tokens, at, next + 1 + of_month.len, day, month, 0.9);
        }
    }
    if !of && matches!(tokens.word(next), "-" | "/") {
        next += 1;
    }
    let month = month(tokens.word(next))?;
    // "2 may" and "7 march" can be verbs: without "of" and without an ordinal they need a capital letter.
    let verb = matches!(tokens.word(next), "may" | "march" | "mar" | "mars");
    if verb && !of && !number.ordinal && !tokens.get(next).is_some_and(|t| t.is_capital()) {
        return None;
    }
    with_year(tokens, at, next + 1, day, month, 0.97)
}

fn month_then_day(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    let month_number = month(tokens.word(at))?;
    let mut next = at + 1;
    next += usize::from(tokens.word(next) == "." && tokens.glued(next));
    next += usize::from(tokens.word(next) == "the");
    let (day, number) = day_number(tokens, next)?;
    let after = next + number.len;
    // "may 5 people come": the number counts something; "march 12:30" is a time.
    let time = tokens.word(after) == ":" && tokens.glued(after);
    let verb = matches!(tokens.word(at), "may" | "march" | "mars") && !number.ordinal;
    let counted = tokens.word(after) == "of" && matches!(tokens.word(after + 1), "us" | "them" | "you");
    if counted || time || tokens.digits(next) > 2 || (verb && !tokens.get(at).is_some_and(|t| t.is_capital()))
    {
        return None;
    }
    with_year(tokens, at, after, day, month_number, if number.worded && !number.ordinal { 0.8 } else { 0.96 })
}

fn with_year(
    tokens: Tokens<'_, '_>,
    at: usize,
    end: usize,
    day: i8,
    month: i8,
    certainty: f64,
) -> Option<Spoken> {
    let mut next = end;
    next += usize::from(tokens.word(next) == "." && tokens.glued(next) && tokens.digits(next + 1) == 4);
    next += usize::from(matches!(tokens.word(next), "," | "of" | "de" | "in"));
    if let Some((year, len)) = year_in_words(tokens, next) {
        return spoken(Day::Exact(Date::new(year, month, day).ok()?), next + len - at, 0.95);
    }
    if tokens.digits(next) == 4
        && let Some(year) = tokens.integer(next).filter(|y| (1900..2200).contains(y))
        && tokens.word(next + 1) != ":"
        && let Ok(date) = Date::new(i16::try_from(year).ok()?, month, day)
    {
        return spoken(Day::Exact(date), next + 1 - at, 0.98);
    }
    exists(month, day).then_some(())?;
    spoken(Day::InYear(month, day), end - at, certainty)
}

/// "nineteen eighty four", "two thousand and five", also "1980 4" and "1980 for" as a transcriber hears them.
fn year_in_words(tokens: Tokens<'_, '_>, at: usize) -> Option<(i16, usize)> {
    let last = at + 2 >= tokens.len() || tokens.digits(at + 1) == 1;
    let unit = match tokens.word(at + 1) {
        "to" | "too" => Some(2),
        "for" => Some(4),
        "ate" => Some(8),
        _ if tokens.digits(at + 1) == 1 && !tokens.glued(at + 1) => tokens.integer(at + 1),
        _ => None,
    };
    if tokens.digits(at) == 4
        && last
        && let Some(one) = unit
    {
        let decade = tokens.integer(at)?;
        return (decade % 10 == 0).then(|| i16::try_from(decade + one).ok().map(|y| (y, 2))).flatten();
    }
    let century = number_at(tokens, at).filter(|n| n.worded && !n.ordinal)?;
    let head = century.whole()?;
    if (1900..2200).contains(&head) {
        return Some((i16::try_from(head).ok()?, century.len));
    }
    let rest = number_at(tokens, at + century.len).filter(|n| n.worded && !n.ordinal)?;
    let tail = rest.whole().filter(|t| (10..100).contains(t))?;
    matches!(head, 19 | 20)
        .then(|| i16::try_from(head * 100 + tail).ok().map(|y| (y, century.len + rest.len)))?
}

/// The certainty of "14th" with nothing before it: it may as well be a gear or a floor.
pub(in super::super) const BARE_ORDINAL: f64 = 0.7;

/// "the 14th", "14th": a day of this month or the next.
fn ordinal_alone(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    let article = usize::from(tokens.word(at) == "the");
    let (day, number) = day_number(tokens, at + article).filter(|(_, n)| n.ordinal)?;
    let end = at + article + number.len;
    if number.worded && article == 0 {
        return None;
    }
    // "5th and Main" is a corner.
    let corner = tokens.word(end) == "and"
        && tokens
            .get(end + 1)
            .is_some_and(|t| t.is_word() && t.fold != "the" && month(&t.fold).is_none() && t.is_capital());
    if corner {
        return None;
    }
    if number.worded && number.len == 1 && day < 4 && tokens.get(end).is_some_and(|t| t.is_word()) {
        return None;
    }
    // "the 30th Street", "the 2nd floor", "3rd party": an ordinal before a noun counts the noun.
    let noun =
        tokens.get(end).is_some_and(|t| t.is_word() && !t.glued) && !is_function_word(tokens.word(end));
    let certainty = match (noun, article) {
        (true, _) => return None,
        (false, 1) => 0.85,
        _ if matches!(
            tokens.word_before(at, 1),
            "on" | "for" | "until" | "till" | "from" | "to" | "by" | "before" | "after"
        ) =>
        {
            0.8
        }
        _ => BARE_ORDINAL,
    };
    spoken(Day::InSomeMonth(day), end - at, certainty)
}

fn is_function_word(word: &str) -> bool {
    matches!(
        word,
        "at" | "and"
            | "or"
            | "please"
            | "for"
            | "if"
            | "in"
            | "to"
            | "until"
            | "till"
            | "through"
            | "then"
            | "instead"
            | "with"
            | "from"
            | "around"
            | "about"
            | "is"
            | "would"
            | "will"
            | "works"
            | "i"
            | "we"
            | "thanks"
            | "thank"
            | "after"
            | "before"
            | "by"
            | "because"
            | "but"
            | "not"
            | "so"
            | "on"
            | "as"
            | "would've"
            | "it"
            | "should"
            | "sounds"
            | "that"
            | "which"
            | "can"
            | "when"
            | "actually"
    )
}
