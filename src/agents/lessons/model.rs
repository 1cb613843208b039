//! What a corrected draft could teach: an example, a case, and where a fact was changed, a patch.

use std::collections::BTreeSet;

use crate::agents::bundles::Shot;
use crate::agents::cases::{Closer, Expects};
use crate::agents::grounding::stated;
use crate::base::{ConversationId, DocumentId, DraftId, Timestamp};
use crate::drafts::{self, Corrected};
use crate::protocol::RejectReason;

/// Shorter names say nothing of a person.
const SHORTEST_NAME: usize = 3;
/// What a case adds to the distance that an edit showed, so that a blank is no failure.
const SLACK: f64 = 0.05;

crate::word_enum! {
    /// What a correction may become.
    pub enum LessonKind {
        /// A good answer that the agent learns from.
        Example = "example",
        /// Something that must go right from now on.
        Case = "case",
        /// A fact that stands wrong in a document.
        Knowledge = "knowledge",
    }
}

/// A fact of a document as it should stand.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Which document.
    pub document: DocumentId,
    /// Its title.
    pub title: String,
    /// How it stands there.
    pub from: String,
    /// How it should.
    pub to: String,
}

/// A draft that was corrected, and what it could teach.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Candidate {
    /// The draft.
    pub draft: DraftId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The intent it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// What the customer asked.
    pub asked: String,
    /// What the draft said.
    pub text: String,
    /// What was sent instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better: Option<String>,
    /// Why it was rejected; absent: it was edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RejectReason>,
    /// In own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who corrected it.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// The example it could become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Shot>,
    /// The case it could become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<Expects>,
    /// The patch it could become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knowledge: Option<Patch>,
    /// What was said before, without the names of people; the last is what it answers.
    #[serde(skip)]
    pub said: Vec<(bool, String)>,
    /// Names what it teaches.
    #[serde(skip)]
    pub hash: String,
}

impl Candidate {
    /// What a correction could teach.
    pub fn of(corrected: Corrected) -> Candidate {
        let name = corrected.customer.clone();
        let clean = |text: &str| without_name(text, name.as_deref());
        let said: Vec<(bool, String)> =
            corrected.said.iter().map(|(customer, text)| (*customer, clean(text))).collect();
        let unanswered = said.iter().rev().take_while(|(customer, _)| *customer).count();
        let asked: Vec<&str> =
            said[said.len() - unanswered..].iter().map(|(_, text)| text.as_str()).collect();
        let asked = asked.join("\n");
        let better = corrected.better.as_deref().map(clean);
        let text = clean(&corrected.text);
        let example = better
            .clone()
            .filter(|_| !asked.trim().is_empty())
            .map(|answer| Shot { asked: asked.clone(), answer });
        let hash = blake3::hash(format!("{asked}\n{}", better.as_deref().unwrap_or(&text)).as_bytes());
        Candidate {
            case: (!asked.trim().is_empty()).then(|| expects(&corrected, &text, better.as_deref())),
            knowledge: patch(&corrected),
            example,
            draft: corrected.draft,
            conversation: corrected.conversation,
            intent: corrected.intent,
            asked,
            text,
            better,
            reason: corrected.reason,
            note: corrected.note,
            by_name: corrected.by_name,
            at: corrected.at,
            said,
            hash: hash.to_hex()[..32].to_owned(),
        }
    }

    /// Whether it could become this.
    pub fn has(&self, kind: LessonKind) -> bool {
        match kind {
            LessonKind::Example => self.example.is_some(),
            LessonKind::Case => self.case.is_some(),
            LessonKind::Knowledge => self.knowledge.is_some(),
        }
    }
}

/// What must go right from now on: facts that a person put in are said, those taken out are not, and the draft
/// is no further from what was sent than it was.
fn expects(corrected: &Corrected, text: &str, better: Option<&str>) -> Expects {
    let Some(better) = better else {
        let wrong = corrected.reason == Some(RejectReason::Wrong);
        let unlike = wrong.then(|| text.to_owned());
        return Expects { intent: corrected.intent.clone(), unlike, ..Expects::default() };
    };
    let (gone, new) = changed_facts(text, better);
    let distance = (drafts::edit_distance(text, better) + SLACK).min(1.0);
    Expects {
        intent: corrected.intent.clone(),
        says: new.into_iter().map(|(raw, _)| raw).collect(),
        never: gone.into_iter().map(|(raw, _)| raw).collect(),
        closer: Some(Closer { text: better.to_owned(), distance }),
        ..Expects::default()
    }
}

type Facts = Vec<(String, String)>;

/// The facts that stand in one text only: those of the first, and those of the second.
fn changed_facts(before: &str, after: &str) -> (Facts, Facts) {
    let (before, after) = (stated(before), stated(after));
    let only = |one: &Facts, other: &Facts| -> Facts {
        let there: BTreeSet<&String> = other.iter().map(|(_, fact)| fact).collect();
        let mut seen = BTreeSet::new();
        let fresh = one.iter().filter(|(_, fact)| !there.contains(fact) && seen.insert(fact.clone()));
        fresh.cloned().collect()
    };
    (only(&before, &after), only(&after, &before))
}

