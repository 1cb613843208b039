//! What a case expects, and whether a reply does it.

use crate::agents::Sample;
use crate::agents::grounding::stated;
use crate::drafts;
use crate::protocol::BlockerKind;

/// A reply this near to one that must not come is that one.
const SAME: f64 = 0.05;

/// What must come of a message.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expects {
    /// The intent; empty: none of the known ones; absent: whichever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// What the reply says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// What it does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
    /// Why it waits for a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<BlockerKind>,
    /// What it comes at least as near to as the draft that was corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closer: Option<Closer>,
    /// A reply that must not come again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlike: Option<String>,
}

/// A reply to come near to.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closer {
    /// What was sent.
    pub text: String,
    /// The share of words that may differ.
    pub distance: f64,
}

/// What came of a message.
#[derive(Debug, Clone, Copy)]
pub struct Came<'a> {
    /// The intent.
    pub intent: Option<&'a str>,
    /// The reply.
    pub text: &'a str,
    /// Why it waits.
    pub blockers: &'a [BlockerKind],
}

impl From<&Sample> for Expects {
    fn from(sample: &Sample) -> Expects {
        Expects {
            // An attempt to steer has no intent worth naming.
            intent: match sample.waits.contains(&BlockerKind::Steering) {
                true => None,
                false => Some(sample.intent.clone().unwrap_or_default()),
            },
            never: sample.never.clone(),
            waits: sample.waits.clone(),
            ..Expects::default()
        }
    }
}

impl Expects {
    /// Whether it expects anything.
    pub fn is_empty(&self) -> bool {
        *self == Expects::default()
    }

    /// What of it did not come, in words.
    pub fn failures(&self, came: &Came<'_>) -> Vec<String> {
        let mut failures = Vec::new();
        let named = |intent: &str| match intent {
            "" => "none of the known intents".to_owned(),
            intent => intent.to_owned(),
        };
        if let Some(wanted) =
            self.intent.as_deref().filter(|wanted| came.intent.unwrap_or_default() != *wanted)
        {
            let got = named(came.intent.unwrap_or_default());
            failures.push(format!("the intent is {got} instead of {}", named(wanted)));
        }
        for wanted in self.says.iter().filter(|wanted| !holds(came.text, wanted)) {
            failures.push(format!("it does not say “{wanted}”"));
        }
        for wrong in self.never.iter().filter(|wrong| holds(came.text, wrong)) {
            failures.push(format!("it says “{wrong}”"));
        }
        // Where a rule hands over, a person was called all the same.
        let waits = |kind: &BlockerKind| {
            let handed =
                *kind == BlockerKind::Sensitive && came.blockers.contains(&BlockerKind::PersonRequested);
            handed || came.blockers.contains(kind)
        };
        for kind in self.waits.iter().filter(|kind| !waits(kind)) {
            failures.push(format!("it does not wait because of {kind}"));
        }
        if let Some(closer) = &self.closer {
            // A made-up customer has no name.
            let distance = drafts::edit_distance(came.text, &closer.text.replace(" [name]", ""));
            if distance > closer.distance {
                let percent = |share: f64| format!("{:.0} %", share * 100.0);
                let (now, then) = (percent(distance), percent(closer.distance));
                failures.push(format!("{now} of its words differ from what was sent; at most {then} may"));
            }
        }
        if self.unlike.as_ref().is_some_and(|wrong| drafts::edit_distance(came.text, wrong) <= SAME) {
            failures.push("it is the reply that was rejected".to_owned());
        }
        failures
    }
}

/// Whether a text says something: a fact in any way of writing, other words as they stand.
fn holds(text: &str, wanted: &str) -> bool {
    let facts = stated(wanted);
    if facts.is_empty() {
        return text.to_lowercase().contains(&wanted.to_lowercase());
    }
    let there = stated(text);
    facts.iter().all(|(_, fact)| there.iter().any(|(_, known)| known == fact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(text: &str) -> Came<'_> {
        Came { intent: Some("quote"), text, blockers: &[BlockerKind::NotTrustedYet] }
    }

    #[test]
    fn each_expectation_that_fails_is_named() {
        let all = Expects {
            intent: Some("hours".to_owned()),
            says: vec!["£89".to_owned(), "Friday".to_owned()],
            never: vec!["£79".to_owned(), "refund".to_owned()],
            waits: vec![BlockerKind::Sensitive],
            closer: Some(Closer { text: "It costs £89 on Friday.".to_owned(), distance: 0.2 }),
            unlike: Some("We refund £79.00.".to_owned()),
        };
        assert_eq!(all.failures(&came("We refund £79.00.")).len(), 8);
        let good = Expects { intent: Some("quote".to_owned()), waits: Vec::new(), ..all };
        assert_eq!(good.failures(&came("It costs £89.00 on Friday.")), [] as [String; 0]);
        assert!(Expects::default().is_empty() && !good.is_empty());
        let none = Expects { intent: Some(String::new()), ..Expects::default() };
        assert_eq!(none.failures(&came("x")), ["the intent is quote instead of none of the known intents"]);
        assert!(none.failures(&Came { intent: None, ..came("x") }).is_empty());
    }
}
