//! The past told again: what rules could have asked about at every moment of a conversation.

use std::collections::HashMap;

use crate::automation::facts::{clock, count, days, event, in_segments, message, minutes, set, text};
use crate::automation::segments::{Circle, Segments};
use crate::automation::times::due_at;
use crate::base::{ActorKind, Timestamp};
use crate::conversations::{PastConversation, PastEntry};
use crate::protocol::{Content, Owner};
use crate::rules::{FactValue, Facts, Rule, Since, Trigger};
use crate::workspaces::{Settings, last_occurrence};

/// A moment at which a rule would have looked.
pub(super) struct Moment {
    /// The entry.
    pub(super) seq: i64,
    /// When.
    pub(super) at: Timestamp,
    /// Whether the agent's reading of the message is not known.
    pub(super) unread: bool,
}

/// One conversation as it was at some point of the replay.
pub(super) struct Replay<'a> {
    rule: &'a Rule,
    settings: &'a Settings,
    facts: Facts,
    circle: Circle,
    known_since: Timestamp,
    /// What was known of each message when its turn ran.
    looks: HashMap<i64, Facts>,
    labels: Vec<String>,
    status: String,
    status_since: Timestamp,
    waiting_since: Option<Timestamp>,
    we_wait_since: Option<Timestamp>,
    resolved: bool,
    /// The state that the rule of time has dealt with.
    settled: Option<Timestamp>,
    inbound: i64,
    outbound: i64,
    seq: i64,
}

