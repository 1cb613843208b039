//! What a first workspace is made of.

use crate::agents::Agent;
use crate::base::{Role, clean_text};
use crate::identity::NewStaff;
use crate::setup::Error;
use crate::workspaces::{NewWorkspace, Settings, Setup};

/// Longest name of a business, in characters.
const MAX_NAME: usize = 100;

/// Longest word of an address.
const MAX_SLUG: usize = 40;

/// The accent of a business that has not chosen one.
const ACCENT: &str = "#0d5c49";

/// Seconds in which an approval can be taken back, until somebody chooses.
const UNDO_SECONDS: u32 = 5;

/// A hub's first workspace and its owner.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHub {
    /// The code out of the link that the hub printed at its start.
    pub code: String,
    /// The name of the business.
    pub name: String,
    /// The word in its addresses; absent: made from the name.
    pub slug: Option<String>,
    /// The first person.
    pub owner: Owner,
    /// IANA time zone, such as `Europe/London`.
    pub timezone: String,
    /// Language and region, such as `en-GB`.
    pub locale: String,
    /// Two-letter country, for telephone numbers.
    pub country: String,
    /// Three-letter currency.
    pub currency: String,
    /// Key of the agent; absent: one is there until one is chosen.
    pub agent: Option<String>,
}

/// The owner of a first workspace.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Their name.
    pub name: String,
    /// The address they will sign in with.
    pub email: String,
    /// Their password, at least 8 characters.
    pub password: String,
}

/// An agent as it is offered.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct OfferedAgent {
    /// The word that names it.
    pub key: String,
    /// Its name for staff.
    pub name: String,
    /// What it is.
    pub role: String,
    /// Its name for customers.
    pub assistant_name: String,
    /// First words of an empty conversation.
    pub greeting: String,
    /// What customers ask it for.
    pub asks: Vec<String>,
    /// A question it can be tried with.
    pub starters: Vec<String>,
}

impl From<&Agent> for OfferedAgent {
    fn from(agent: &Agent) -> Self {
        OfferedAgent {
            key: agent.key.clone(),
            name: agent.name.clone(),
            role: agent.role.clone(),
            assistant_name: agent.assistant_name.clone(),
            greeting: agent.greeting.clone(),
            asks: agent.intents.iter().map(|intent| intent.label.clone()).collect(),
            starters: agent.starters.clone(),
        }
    }
}

impl NewHub {
    /// The workspace and its owner, as their domains take them.
    pub(super) fn into_parts(self, agent: &Agent) -> Result<(NewWorkspace, NewStaff), Error> {
        let name = cleaned("name", &self.name)?;
        let slug = match &self.slug {
            Some(slug) if is_slug(slug) => slug.clone(),
            Some(slug) => {
                let problem =
                    format!("{slug:?} is not 2 to {MAX_SLUG} small letters, digits and single hyphens");
                return Err(Error::Invalid { field: "slug", problem });
            }
            None => slug_of(&name),
        };
        let settings = Settings {
            timezone: self.timezone,
            locale: cleaned("locale", &self.locale)?,
            country: letters("country", self.country, 2, "GB")?,
            currency: letters("currency", self.currency, 3, "GBP")?,
            accent: ACCENT.to_owned(),
            assistant_name: agent.assistant_name.clone(),
            greeting: agent.greeting.clone(),
            starters: agent.starters.clone(),
            hours: Vec::new(),
            undo_seconds: UNDO_SECONDS,
            allowed_origins: Vec::new(),
            setup: Some(Setup::default()),
        };
        let Owner { name: person, email, password } = self.owner;
        let owner = NewStaff { name: person, email, role: Role::Owner, password };
        Ok((NewWorkspace { slug, name, agent: agent.key.clone(), settings }, owner))
    }
}

fn letters(field: &'static str, text: String, length: usize, example: &str) -> Result<String, Error> {
    match text.len() == length && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(text),
        false => {
            let problem = format!("{text:?} is not a code such as {example}");
            Err(Error::Invalid { field, problem })
        }
    }
}

fn cleaned(field: &'static str, text: &str) -> Result<String, Error> {
    match clean_text(text, MAX_NAME) {
        Ok(text) => Ok(text.into_string()),
        Err(fault) => Err(Error::Invalid { field, problem: fault.to_string() }),
    }
}

fn is_slug(text: &str) -> bool {
    (2..=MAX_SLUG).contains(&text.len())
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
        })
}

/// A word for addresses out of a name: "Lindner & Söhne" gives `lindner-sohne`.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        match plain(letter) {
            Some(letter) => slug.push(letter),
            None if letter.is_alphanumeric() => {}
            None if slug.is_empty() || slug.ends_with('-') => {}
            None => slug.push('-'),
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_matches('-');
    if is_slug(slug) { slug.to_owned() } else { "desk".to_owned() }
}

/// The letter without its accent, if it can stand in an address.
fn plain(letter: char) -> Option<char> {
    Some(match letter {
        'a'..='z' | '0'..='9' => letter,
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ž' | 'ź' | 'ż' => 'z',
        'ş' | 'ś' | 'š' | 'ß' => 's',
        'ł' => 'l',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_made_from_a_name() {
        assert_eq!(slug_of("Lindner & Söhne"), "lindner-sohne");
        assert_eq!(slug_of("  Café  Nº 5! "), "cafe-n-5");
        assert_eq!(slug_of("مطعم الميناء"), "desk");
        assert_eq!(slug_of(&"long name ".repeat(9)).len(), 39);
        assert!(is_slug(&slug_of(&"x".repeat(200))));
    }

    #[test]
    fn an_address_has_no_odd_letters() {
        assert!(is_slug("harbour-kitchen") && is_slug("a1"));
        for odd in ["a", "-ab", "ab-", "a--b", "Ab", "a b", "a/b", "..", "ä-b", &"x".repeat(41)] {
            assert!(!is_slug(odd), "{odd}");
        }
    }
}
