//! When people are there.

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

    #[test]
    fn wrong_hours_are_explained() {
        assert_eq!(hours(&["mon"], "18:00", "09:00").check(), Err("18:00 is not before 09:00".to_owned()));
        assert!(hours(&["Monday"], "09:00", "10:00").check().is_err());
        assert!(hours(&["sun"], "00:00", "24:00").check().is_ok());
    }
}