impl<'a> Replay<'a> {
    pub(super) fn begin(
        rule: &'a Rule,
        settings: &'a Settings,
        past: &PastConversation,
        (initial, segments): (&str, &Segments),
        looks: HashMap<i64, Facts>,
    ) -> Replay<'a> {
        let mut facts = Facts::default();
        set(&mut facts, "contact.known", FactValue::Flag(past.name.is_some()));
        let known = [
            ("contact.name", &past.name),
            ("contact.email", &past.email),
            ("contact.phone", &past.phone),
            ("contact.locale", &past.locale),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                set(&mut facts, name, text(value));
            }
        }
        set(&mut facts, "contact.conversations", count(past.number));
        set(&mut facts, "conversation.status", text(initial));
        set(&mut facts, "conversation.owner", text(Owner::Agent.as_str()));
        set(&mut facts, "conversation.assigned", FactValue::Flag(false));
        set(&mut facts, "conversation.labels", FactValue::List(Vec::new()));
        set(&mut facts, "conversation.channel", text("web"));
        set(&mut facts, "conversation.resolved", FactValue::Flag(false));
        Replay {
            rule,
            settings,
            facts,
            circle: Circle { conversations: past.number, segments: segments.clone() },
            known_since: past.known_since,
            looks,
            labels: Vec::new(),
            status: initial.to_owned(),
            status_since: past.created_at,
            waiting_since: None,
            we_wait_since: None,
            resolved: false,
            settled: None,
            inbound: 0,
            outbound: 0,
            seq: 0,
        }
    }

    /// Goes on by an entry; `look` sees every moment at which the rule would have looked, in order.
    pub(super) fn entry(&mut self, entry: &PastEntry, look: &mut dyn FnMut(Moment, &Facts)) {
        self.time(entry.created_at, look);
        self.apply(entry);
        self.seq = entry.seq;
        let inbound = entry.actor_kind == ActorKind::Contact;
        let moment = Moment { seq: entry.seq, at: entry.created_at, unread: false };
        match (&entry.content.0, self.rule.document.on) {
            (Content::Message { files, .. }, Trigger::Message) if inbound => {
                if let Some(known) = self.looks.get(&entry.seq) {
                    look(moment, known);
                } else if self.looks.is_empty() {
                    let body = entry.body.as_deref().unwrap_or_default();
                    self.now(entry.created_at);
                    message(&mut self.facts, body, files.len(), self.settings, entry.created_at);
                    look(Moment { unread: true, ..moment }, &self.facts);
                }
            }
            (Content::FieldChanged { .. }, Trigger::ContextChanged)
            | (Content::StatusMoved { .. }, Trigger::StatusChanged)
            | (Content::DraftDecided { .. }, Trigger::DraftDecided)
            | (Content::ResolvedChanged { .. }, Trigger::Resolved)
            | (Content::Rated { .. }, Trigger::Rated)
            | (Content::HookReceived { .. }, Trigger::Hook) => {
                self.now(entry.created_at);
                event(&mut self.facts, entry.actor_kind, &entry.content.0);
                look(moment, &self.facts);
            }
            _ => {}
        }
    }

    /// Goes on to a time without an entry: a rule of time may be due on the way.
    pub(super) fn time(&mut self, until: Timestamp, look: &mut dyn FnMut(Moment, &Facts)) {
        let document = &self.rule.document;
        if self.resolved || self.seq == 0 {
            return;
        }
        let due = match (&document.after, &document.at) {
            (Some(wait), _) => {
                let since = match wait.since {
                    Since::Status => Some(self.status_since)
                        .filter(|_| wait.status.as_ref().is_none_or(|status| *status == self.status)),
                    Since::CustomerWaits => self.waiting_since,
                    Since::WeWait => self.we_wait_since,
                };
                since.and_then(|since| Some((since, due_at(self.rule, self.settings, since)?)))
            }
            // Only the last hour before the entry counts: what a rule does daily is judged by one day.
            (None, Some(at)) => {
                last_occurrence(self.settings, &at.time, &at.days, until).map(|hour| (hour, hour))
            }
            (None, None) => None,
        };
        let Some((since, due)) = due else { return };
        let began = if document.at.is_some() { self.status_since } else { since };
        if due < until && due >= began && self.settled != Some(since) {
            self.settled = Some(since);
            self.now(due);
            look(Moment { seq: self.seq, at: due, unread: false }, &self.facts);
        }
    }

    /// What has no entry of its own: counts, and what time it is.
    fn now(&mut self, at: Timestamp) {
        set(&mut self.facts, "message.number", count(self.inbound));
        set(&mut self.facts, "conversation.answers", count(self.outbound));
        set(&mut self.facts, "conversation.status_minutes", minutes(at, self.status_since));
        match self.waiting_since {
            Some(since) => set(&mut self.facts, "conversation.waiting_minutes", minutes(at, since)),
            None => {
                self.facts.remove("conversation.waiting_minutes");
            }
        }
        set(&mut self.facts, "contact.days_known", days(at, self.known_since));
        if !self.circle.segments.is_empty() {
            in_segments(&mut self.facts, &self.circle);
        }
        clock(&mut self.facts, self.settings, at);
    }

    fn apply(&mut self, entry: &PastEntry) {
        match &entry.content.0 {
            Content::Message { .. } if entry.actor_kind == ActorKind::Contact => {
                self.inbound += 1;
                self.waiting_since = self.waiting_since.or(Some(entry.created_at));
                self.we_wait_since = None;
                self.set_resolved(false);
            }
            Content::Message { .. } => {
                self.outbound += 1;
                self.waiting_since = None;
                self.we_wait_since = Some(entry.created_at);
            }
            Content::FieldChanged { field, to, .. } => {
                let name = format!("context.{field}");
                match to.as_ref().and_then(FactValue::from_value) {
                    Some(value) => set(&mut self.facts, &name, value),
                    None => {
                        self.facts.remove(&name);
                    }
                }
            }
            Content::StatusMoved { to, .. } => {
                self.status.clone_from(to);
                self.status_since = entry.created_at;
                set(&mut self.facts, "conversation.status", text(to));
            }
            Content::LabelsChanged { added, removed } => {
                self.labels.retain(|label| !removed.contains(label));
                self.labels.extend(added.iter().cloned());
                set(&mut self.facts, "conversation.labels", FactValue::List(self.labels.clone()));
            }
            Content::OwnerChanged { owner } => {
                set(&mut self.facts, "conversation.owner", text(owner.as_str()));
            }
            Content::Assigned { to, .. } => {
                set(&mut self.facts, "conversation.assigned", FactValue::Flag(to.is_some()));
            }
            Content::ResolvedChanged { resolved } => self.set_resolved(*resolved),
            _ => {}
        }
    }

    fn set_resolved(&mut self, resolved: bool) {
        self.resolved = resolved;
        set(&mut self.facts, "conversation.resolved", FactValue::Flag(resolved));
    }
}
