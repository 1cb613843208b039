//! Phrases as customers write them, read on Friday 20 November 2026, 10:00 in London.

use serde_json::Value;

use super::super::{FieldSpec, FieldType, Setting, parse};
use crate::base::Timestamp;

fn setting(locale: &str) -> Setting {
    Setting {
        now: "2026-11-20T10:00:00Z".parse().unwrap_or(Timestamp::from_micros(0)),
        zone: jiff::tz::TimeZone::get("Europe/London").unwrap_or(jiff::tz::TimeZone::UTC),
        country: "GB".to_owned(),
        locale: locale.to_owned(),
        currency: "GBP".to_owned(),
    }
}

fn read(kind: FieldType, text: &str, locale: &str) -> Option<String> {
    let spec = FieldSpec::new("when", "When", kind);
    match parse(&spec, text, &setting(locale)) {
        Ok(Value::String(value)) => Some(value),
        _ => None,
    }
}

fn check(kind: FieldType, rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(text, wanted)| {
            let got = read(kind, text, "en-GB");
            (got.as_deref() != Some(*wanted)).then(|| format!("{text:?}: wanted {wanted}, got {got:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn days_are_read() {
    check(
        FieldType::Date,
        &[
            ("today", "2026-11-20"),
            ("tonight", "2026-11-20"),
            ("tomorrow", "2026-11-21"),
            ("tmrw please", "2026-11-21"),
            ("the day after tomorrow", "2026-11-22"),
            ("yesterday", "2026-11-19"),
            ("monday", "2026-11-23"),
            ("friday", "2026-11-27"),
            ("this saturday", "2026-11-21"),
            ("next friday", "2026-11-27"),
            ("next wednesday", "2026-11-25"),
            ("wednesday next week", "2026-11-25"),
            ("next week on thursday", "2026-11-26"),
            ("this weekend", "2026-11-21"),
            ("in 3 days", "2026-11-23"),
            ("in three days' time", "2026-11-23"),
            ("ten days from now", "2026-11-30"),
            ("in two weeks", "2026-12-04"),
            ("a week from today", "2026-11-27"),
            ("a month from now", "2026-12-20"),
            ("two weeks ago", "2026-11-06"),
            ("12 December", "2026-12-12"),
            ("December 12th", "2026-12-12"),
            ("3rd of March", "2027-03-03"),
            ("the 3rd of March 2027", "2027-03-03"),
            ("March 3, 2027", "2027-03-03"),
            ("Sept. 9", "2027-09-09"),
            ("the twenty-first of December", "2026-12-21"),
            ("the 14th", "2026-12-14"),
            ("the 25th", "2026-11-25"),
            ("Wednesday the 25th", "2026-11-25"),
            ("25th of this month", "2026-11-25"),
            ("5th of next month", "2026-12-05"),
            ("2026-12-24", "2026-12-24"),
            ("2026/12/24", "2026-12-24"),
            ("24/12/2026", "2026-12-24"),
            ("24/12", "2026-12-24"),
            ("24.12.2026", "2026-12-24"),
            ("3/4/27", "2027-04-03"),
            ("Sun, 05 Aug 2018", "2018-08-05"),
            ("Tuesday, August 14th, 2018", "2018-08-14"),
            ("Mon., 31 Dec 2018", "2018-12-31"),
            ("29 February", "2028-02-29"),
            ("New Year's Eve", "2026-12-31"),
            ("christmas day", "2026-12-25"),
            ("el 3 de marzo", "2027-03-03"),
            ("3 de março de 2027", "2027-03-03"),
            ("morgen", "2026-11-21"),
            ("demain", "2026-11-21"),
        ],
    );
}

#[test]
fn the_locale_orders_day_and_month() {
    assert_eq!(read(FieldType::Date, "3/4/2027", "en-US").as_deref(), Some("2027-03-04"));
    assert_eq!(read(FieldType::Date, "3/4/2027", "en-GB").as_deref(), Some("2027-04-03"));
    assert_eq!(read(FieldType::Date, "24/12/2026", "en-US").as_deref(), Some("2026-12-24"));
}

#[test]
fn times_are_read() {
    check(
        FieldType::Time,
        &[
            ("7:30pm", "19:30"),
            ("tomorrow at 7:30pm", "19:30"),
            ("7.30 pm", "19:30"),
            ("7:30 p.m.", "19:30"),
            ("19:30", "19:30"),
            ("07:30", "07:30"),
            ("07:30pm", "19:30"),
            ("0730pm", "19:30"),
            ("8pm", "20:00"),
            ("8 am", "08:00"),
            ("12 am", "00:00"),
            ("12pm", "12:00"),
            ("12:15", "12:15"),
            ("noon", "12:00"),
            ("midday", "12:00"),
            ("12 noon", "12:00"),
            ("midnight", "00:00"),
            ("half past six", "18:30"),
            ("half-past 6", "18:30"),
            ("half six", "18:30"),
            ("half past 9 in the morning", "09:30"),
            ("quarter to eight", "19:45"),
            ("quarter past 4 in the evening", "16:15"),
            ("ten to nine", "08:50"),
            ("six past nine", "09:06"),
            ("twenty minutes past five", "17:20"),
            ("8 o'clock", "08:00"),
            ("8 o'clock in the evening", "20:00"),
            ("eight in the evening", "20:00"),
            ("evening 6:15", "18:15"),
            ("afternoon 2:15", "14:15"),
            ("night at 8:15", "20:15"),
            ("five pm", "17:00"),
            ("seven thirty", "19:30"),
            ("at 7", "19:00"),
            ("at 7 in the morning", "07:00"),
            ("tonight at 9", "21:00"),
            ("7ish", "19:00"),
            ("30 minutes before 12pm", "11:30"),
            ("2215", "22:15"),
            ("1830 hrs", "18:30"),
            ("14hr", "14:00"),
            ("in two hours", "12:00"),
            ("in half an hour", "10:30"),
            ("4", "16:00"),
        ],
    );
}

#[test]
fn moments_are_read() {
    check(
        FieldType::Datetime,
        &[
            ("Friday at half past six", "2026-11-27T18:30:00+00:00"),
            ("tomorrow at 7:30pm", "2026-11-21T19:30:00+00:00"),
            ("next friday at 8pm", "2026-11-27T20:00:00+00:00"),
            ("friday 7pm", "2026-11-27T19:00:00+00:00"),
            ("saturday evening", "2026-11-21T19:00:00+00:00"),
            ("tonight", "2026-11-20T19:00:00+00:00"),
            ("tonight at 8", "2026-11-20T20:00:00+00:00"),
            ("the day after tomorrow at noon", "2026-11-22T12:00:00+00:00"),
            ("in two hours", "2026-11-20T12:00:00+00:00"),
            ("12 December at noon", "2026-12-12T12:00:00+00:00"),
            ("3rd of March 20:00", "2027-03-03T20:00:00+00:00"),
            ("24/12 at 6pm", "2026-12-24T18:00:00+00:00"),
            ("2026-12-24 18:00", "2026-12-24T18:00:00+00:00"),
            ("8pm", "2026-11-20T20:00:00+00:00"),
            ("9 in the morning", "2026-11-21T09:00:00+00:00"),
            ("1 July at 10:00", "2027-07-01T10:00:00+01:00"),
            ("at 10am on Monday", "2026-11-23T10:00:00+00:00"),
            ("2026-12-24T18:00:00Z", "2026-12-24T18:00:00+00:00"),
        ],
    );
}

#[test]
fn lengths_are_read() {
    check(
        FieldType::Duration,
        &[
            ("two hours", "PT2H"),
            ("an hour and a half", "PT1H30M"),
            ("1 hour 30 minutes", "PT1H30M"),
            ("90 min", "PT1H30M"),
            ("half an hour", "PT30M"),
            ("two and a half hours", "PT2H30M"),
            ("3 nights", "P3D"),
            ("a week", "P7D"),
            ("two weeks", "P14D"),
            ("6 months", "P6M"),
            ("a fortnight", "P14D"),
            ("PT45M", "PT45M"),
        ],
    );
}

#[test]
fn what_is_no_date_or_time_stays_unread() {
    for text in [
        "",
        "soon",
        "the 30th Street Station",
        "10.5.2",
        "12/13/14/15",
        "second thoughts",
        "may be",
        "99/99/2026",
    ] {
        assert_eq!(read(FieldType::Date, text, "en-GB"), None, "{text}");
    }
    for text in ["", "later", "25:00", "7:99", "£7.50", "5 stars", "3/4", "1,200"] {
        assert_eq!(read(FieldType::Time, text, "en-GB"), None, "{text}");
    }
}
