//! Telephone numbers, e-mail addresses and links, by maintained libraries.

use linkify::{LinkFinder, LinkKind};

use super::Setting;
use super::dates::Clue;
use super::token::Tokens;

/// A way to reach somebody or something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Contact {
    /// An e-mail address in lower case.
    Email(String),
    /// A web address with its scheme.
    Url(String),
    /// E.164, or the digits as written when they are a local number.
    Phone(String),
}

/// All contact data of a text.
pub(super) fn contacts(tokens: Tokens<'_, '_>, text: &str, setting: &Setting) -> Vec<Clue<Contact>> {
    let mut found = links(tokens, text);
    let mut at = 0;
    while at < tokens.len() {
        let free = !found.iter().any(|c| c.start <= at && at < c.end);
        match phone_at(tokens, text, at, setting).filter(|_| free) {
            Some(clue) => {
                at = clue.end;
                found.push(clue);
            }
            None => at += 1,
        }
    }
    found
}

fn links(tokens: Tokens<'_, '_>, text: &str) -> Vec<Clue<Contact>> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder
        .links(text)
        .filter_map(|link| {
            let value = match link.kind() {
                LinkKind::Email => Contact::Email(link.as_str().to_lowercase()),
                LinkKind::Url if link.as_str().contains("://") => Contact::Url(link.as_str().to_owned()),
                LinkKind::Url if is_bare_host(link.as_str()) => {
                    Contact::Url(format!("https://{}", link.as_str()))
                }
                _ => return None,
            };
            let start = (0..tokens.len()).find(|i| tokens.start_byte(*i) >= link.start())?;
            let end =
                (start..tokens.len()).find(|i| tokens.start_byte(*i) >= link.end()).unwrap_or(tokens.len());
            Some(Clue { value, start, end, certainty: 0.98 })
        })
        .collect()
}

/// "example.com" is a link; "now.Thanks" and "1.pm" are two words without a space.
fn is_bare_host(text: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "com", "org", "net", "co", "uk", "de", "fr", "es", "pt", "it", "nl", "eu", "io", "dev", "app",
        "info", "biz", "ie", "ch", "at", "be", "us", "ca", "au", "shop", "example",
    ];
    let host = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let ending = host.rsplit('.').next().unwrap_or_default();
    let capital =
        ending.chars().next().is_some_and(char::is_uppercase) && host.chars().any(char::is_lowercase);
    ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) && !capital
}

/// A run of digits that is a valid number of the workspace's country or carries its own.
fn phone_at(tokens: Tokens<'_, '_>, text: &str, at: usize, setting: &Setting) -> Option<Clue<Contact>> {
    let plus = tokens.word(at) == "+";
    let bracket = tokens.word(at) == "(";
    if !(plus || bracket || tokens.digits(at) > 0) || (tokens.digits(at) > 0 && tokens.glued(at)) {
        return None;
    }
    let mut end = at;
    let mut last_digits = at;
    let mut digits = 0;
    while end < tokens.len() {
        let here = tokens.digits(end);
        let mark = matches!(tokens.word(end), "+" | "(" | ")" | "-" | "." | "/");
        let fits = here > 0 || (mark && (end == at || tokens.word(end) != "+"));
        if !fits || (here > 0 && digits + here > 15) {
            break;
        }
        digits += here;
        end += 1;
        if here > 0 {
            last_digits = end;
        }
    }
    let end = last_digits;
    if tokens.glued(end) && tokens.get(end).is_some_and(|t| t.is_word()) || digits < 7 {
        return None;
    }
    let written = text.get(tokens.start_byte(at)..tokens.end_byte(end))?;
    let clue = |value, certainty| Some(Clue { value: Contact::Phone(value), start: at, end, certainty });
    let looks_like_date = written.matches(['.', '/']).count() >= 2 && digits == 8;
    if let Some(number) = valid(written, &setting.country).filter(|_| !looks_like_date) {
        let grouped = end - at > 1 || plus || written.starts_with('0');
        return clue(number, if grouped { 0.96 } else { 0.8 });
    }
    // Not valid, but written like a number of the place: kept as written.
    let local = digits == 7 && end - at == 3 && tokens.word(at + 1) == "-" && tokens.digits(at) == 3;
    let groups = (at..end).filter(|i| tokens.digits(*i) > 0).count();
    let national = (written.starts_with('0') || plus || bracket)
        && groups >= 2
        && (8..=13).contains(&digits)
        && !written.contains(['.', '/'])
        && !looks_like_date;
    let local = local || national;
    if local { clue(written.to_owned(), 0.7) } else { None }
}

/// The E.164 form of a valid number.
pub(super) fn valid(text: &str, country: &str) -> Option<String> {
    let home = country.parse::<phonenumber::country::Id>().ok();
    let number = phonenumber::parse(home, text).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}
