//! What is used and what may be.

use crate::base::Timestamp;
use crate::config::Models as Limits;
use crate::ports::db::FromRow;

/// A workspace's own settings about models.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Settings {
    /// Whether models draft here at all.
    pub enabled: bool,
    /// Tokens in a day, if less than the hub allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<i64>,
    /// Whether the hub's providers follow when the business's own do not answer.
    pub hub_too: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, tokens_per_day: None, hub_too: true }
    }
}

/// How much of models a workspace may use now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether models draft here at all.
    pub enabled: bool,
    /// Tokens that are left of today.
    pub left: i64,
}

/// What calls used together.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// How many there were.
    pub calls: i64,
    /// Of these, how many answered.
    pub answered: i64,
    /// Tokens they were given.
    pub prompt_tokens: i64,
    /// Tokens they answered.
    pub answer_tokens: i64,
    /// What they cost, in millionths of the currency.
    pub cost: i64,
}

/// What one intent used.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct OfIntent {
    /// The intent; absent for none of the known ones, and for tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// What it used.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub totals: Totals,
}

/// What a workspace used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Overview {
    /// Today (UTC).
    pub today: Totals,
    /// In the last 30 days, today among them.
    pub month: Totals,
    /// These 30 days by intent, the most expensive first.
    pub by_intent: Vec<OfIntent>,
}

/// One call of a model.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct UseRow {
    /// The provider's name in the settings.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// Names what it was given.
    pub prompt_hash: String,
    /// Tokens it was given.
    pub prompt_tokens: i64,
    /// Tokens it answered.
    pub answer_tokens: i64,
    /// The server did not count: they are estimated.
    pub estimated: bool,
    /// What it cost, in millionths of the currency.
    pub cost: i64,
    /// Milliseconds until its first word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<i64>,
    /// Milliseconds in all.
    pub ms: i64,
    /// "answered", or why not.
    pub outcome: String,
    /// When it was noted.
    pub created_at: Timestamp,
}

/// The smaller limit of the hub's and the workspace's own, less what was used.
pub(super) fn allowance(settings: &Settings, limits: &Limits, used: &Totals) -> Allowance {
    let of_hub = match limits.tokens_per_day {
        0 => i64::MAX,
        some => i64::try_from(some).unwrap_or(i64::MAX),
    };
    let most = settings.tokens_per_day.unwrap_or(i64::MAX).min(of_hub);
    let left = most.saturating_sub(used.prompt_tokens).saturating_sub(used.answer_tokens).max(0);
    Allowance { enabled: settings.enabled, left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_holds() {
        let mut limits = crate::config::Config::defaults().models;
        let used = Totals { prompt_tokens: 600, answer_tokens: 50, ..Totals::default() };
        let left = |own: Option<i64>, limits: &Limits| {
            allowance(&Settings { tokens_per_day: own, ..Settings::default() }, limits, &used).left
        };
        limits.tokens_per_day = 1_000;
        assert_eq!(
            (left(None, &limits), left(Some(700), &limits), left(Some(9_000), &limits)),
            (350, 50, 350)
        );
        assert_eq!(left(Some(10), &limits), 0);
        limits.tokens_per_day = 0;
        assert_eq!(left(None, &limits), i64::MAX - 650);
    }
}
