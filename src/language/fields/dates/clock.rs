//! Times of day: "7:30pm", "half past six", "noon", "eight in the evening", "in two hours".

use jiff::civil::Time;

use super::super::numbers::number_at;
use super::super::token::Tokens;
use super::calendar::{Half, part_of_day};

/// A time of day as it was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum Clock {
    /// A time of day.
    At(Time),
    /// So many minutes from now.
    After(i64),
}

/// A time found at some tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct SpokenTime {
    /// What was said.
    pub(in super::super) clock: Clock,
    /// How many tokens it takes.
    pub(in super::super) len: usize,
    /// How surely the words mean that time.
    pub(in super::super) certainty: f64,
}

/// Minutes after midnight, before the half of the day is settled.
#[derive(Debug, Clone, Copy)]
struct Dial {
    minutes: i64,
    len: usize,
    /// True when the form alone shows a time ("7:30", "half past six"), not just a number.
    formed: bool,
    /// True for 13:00 to 24:00 and 00:00 to 00:59, or a leading zero.
    full_day: bool,
}

fn time(minutes: i64) -> Option<Time> {
    let minutes = minutes.rem_euclid(24 * 60);
    Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()
}

fn said(minutes: i64, len: usize, certainty: f64) -> Option<SpokenTime> {
    Some(SpokenTime { clock: Clock::At(time(minutes)?), len, certainty })
}

/// Reads the time of day that begins at a token.
pub(in super::super) fn time_at(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    [
        from_now(tokens, at),
        before_or_after(tokens, at),
        part_then_dial(tokens, at),
        on_the_dial(tokens, at),
        named(tokens, at),
    ]
    .into_iter()
    .flatten()
    .max_by_key(|t| t.len)
}

/// A bare number as an hour: the answer to "at what time?".
pub(in super::super) fn bare_hour(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let dial = dial_at(tokens, at).or_else(|| military(tokens, at))?;
    if tokens.word(at) == "one" && at > 1
        || counts_something(tokens, at + dial.len)
        || matches!(tokens.word_before(at, 1), "$" | "£" | "€" | "#")
    {
        return None;
    }
    let (minutes, certainty) = guess_half(&dial, half_nearby(tokens, at, at + dial.len));
    said(minutes, dial.len, certainty)
}

/// "in two hours", "in half an hour", "in 20 minutes".
fn from_now(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    if tokens.word(at) != "in" {
        return None;
    }
    let (minutes, len) = stretch(tokens, at + 1)?;
    if minutes > 12 * 60 || tokens.word(at + 1 + len) == "and" {
        return None;
    }
    Some(SpokenTime { clock: Clock::After(minutes), len: len + 1, certainty: 0.9 })
}

/// Minutes in "two hours", "half an hour", "an hour and a half", "45 min".
fn stretch(tokens: Tokens<'_, '_>, at: usize) -> Option<(i64, usize)> {
    for (words, minutes) in [
        (&["half", "an", "hour"][..], 30),
        (&["half", "hour"], 30),
        (&["an", "hour", "and", "a", "half"], 90),
        (&["a", "quarter", "of", "an", "hour"], 15),
        (&["an", "hour"], 60),
        (&["a", "couple", "of", "hours"], 120),
    ] {
        if tokens.says(at, words) {
            return Some((minutes, words.len()));
        }
    }
    let number = number_at(tokens, at).filter(|n| !n.ordinal)?;
    let unit = match tokens.word(at + number.len) {
        "hour" | "hours" | "hrs" | "hr" => 60,
        "minute" | "minutes" | "mins" | "min" => 1,
        _ => return None,
    };
    Some((number.whole()?.checked_mul(unit)?, number.len + 1))
}

