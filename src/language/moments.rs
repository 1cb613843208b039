//! Small moments of a conversation that are no questions: greetings, thanks, the wish for a person.

/// What kind of moment a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A greeting and nothing else.
    Greeting,
    /// Thanks or a farewell and nothing else.
    Thanks,
    /// The customer wants a person.
    WantsPerson,
    /// Anything else.
    Other,
}

/// Words that greet, in the languages the phrases speak.
const GREETING: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "good",
    "morning",
    "afternoon",
    "evening",
    "day",
    "hallo",
    "guten",
    "tag",
    "morgen",
    "abend",
    "moin",
    "servus",
    "hola",
    "buenos",
    "buenas",
    "dias",
    "días",
    "tardes",
    "noches",
    "ola",
    "olá",
    "bom",
    "boa",
    "dia",
    "tarde",
    "noite",
    "bonjour",
    "salut",
    "bonsoir",
    "there",
    "all",
    "team",
    "everyone",
    "again",
];

/// Words that thank or part.
const THANKS: &[&str] = &[
    "thanks",
    "thank",
    "you",
    "thx",
    "ty",
    "cheers",
    "great",
    "perfect",
    "lovely",
    "super",
    "ok",
    "okay",
    "bye",
    "goodbye",
    "so",
    "much",
    "very",
    "a",
    "lot",
    "that's",
    "thats",
    "all",
    "for",
    "now",
    "the",
    "help",
    "your",
    "danke",
    "vielen",
    "dank",
    "tschüss",
    "gracias",
    "muchas",
    "adios",
    "adiós",
    "obrigado",
    "obrigada",
    "merci",
    "beaucoup",
    "good",
    "brilliant",
    "wonderful",
    "nice",
    "day",
    "have",
    "cool",
    "and",
    "bis",
    "bald",
    "see",
    "soon",
    "then",
];

/// Words of which one must be there for a message to be thanks.
const THANKS_CORE: &[&str] = &[
    "thanks",
    "thank",
    "thx",
    "ty",
    "cheers",
    "danke",
    "dank",
    "gracias",
    "obrigado",
    "obrigada",
    "merci",
    "bye",
    "goodbye",
    "tschüss",
    "adios",
    "adiós",
    "perfect",
    "great",
    "brilliant",
    "wonderful",
    "lovely",
];

/// How customers ask for a person.
const PERSON: &[&str] = &[
    "talk to a person",
    "talk to a human",
    "speak to a person",
    "speak to a human",
    "speak to someone",
    "talk to someone",
    "real person",
    "real human",
    "speak to somebody",
    "talk to somebody",
    "a human please",
    "human agent",
    "speak with a person",
    "speak with someone",
    "call me back",
    "speak to a manager",
    "talk to the manager",
    "speak to the manager",
    "talk to a manager",
    "mit einem menschen",
    "mit jemandem sprechen",
    "hablar con una persona",
    "falar com uma pessoa",
    "parler à quelqu'un",
    "parler à une personne",
];

/// What kind of moment a message is.
pub fn of(text: &str) -> Moment {
    let lower = text.to_lowercase();
    if PERSON.iter().any(|phrase| lower.contains(phrase)) {
        return Moment::WantsPerson;
    }
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect();
    let all_in = |list: &[&str]| !words.is_empty() && words.iter().all(|word| list.contains(word));
    if lower.contains('?') {
        return Moment::Other;
    }
    if all_in(GREETING) {
        return Moment::Greeting;
    }
    let thanks = words.iter().any(|word| THANKS_CORE.contains(word));
    if thanks && words.len() <= 12 && all_in(THANKS) { Moment::Thanks } else { Moment::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_without_content_are_moments() {
        for (text, moment) in [
            ("Hi there", Moment::Greeting),
            ("Good morning!", Moment::Greeting),
            ("Guten Tag", Moment::Greeting),
            ("Thank you so much, bye!", Moment::Thanks),
            ("Perfect, thanks", Moment::Thanks),
            ("Can I speak to a human please", Moment::WantsPerson),
            ("Thanks, and what does it cost?", Moment::Other),
            ("Good morning, my brakes grind", Moment::Other),
            ("", Moment::Other),
        ] {
            assert_eq!(of(text), moment, "{text}");
        }
    }
}
