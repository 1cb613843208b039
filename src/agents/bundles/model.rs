//! What of an agent a business can change, and what is wrong with it.

use std::collections::BTreeSet;

use crate::agents::bundles::Error;
use crate::agents::{Agent, tools};
use crate::base::{ContactId, clean_text};

/// Longest instructions; role, personality and reasons; one side of an example; words that are never said.
const MAX_INSTRUCTIONS: usize = 20_000;
const MAX_LINE: usize = 500;
const MAX_EXAMPLE: usize = 4_000;
const MAX_WORD: usize = 120;
/// Most examples, and most words that are never said.
const MAX_EXAMPLES: usize = 60;
const MAX_WORDS: usize = 100;
/// Longest answer that may be asked for, in tokens.
const MAX_TOKENS: u32 = 4_000;

/// What of an agent a business can change. It says how drafts are written; what becomes of them is decided
/// elsewhere: no word in it sends, approves or calls anything.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// What it is: "front desk of a car workshop".
    pub role: String,
    /// How it speaks, in own words.
    pub personality: String,
    /// A personality of the catalogue, beside the own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manner: Option<String>,
    /// What to do and what never to promise.
    pub instructions: String,
    /// The tools it may use.
    pub tools: Vec<String>,
    /// What holds its drafts back.
    #[serde(default)]
    pub guards: Guards,
    /// Which model it would like, and how.
    #[serde(default)]
    pub model: ModelChoice,
    /// Good answers to learn from.
    #[serde(default)]
    pub examples: Vec<Shot>,
}

/// What holds drafts back. A guard can only add a reason to wait; none takes one away.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Guards {
    /// Words that a draft does not say: one that does waits for a person.
    pub never_say: Vec<String>,
    /// Intents that always are a person's matter, beside those of the role.
    pub always_person: Vec<String>,
    /// A model's draft is not taken unless all of its statements rest on something.
    pub only_supported: bool,
}

/// Which model an agent would like.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelChoice {
    /// The provider that is asked first; the others follow when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// How freely it chooses words, 0 to 2; absent: as the provider is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The longest answer, in tokens; absent: what the hub allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_tokens: Option<u32>,
    /// No model is asked: the built-in engine drafts.
    pub built_in: bool,
}

/// A good answer to learn from.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shot {
    /// What a customer wrote.
    pub asked: String,
    /// How the business answered.
    pub answer: String,
}

/// Something about a bundle that will not do what its editor may think.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Warning {
    /// Which part.
    pub part: &'static str,
    /// What it will not do, and what does.
    pub says: String,
}

/// The version that drafts, and the one that drafts for a share of the customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The version for all others; 0 for the role as it comes.
    pub version: i64,
    /// The version that is tried, and with how many of a hundred customers.
    pub canary: Option<(i64, i64)>,
}

impl Head {
    /// The version that drafts for a customer: always the same one for the same customer.
    pub fn version_for(&self, contact: Option<ContactId>) -> i64 {
        match (self.canary, contact) {
            (Some((version, share)), Some(contact)) if place_of(contact, version) < share => version,
            _ => self.version,
        }
    }
}