/// "30 minutes before 12pm", "an hour after noon".
fn before_or_after(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let (minutes, len) = stretch(tokens, at)?;
    let sign = match tokens.word(at + len) {
        "before" => -1,
        "after" | "past" => 1,
        _ => return None,
    };
    let base = time_at(tokens, at + len + 1)?;
    let Clock::At(anchor) = base.clock else { return None };
    let total = i64::from(anchor.hour()) * 60 + i64::from(anchor.minute()) + sign * minutes;
    said(total, len + 1 + base.len, base.certainty * 0.95)
}

/// "afternoon 2:15", "evening at 6", "night at 8:15".
fn part_then_dial(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let (half, _) =
        part_of_day(tokens.word(at)).filter(|_| tokens.word(at) != "tonight" && !is_meal(tokens.word(at)))?;
    let skip = 1 + usize::from(tokens.word(at + 1) == "at");
    let dial = dial_at(tokens, at + skip).filter(|d| d.minutes <= 12 * 60 + 59)?;
    if meridiem(tokens, at + skip + dial.len).is_some() || counts_something(tokens, at + skip + dial.len) {
        return None;
    }
    said(in_half(dial.minutes, half), skip + dial.len, if dial.formed || skip == 2 { 0.93 } else { 0.75 })
}

fn on_the_dial(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let Some(dial) = dial_at(tokens, at) else { return military_said(tokens, at) };
    let mut end = at + dial.len;
    let ish = matches!(tokens.word(end), "ish") as usize;
    end += ish;
    if tokens.word(end) == "-" && tokens.word(end + 1) == "ish" {
        end += 2;
    }
    if let Some((half, len)) = meridiem(tokens, end) {
        if dial.minutes >= 13 * 60 || dial.full_day && half == Half::Morning && dial.minutes >= 12 * 60 {
            return said(dial.minutes, end + len - at, 0.9);
        }
        return said(in_half(dial.minutes, half), end + len - at, 0.98);
    }
    if let Some((half, len)) = trailing_part(tokens, end) {
        return said(in_half(dial.minutes, half), end + len - at, 0.95);
    }
    let oclock = oclock(tokens, end);
    if oclock > 0 {
        end += oclock;
        if let Some((half, len)) = meridiem(tokens, end).or_else(|| trailing_part(tokens, end)) {
            return said(in_half(dial.minutes, half), end + len - at, 0.96);
        }
    }
    let lead = tokens.word_before(at, 1);
    let led = matches!(
        lead,
        "at" | "@" | "around" | "about" | "by" | "until" | "till" | "after" | "before" | "approximately"
    );
    let evening = matches!(tokens.word(end), "tonight")
        || tokens.says(end, &["this", "evening"])
        || tokens.says(end, &["tomorrow", "evening"]);
    if !(dial.formed || oclock > 0 || ish > 0 || evening || led && !counts_something(tokens, end)) {
        return None;
    }
    let nearby = half_nearby(tokens, at, end);
    let (minutes, certainty) = guess_half(&dial, nearby);
    let weak = !(dial.formed || oclock > 0 || ish > 0);
    let sure = if weak && !matches!(lead, "at" | "@") { certainty - 0.12 } else { certainty };
    said(minutes, end - at, sure)
}

/// "noon", "midday", "midnight", and a part of the day alone.
fn named(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let skip = usize::from(tokens.word(at) == "12");
    match tokens.word(at + skip) {
        "noon" | "midday" | "mediodia" | "mittag" | "midi" => said(12 * 60, skip + 1, 0.96),
        "midnight" | "minuit" | "mitternacht" => said(0, skip + 1, 0.93),
        _ => None,
    }
}

/// A part of the day alone: a time only where nothing better is known.
pub(in super::super) fn vague_at(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let (_, hour) = part_of_day(tokens.word(at))?;
    let meal = matches!(tokens.word(at), "lunch" | "dinner");
    let greeting = tokens.word_before(at, 1) == "good";
    if meal || greeting {
        return None;
    }
    said(i64::from(hour) * 60, 1, 0.5)
}

