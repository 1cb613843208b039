//! Days counted from today: "tomorrow", "the day after tomorrow", "in three weeks", and fixed holidays.

use super::super::numbers::number_at;
use super::super::token::Tokens;
use super::day::{Day, Spoken, Unit, spoken};

/// "today", "the day after tomorrow", "in three weeks", "ten days from now".
pub(super) fn relative(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    const FIXED: &[(&[&str], i32, f64)] = &[
        (&["the", "day", "after", "tomorrow"], 2, 0.97),
        (&["day", "after", "tomorrow"], 2, 0.97),
        (&["the", "day", "before", "yesterday"], -2, 0.97),
        (&["day", "before", "yesterday"], -2, 0.97),
        (&["later", "today"], 0, 0.95),
        (&["a", "week", "from", "today"], 7, 0.95),
        (&["a", "week", "from", "now"], 7, 0.95),
        (&["a", "week", "today"], 7, 0.9),
        (&["a", "week", "tomorrow"], 8, 0.9),
        (&["this", "morning"], 0, 0.85),
        (&["this", "afternoon"], 0, 0.9),
        (&["this", "evening"], 0, 0.9),
        (&["tomorrow"], 1, 0.97),
        (&["tommorow"], 1, 0.95),
        (&["tommorrow"], 1, 0.95),
        (&["tomorow"], 1, 0.95),
        (&["tmrw"], 1, 0.95),
        (&["tmr"], 1, 0.9),
        (&["tomo"], 1, 0.8),
        (&["2moro"], 1, 0.9),
        (&["you", "today"], 0, 0.3),
        (&["earlier", "today"], 0, 0.45),
        (&["today"], 0, 0.95),
        (&["tonight"], 0, 0.95),
        (&["tonite"], 0, 0.95),
        (&["yesterday"], -1, 0.95),
        (&["hoy"], 0, 0.9),
        (&["pasado", "manana"], 2, 0.9),
        (&["hoje"], 0, 0.9),
        (&["amanha"], 1, 0.9),
        (&["aujourd'hui"], 0, 0.9),
        (&["demain"], 1, 0.9),
        (&["heute"], 0, 0.9),
        (&["morgen"], 1, 0.85),
        (&["oggi"], 0, 0.9),
        (&["domani"], 1, 0.9),
    ];
    if let Some((words, days, certainty)) = FIXED.iter().find(|(words, ..)| tokens.says(at, words)) {
        return spoken(Day::Away(*days, Unit::Days), words.len(), *certainty);
    }
    for (words, day) in [
        (&["this", "weekend"][..], Day::WeekdayOf(5, 0)),
        (&["at", "the", "weekend"], Day::WeekdayOf(5, 0)),
        (&["next", "weekend"], Day::WeekdayOf(5, 1)),
    ] {
        if tokens.says(at, words) {
            return spoken(day, words.len(), 0.5);
        }
    }
    for (words, month, day) in [
        (&["christmas", "eve"][..], 12, 24),
        (&["christmas", "day"], 12, 25),
        (&["boxing", "day"], 12, 26),
        (&["new", "year's", "eve"], 12, 31),
        (&["new", "years", "eve"], 12, 31),
        (&["new", "year's", "day"], 1, 1),
        (&["valentine's", "day"], 2, 14),
        (&["valentines", "day"], 2, 14),
        (&["halloween"], 10, 31),
    ] {
        if tokens.says(at, words) {
            return spoken(Day::InYear(month, day), words.len(), 0.9);
        }
    }
    away(tokens, at)
}

/// "in 3 days", "3 days from now", "a month from now", "two weeks ago", "in a week's time".
pub(super) fn away(tokens: Tokens<'_, '_>, at: usize) -> Option<Spoken> {
    let leads = tokens.word(at) == "in";
    let from = if leads { at + 1 } else { at };
    let (count, mut next) = count_at(tokens, from)?;
    let unit = match tokens.word(next) {
        "day" | "days" | "day's" => Unit::Days,
        "week" | "weeks" | "week's" => Unit::Weeks,
        "month" | "months" | "month's" => Unit::Months,
        "year" | "years" => Unit::Years,
        "fortnight" => {
            return leads_or_trails(tokens, at, next + 1, leads, Day::Away(2 * count, Unit::Weeks));
        }
        _ => return None,
    };
    next += 1;
    leads_or_trails(tokens, at, next, leads, Day::Away(count, unit))
}

fn leads_or_trails(tokens: Tokens<'_, '_>, at: usize, next: usize, leads: bool, day: Day) -> Option<Spoken> {
    let tail = match (tokens.word(next), tokens.word(next + 1)) {
        ("from", "now" | "today") => 2,
        ("time", _) | ("hence", _) if leads => 1,
        ("ago", _) => {
            let Day::Away(count, unit) = day else { return None };
            return spoken(Day::Away(-count, unit), next + 1 - at, 0.95);
        }
        _ if leads => 0,
        _ => return None,
    };
    spoken(day, next + tail - at, 0.93)
}

fn count_at(tokens: Tokens<'_, '_>, at: usize) -> Option<(i32, usize)> {
    if let Some(number) = number_at(tokens, at).filter(|n| !n.ordinal) {
        let count = i32::try_from(number.whole()?).ok().filter(|n| (0..=3_650).contains(n))?;
        return Some((count, at + number.len));
    }
    matches!(tokens.word(at), "a" | "an").then_some((1, at + 1))
}