/// A customer's place among a hundred, other for each version that is tried.
fn place_of(contact: ContactId, version: i64) -> i64 {
    let hash = blake3::hash(format!("{contact} {version}").as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    i64::from(u32::from_le_bytes([a, b, c, d]) % 100)
}

impl Bundle {
    /// Names its content.
    pub fn hash(&self, agent: &str) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        blake3::hash(format!("{agent}\n{text}").as_bytes()).to_hex()[..32].to_owned()
    }

    /// Cleans what was written and refuses what cannot be used.
    pub(super) fn check(mut self, agent: &Agent, manners: &[&str]) -> Result<Bundle, Error> {
        clean("role", &mut self.role, MAX_LINE)?;
        clean("personality", &mut self.personality, MAX_LINE)?;
        clean("instructions", &mut self.instructions, MAX_INSTRUCTIONS)?;
        if let Some(manner) = self.manner.as_deref().filter(|manner| !manners.contains(manner)) {
            return wrong("manner", format!("there is no personality {manner:?}"));
        }
        let mut seen = BTreeSet::new();
        self.tools.retain(|tool| seen.insert(tool.clone()));
        if let Some(tool) = self.tools.iter().find(|tool| !tools::NAMES.contains(&tool.as_str())) {
            return wrong(
                "tools",
                format!("there is no tool {tool:?}; there are {}", tools::NAMES.join(", ")),
            );
        }
        self.check_guards(agent)?;
        let model = &self.model;
        if model.temperature.is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
            return wrong("model.temperature", "give a number from 0 to 2".to_owned());
        }
        if model.answer_tokens.is_some_and(|tokens| !(16..=MAX_TOKENS).contains(&tokens)) {
            return wrong("model.answer_tokens", format!("give 16 to {MAX_TOKENS}"));
        }
        if self.examples.len() > MAX_EXAMPLES {
            return wrong("examples", format!("give at most {MAX_EXAMPLES}"));
        }
        for (number, shot) in self.examples.iter_mut().enumerate() {
            clean(&format!("examples[{number}].asked"), &mut shot.asked, MAX_EXAMPLE)?;
            clean(&format!("examples[{number}].answer"), &mut shot.answer, MAX_EXAMPLE)?;
        }
        Ok(self)
    }

    fn check_guards(&mut self, agent: &Agent) -> Result<(), Error> {
        let guards = &mut self.guards;
        if guards.never_say.len() > MAX_WORDS || guards.always_person.len() > MAX_WORDS {
            return wrong("guards", format!("give at most {MAX_WORDS} words and intents"));
        }
        for (number, word) in guards.never_say.iter_mut().enumerate() {
            clean(&format!("guards.never_say[{number}]"), word, MAX_WORD)?;
        }
        match guards.always_person.iter().find(|key| agent.intent(key).is_none()) {
            Some(key) => wrong("guards.always_person", format!("there is no intent {key:?}")),
            None => Ok(()),
        }
    }

    /// What in it will not do what its editor may think.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut found = Vec::new();
        let mut warn = |part, says: &str| found.push(Warning { part, says: says.to_owned() });
        for (part, text) in [("instructions", &self.instructions), ("personality", &self.personality)] {
            let folded = text.to_lowercase();
            let says_one_of = |words: &[&str]| words.iter().any(|word| folded.contains(word));
            if says_one_of(&["{{", "{%", "}}", "%}"]) {
                warn(
                    part,
                    "Braces stay as they are: nothing is filled in here. What is known of the customer is given to the model anyway.",
                );
            }
            if says_one_of(SENDING) {
                warn(
                    part,
                    "No words make a reply go out: a person approves it, or the autopilot page says which kinds go by themselves.",
                );
            }
            if says_one_of(ACTING) {
                warn(
                    part,
                    "The agent cannot do this, whatever it is told. It may propose what its tools allow, and a person approves it with the reply.",
                );
            }
            let off = tools::NAMES
                .iter()
                .find(|tool| !self.tools.iter().any(|on| on == *tool) && folded.contains(**tool));
            if let Some(tool) = off {
                warn(part, &format!("It names the tool {tool}, which is off: a call of it is refused."));
            }
        }
        if let Some(word) = self.guards.never_say.iter().find(|word| {
            let word = word.to_lowercase();
            self.examples.iter().any(|shot| shot.answer.to_lowercase().contains(&word))
        }) {
            warn("examples", &format!("An example says “{word}”, which the guards hold back."));
        }
        found
    }
}

/// Words by which instructions try to send.
const SENDING: &[&str] = &[
    "send automatically",
    "send it automatically",
    "send the reply",
    "without approval",
    "without asking",
    "without a person",
    "skip the approval",
    "skip approval",
    "auto-send",
    "automatically approve",
    "approve it yourself",
    "do not wait for",
];
/// Words by which instructions try to act.
const ACTING: &[&str] = &[
    "issue a refund",
    "issue the refund",
    "refund the ",
    "refund them",
    "cancel the order",
    "cancel their",
    "book the appointment",
    "book them",
    "book it for",
    "change the booking",
    "charge the",
    "delete the ",
    "transfer the conversation",
    "close the conversation",
    "resolve the conversation",
];

fn wrong<T>(place: &str, problem: String) -> Result<T, Error> {
    Err(Error::Invalid { place: place.to_owned(), problem })
}

fn clean(place: &str, text: &mut String, limit: usize) -> Result<(), Error> {
    match clean_text(text, limit) {
        Ok(clean) => {
            *text = clean.into_string();
            Ok(())
        }
        Err(fault) => wrong(place, fault.to_string()),
    }
}

