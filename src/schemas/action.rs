//! What is done to a conversation by itself: by rules, and by the states of workflows.

use std::fmt;

use serde_json::Value;

use crate::base::Role;
use crate::ports::outbound;
use crate::schemas::{Field, Problems, check_value};

/// Longest text of an action, in characters.
pub const MAX_TEXT: usize = 500;

/// What a rule or a state of a workflow wants done. `automation` carries it out and writes a receipt.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The draft waits for somebody with at least this role.
    RequireApproval {
        /// The least role.
        #[serde(default = "anybody")]
        role: Role,
        /// How many different people.
        #[serde(default = "one")]
        people: u8,
        /// Why, as staff read it.
        because: String,
    },
    /// A reply is proposed: like every draft it waits for a person.
    Draft {
        /// Its text.
        text: String,
    },
    /// An address outside is told, with the conversation and what made the rule match.
    Webhook {
        /// The address, `https://…`.
        url: String,
    },
    /// The conversation moves in its workflow.
    SetStatus {
        /// The state it enters.
        status: String,
    },
    /// Labels are added and removed.
    Label {
        /// Labels to add.
        #[serde(default)]
        add: Vec<String>,
        /// Labels to remove.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// The conversation is given to somebody with this role.
    Assign {
        /// The least role.
        role: Role,
    },
    /// Staff are told.
    Notify {
        /// What they read.
        text: String,
    },
    /// A field of the context gets a value.
    SetField {
        /// The field's key.
        field: String,
        /// The value.
        #[schema(value_type = Object)]
        value: Value,
    },
    /// A person takes over; the agent is silent.
    HandOver {
        /// Why, as staff read it.
        because: String,
    },
    /// A sequence begins here, unless it is on its way already.
    StartSequence {
        /// Its key.
        sequence: String,
    },
    /// A sequence that is on its way here ends.
    StopSequence {
        /// Its key.
        sequence: String,
    },
}

fn anybody() -> Role {
    Role::Staff
}

fn one() -> u8 {
    1
}

impl fmt::Display for Action {
    /// The action as a receipt names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::RequireApproval { role, people: 0 | 1, .. } => write!(f, "require approval by a {role}"),
            Action::RequireApproval { role: Role::Viewer | Role::Staff, people, .. } => {
                write!(f, "require approval by {people} people")
            }
            Action::RequireApproval { role, people, .. } => {
                write!(f, "require approval by {people} people, each at least a {role}")
            }
            Action::Draft { .. } => f.write_str("propose a reply"),
            Action::Webhook { url } => write!(f, "tell {url}"),
            Action::SetStatus { status } => write!(f, "set the status to {status}"),
            Action::Label { add, remove } if remove.is_empty() => {
                write!(f, "add the label {}", add.join(", "))
            }
            Action::Label { add, remove } if add.is_empty() => {
                write!(f, "remove the label {}", remove.join(", "))
            }
            Action::Label { add, remove } => {
                write!(f, "add the label {}, remove {}", add.join(", "), remove.join(", "))
            }
            Action::Assign { role } => write!(f, "assign to a {role}"),
            Action::Notify { .. } => f.write_str("notify staff"),
            Action::SetField { field, value } => write!(f, "set {field} to {value}"),
            Action::HandOver { .. } => f.write_str("hand over to a person"),
            Action::StartSequence { sequence } => write!(f, "start the sequence {sequence}"),
            Action::StopSequence { sequence } => write!(f, "stop the sequence {sequence}"),
        }
    }
}

/// Most people that one draft can need.
const MAX_PEOPLE: u8 = 3;

/// What actions may speak of.
pub struct Ground<'a> {
    /// A field by its key.
    pub field: &'a dyn Fn(&str) -> Option<&'a Field>,
    /// Whether a workflow has a state.
    pub has_state: &'a dyn Fn(&str) -> bool,
    /// Whether there is a sequence of this key.
    pub has_sequence: &'a dyn Fn(&str) -> bool,
}

/// Checks an action against what there is.
pub fn check_action(place: &str, action: &Action, ground: &Ground<'_>, problems: &mut Problems) {
    let mut filled = |word: &str, text: &str| {
        if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
            problems
                .add(&format!("{place}.{word}"), &format!("this must have from 1 to {MAX_TEXT} characters"));
        }
    };
    match action {
        Action::RequireApproval { because, people, role } => {
            filled("because", because);
            if !(1..=MAX_PEOPLE).contains(people) {
                problems.add(&format!("{place}.people"), &format!("this must be from 1 to {MAX_PEOPLE}"));
            }
            if *role < Role::Staff {
                problems
                    .add(&format!("{place}.role"), "a viewer approves nothing; use staff, manager or owner");
            }
        }
        Action::HandOver { because } => filled("because", because),
        Action::Draft { text } => filled("text", text),
        Action::Webhook { url } => {
            if let Err(problem) = check_url(url) {
                problems.add(&format!("{place}.url"), &problem);
            }
        }
        Action::Notify { text } => filled("text", text),
        Action::Label { add, remove } => {
            add.iter().for_each(|label| filled("add", label));
            remove.iter().for_each(|label| filled("remove", label));
            if add.is_empty() && remove.is_empty() {
                problems.add(place, "a label action adds or removes something");
            }
        }
        Action::SetStatus { status } if !(ground.has_state)(status) => {
            problems.add(&format!("{place}.status"), &format!("no workflow has a state {status:?}"));
        }
        Action::SetField { field, value } => match (ground.field)(field) {
            None => {
                problems.add(&format!("{place}.field"), &format!("no active schema has a field {field:?}"));
            }
            Some(known) => {
                if let Err(problem) = check_value(known, value) {
                    problems.add(&format!("{place}.value"), &problem);
                }
            }
        },
        Action::StartSequence { sequence } | Action::StopSequence { sequence } => {
            if !(ground.has_sequence)(sequence) {
                problems.add(&format!("{place}.sequence"), &format!("there is no sequence {sequence:?}"));
            }
        }
        Action::SetStatus { .. } | Action::Assign { .. } => {}
    }
}

/// An address that may be told: the web's, with TLS.
fn check_url(url: &str) -> Result<(), String> {
    if url.chars().count() > MAX_TEXT {
        return Err(format!("this must have at most {MAX_TEXT} characters"));
    }
    match outbound::Url::parse(url) {
        Ok(read) if matches!(read.scheme(), "https" | "http") && read.has_host() => Ok(()),
        _ => Err(format!("{url:?} is not an address such as https://example.com/hook")),
    }
}