/// The numbers on a dial: "7", "7:30", "7.30", "half past six", "quarter to 8", "seven thirty".
fn dial_at(tokens: Tokens<'_, '_>, at: usize) -> Option<Dial> {
    if let Some(found) = past_or_to(tokens, at) {
        return Some(found);
    }
    if tokens.glued(at)
        && matches!(tokens.word_before(at, 1), ":" | "." | "/" | "-" | "," | "$" | "£" | "€" | "#")
    {
        return None;
    }
    if tokens.digits(at) > 0 {
        let hour = tokens.integer(at).filter(|_| tokens.digits(at) <= 2).filter(|h| *h <= 24)?;
        let zero = tokens.word(at).starts_with('0');
        let mark = tokens.word(at + 1);
        let minute = tokens.integer(at + 2).filter(|m| *m < 60 && tokens.digits(at + 2) == 2);
        let joined = matches!(mark, ":" | "." | "h") && tokens.glued(at + 1) && tokens.glued(at + 2);
        if let Some(minute) = minute.filter(|_| joined) {
            let mut len = 3;
            if tokens.word(at + 3) == ":" && tokens.digits(at + 4) == 2 {
                len = 5;
            }
            let goes_on = matches!(tokens.word(at + len), "." | "/" | "-")
                && tokens.glued(at + len)
                && tokens.glued(at + len + 1)
                && tokens.digits(at + len + 1) > 0;
            let timely = mark != "." || looks_like_clock(tokens, at, at + len);
            if goes_on || !timely {
                return None;
            }
            let full_day = hour > 12 || hour == 0 || zero;
            return Some(Dial { minutes: hour * 60 + minute, len, formed: true, full_day });
        }
        let hyphen = mark == "-" && tokens.glued(at + 1) && tokens.digits(at + 2) > 0;
        let fraction = matches!(mark, "." | "," | "/" | ":")
            && tokens.glued(at + 1)
            && tokens.glued(at + 2)
            && tokens.digits(at + 2) > 0;
        if hyphen
            || fraction
            || (matches!(tokens.word(at + 1), "st" | "nd" | "rd" | "th" | "%") && tokens.glued(at + 1))
        {
            return None;
        }
        let full_day = hour > 12 || hour == 0 || zero;
        return Some(Dial { minutes: hour * 60, len: 1, formed: false, full_day });
    }
    let number = number_at(tokens, at).filter(|n| n.worded && !n.ordinal)?;
    let value = number.whole()?;
    if (1..=12).contains(&value) && number.len == 1 {
        let minute = number_at(tokens, at + 1).filter(|n| n.worded && !n.ordinal);
        if let Some((minute, len)) = minute.and_then(|n| Some((n.whole()?, n.len)))
            && (10..60).contains(&minute)
        {
            return Some(Dial { minutes: value * 60 + minute, len: 1 + len, formed: true, full_day: false });
        }
        return Some(Dial { minutes: value * 60, len: 1, formed: false, full_day: false });
    }
    None
}

/// "7.30" is a time only with something that says so; else it is a price or a rating.
fn looks_like_clock(tokens: Tokens<'_, '_>, at: usize, end: usize) -> bool {
    meridiem(tokens, end).is_some()
        || trailing_part(tokens, end).is_some()
        || matches!(tokens.word_before(at, 1), "at" | "@" | "around" | "by")
        || at == 0 && end + 1 >= tokens.len()
}

