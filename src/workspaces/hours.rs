//! When people are there.

use std::time::Duration;

use jiff::civil::{Time, Weekday};

use crate::base::Timestamp;
use crate::workspaces::Settings;

/// One block of working hours on some weekdays.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Hours {
    /// `mon` to `sun`.
    pub days: Vec<String>,
    /// First minute, `09:00`.
    pub from: String,
    /// Minute after the last, `17:30`; `24:00` for midnight.
    pub to: String,
}

impl Hours {
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(day) = self.days.iter().find(|day| weekday(day).is_none()) {
            return Err(format!("{day:?} is not one of mon, tue, wed, thu, fri, sat, sun"));
        }
        match (minute(&self.from), minute(&self.to)) {
            (Some(from), Some(to)) if from < to => Ok(()),
            (Some(_), Some(_)) => Err(format!("{} is not before {}", self.from, self.to)),
            _ => Err(format!("{} to {} is not a time such as 09:00 to 17:30", self.from, self.to)),
        }
    }

    fn covers(&self, day: Weekday, now: i32) -> bool {
        self.days.iter().any(|name| weekday(name) == Some(day))
            && minute(&self.from).is_some_and(|from| from <= now)
            && minute(&self.to).is_some_and(|to| now < to)
    }
}

/// Whether the business is open at a time, by its own wall clock. Without any hours it always is.
pub fn is_open(settings: &Settings, at: Timestamp) -> bool {
    let local = at.to_jiff().to_zoned(settings.zone());
    let now = i32::from(local.hour()) * 60 + i32::from(local.minute());
    settings.hours.is_empty() || settings.hours.iter().any(|hours| hours.covers(local.weekday(), now))
}

/// When the business opens next, if it is closed and ever opens: within the week.
pub fn opens_at(settings: &Settings, at: Timestamp) -> Option<Timestamp> {
    if is_open(settings, at) {
        return None;
    }
    let today = at.to_jiff().to_zoned(settings.zone()).date();
    let opening = |days: i64, hours: &Hours| {
        let day = today.checked_add(jiff::Span::new().days(days)).ok()?;
        let known = hours.days.iter().any(|name| weekday(name) == Some(day.weekday()));
        let from: Time = hours.from.parse().ok()?;
        let moment = day.to_datetime(from).to_zoned(settings.zone()).ok()?.timestamp();
        (known && moment > at.to_jiff()).then(|| Timestamp::from_micros(moment.as_microsecond()))
    };
    (0..=7).find_map(|days| settings.hours.iter().filter_map(|hours| opening(days, hours)).min())
}

/// The time at which so much working time has passed since `from`: minutes in which the business is closed do
/// not count. Without any hours all do. `None`: it never opens long enough within ten years.
pub fn after_working(settings: &Settings, from: Timestamp, minutes: u32) -> Option<Timestamp> {
    let wanted = Duration::from_secs(u64::from(minutes) * 60);
    if settings.hours.is_empty() {
        return Some(from.after(wanted));
    }
    let zone = settings.zone();
    let mut left = wanted;
    let mut day = from.to_jiff().to_zoned(zone.clone()).date();
    for _ in 0..MAX_DAYS {
        for (opens, closes) in open_spans(settings, &zone, day) {
            let begins = opens.max(from);
            let span = closes.since(begins);
            if left <= span && closes > begins {
                return Some(begins.after(left));
            }
            left = left.saturating_sub(span);
        }
        day = day.tomorrow().ok()?;
    }
    None
}

/// Days that are looked at before giving up.
const MAX_DAYS: u32 = 3_660;

/// The spans of a day in which the business is open, in order and without overlap, as points in time: on the
/// day the clocks change they are an hour shorter or longer if the change lies in them.
fn open_spans(
    settings: &Settings,
    zone: &jiff::tz::TimeZone,
    day: jiff::civil::Date,
) -> Vec<(Timestamp, Timestamp)> {
    let at = |minute: i32| {
        let (days, minute) = (minute / (24 * 60), minute % (24 * 60));
        let date = day.checked_add(jiff::Span::new().days(days)).ok()?;
        let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
        let moment = date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
        Some(Timestamp::from_micros(moment.as_microsecond()))
    };
    let on_day = |hours: &&Hours| hours.days.iter().any(|name| weekday(name) == Some(day.weekday()));
    let mut spans: Vec<(Timestamp, Timestamp)> = settings
        .hours
        .iter()
        .filter(on_day)
        .filter_map(|hours| Some((at(minute(&hours.from)?)?, at(minute(&hours.to)?)?)))
        .collect();
    spans.sort();
    let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (opens, closes) in spans {
        match merged.last_mut() {
            Some((_, end)) if opens <= *end => *end = closes.max(*end),
            _ => merged.push((opens, closes)),
        }
    }
    merged
}

