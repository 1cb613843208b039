//! Where and when a message is read: the clock, the zone, the country and the habits of a locale.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::base::Timestamp;

/// What reading a text depends on besides the text.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The workspace's clock.
    pub now: Timestamp,
    /// The workspace's zone.
    pub zone: TimeZone,
    /// ISO 3166 code of the workspace's country: `GB`.
    pub country: String,
    /// BCP 47 tag of the workspace's language: `en-GB`.
    pub locale: String,
    /// ISO 4217 code of money named without a currency: `GBP`.
    pub currency: String,
}

impl Setting {
    /// The wall clock of the workspace.
    pub fn local_now(&self) -> Zoned {
        self.now.to_jiff().to_zoned(self.zone.clone())
    }

    /// True where "3/4" is the fourth of March.
    pub fn month_first(&self) -> bool {
        month_first(&self.locale)
    }
}

/// True for locales that write the month before the day.
pub(super) fn month_first(locale: &str) -> bool {
    let tag = locale.replace('_', "-").to_ascii_lowercase();
    matches!(tag.as_str(), "en" | "en-us" | "en-ph" | "es-us" | "es-pa")
}

/// True for locales that write a decimal comma.
pub(super) fn decimal_comma(locale: &str) -> bool {
    let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        language.as_str(),
        "de" | "fr" | "es" | "pt" | "it" | "nl" | "da" | "sv" | "nb" | "fi" | "pl" | "ru"
    ) && !matches!(locale, "de-CH" | "es-MX" | "es-US")
}
