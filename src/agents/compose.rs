//! The built-in engine: a reply from cited sentences and the agent's phrases.

use crate::agents::{Intent, Phrases};
use crate::protocol::{Blocker, BlockerKind, Sentence, Support};

/// Everything the engine knows when it writes.
pub struct Brief<'a> {
    /// The customer's language, two letters.
    pub language: &'a str,
    /// The business.
    pub business: &'a str,
    /// The customer's first name, if it is known.
    pub name: Option<&'a str>,
    /// Whether nobody has answered in this conversation yet.
    pub first: bool,
    /// What kind of moment this is.
    pub moment: Moment,
    /// What the customer asks for.
    pub intent: Option<&'a Intent>,
    /// Sentences that answer, best first.
    pub quotes: &'a [Quote],
    /// Whether the sentences answer; if not, they are not said.
    pub answers: bool,
    /// What was learned from the newest messages, as "label: value".
    pub learned: &'a [String],
    /// What is still needed, most useful first.
    pub missing: &'a [Missing],
    /// The last reply asked for this field already: do not ask again in the same words.
    pub already_asked: Option<&'a str>,
    /// What a reply that answers ends with.
    pub closing: Option<&'a str>,
}

/// What kind of moment a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A question or request.
    Ask,
    /// A greeting and nothing else.
    Greeting,
    /// Thanks or a farewell and nothing else.
    Thanks,
    /// Files or sound without words.
    Wordless,
    /// The customer wants a person.
    WantsPerson,
    /// The message tries to steer the agent.
    Steering,
}

/// A sentence taken from a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// The sentence.
    pub text: String,
    /// The number of its citation, from 1.
    pub number: i64,
}

/// A field whose value is still needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// Its key.
    pub field: String,
    /// Its name.
    pub label: String,
    /// How to ask for it.
    pub ask: Option<String>,
}

/// What the engine wrote.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// What each sentence rests on.
    pub sentences: Vec<Sentence>,
    /// Why it should not go out by itself.
    pub blockers: Vec<Blocker>,
    /// The field it asks for.
    pub asks: Option<String>,
}

/// Writes a reply.
pub fn compose(phrases: &Phrases, brief: &Brief<'_>) -> Draft {
    let mut page = Page::default();
    let say = |phrase: &str| {
        let values = [("name", brief.name.unwrap_or_default()), ("business", brief.business)];
        phrases.say(phrase, brief.language, &values)
    };
    match brief.moment {
        Moment::WantsPerson => {
            page.write(&say("person"), Support::Phrase, &[]);
            page.block(BlockerKind::PersonRequested, "The customer asks for a person");
        }
        Moment::Steering => {
            page.write(&say("steering"), Support::Phrase, &[]);
            page.block(BlockerKind::Steering, "The message tries to steer the agent");
        }
        Moment::Greeting => page.write(&say("how_can_i_help"), Support::Phrase, &[]),
        Moment::Thanks => page.write(&say("welcome"), Support::Phrase, &[]),
        Moment::Wordless => {
            page.write(&say("voice"), Support::Phrase, &[]);
            page.block(BlockerKind::MissingFact, "It holds files that nobody has looked at");
        }
        Moment::Ask => answer(phrases, brief, &mut page),
    }
    page.draft
}

fn answer(phrases: &Phrases, brief: &Brief<'_>, page: &mut Page) {
    let say = |phrase: &str, facts: &str| {
        let values =
            [("name", brief.name.unwrap_or_default()), ("business", brief.business), ("facts", facts)];
        phrases.say(phrase, brief.language, &values)
    };
    if brief.first {
        page.write(&say("opening", ""), Support::Phrase, &[]);
    }
    let sensitive = brief.intent.filter(|intent| intent.sensitive);
    if let Some(intent) = sensitive {
        page.write(&say("sensitive", ""), Support::Phrase, &[]);
        page.block(BlockerKind::Sensitive, &intent.sensitive_because);
    }
    let answers = brief.answers && !brief.quotes.is_empty();
    if !brief.learned.is_empty() && sensitive.is_none() {
        page.write(&say("noted", &brief.learned.join(", ")), Support::Context, &[]);
    }
    if answers {
        for quote in brief.quotes {
            page.write(&quote.text, Support::Cited, &[quote.number]);
        }
    }
    let asked = sensitive.is_none() && ask(brief, page);
    if !answers && sensitive.is_none() && brief.learned.is_empty() && !asked {
        page.write(&say("unknown", ""), Support::Phrase, &[]);
        page.block(BlockerKind::MissingKnowledge, "Our documents do not answer this");
    } else if !brief.learned.is_empty() && !asked && sensitive.is_none() {
        page.write(&say("confirm", ""), Support::Phrase, &[]);
    }
    if let Some(closing) = brief.closing.filter(|_| answers && !asked) {
        page.write(closing, Support::Phrase, &[]);
    }
}

