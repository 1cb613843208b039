//! A recorded day: when customers came to a business, and when they wrote what; to be played again, faster
//! or slower than it was.
//!
//! A recording holds texts that customers wrote. It is as private as the store it comes from.

use std::time::Duration;

use crate::base::{ActorKind, ConversationId, Timestamp};
use crate::client::{Error, Http};
use crate::http::Page;
use crate::load::world::timeline;
use crate::protocol::ConversationSummary;

/// Conversations that are read at once.
const PAGE: i64 = 200;

/// A visit within a recording.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedVisit {
    /// The customer's first message, in milliseconds from the start of the recording.
    pub at_ms: u64,
    /// Everything they wrote.
    pub messages: Vec<RecordedMessage>,
}

/// A message within a recording.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedMessage {
    /// In milliseconds from the start of the visit.
    pub after_ms: u64,
    /// What was written; empty for a message that was only files.
    pub text: String,
}

/// A recorded day, visits in the order in which they began.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The business's slug.
    pub workspace: String,
    /// When it begins.
    pub from: Timestamp,
    /// Who came.
    pub visits: Vec<RecordedVisit>,
}

impl Recording {
    /// Reads what customers wrote from `from` on, for so long, as a colleague of the business may read it.
    ///
    /// # Errors
    ///
    /// If the hub cannot be reached or refuses.
    pub async fn of(
        hub: &Http,
        workspace: &str,
        from: Timestamp,
        length: Duration,
    ) -> Result<Recording, Error> {
        let until = from.after(length);
        let mut visits = Vec::new();
        for conversation in conversations(hub, from).await? {
            let entries = timeline(hub, conversation).await?;
            let theirs = entries.into_iter().filter(|entry| {
                entry.actor.kind() == ActorKind::Contact
                    && entry.content.is_message()
                    && (from..until).contains(&entry.at)
            });
            let said: Vec<(Timestamp, String)> =
                theirs.map(|entry| (entry.at, entry.body.unwrap_or_default())).collect();
            let Some((began, _)) = said.first().cloned() else { continue };
            let message =
                |(at, text): (Timestamp, String)| RecordedMessage { after_ms: millis(at.since(began)), text };
            let messages = said.into_iter().map(message).collect();
            visits.push(RecordedVisit { at_ms: millis(began.since(from)), messages });
        }
        visits.sort_by_key(|visit| visit.at_ms);
        // It begins with the first of them: nobody waits through a night.
        let silence = visits.first().map_or(0, |first| first.at_ms);
        visits.iter_mut().for_each(|visit| visit.at_ms -= silence);
        let from = from.after(Duration::from_millis(silence));
        Ok(Recording { workspace: workspace.to_owned(), from, visits })
    }

    /// The same day, so many times as fast.
    #[must_use]
    pub fn at_speed(mut self, speed: f64) -> Recording {
        let faster = |time: &mut u64| {
            let scaled = Duration::from_millis(*time).div_f64(speed);
            *time = millis(scaled);
        };
        for visit in &mut self.visits {
            faster(&mut visit.at_ms);
            visit.messages.iter_mut().for_each(|message| faster(&mut message.after_ms));
        }
        self
    }

    /// From its start to the last message.
    pub fn length(&self) -> Duration {
        let ends = self
            .visits
            .iter()
            .map(|visit| visit.at_ms + visit.messages.last().map_or(0, |message| message.after_ms));
        Duration::from_millis(ends.max().unwrap_or(0))
    }

    /// From the first message of a visit to its last, for the longest visit.
    pub(super) fn longest_visit(&self) -> Duration {
        let lengths = self.visits.iter().filter_map(|visit| visit.messages.last());
        Duration::from_millis(lengths.map(|last| last.after_ms).max().unwrap_or(0))
    }

    /// Every `of`-th visit, from number `which` on: what one of several processes plays.
    #[must_use]
    pub fn share(mut self, which: usize, of: usize) -> Recording {
        self.visits = self.visits.into_iter().skip(which).step_by(of.max(1)).collect();
        self
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Conversations that were written in since then, whatever became of them.
async fn conversations(hub: &Http, since: Timestamp) -> Result<Vec<ConversationId>, Error> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let at = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let path = format!("/v1/conversations?view=all&limit={PAGE}{at}");
        let page: Page<ConversationSummary> = hub.get(&path).await?;
        let recent = page.items.iter().filter(|conversation| {
            conversation.last_message.as_ref().is_some_and(|message| message.at >= since)
        });
        found.extend(recent.map(|conversation| conversation.id));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        let visit = |at_ms, times: &[u64]| RecordedVisit {
            at_ms,
            messages: times
                .iter()
                .map(|after_ms| RecordedMessage { after_ms: *after_ms, text: "Hello".to_owned() })
                .collect(),
        };
        let visits = vec![visit(1_000, &[0, 60_000]), visit(5_000, &[0]), visit(9_000, &[0, 500, 9_000])];
        Recording { workspace: "shop".to_owned(), from: Timestamp::from_micros(0), visits }
    }

    #[test]
    fn a_day_is_played_faster_with_everything_in_its_place() {
        let day = recording();
        assert_eq!(day.length(), Duration::from_secs(61));
        let fast = day.clone().at_speed(10.0);
        assert_eq!(fast.length(), Duration::from_millis(6_100));
        assert_eq!(fast.longest_visit(), Duration::from_secs(6));
        assert_eq!(fast.visits[2].messages[1].after_ms, 50);
        assert_eq!(day.at_speed(0.5).visits[0].at_ms, 2_000);
    }

    #[test]
    fn processes_share_a_day_without_a_visit_twice() {
        let shares = [recording().share(0, 2), recording().share(1, 2)];
        let mut all: Vec<u64> =
            shares.iter().flat_map(|share| &share.visits).map(|visit| visit.at_ms).collect();
        all.sort_unstable();
        assert_eq!(all, [1_000, 5_000, 9_000]);
    }
}
