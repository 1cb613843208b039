//! The history checker: whether what visitors and staff were told is what is stored.
//!
//! It judges by what each of them wrote down: what they sent, what was acknowledged, and every entry that
//! reached them, line by line. A line is one connection; on it entries come in order and each names the one
//! before it, so a hole shows without asking the store.

use std::collections::{BTreeMap, HashMap};

use crate::base::ConversationId;
use crate::protocol::Entry;

/// What went wrong with a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An acknowledged message is not stored, or not where the acknowledgement said.
    Lost,
    /// A message was sent and neither acknowledged nor refused, on a connection that lived.
    Unanswered,
    /// A message is stored twice, or an entry came twice on one line.
    Doubled,
    /// An entry came before one it follows.
    Disordered,
    /// An entry never reached somebody who was there.
    Missed,
    /// An entry of a conversation that was not followed.
    Foreign,
    /// An entry came that is not stored, or with another text.
    Provisional,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] = [
        Kind::Lost,
        Kind::Unanswered,
        Kind::Doubled,
        Kind::Disordered,
        Kind::Missed,
        Kind::Foreign,
        Kind::Provisional,
    ];

    /// Its name in reports and thresholds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Lost => "lost",
            Kind::Unanswered => "unanswered",
            Kind::Doubled => "doubled",
            Kind::Disordered => "disordered",
            Kind::Missed => "missed",
            Kind::Foreign => "foreign",
            Kind::Provisional => "provisional",
        }
    }
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Violation {
    /// What kind of thing.
    pub kind: Kind,
    /// Where, in words.
    pub says: String,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not known yet.
    Open,
    /// Stored at this position, the hub says.
    Acked(i64),
    /// The hub refused it.
    Refused,
}

/// What somebody wrote down of one conversation.
#[derive(Debug, Default)]
pub struct History {
    conversation: Option<ConversationId>,
    sent: BTreeMap<String, Fate>,
    seen: BTreeMap<i64, Option<String>>,
    /// The last entry on the line that is open now.
    last: i64,
    violations: Vec<Violation>,
}

impl History {
    /// Of a conversation that is known already.
    pub fn of(conversation: ConversationId) -> History {
        History { conversation: Some(conversation), ..History::default() }
    }

    /// The conversation, once it is known.
    pub fn conversation(&self) -> Option<ConversationId> {
        self.conversation
    }

    /// Notes which conversation it is, as the hub says before anything was acknowledged.
    pub fn follows(&mut self, conversation: ConversationId) {
        let known = *self.conversation.get_or_insert(conversation);
        if known != conversation {
            self.wrong(Kind::Foreign, format!("{conversation} is followed instead of {known}"));
        }
    }

    /// The last entry that was seen.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Notes a message on its way.
    pub fn sends(&mut self, client_id: &str) {
        self.sent.entry(client_id.to_owned()).or_insert(Fate::Open);
    }

    /// Notes an acknowledgement.
    pub fn acked(&mut self, client_id: &str, conversation: ConversationId, seq: i64) {
        let known = *self.conversation.get_or_insert(conversation);
        if known != conversation {
            self.wrong(Kind::Foreign, format!("{client_id} was put into {conversation}, not {known}"));
        }
        match self.sent.insert(client_id.to_owned(), Fate::Acked(seq)) {
            Some(Fate::Acked(before)) if before != seq => {
                self.wrong(Kind::Doubled, format!("{client_id} was acknowledged at {before} and at {seq}"));
            }
            _ => {}
        }
    }

    /// Notes a refusal.
    pub fn refused(&mut self, client_id: &str) {
        self.sent.insert(client_id.to_owned(), Fate::Refused);
    }

    /// Notes entries that were read when joining after `after`.
    pub fn reads(&mut self, after: i64, entries: &[Entry]) {
        self.last = after;
        for entry in entries {
            if entry.seq <= self.last {
                self.wrong(Kind::Disordered, format!("{} was read after {}", entry.seq, self.last));
            }
            self.take(entry);
        }
    }

    /// Notes an entry that came by itself.
    pub fn hears(&mut self, conversation: ConversationId, entry: &Entry) {
        if self.conversation != Some(conversation) {
            self.wrong(
                Kind::Foreign,
                format!("{conversation} was heard, {:?} is followed", self.conversation),
            );
            return;
        }
        if entry.seq == self.last {
            self.wrong(Kind::Doubled, format!("{} came twice on one line", entry.seq));
        } else if entry.seq < self.last {
            self.wrong(Kind::Disordered, format!("{} came after {}", entry.seq, self.last));
        } else if entry.prev != self.last {
            self.wrong(
                Kind::Missed,
                format!("{} follows {}, but {} was the last to come", entry.seq, entry.prev, self.last),
            );
        }
        self.take(entry);
    }

    fn take(&mut self, entry: &Entry) {
        self.last = self.last.max(entry.seq);
        self.seen.insert(entry.seq, entry.body.clone());
    }

    fn wrong(&mut self, kind: Kind, says: String) {
        let says = format!("{}: {says}", self.conversation.map_or_else(String::new, |id| id.to_string()));
        self.violations.push(Violation { kind, says });
    }

