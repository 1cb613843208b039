//! What is wrong with an action.

use crate::base::Role;
use crate::ports::outbound;
use crate::rules::document::MAX_TEXT;
use crate::rules::model::Action;
use crate::rules::vocabulary::Vocabulary;
use crate::schemas::{Problems, check_value};

/// Most people that one draft can need.
const MAX_PEOPLE: u8 = 3;

/// Checks an action against what the workspace has.
pub(super) fn check(place: &str, action: &Action, vocabulary: &Vocabulary, problems: &mut Problems) {
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
        Action::SetStatus { status } if !vocabulary.states.contains(status) => {
            problems.add(&format!("{place}.status"), &format!("no workflow has a state {status:?}"));
        }
        Action::SetField { field, value } => match vocabulary.fields.get(field) {
            None => {
                problems.add(&format!("{place}.field"), &format!("no active schema has a field {field:?}"));
            }
            Some(known) => {
                if let Err(problem) = check_value(known, value) {
                    problems.add(&format!("{place}.value"), &problem);
                }
            }
        },
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
