//! How long customers lately waited for a first answer: what the widget may honestly promise.

use std::time::Duration;

use crate::base::Timestamp;
use crate::fetch_all;
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::workspaces::{Settings, is_open};

/// The days that are looked at.
const LATELY: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The newest conversations that are looked at.
const LOOKED_AT: i64 = 100;

/// Fewer waits say nothing.
const ENOUGH: usize = 5;

/// Minutes that are promised; a wait is rounded up to one of them.
const STEPS: &[u64] = &[1, 2, 3, 5, 10, 15, 20, 30, 45, 60];

/// The longest promise, in hours.
const MOST_HOURS: u64 = 12;

/// A span of time as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
}

/// A first message and the first answer to it, if there is one.
#[derive(Debug, Clone, Copy, FromRow)]
struct Wait {
    asked_at: Timestamp,
    answered_at: Option<Timestamp>,
}

/// How soon a first answer usually comes while the business is open: half of the newest were quicker.
/// Nothing while there are too few to say.
pub async fn usual_wait(cx: &Cx, tx: &mut Tx, settings: &Settings) -> Result<Option<(u64, Unit)>, DbError> {
    let waits = fetch_all!(
        tx,
        Wait,
        "SELECT first.created_at AS asked_at,
                (SELECT answer.created_at FROM entries answer
                 WHERE answer.workspace_id = $1 AND answer.conversation_id = first.conversation_id
                   AND answer.seq > first.seq AND answer.kind = 'message' AND answer.actor_kind <> 'contact'
                 ORDER BY answer.seq LIMIT 1) AS answered_at
         FROM conversations
         JOIN entries first ON first.workspace_id = $1 AND first.conversation_id = conversations.id
              AND first.seq = (SELECT one.seq FROM entries one
                               WHERE one.workspace_id = $1 AND one.conversation_id = conversations.id
                                 AND one.kind = 'message' AND one.actor_kind = 'contact'
                               ORDER BY one.seq LIMIT 1)
         WHERE conversations.workspace_id = $1 AND conversations.updated_at >= $2 AND first.created_at >= $2
         ORDER BY conversations.updated_at DESC LIMIT $3",
        cx.workspace,
        cx.now.before(LATELY),
        LOOKED_AT,
    )?;
    Ok(usual(settings, &waits, cx.now))
}

fn usual(settings: &Settings, waits: &[Wait], now: Timestamp) -> Option<(u64, Unit)> {
    let mut spans: Vec<Duration> = waits
        .iter()
        .filter(|wait| is_open(settings, wait.asked_at))
        // Who still waits has waited at least so long; leaving them out would flatter.
        .map(|wait| wait.answered_at.unwrap_or(now).since(wait.asked_at))
        .collect();
    if spans.len() < ENOUGH {
        return None;
    }
    spans.sort_unstable();
    let minutes = spans[spans.len() / 2].as_secs().div_ceil(60).max(1);
    match STEPS.iter().find(|step| minutes <= **step) {
        Some(60) | None => {
            let hours = minutes.div_ceil(60);
            (hours <= MOST_HOURS).then_some((hours, Unit::Hour))
        }
        Some(step) => Some((*step, Unit::Minute)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(hours: serde_json::Value) -> Settings {
        serde_json::from_value(serde_json::json!({
            "timezone": "Europe/London", "locale": "en-GB", "country": "GB", "currency": "GBP",
            "accent": "#0d5c49", "assistant_name": "Pia", "greeting": "Hello", "starters": [],
            "hours": hours, "undo_seconds": 5, "allowed_origins": [],
        }))
        .expect("settings")
    }

    /// Waits of so many seconds, on a Monday from 10:00.
    fn waits(seconds: &[i64]) -> Vec<Wait> {
        let asked_at: Timestamp = "2026-11-16T10:00:00Z".parse().expect("a time");
        let later = |by: i64| Timestamp::from_micros(asked_at.as_micros() + by * 1_000_000);
        seconds.iter().map(|one| Wait { asked_at, answered_at: (*one >= 0).then(|| later(*one)) }).collect()
    }

    fn said(seconds: &[i64]) -> Option<(u64, Unit)> {
        let now = "2026-11-16T15:00:00Z".parse().expect("a time");
        usual(&settings(serde_json::json!([])), &waits(seconds), now)
    }

    #[test]
    fn half_were_quicker_and_the_promise_is_rounded_up() {
        assert_eq!(said(&[10, 20, 30, 40]), None, "too few");
        assert_eq!(said(&[10, 20, 30, 40, 50]), Some((1, Unit::Minute)));
        assert_eq!(said(&[10, 10, 241, 900, 900]), Some((5, Unit::Minute)));
        assert_eq!(said(&[2_800; 5]), Some((1, Unit::Hour)));
        assert_eq!(said(&[3_601; 5]), Some((2, Unit::Hour)));
        assert_eq!(said(&[50_000; 5]), None, "nothing is promised for the day after");
    }

    #[test]
    fn who_still_waits_counts_and_who_asked_at_night_does_not() {
        // Three of five wait since five hours.
        assert_eq!(said(&[10, 10, -1, -1, -1]), Some((5, Unit::Hour)));
        let closed = settings(serde_json::json!([{ "days": ["tue"], "from": "09:00", "to": "17:00" }]));
        let now = "2026-11-16T15:00:00Z".parse().expect("a time");
        assert_eq!(usual(&closed, &waits(&[10; 9]), now), None);
    }
}