    /// Compares everything with what is stored, for somebody who may see `stored` and was there until they
    /// had seen `last`.
    pub fn judge(mut self, stored: &[Entry]) -> Vec<Violation> {
        let mut places: HashMap<&str, i64> = HashMap::new();
        let mut doubled = Vec::new();
        for entry in stored {
            if let Some(client_id) = entry.client_id.as_deref()
                && let Some(before) = places.insert(client_id, entry.seq)
            {
                doubled.push(format!("{client_id} is stored at {before} and at {}", entry.seq));
            }
        }
        doubled.into_iter().for_each(|says| self.wrong(Kind::Doubled, says));
        for (client_id, fate) in std::mem::take(&mut self.sent) {
            let place = places.get(client_id.as_str()).copied();
            match fate {
                Fate::Acked(seq) if place != Some(seq) => {
                    self.wrong(
                        Kind::Lost,
                        format!("{client_id} was acknowledged at {seq}, stored: {place:?}"),
                    );
                }
                Fate::Open => {
                    self.wrong(Kind::Unanswered, format!("{client_id} got no answer; stored: {place:?}"))
                }
                Fate::Acked(_) | Fate::Refused => {}
            }
        }
        let bodies: BTreeMap<i64, &Option<String>> =
            stored.iter().map(|entry| (entry.seq, &entry.body)).collect();
        let (last, seen) = (self.last, std::mem::take(&mut self.seen));
        for (seq, body) in &seen {
            if bodies.get(seq).is_none_or(|stored| *stored != body) {
                self.wrong(Kind::Provisional, format!("{seq} was shown and is not stored like that"));
            }
        }
        for seq in bodies.keys().filter(|seq| **seq <= last && !seen.contains_key(seq)) {
            self.wrong(Kind::Missed, format!("{seq} is stored and was never shown"));
        }
        self.violations
    }
}

#[cfg(test)]
mod tests {
    use crate::base::{Actor, Audience, Timestamp};
    use crate::protocol::Content;

    use super::*;

    fn id(last: char) -> ConversationId {
        let text = format!("cnv_0000000000000000000000000{last}");
        serde_json::from_value(serde_json::Value::String(text)).expect("an identifier")
    }

    fn entry(seq: i64, prev: i64, client_id: Option<&str>) -> Entry {
        Entry {
            seq,
            prev,
            audience: Audience::Everyone,
            actor: Actor::System,
            author: String::new(),
            body: Some(format!("body {seq}")),
            content: Content::Message { files: Vec::new(), draft: None },
            client_id: client_id.map(str::to_owned),
            at: Timestamp::from_micros(seq),
        }
    }

    fn stored() -> Vec<Entry> {
        vec![entry(1, 0, Some("a")), entry(3, 1, Some("b")), entry(4, 3, None)]
    }

    /// A history without a fault: one message acknowledged, then a break, then another.
    fn faultless() -> History {
        let mut history = History::default();
        history.sends("a");
        history.acked("a", id('1'), 1);
        history.reads(0, &[entry(1, 0, Some("a"))]);
        history.sends("b");
        history.reads(1, &[entry(3, 1, Some("b"))]);
        history.acked("b", id('1'), 3);
        history.hears(id('1'), &entry(4, 3, None));
        history
    }

    fn kinds(history: History, stored: &[Entry]) -> Vec<Kind> {
        history.judge(stored).into_iter().map(|violation| violation.kind).collect()
    }

    #[test]
    fn a_history_without_fault_passes() {
        assert_eq!(kinds(faultless(), &stored()), []);
    }

    #[test]
    fn each_fault_is_found() {
        let mut lost = stored();
        lost.remove(1);
        assert_eq!(kinds(faultless(), &lost), [Kind::Lost, Kind::Provisional]);

        let mut moved = stored();
        moved[1].client_id = Some("c".to_owned());
        assert_eq!(kinds(faultless(), &moved), [Kind::Lost]);

        let mut twice = stored();
        twice.push(entry(5, 4, Some("b")));
        assert_eq!(kinds(faultless(), &twice), [Kind::Doubled, Kind::Lost]);

        let mut other_text = stored();
        other_text[0].body = Some("something else".to_owned());
        assert_eq!(kinds(faultless(), &other_text), [Kind::Provisional]);

        let mut silent = faultless();
        silent.sends("c");
        assert_eq!(kinds(silent, &stored()), [Kind::Unanswered]);

        let mut again = faultless();
        again.hears(id('1'), &entry(4, 3, None));
        assert_eq!(kinds(again, &stored()), [Kind::Doubled]);

        let mut back = faultless();
        back.hears(id('1'), &entry(3, 1, Some("b")));
        assert_eq!(kinds(back, &stored()), [Kind::Disordered]);

        let mut foreign = faultless();
        foreign.hears(id('2'), &entry(9, 8, None));
        assert_eq!(kinds(foreign, &stored()), [Kind::Foreign]);

        let mut more = stored();
        more.extend([entry(5, 4, None), entry(6, 5, None)]);
        let mut hole = faultless();
        hole.hears(id('1'), &entry(6, 5, None));
        assert_eq!(kinds(hole, &more), [Kind::Missed, Kind::Missed]);
    }
}
