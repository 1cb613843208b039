//! Dates, times of day, moments and lengths of time.

use jiff::civil::{Date, Time};
use serde_json::{Value, json};

use super::super::dates::{self, Clock, Clue, Day as SpokenDay, Lean, Length};
use super::super::reading::{Mention, Need, Reading};
use super::super::setting::month_first;
use super::super::{FieldSpec, Setting};
use super::{Fault, Kind, ORDERED, Operator, unreadable, whole_or_only};

fn parse_by_finding(
    kind: &dyn Kind,
    spec: &FieldSpec,
    text: &str,
    setting: &Setting,
    wanted: &'static str,
) -> Result<Value, Fault> {
    let mut reading = Reading::new(text, setting);
    reading.asked = 1.0;
    let found = kind.find(spec, &reading);
    whole_or_only(found, reading.tokens().len()).ok_or_else(|| unreadable(text, wanted))
}

fn lean(spec: &FieldSpec) -> Lean {
    if spec.profile.looks_back() { Lean::Past } else { Lean::Future }
}

/// A calendar day.
pub(in super::super) struct Day;

impl Kind for Day {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        if let Ok(date) = text.parse::<Date>() {
            return Ok(json!(date.to_string()));
        }
        parse_by_finding(self, spec, text, setting, "a date")
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let text = value.as_str().unwrap_or_default();
        text.parse::<Date>().map_or_else(|_| text.to_owned(), |date| written_date(date, locale))
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let today = reading.now.date();
        let mut found: Vec<Mention> = reading
            .days
            .iter()
            .filter_map(|c| {
                let date = c.value.resolve(today, lean(spec))?;
                // "I called yesterday" makes no appointment.
                let gone =
                    matches!(c.value, SpokenDay::Away(count, _) if count < 0) && lean(spec) == Lean::Future;
                let whole = c.start == 0 && c.end >= reading.tokens().len().saturating_sub(1);
                let loose = matches!(c.value, SpokenDay::InSomeMonth(_))
                    && c.certainty <= dates::BARE_ORDINAL
                    && !whole;
                let need = if gone || loose { Need::Question } else { Need::Nothing };
                Some(mention(json!(date.to_string()), c, need))
            })
            .collect();
        if found.is_empty()
            && reading.asked > 0.0
            && let Some(spelled) = dates::bare_date(reading.tokens(), today, lean(spec))
        {
            found.push(mention(json!(spelled.value.to_string()), &spelled, Need::Question));
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "format": "date" })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

fn mention<T>(value: Value, clue: &Clue<T>, need: Need) -> Mention {
    Mention { value, start: clue.start, end: clue.end, certainty: clue.certainty, need }
}

/// A time of day.
pub(in super::super) struct TimeOfDay;

fn time_text(time: Time) -> Value {
    json!(time.strftime("%H:%M").to_string())
}