/// A fact that a source states and a person replaced: exactly one went and one came.
fn patch(corrected: &Corrected) -> Option<Patch> {
    let better = corrected
        .better
        .as_deref()
        .filter(|_| corrected.reason.is_none_or(|why| why == RejectReason::Wrong))?;
    let (gone, new) = changed_facts(&corrected.text, better);
    let ([(_, old)], [(raw_new, _)]) = (gone.as_slice(), new.as_slice()) else { return None };
    corrected.citations.iter().find_map(|citation| {
        let (raw_old, _) = stated(&citation.quote).into_iter().find(|(_, fact)| fact == old)?;
        let to = citation.quote.replacen(&raw_old, raw_new, 1);
        Some(Patch {
            document: citation.document,
            title: citation.title.clone(),
            from: citation.quote.clone(),
            to,
        })
    })
}

/// A text without the name of the customer: what one of them is called teaches nothing about another.
fn without_name(text: &str, name: Option<&str>) -> String {
    let Some(name) = name.filter(|name| name.chars().count() >= SHORTEST_NAME) else {
        return text.to_owned();
    };
    let mut clean = text.replace(name, "[name]");
    for part in name.split_whitespace().filter(|part| part.chars().count() >= SHORTEST_NAME) {
        clean = clean.replace(part, "[name]");
    }
    clean
}

/// How drafts of an intent went out, before something was learned and since.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Effect {
    /// Sent as written before.
    pub good_before: i64,
    /// Decided before.
    pub decided_before: i64,
    /// Sent as written since.
    pub good_since: i64,
    /// Decided since.
    pub decided_since: i64,
}

impl Effect {
    /// Counts the outcomes of an intent.
    pub fn of(outcomes: &[(String, Timestamp, bool)], intent: &str, since: Timestamp) -> Effect {
        let mut effect = Effect::default();
        for (_, at, good) in outcomes.iter().filter(|(of, _, _)| of == intent) {
            let (decided, well) = match *at >= since {
                true => (&mut effect.decided_since, &mut effect.good_since),
                false => (&mut effect.decided_before, &mut effect.good_before),
            };
            *decided += 1;
            *well += i64::from(*good);
        }
        effect
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Id as _, PassageId};
    use crate::protocol::Citation;

    fn corrected(text: &str, better: Option<&str>, quote: &str) -> Corrected {
        let at = Timestamp::from_micros(1_763_683_200_000_000);
        Corrected {
            draft: DraftId::from_parts(at, 1),
            conversation: ConversationId::from_parts(at, 2),
            customer: Some("Ana Sousa".to_owned()),
            said: vec![
                (true, "Hi, Ana here.".to_owned()),
                (false, "Hello Ana!".to_owned()),
                (true, "What does it cost?".to_owned()),
            ],
            text: text.to_owned(),
            better: better.map(str::to_owned),
            intent: Some("quote".to_owned()),
            citations: vec![Citation {
                number: 1,
                passage: PassageId::from_parts(at, 3),
                document: DocumentId::from_parts(at, 4),
                title: "Prices".to_owned(),
                heading: None,
                start: 0,
                end: 10,
                quote: quote.to_owned(),
                score: 1.0,
            }],
            reason: None,
            note: None,
            by_name: "Marta".to_owned(),
            at,
        }
    }

    #[test]
    fn a_changed_fact_becomes_a_case_and_a_patch_of_its_source() {
        let quote = "A brake check costs £79.";
        let one =
            Candidate::of(corrected("Hello Ana. It costs £79.", Some("Hello Ana. It costs £89."), quote));
        let patch = one.knowledge.clone().expect("a patch");
        assert_eq!((patch.from.as_str(), patch.to.as_str()), (quote, "A brake check costs £89."));
        let case = one.case.clone().expect("a case");
        assert_eq!((case.says, case.never), (vec!["£89".to_owned()], vec!["£79".to_owned()]));
        let example = one.example.expect("an example");
        assert_eq!(
            (example.asked.as_str(), example.answer.as_str()),
            ("What does it cost?", "Hello [name]. It costs £89.")
        );
    }

    #[test]
    fn a_change_of_tone_patches_nothing() {
        let one =
            Candidate::of(corrected("It costs £79.", Some("With pleasure: it costs £79!"), "It costs £79."));
        assert_eq!(one.knowledge, None);
        let case = one.case.expect("a case");
        assert!(case.says.is_empty() && case.never.is_empty() && case.closer.is_some());
        // Two facts at once may have changed places: nobody can tell which became which.
        let two =
            corrected("£79, open until 18:30.", Some("£89, open until 17:15."), "£79, open until 18:30.");
        assert_eq!(Candidate::of(two).knowledge, None);
        let none = Candidate::of(Corrected {
            reason: Some(RejectReason::Wrong),
            ..corrected("It costs £79.", None, "")
        });
        assert_eq!(none.example, None);
        assert_eq!(none.case.and_then(|case| case.unlike).as_deref(), Some("It costs £79."));
    }

    #[test]
    fn the_effect_is_the_share_before_and_since() {
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60_000_000);
        let outcomes = [
            ("quote".to_owned(), at(1), false),
            ("quote".to_owned(), at(2), true),
            ("other".to_owned(), at(5), true),
            ("quote".to_owned(), at(6), true),
        ];
        let effect = Effect::of(&outcomes, "quote", at(5));
        assert_eq!(effect, Effect { good_before: 1, decided_before: 2, good_since: 1, decided_since: 1 });
    }
}
