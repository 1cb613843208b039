//! What a workspace is.

use crate::base::{Timestamp, WorkspaceId, clean_text};
use crate::workspaces::{Error, Hours};

/// A business.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Workspace {
    /// Its identifier.
    pub id: WorkspaceId,
    /// The word in its addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Key of the agent that drafts for it.
    pub agent: String,
    /// What its people can change.
    #[serde(flatten)]
    pub settings: Settings,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What a workspace's people can change.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Settings {
    /// IANA time zone, such as `Europe/London`.
    pub timezone: String,
    /// Language and region, such as `en-GB`.
    pub locale: String,
    /// Two-letter country, for telephone numbers.
    pub country: String,
    /// Three-letter currency.
    pub currency: String,
    /// Accent colour, `#rrggbb`.
    pub accent: String,
    /// Name the agent shows to customers.
    pub assistant_name: String,
    /// First words of an empty conversation.
    pub greeting: String,
    /// Up to three things a customer can tap to begin.
    pub starters: Vec<String>,
    /// When people are there.
    pub hours: Vec<Hours>,
    /// Seconds in which an approval can be taken back.
    pub undo_seconds: u32,
    /// Origins whose pages may embed the widget, beside the hub's own; empty: any.
    pub allowed_origins: Vec<String>,
    /// How far its owner was led through the set-up; absent: it came ready, there is nothing to be led through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
}

/// The steps a new workspace's owner is led through; what is absent is still to come.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Name, time zone and hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<StepState>,
    /// Who drafts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<StepState>,
    /// The first document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knowledge: Option<StepState>,
    /// The widget's look, and the line for the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget: Option<StepState>,
    /// Colleagues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<StepState>,
    /// A first conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<StepState>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It was taken.
    Done,
    /// It was left for later.
    Skipped,
}

impl Setup {
    fn steps(&mut self) -> [&mut Option<StepState>; 6] {
        let Setup { business, agent, knowledge, widget, team, trial } = self;
        [business, agent, knowledge, widget, team, trial]
    }

    /// Whether every step was taken or left.
    pub fn is_finished(&self) -> bool {
        self.clone().steps().iter().all(|step| step.is_some())
    }

    fn merge(&mut self, mut news: Setup) {
        for (step, new) in self.steps().into_iter().zip(news.steps()) {
            *step = new.or(*step);
        }
    }
}

/// A workspace to be created.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// The word in its addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Key of its agent.
    pub agent: String,
    /// Everything else.
    pub settings: Settings,
}

/// Changes to a workspace: what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in Settings and Workspace")]
pub struct SettingsChange {
    pub name: Option<String>,
    pub timezone: Option<String>,
    pub locale: Option<String>,
    pub accent: Option<String>,
    pub assistant_name: Option<String>,
    pub greeting: Option<String>,
    pub starters: Option<Vec<String>>,
    pub hours: Option<Vec<Hours>>,
    pub undo_seconds: Option<u32>,
    pub allowed_origins: Option<Vec<String>>,
    /// Steps of the set-up that were taken or left now; the others stay.
    pub setup: Option<Setup>,
}

/// Longest name and longest text that customers see, in characters.
const MAX_NAME: usize = 100;
const MAX_TEXT: usize = 500;

impl SettingsChange {
    /// Cleans the texts; names may not be empty.
    pub(super) fn clean(mut self) -> Result<Self, Error> {
        clean("name", &mut self.name, MAX_NAME)?;
        clean("locale", &mut self.locale, MAX_NAME)?;
        clean("assistant_name", &mut self.assistant_name, MAX_NAME)?;
        clean("greeting", &mut self.greeting, MAX_TEXT)?;
        for starter in self.starters.iter_mut().flatten() {
            *starter = cleaned("starters", starter, MAX_TEXT)?;
        }
        Ok(self)
    }