impl Kind for TimeOfDay {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        parse_by_finding(self, spec, text, setting, "a time of day")
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let text = value.as_str().unwrap_or_default();
        text.parse::<Time>().map_or_else(|_| text.to_owned(), |time| written_time(time, locale))
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let tokens = reading.tokens();
        let mut found: Vec<Mention> = reading
            .times
            .iter()
            .filter_map(|c| {
                let time = dates::time_of(c.value, &reading.now)?;
                Some(mention(time_text(time), c, Need::Nothing))
            })
            .collect();
        if found.is_empty() && reading.asked > 0.0 {
            let bare = (0..tokens.len()).find_map(|at| {
                let hour = dates::bare_hour(tokens, at)?;
                let inside = reading.days.iter().any(|d| d.start <= at && at < d.end);
                (!inside).then_some((at, hour))
            });
            if let Some((at, hour)) = bare
                && let Some(time) = dates::time_of(hour.clock, &reading.now)
            {
                found.push(Mention {
                    value: time_text(time),
                    start: at,
                    end: at + hour.len,
                    certainty: hour.certainty,
                    need: Need::Question,
                });
            }
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

/// A moment: a day and a time of day in the workspace's zone.
pub(in super::super) struct Moment;

/// How many tokens may stand between the day and the time of one moment.
const REACH: usize = 5;

impl Moment {
    fn join(day: &Clue<SpokenDay>, time: &Clue<Time>, reading: &Reading<'_>, lean: Lean) -> Option<Mention> {
        let date = day.value.resolve(reading.now.date(), lean)?;
        let (start, end) = (day.start.min(time.start), day.end.max(time.end));
        Some(Mention {
            value: json!(dates::written(date, time.value, &reading.now)?),
            start,
            end,
            certainty: day.certainty.min(time.certainty),
            need: Need::Nothing,
        })
    }
}

/// Times of day of a text; where there are none, the parts of the day it names.
fn times_or_parts(reading: &Reading<'_>) -> Vec<Clue<Time>> {
    let exact: Vec<Clue<Time>> = reading
        .times
        .iter()
        .filter_map(|c| match c.value {
            Clock::At(value) => Some(Clue { value, start: c.start, end: c.end, certainty: c.certainty }),
            Clock::After(_) => None,
        })
        .collect();
    if !exact.is_empty() {
        return exact;
    }
    let tokens = reading.tokens();
    (0..tokens.len())
        .filter_map(|at| {
            let vague = dates::vague_at(tokens, at)?;
            let value = dates::time_of(vague.clock, &reading.now)?;
            Some(Clue { value, start: at, end: at + vague.len, certainty: vague.certainty })
        })
        .collect()
}

impl Kind for Moment {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            let zoned = moment.to_zoned(setting.zone.clone());
            return Ok(json!(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()));
        }
        parse_by_finding(self, spec, text, setting, "a date with a time")
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let text = value.as_str().unwrap_or_default();
        // The wall clock stands before the offset; it is what was agreed.
        let wall = text.get(..19).unwrap_or(text).parse::<jiff::civil::DateTime>().ok();
        wall.map_or_else(
            || text.to_owned(),
            |w| format!("{}, {}", written_date(w.date(), locale), written_time(w.time(), locale)),
        )
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let mut found = Vec::new();
        for clue in &reading.times {
            if let Clock::After(minutes) = clue.value
                && let Some(moment) = dates::moment_after(minutes, &reading.now)
                && let Some(value) = dates::written(moment.date(), moment.time(), &reading.now)
            {
                found.push(mention(json!(value), clue, Need::Nothing));
            }
        }
        let times = times_or_parts(reading);
        let mut used = Vec::new();
        for day in &reading.days {
            let near = times
                .iter()
                .filter(|t| !used.contains(&t.start))
                .filter(|t| t.start <= day.end + REACH && day.start <= t.end + REACH)
                .min_by_key(|t| t.start.abs_diff(day.start));
            if let Some(time) = near
                && let Some(moment) = Moment::join(day, time, reading, lean(spec))
            {
                used.push(time.start);
                found.push(moment);
            }
        }
        for time in times.iter().filter(|t| !used.contains(&t.start)) {
            // A time alone: today or tomorrow, whichever comes next; the dialogue may know the day.
            if let Some(date) = dates::next_such(time.value, &reading.now)
                && let Some(value) = dates::written(date, time.value, &reading.now)
            {
                let certainty = time.certainty * 0.75;
                let clue = Clue { value: (), start: time.start, end: time.end, certainty };
                found.push(mention(json!(value), &clue, Need::Nothing));
            }
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

/// A length of time.
pub(in super::super) struct Stretch;

impl Kind for Stretch {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        if let Some(length) = Length::from_iso(text) {
            return Ok(json!(length.to_iso()));
        }
        parse_by_finding(self, spec, text, setting, "a length of time")
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        if let Value::Number(minutes) = value {
            return format!("{minutes} min");
        }
        let text = value.as_str().unwrap_or_default();
        let Some(length) = Length::from_iso(text) else { return text.to_owned() };
        let parts = [
            (length.years, "year", "years"),
            (length.months, "month", "months"),
            (length.days, "day", "days"),
            (length.seconds / 3600, "h", "h"),
            (length.seconds / 60 % 60, "min", "min"),
            (length.seconds % 60, "s", "s"),
        ];
        let words: Vec<String> = parts
            .iter()
            .filter(|(n, ..)| *n != 0)
            .map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }))
            .collect();
        if words.is_empty() { "0 min".to_owned() } else { words.join(" ") }
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        reading
            .lengths
            .iter()
            // "in two hours" and "three days ago" are points in time.
            .filter(|c| !reading.days.iter().any(|d| d.start <= c.start && c.end <= d.end))
            .filter(|c| !reading.times.iter().any(|t| t.start <= c.start && c.end <= t.end))
            .map(|c| mention(json!(c.value.to_iso()), c, Need::Nothing))
            .collect()
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "format": "duration" })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

fn written_date(date: Date, locale: &str) -> String {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let pattern = match language {
        "en" if month_first(locale) => "%a, %B %-d, %Y",
        "en" => "%a %-d %B %Y",
        "de" | "fi" | "nb" | "da" | "pl" | "ru" => "%-d.%-m.%Y",
        _ => "%d/%m/%Y",
    };
    date.strftime(pattern).to_string()
}

fn written_time(time: Time, locale: &str) -> String {
    let twelve = locale.starts_with("en") && !matches!(locale, "en-GB" | "en-IE");
    time.strftime(if twelve { "%-I:%M %p" } else { "%H:%M" }).to_string()
}