/// Says what is wrong with a time of day and weekdays.
pub fn check_time(time: &str, days: &[String]) -> Result<(), String> {
    if let Some(day) = days.iter().find(|day| weekday(day).is_none()) {
        return Err(format!("{day:?} is not one of mon, tue, wed, thu, fri, sat, sun"));
    }
    let is_time = time.len() == 5 && time.parse::<Time>().is_ok();
    if is_time { Ok(()) } else { Err(format!("{time:?} is not a time such as 09:00")) }
}

/// The last moment up to now at which the business's own clock showed a time on one of these days; no days:
/// any day. A time that a change of the clock leaves out is an hour later, one that comes twice is the first.
pub fn last_occurrence(
    settings: &Settings,
    time: &str,
    days: &[String],
    now: Timestamp,
) -> Option<Timestamp> {
    let time: Time = time.parse().ok()?;
    let zone = settings.zone();
    let mut day = now.to_jiff().to_zoned(zone.clone()).date();
    for _ in 0..=7 {
        let wanted = days.is_empty() || days.iter().any(|name| weekday(name) == Some(day.weekday()));
        let moment = day.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
        if wanted && moment <= now.to_jiff() {
            return Some(Timestamp::from_micros(moment.as_microsecond()));
        }
        day = day.yesterday().ok()?;
    }
    None
}

