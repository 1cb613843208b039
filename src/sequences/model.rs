//! What a sequence is: steps that follow each other in time, and what stops them.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::base::{ConversationId, SequenceId, SequenceRunId, Timestamp};
use crate::protocol::Receipt;
use crate::schemas::{Action, Ground, MAX_TEXT, Problems, check_action};
use crate::workspaces::{Settings, after_working};

/// Most steps of a sequence, actions of a step, and the longest wait of one: a year.
const MAX_STEPS: usize = 30;
const MAX_ACTIONS: usize = 20;
const MAX_MINUTES: u32 = 366 * 24 * 60;

const WORDS: &[&str] = &["key", "name", "enabled", "stop_when", "steps"];
const STEP_WORDS: &[&str] = &["minutes", "clock", "then"];

crate::word_enum! {
    /// Which minutes of a wait count.
    pub enum StepClock {
        /// All of them.
        Wall = "wall",
        /// Those in which the business is open.
        Working = "working",
    }
}

crate::word_enum! {
    /// How a run of a sequence ended.
    pub enum Ending {
        /// All its steps were done.
        Finished = "finished",
        /// The customer answered.
        Answered = "answered",
        /// A person took the conversation over.
        TakenOver = "taken_over",
        /// The conversation was closed.
        Closed = "closed",
        /// A rule, another sequence or a person stopped it.
        Stopped = "stopped",
        /// The sequence was switched off or taken away.
        SwitchedOff = "switched_off",
    }
}

crate::text_column!(Ending);

impl Ending {
    /// Why, as people read it.
    pub const fn says(self) -> &'static str {
        match self {
            Ending::Finished => "all its steps are done",
            Ending::Answered => "the customer answered",
            Ending::TakenOver => "a person took the conversation over",
            Ending::Closed => "the conversation was closed",
            Ending::Stopped => "it was stopped",
            Ending::SwitchedOff => "the sequence was switched off",
        }
    }
}

/// What stops a run besides its end. Closing the conversation always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopWhen {
    /// The customer writes.
    #[serde(default = "yes")]
    pub answered: bool,
    /// A person takes the conversation over.
    #[serde(default = "yes")]
    pub taken_over: bool,
}

const fn yes() -> bool {
    true
}

impl Default for StopWhen {
    fn default() -> Self {
        StopWhen { answered: true, taken_over: true }
    }
}

/// A wait, and what is done after it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Step {
    /// How many minutes after the step before, or after the beginning.
    pub minutes: u32,
    /// Which minutes count.
    pub clock: StepClock,
    /// What is done then, in this order: the actions of rules.
    pub then: Vec<Action>,
}

impl Step {
    /// When it is due, if its wait counts from a moment. `None`: the business never opens long enough.
    pub fn due(&self, settings: &Settings, since: Timestamp) -> Option<Timestamp> {
        match self.clock {
            StepClock::Wall => Some(self.earliest(since)),
            StepClock::Working => after_working(settings, since, self.minutes),
        }
    }

    /// The first moment at which it can be due: working time is never longer than time.
    pub(super) fn earliest(&self, since: Timestamp) -> Timestamp {
        since.after(Duration::from_secs(u64::from(self.minutes) * 60))
    }
}

/// What a sequence says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct SequenceDocument {
    /// The word that names it, in rules too.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether it can be started from the moment it is made.
    #[serde(skip)]
    pub starts_enabled: bool,
    /// What stops a run besides its end.
    pub stop_when: StopWhen,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// A sequence.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Sequence {
    /// Its identifier, the same for all versions.
    pub id: SequenceId,
    /// Rises by one with every change.
    pub version: i64,
    /// Whether it can be started.
    pub enabled: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub document: SequenceDocument,
}

/// A sequence as it is listed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct SequenceRow {
    /// The sequence.
    #[serde(flatten)]
    pub sequence: Sequence,
    /// In how many conversations it is on its way.
    pub running: i64,
    /// How often it was started in the last 30 days.
    pub started: i64,
    /// How many steps in these days had an action that failed.
    pub failed: i64,
    /// The sequence in words.
    pub text: String,
}