fn past_or_to(tokens: Tokens<'_, '_>, at: usize) -> Option<Dial> {
    let mut next = at;
    let minutes = if tokens.word(at) == "half" {
        next += 1;
        30
    } else if tokens.word(at) == "quarter" || tokens.says(at, &["a", "quarter"]) {
        next += if tokens.word(at) == "a" { 2 } else { 1 };
        15
    } else {
        let number = number_at(tokens, at).filter(|n| !n.ordinal)?;
        next += number.len;
        next += usize::from(matches!(tokens.word(next), "minutes" | "mins" | "minute"));
        number.whole().filter(|m| (1..60).contains(m))?
    };
    next += usize::from(tokens.word(next) == "-");
    let sign = match tokens.word(next) {
        "past" | "after" => 1,
        "to" | "till" | "before" | "til" => -1,
        // British "half six" is half past six.
        _ if tokens.word(at) == "half" => {
            let hour = number_at(tokens, next).filter(|n| !n.ordinal)?;
            let value = hour.whole().filter(|h| (1..=12).contains(h))?;
            return Some(Dial {
                minutes: value * 60 + 30,
                len: next + hour.len - at,
                formed: true,
                full_day: false,
            });
        }
        _ => return None,
    };
    if minutes == 30 && sign < 0 {
        return None;
    }
    next += 1;
    let (hour, len) = match tokens.word(next) {
        "noon" | "midday" => {
            return Some(Dial {
                minutes: 720 + sign * minutes,
                len: next + 1 - at,
                formed: true,
                full_day: true,
            });
        }
        "midnight" => (24, 1),
        _ => {
            let hour = number_at(tokens, next).filter(|n| !n.ordinal)?;
            let glued_minutes = tokens.word(next + 1) == ":" && tokens.glued(next + 1);
            (hour.whole().filter(|h| (1..=24).contains(h) && !glued_minutes)?, hour.len)
        }
    };
    // "2 to 4" is a range, "5 to 9" is one too: only fives and what is said with "minutes" count to the hour.
    let plain_range = sign < 0 && (minutes % 5 != 0 || minutes < 5);
    let bare_five = sign < 0 && minutes == 5 && tokens.digits(at) > 0;
    if plain_range || bare_five {
        return None;
    }
    Some(Dial {
        minutes: hour * 60 + sign * minutes,
        len: next + len - at,
        formed: true,
        full_day: hour > 12,
    })
}

/// "2215", "1830 hrs": only asked for, or with "hrs" behind or "at" before.
fn military(tokens: Tokens<'_, '_>, at: usize) -> Option<Dial> {
    if tokens.digits(at) != 4 || tokens.glued(at) {
        return None;
    }
    let value = tokens.integer(at)?;
    let (hour, minute) = (value / 100, value % 100);
    (hour < 24 && minute < 60).then_some(Dial {
        minutes: hour * 60 + minute,
        len: 1,
        formed: true,
        full_day: true,
    })
}

fn military_said(tokens: Tokens<'_, '_>, at: usize) -> Option<SpokenTime> {
    let dial = military(tokens, at)?;
    if let Some((half, len)) = meridiem(tokens, at + 1) {
        return said(in_half(dial.minutes, half), 1 + len, 0.93);
    }
    if matches!(tokens.word(at + 1), "hrs" | "hours" | "h") {
        return said(dial.minutes, 2, 0.95);
    }
    let led = matches!(tokens.word_before(at, 1), "at" | "@" | "around");
    let year = (1900..2100).contains(&tokens.integer(at)?);
    if led && !year { said(dial.minutes, 1, 0.75) } else { None }
}

/// "am", "p.m.", "a m" and their length.
fn meridiem(tokens: Tokens<'_, '_>, at: usize) -> Option<(Half, usize)> {
    match tokens.word(at) {
        "am" => Some((Half::Morning, 1)),
        "pm" => Some((Half::Afternoon, 1)),
        letter @ ("a" | "p") => {
            let half = if letter == "a" { Half::Morning } else { Half::Afternoon };
            if tokens.word(at + 1) == "." && tokens.word(at + 2) == "m" && tokens.glued(at + 2) {
                // The last full stop may as well end the sentence; it belongs to neither reading.
                let dot = usize::from(tokens.word(at + 3) == "." && tokens.glued(at + 3));
                return Some((half, 3 + dot));
            }
            (tokens.word(at + 1) == "m").then_some((half, 2))
        }
        _ => None,
    }
}