/// The business's own day and time at a moment: weekday word, hour, date.
pub fn local_time(settings: &Settings, at: Timestamp) -> (&'static str, i8, String) {
    let local = at.to_jiff().to_zoned(settings.zone());
    let day = match local.weekday() {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    };
    (day, local.hour(), local.date().to_string())
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// Minutes since midnight.
fn minute(text: &str) -> Option<i32> {
    if text == "24:00" {
        return Some(24 * 60);
    }
    let time: Time = text.parse().ok()?;
    Some(i32::from(time.hour()) * 60 + i32::from(time.minute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &[&str], from: &str, to: &str) -> Hours {
        Hours {
            days: days.iter().map(|day| (*day).to_owned()).collect(),
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn hours_end_before_their_last_minute() {
        let block = hours(&["mon"], "09:00", "17:30");
        assert!(block.covers(Weekday::Monday, 9 * 60));
        assert!(!block.covers(Weekday::Monday, 17 * 60 + 30));
        assert!(!block.covers(Weekday::Tuesday, 10 * 60));
    }

    #[test]
    fn the_next_opening_is_by_the_business_own_clock() {
        let mut settings: Settings = serde_json::from_value(serde_json::json!({
            "timezone": "Europe/London", "locale": "en-GB", "country": "GB", "currency": "GBP",
            "accent": "#0d5c49", "assistant_name": "Pia", "greeting": "Hello", "starters": [],
            "hours": [
                { "days": ["mon", "tue"], "from": "08:00", "to": "12:00" },
                { "days": ["mon"], "from": "13:00", "to": "18:00" },
            ],
            "undo_seconds": 5, "allowed_origins": [],
        }))
        .expect("settings");
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let next = |settings: &Settings, at: &str| opens_at(settings, time(at));
        // A Monday in summer: London is an hour ahead of UTC.
        let monday = time("2026-06-01T07:00:00Z");
        assert_eq!(next(&settings, "2026-06-01T06:59:59Z"), Some(monday));
        assert_eq!(next(&settings, "2026-06-01T07:00:00Z"), None, "it is open");
        assert_eq!(next(&settings, "2026-06-01T11:30:00Z"), Some(time("2026-06-01T12:00:00Z")), "the break");
        assert_eq!(next(&settings, "2026-06-02T15:00:00Z"), Some(time("2026-06-08T07:00:00Z")), "the week");
        settings.hours.clear();
        assert_eq!(next(&settings, "2026-06-01T03:00:00Z"), None, "always open");
    }

    fn london(hours: Vec<Hours>) -> Settings {
        let mut settings: Settings = serde_json::from_value(serde_json::json!({
            "timezone": "Europe/London", "locale": "en-GB", "country": "GB", "currency": "GBP",
            "accent": "#0d5c49", "assistant_name": "Pia", "greeting": "Hello", "starters": [], "hours": [],
            "undo_seconds": 5, "allowed_origins": [],
        }))
        .expect("settings");
        settings.hours = hours;
        settings
    }

    #[test]
    fn working_minutes_skip_nights_breaks_and_changes_of_the_clock() {
        let week = &["mon", "tue", "wed", "thu", "fri"];
        let settings = london(vec![hours(week, "09:00", "12:00"), hours(week, "13:00", "17:00")]);
        let after = |from: &str, minutes| {
            let from = from.parse::<Timestamp>().expect("a time");
            after_working(&settings, from, minutes).map(|at| at.to_string())
        };
        let at = |text: &str| Some(format!("{text}:00.000000Z"));
        // Friday in winter: half an hour before noon, then the break.
        assert_eq!(after("2026-01-16T11:30:00Z", 60), at("2026-01-16T13:30"));
        assert_eq!(after("2026-01-16T11:30:00Z", 30), at("2026-01-16T12:00"));
        // Over the weekend in which the clocks go forward: Monday 9:00 is 8:00 in UTC.
        assert_eq!(after("2026-03-27T16:30:00Z", 60), at("2026-03-30T08:30"));
        assert_eq!(after("2026-03-28T03:00:00Z", 1), at("2026-03-30T08:01"));
        // A business that is open through the night of the change: 01:00 to 02:00 does not exist.
        let night = london(vec![hours(&["sun"], "00:00", "04:00")]);
        let from = "2026-03-29T00:00:00Z".parse().expect("a time");
        let ends = after_working(&night, from, 180).map(|at| at.to_string());
        assert_eq!(ends, at("2026-03-29T03:00"), "three hours pass although the clock shows four");
        assert_eq!(after_working(&london(vec![hours(&[], "09:00", "10:00")]), from, 1), None);
        assert_eq!(after_working(&london(Vec::new()), from, 5), Some(from.after(Duration::from_secs(300))));
    }

    #[test]
    fn an_hour_of_the_clock_comes_once_a_day_whatever_the_clocks_do() {
        let settings = london(Vec::new());
        let last = |time: &str, days: &[&str], now: &str| {
            let days: Vec<String> = days.iter().map(|day| (*day).to_owned()).collect();
            let at = last_occurrence(&settings, time, &days, now.parse().expect("a time"));
            at.map(|at| at.to_string()).expect("there is one within a week")
        };
        assert_eq!(last("09:00", &[], "2026-03-28T09:00:00Z"), "2026-03-28T09:00:00.000000Z");
        assert_eq!(last("09:00", &[], "2026-03-29T08:00:00Z"), "2026-03-29T08:00:00.000000Z");
        assert_eq!(last("09:00", &["mon"], "2026-03-29T08:00:00Z"), "2026-03-23T09:00:00.000000Z");
        // 01:30 is left out on this day, and comes twice in autumn.
        assert_eq!(last("01:30", &[], "2026-03-29T12:00:00Z"), "2026-03-29T01:30:00.000000Z");
        assert_eq!(last("01:30", &[], "2026-10-25T12:00:00Z"), "2026-10-25T00:30:00.000000Z");
        assert!(check_time("9:00", &[]).is_err() && check_time("09:61", &[]).is_err());
        assert!(check_time("09:00", &["Monday".to_owned()]).is_err());
    }

    #[test]
    fn wrong_hours_are_explained() {
        assert_eq!(hours(&["mon"], "18:00", "09:00").check(), Err("18:00 is not before 09:00".to_owned()));
        assert!(hours(&["Monday"], "09:00", "10:00").check().is_err());
        assert!(hours(&["sun"], "00:00", "24:00").check().is_ok());
    }
}