/// A sequence on its way in a conversation, or at its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its identifier.
    pub id: SequenceRunId,
    /// Where.
    pub conversation: ConversationId,
    /// Which sequence.
    pub sequence: SequenceId,
    /// The version it keeps.
    pub version: i64,
    /// Who or what started it.
    pub started_by: String,
    /// When.
    pub started_at: Timestamp,
    /// Steps that are done.
    pub step: i64,
    /// Since when the next step's wait counts.
    pub since: Timestamp,
    /// The last entry that was looked at for what stops it.
    pub looked_seq: i64,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How.
    pub ending: Option<Ending>,
    /// Who or what ended it.
    pub ended_by: Option<String>,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct StepDone {
    /// Its place, 1 for the first.
    pub step: i64,
    /// When.
    pub at: Timestamp,
    /// What became of its actions.
    pub receipts: Vec<Receipt>,
}

/// Reads a sequence and checks it against what the workspace has.
pub(super) fn check(document: &Value, ground: &Ground<'_>) -> Result<SequenceDocument, Problems> {
    let mut problems = Problems::default();
    let read = read_whole(document, &mut problems);
    for (at, step) in read.iter().flat_map(|read| read.steps.iter().enumerate()) {
        for (n, action) in step.then.iter().enumerate() {
            let place = format!("steps[{at}].then[{n}]");
            check_action(&place, action, ground, &mut problems);
            if matches!(action, Action::StartSequence { .. }) {
                problems
                    .add(&place, "a sequence starts no other one, so that none goes on for ever; use a rule");
            }
        }
    }
    finished(read, problems)
}

/// Reads a sequence without asking whether the workspace has what it speaks of.
pub(super) fn read(document: &Value) -> Result<SequenceDocument, Problems> {
    let mut problems = Problems::default();
    let read = read_whole(document, &mut problems);
    finished(read, problems)
}