impl Agent {
    /// What of it can be changed.
    pub fn bundle(&self) -> Bundle {
        Bundle {
            role: self.role.clone(),
            personality: self.personality.clone(),
            manner: self.manner.clone(),
            instructions: self.instructions.clone(),
            tools: self.tools.clone(),
            guards: self.guards.clone(),
            model: self.model.clone(),
            examples: self.examples.clone(),
        }
    }

    /// The same agent with what a business changed.
    #[must_use]
    pub fn with(&self, bundle: Bundle, version: i64) -> Agent {
        let Bundle { role, personality, manner, instructions, tools, guards, model, examples } = bundle;
        Agent {
            role,
            personality,
            manner,
            instructions,
            tools,
            guards,
            model,
            examples,
            version,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::Catalogue;
    use crate::base::{Id as _, Timestamp};

    fn garage() -> Agent {
        let catalogue = Catalogue::load().expect("the built-in agents are right");
        Agent::clone(catalogue.find("garage-front-desk").expect("it is there"))
    }

    #[test]
    fn a_customer_meets_the_same_version_each_time_and_the_share_is_kept() {
        let head = Head { version: 3, canary: Some((4, 20)) };
        let contacts: Vec<ContactId> =
            (0..2_000).map(|number| ContactId::from_parts(Timestamp::from_micros(0), number)).collect();
        let tried = |head: &Head| contacts.iter().filter(|one| head.version_for(Some(**one)) == 4).count();
        assert!((300..500).contains(&tried(&head)), "{}", tried(&head));
        assert_eq!(tried(&head), tried(&head));
        let of = |share| {
            contacts
                .iter()
                .map(move |one| Head { version: 3, canary: Some((4, share)) }.version_for(Some(*one)))
        };
        // Who met the new version with a small share meets it with a larger one.
        assert!(of(20).zip(of(50)).all(|(few, many)| few == 3 || many == 4));
        assert_eq!(tried(&Head { canary: None, ..head }), 0);
        assert_eq!(head.version_for(None), 3);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_place() {
        let agent = garage();
        let problem = |change: &dyn Fn(&mut Bundle)| {
            let mut bundle = agent.bundle();
            change(&mut bundle);
            bundle.check(&agent, &["warm-host"]).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(problem(&|_| ()), "");
        assert!(problem(&|bundle| bundle.instructions = " ".to_owned()).starts_with("instructions: "));
        assert!(problem(&|bundle| bundle.tools.push("send".to_owned())).contains("no tool \"send\""));
        assert!(problem(&|bundle| bundle.manner = Some("cold".to_owned())).contains("\"cold\""));
        assert!(problem(&|bundle| bundle.model.temperature = Some(3.0)).starts_with("model.temperature"));
        let unknown = |bundle: &mut Bundle| bundle.guards.always_person.push("nothing".to_owned());
        assert!(problem(&unknown).contains("no intent \"nothing\""));
    }

    #[test]
    fn instructions_that_try_to_act_are_warned_of() {
        let mut bundle = garage().bundle();
        assert_eq!(bundle.warnings(), []);
        bundle.instructions =
            "Refund the customer and send it automatically. Use hand_over. {{ name }}".to_owned();
        bundle.tools.retain(|tool| tool != tools::HAND_OVER);
        bundle.guards.never_say.push("cheap".to_owned());
        bundle.examples.push(Shot { asked: "x".to_owned(), answer: "It is Cheap.".to_owned() });
        let parts: Vec<&str> = bundle.warnings().iter().map(|warning| warning.part).collect();
        assert_eq!(parts, ["instructions", "instructions", "instructions", "instructions", "examples"]);
    }

    #[test]
    fn a_bundle_changes_what_it_holds_and_nothing_else() {
        let agent = garage();
        let bundle = Bundle { personality: "curt".to_owned(), ..agent.bundle() };
        assert_ne!(bundle.hash(&agent.key), agent.bundle().hash(&agent.key));
        let changed = agent.with(bundle, 7);
        assert_eq!((changed.version, changed.personality.as_str()), (7, "curt"));
        assert_eq!(Agent { personality: agent.personality.clone(), version: 0, ..changed }, agent);
    }
}