    pub(super) fn apply(self, workspace: &mut Workspace) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut workspace.name, self.name);
        let settings = &mut workspace.settings;
        set(&mut settings.timezone, self.timezone);
        set(&mut settings.locale, self.locale);
        set(&mut settings.accent, self.accent);
        set(&mut settings.assistant_name, self.assistant_name);
        set(&mut settings.greeting, self.greeting);
        set(&mut settings.starters, self.starters);
        set(&mut settings.hours, self.hours);
        set(&mut settings.undo_seconds, self.undo_seconds);
        set(&mut settings.allowed_origins, self.allowed_origins);
        if let Some(steps) = self.setup {
            settings.setup.get_or_insert_default().merge(steps);
        }
    }
}

fn clean(field: &'static str, text: &mut Option<String>, limit: usize) -> Result<(), Error> {
    if let Some(text) = text {
        *text = cleaned(field, text, limit)?;
    }
    Ok(())
}

fn cleaned(field: &'static str, text: &str, limit: usize) -> Result<String, Error> {
    match clean_text(text, limit) {
        Ok(text) => Ok(text.into_string()),
        Err(fault) => Err(Error::Invalid { field, problem: fault.to_string() }),
    }
}

impl Settings {
    /// The time zone.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.timezone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let invalid = |field, problem: String| Err(Error::Invalid { field, problem });
        if jiff::tz::TimeZone::get(&self.timezone).is_err() {
            return invalid(
                "timezone",
                format!("{:?} is not an IANA time zone such as Europe/London", self.timezone),
            );
        }
        let colour = self.accent.strip_prefix('#').unwrap_or_default();
        if colour.len() != 6 || !colour.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return invalid("accent", format!("{:?} is not a colour such as #0d5c49", self.accent));
        }
        if contrast_with_white(colour) < MIN_CONTRAST {
            return invalid(
                "accent",
                format!("{} is too pale: white text on it could not be read", self.accent),
            );
        }
        if self.starters.len() > 3 {
            return invalid("starters", "at most three fit on a phone".to_owned());
        }
        if self.undo_seconds > 60 {
            return invalid("undo_seconds", "customers should not wait longer than 60 seconds".to_owned());
        }
        for hours in &self.hours {
            hours.check().map_err(|problem| Error::Invalid { field: "hours", problem })?;
        }
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return invalid(
                "allowed_origins",
                format!("{origin:?} is not an origin such as https://shop.example"),
            );
        }
        Ok(())
    }
}

/// WCAG 2.2, 1.4.3: contrast of normal text.
const MIN_CONTRAST: f64 = 4.5;

/// Contrast ratio of white text on a colour of six hex digits (WCAG 2.2, relative luminance).
fn contrast_with_white(hex: &str) -> f64 {
    let channel = |range: std::ops::Range<usize>| {
        let value = f64::from(u8::from_str_radix(&hex[range], 16).unwrap_or(0)) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(0..2) + 0.7152 * channel(2..4) + 0.0722 * channel(4..6);
    1.05 / (luminance + 0.05)
}

fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    !rest.is_empty()
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_follows_the_standard() {
        assert!((contrast_with_white("000000") - 21.0).abs() < 0.01);
        assert!((contrast_with_white("ffffff") - 1.0).abs() < 0.01);
        assert!((contrast_with_white("767676") - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_step_that_was_taken_stays_taken() {
        let mut setup = Setup { business: Some(StepState::Done), ..Setup::default() };
        setup.merge(Setup { agent: Some(StepState::Skipped), ..Setup::default() });
        assert_eq!(setup.business, Some(StepState::Done));
        assert!(!setup.is_finished());
        let rest = Some(StepState::Skipped);
        setup.merge(Setup { knowledge: rest, widget: rest, team: rest, trial: rest, ..Setup::default() });
        assert!(setup.is_finished());
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(is_origin("https://shop.example") && is_origin("http://localhost:3000"));
        assert!(
            !is_origin("https://shop.example/path")
                && !is_origin("shop.example")
                && !is_origin("https://a@b")
        );
    }
}