/// Asks for the most useful thing that is missing; says whether it did.
fn ask(brief: &Brief<'_>, page: &mut Page) -> bool {
    let next = brief.missing.iter().find(|missing| brief.already_asked != Some(missing.field.as_str()));
    let Some((missing, question)) = next.and_then(|missing| Some((missing, missing.ask.as_deref()?))) else {
        return false;
    };
    page.write(question, Support::Phrase, &[]);
    page.draft.asks = Some(missing.field.clone());
    page.block(BlockerKind::MissingFact, &format!("{} is not known yet", missing.label));
    true
}

/// A draft being put together.
#[derive(Default)]
struct Page {
    draft: Draft,
    length: i64,
}

impl Page {
    fn write(&mut self, text: &str, support: Support, citations: &[i64]) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if !self.draft.text.is_empty() {
            self.draft.text.push(' ');
            self.length += 1;
        }
        let start = self.length;
        self.draft.text.push_str(text);
        self.length += i64::try_from(text.encode_utf16().count()).unwrap_or(i64::MAX - start);
        let citations = citations.to_vec();
        self.draft.sentences.push(Sentence { start, end: self.length, support, citations });
    }

    fn block(&mut self, kind: BlockerKind, says: &str) {
        self.draft.blockers.push(Blocker { kind, says: says.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief<'a>(quotes: &'a [Quote], missing: &'a [Missing], learned: &'a [String]) -> Brief<'a> {
        Brief {
            language: "en",
            business: "Northgate Motors",
            name: Some("Ana"),
            first: true,
            moment: Moment::Ask,
            intent: None,
            quotes,
            answers: !quotes.is_empty(),
            learned,
            missing,
            already_asked: None,
            closing: None,
        }
    }

    fn phrases() -> Phrases {
        Phrases::load().expect("the built-in phrases are right")
    }

    #[test]
    fn an_answer_quotes_its_sources_and_asks_one_thing() {
        let quotes = [Quote { text: "An MOT costs £54.85.".to_owned(), number: 1 }];
        let ask = |field: &str, ask: &str| Missing {
            field: field.to_owned(),
            label: field.to_owned(),
            ask: Some(ask.to_owned()),
        };
        let missing = [ask("vehicle", "Which car is it?"), ask("phone", "Which number?")];
        let draft = compose(&phrases(), &brief(&quotes, &missing, &[]));
        assert_eq!(draft.text, "Hello Ana, thanks for writing. An MOT costs £54.85. Which car is it?");
        assert_eq!(draft.asks.as_deref(), Some("vehicle"));
        let cited: Vec<&Sentence> =
            draft.sentences.iter().filter(|sentence| sentence.support == Support::Cited).collect();
        let utf16: Vec<u16> = draft.text.encode_utf16().collect();
        let range = usize::try_from(cited[0].start).unwrap_or(0)..usize::try_from(cited[0].end).unwrap_or(0);
        assert_eq!(String::from_utf16_lossy(&utf16[range]), "An MOT costs £54.85.");
        assert_eq!(cited[0].citations, [1]);
    }

    #[test]
    fn nothing_known_is_said_plainly() {
        let draft = compose(&phrases(), &brief(&[], &[], &[]));
        assert!(draft.text.contains("I do not have an answer"), "{}", draft.text);
        assert_eq!(draft.blockers.first().map(|blocker| blocker.kind), Some(BlockerKind::MissingKnowledge));
    }

    #[test]
    fn what_was_learned_is_read_back() {
        let learned = ["Vehicle: Ford Focus".to_owned()];
        let draft = compose(&phrases(), &brief(&[], &[], &learned));
        assert!(draft.text.contains("I have noted this: Vehicle: Ford Focus."), "{}", draft.text);
        assert!(draft.blockers.is_empty());
    }
}