/// "in the evening", "at night", "tonight", "this afternoon", "o'clock in the morning".
fn trailing_part(tokens: Tokens<'_, '_>, at: usize) -> Option<(Half, usize)> {
    for (words, place) in
        [(&["in", "the"][..], 2), (&["at"], 1), (&["de", "la"], 2), (&["da"], 1), (&["du"], 1)]
    {
        if tokens.says(at, words)
            && let Some((half, _)) =
                part_of_day(tokens.word(at + place)).filter(|_| !is_meal(tokens.word(at + place)))
        {
            return Some((half, place + 1));
        }
    }
    None
}

fn is_meal(word: &str) -> bool {
    matches!(word, "lunch" | "dinner")
}

/// "o'clock", "oclock", "o clock", also with the wrong quote.
fn oclock(tokens: Tokens<'_, '_>, at: usize) -> usize {
    match tokens.word(at) {
        "o'clock" | "oclock" | "uhr" | "h" | "hr" | "hrs" => 1,
        "o" if tokens.word(at + 1) == "clock" => 2,
        "o" if tokens.word(at + 2) == "clock" => 3,
        _ => 0,
    }
}

/// A word of the same sentence that tells the half of the day.
fn half_nearby(tokens: Tokens<'_, '_>, at: usize, end: usize) -> Option<Half> {
    let from = tokens.sentence_start(at).max(at.saturating_sub(6));
    let to = tokens.sentence_end(end).min(end + 6);
    (end..to)
        .chain((from..at).rev())
        .filter(|i| tokens.word_before(*i, 1) != "good")
        .find_map(|i| part_of_day(tokens.word(i)))
        .map(|(half, _)| half)
}

/// Puts an hour of the dial into a half of the day.
fn in_half(minutes: i64, half: Half) -> i64 {
    let noon = 12 * 60;
    match half {
        Half::Morning if (noon..noon + 60).contains(&minutes) => minutes - noon,
        Half::Afternoon if minutes < noon => minutes + noon,
        _ => minutes,
    }
}

/// Without am or pm: what the sentence tells, else the hour businesses are open.
fn guess_half(dial: &Dial, nearby: Option<Half>) -> (i64, f64) {
    let leading_zero = dial.full_day && dial.minutes < 12 * 60;
    if dial.minutes >= 13 * 60 || leading_zero && nearby.is_none() {
        return (dial.minutes, 0.9);
    }
    if let Some(half) = nearby {
        return (in_half(dial.minutes, half), 0.9);
    }
    let hour = dial.minutes / 60;
    match hour {
        1..=7 => (dial.minutes + 12 * 60, 0.72),
        12 => (dial.minutes, 0.8),
        _ => (dial.minutes, 0.65),
    }
}

/// True when the word at a place is what a number before it counts.
fn counts_something(tokens: Tokens<'_, '_>, at: usize) -> bool {
    let word = tokens.word(at);
    let currency = matches!(word, "%" | "$" | "£" | "€");
    currency
        || tokens.get(at).is_some_and(|t| t.is_word())
            && !matches!(
                word,
                "on" | "for"
                    | "and"
                    | "or"
                    | "please"
                    | "if"
                    | "in"
                    | "to"
                    | "until"
                    | "till"
                    | "then"
                    | "instead"
                    | "with"
                    | "from"
                    | "is"
                    | "would"
                    | "will"
                    | "works"
                    | "i"
                    | "we"
                    | "thanks"
                    | "thank"
                    | "tonight"
                    | "tomorrow"
                    | "today"
                    | "this"
                    | "next"
                    | "the"
                    | "but"
                    | "would've"
                    | "sharp"
                    | "latest"
                    | "so"
                    | "monday"
                    | "tuesday"
                    | "wednesday"
                    | "thursday"
                    | "friday"
                    | "saturday"
                    | "sunday"
                    | "not"
                    | "at"
            )
}