fn finished(read: Option<SequenceDocument>, problems: Problems) -> Result<SequenceDocument, Problems> {
    match read {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

fn read_whole(document: &Value, problems: &mut Problems) -> Option<SequenceDocument> {
    let Some(object) = document.as_object() else {
        problems.add("the sequence", "this must be an object");
        return None;
    };
    only(object, WORDS, "the sequence", problems);
    let key = text(object, "key", problems);
    if let Some(key) = &key
        && !is_key(key)
    {
        problems.add("key", &format!("{key:?} is not a name such as quote-follow-up"));
    }
    let name = text(object, "name", problems);
    let starts_enabled = match object.get("enabled") {
        None => true,
        Some(value) => value.as_bool().unwrap_or_else(|| {
            problems.add("enabled", "this must be true or false");
            true
        }),
    };
    let stop_when = match object.get("stop_when") {
        None => Some(StopWhen::default()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|error| problems.add("stop_when", &error.to_string()))
            .ok(),
    };
    let steps = read_steps(object.get("steps"), problems);
    Some(SequenceDocument { key: key?, name: name?, starts_enabled, stop_when: stop_when?, steps })
}

fn read_steps(value: Option<&Value>, problems: &mut Problems) -> Vec<Step> {
    let Some(items) = value.and_then(Value::as_array).filter(|items| !items.is_empty()) else {
        problems.add("steps", "this must be a list with at least one step");
        return Vec::new();
    };
    if items.len() > MAX_STEPS {
        problems.add("steps", &format!("at most {MAX_STEPS} steps are allowed"));
        return Vec::new();
    }
    let read =
        items.iter().enumerate().filter_map(|(at, item)| read_step(&format!("steps[{at}]"), item, problems));
    read.collect()
}

fn read_step(place: &str, value: &Value, problems: &mut Problems) -> Option<Step> {
    let Some(object) = value.as_object() else {
        problems.add(place, "a step is an object with minutes and then");
        return None;
    };
    only(object, STEP_WORDS, place, problems);
    let minutes =
        object.get("minutes").and_then(Value::as_u64).and_then(|minutes| u32::try_from(minutes).ok());
    let minutes = minutes.filter(|minutes| *minutes <= MAX_MINUTES);
    if minutes.is_none() {
        problems.add(
            &format!("{place}.minutes"),
            &format!("this must be a whole number from 0 to {MAX_MINUTES}"),
        );
    }
    let clock = match object.get("clock") {
        None => Some(StepClock::Wall),
        Some(word) => word.as_str().and_then(|word| word.parse().ok()).or_else(|| {
            problems.add(&format!("{place}.clock"), &format!("{word} is not one of wall, working"));
            None
        }),
    };
    let Some(items) = object.get("then").and_then(Value::as_array).filter(|items| !items.is_empty()) else {
        problems.add(&format!("{place}.then"), "this must be a list with at least one action");
        return None;
    };
    if items.len() > MAX_ACTIONS {
        problems.add(&format!("{place}.then"), &format!("at most {MAX_ACTIONS} actions are allowed"));
        return None;
    }
    let mut then = Vec::with_capacity(items.len());
    for (n, item) in items.iter().enumerate() {
        match serde_json::from_value::<Action>(item.clone()) {
            Ok(action) => then.push(action),
            Err(error) => problems.add(&format!("{place}.then[{n}]"), &error.to_string()),
        }
    }
    Some(Step { minutes: minutes?, clock: clock?, then })
}

fn only(object: &Map<String, Value>, words: &[&str], place: &str, problems: &mut Problems) {
    for key in object.keys().filter(|key| !words.contains(&key.as_str())) {
        problems.add(place, &format!("{key:?} means nothing here; known are {}", words.join(", ")));
    }
}

fn text(object: &Map<String, Value>, key: &str, problems: &mut Problems) -> Option<String> {
    match object.get(key).and_then(Value::as_str).map(str::trim) {
        Some(text) if !text.is_empty() && text.chars().count() <= MAX_TEXT => Some(text.to_owned()),
        _ => {
            problems.add(key, "this must be a text that is not empty");
            None
        }
    }
}

fn is_key(key: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    key.starts_with(|first: char| first.is_ascii_lowercase()) && key.len() <= 64 && key.chars().all(is_inner)
}

/// The sequence as a sentence.
pub(super) fn describe(document: &SequenceDocument) -> String {
    let mut text = String::new();
    for (at, step) in document.steps.iter().enumerate() {
        let begin = match (at, step.minutes) {
            (0, 0) => "At once".to_owned(),
            (0, _) => format!("After {}", span(step)),
            (_, 0) => "; then at once".to_owned(),
            (_, _) => format!("; {} later", span(step)),
        };
        let actions: Vec<String> = step.then.iter().map(ToString::to_string).collect();
        text.push_str(&format!("{begin}: {}", actions.join(", ")));
    }
    let stops = match (document.stop_when.answered, document.stop_when.taken_over) {
        (true, true) => "the customer answers, a person takes over or the conversation is closed",
        (true, false) => "the customer answers or the conversation is closed",
        (false, true) => "a person takes over or the conversation is closed",
        (false, false) => "the conversation is closed",
    };
    format!("{text}. It stops when {stops}.")
}

fn span(step: &Step) -> String {
    let span = match (step.minutes, step.minutes % (24 * 60), step.minutes % 60) {
        (1, _, _) => "1 minute".to_owned(),
        (60, _, _) => "1 hour".to_owned(),
        (1_440, _, _) if step.clock == StepClock::Wall => "1 day".to_owned(),
        (minutes, 0, _) if step.clock == StepClock::Wall => format!("{} days", minutes / (24 * 60)),
        (minutes, _, 0) => format!("{} hours", minutes / 60),
        (minutes, _, _) => format!("{minutes} minutes"),
    };
    match step.clock {
        StepClock::Wall => span,
        StepClock::Working => format!("{span} of working time"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn follow_up() -> Value {
        json!({"key": "quote-follow-up", "name": "Follow up on a quote", "stop_when": {"taken_over": false}, "steps": [
            {"minutes": 1_440, "clock": "working", "then": [{"do": "notify", "text": "No answer yet."}]},
            {"minutes": 2_880, "then": [{"do": "draft", "text": "Is the offer still of interest?"},
                {"do": "label", "add": ["followed-up"]}]},
            {"minutes": 0, "then": [{"do": "set_status", "status": "lapsed"}]}]})
    }

    #[test]
    fn a_sequence_reads_as_a_sentence() {
        let read = read(&follow_up()).expect("a sequence");
        assert_eq!(
            describe(&read),
            "After 24 hours of working time: notify staff; 2 days later: propose a reply, add the label \
             followed-up; then at once: set the status to lapsed. It stops when the customer answers or the \
             conversation is closed."
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let mut wrong = follow_up();
        wrong["steps"][0]["minutes"] = json!(-1);
        wrong["steps"][1]["then"][0] = json!({"do": "fly"});
        wrong["steps"][2]["clock"] = json!("moon");
        wrong["stops"] = json!({});
        let says = read(&wrong).expect_err("refused").to_string();
        for place in
            ["steps[0].minutes:", "steps[1].then[0]:", "steps[2].clock:", "\"stops\" means nothing here"]
        {
            assert!(says.contains(place), "{place}: {says}");
        }
        let none = read(&json!({"key": "a", "name": "A", "steps": []})).expect_err("refused").to_string();
        assert_eq!(none, "steps: this must be a list with at least one step");
    }
}
