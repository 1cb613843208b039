//! The agent's phrases: small templates in `prompts/reply`, one per purpose, in several languages.

use include_dir::{Dir, include_dir};
use tera::{Context, Tera};

use crate::agents::Error;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/prompts/reply");

/// Languages that every phrase speaks; others get English.
pub(super) const LANGUAGES: &[&str] = &["en", "de", "es", "pt", "fr"];

/// The phrases, ready to be rendered. Rendering is strict: an unknown variable is an error.
pub struct Phrases {
    tera: Tera,
    hash: String,
}

impl Phrases {
    /// Reads the phrases that come with the binary.
    pub fn load() -> Result<Phrases, Error> {
        let mut tera = Tera::new();
        // Phrases are plain text: what customers typed is shown as it is and escaped where it is displayed.
        tera.autoescape_on(Vec::<&'static str>::new());
        let mut hasher = blake3::Hasher::new();
        for file in FILES.files() {
            let name =
                file.path().file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let text = file.contents_utf8().ok_or_else(|| Error::Phrases(format!("{name} is not UTF-8")))?;
            tera.add_raw_template(&name, text).map_err(|error| Error::Phrases(error.to_string()))?;
            hasher.update(name.as_bytes()).update(text.as_bytes());
        }
        Ok(Phrases { tera, hash: hasher.finalize().to_hex()[..16].to_owned() })
    }

    /// Names this set of phrases: it changes with any of them.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Renders a phrase in a language.
    pub(super) fn say(&self, name: &str, language: &str, values: &[(&'static str, &str)]) -> String {
        let mut context = Context::new();
        let language = if LANGUAGES.contains(&language) { language } else { "en" };
        context.insert("lang", language);
        for name in ["name", "facts", "business"] {
            let value = values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
            context.insert(name, value);
        }
        match self.tera.render(name, &context) {
            Ok(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    phrase = name,
                    "phrase not rendered"
                );
                String::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_speaks_every_language() {
        let phrases = Phrases::load().expect("the built-in phrases are right");
        for file in FILES.files() {
            let name =
                file.path().file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let spoken: Vec<String> = LANGUAGES
                .iter()
                .map(|language| {
                    phrases.say(&name, language, &[("name", "Ana"), ("facts", "x"), ("business", "y")])
                })
                .collect();
            assert!(spoken.iter().all(|text| !text.is_empty()), "{name}");
            assert!(spoken[1..].iter().all(|text| *text != spoken[0]), "{name} is not translated");
        }
    }

    #[test]
    fn what_customers_typed_is_not_escaped_nor_run() {
        let phrases = Phrases::load().expect("the built-in phrases are right");
        let said = phrases.say("opening", "en", &[("name", "<b>{{ business }}")]);
        assert_eq!(said, "Hello <b>{{ business }}, thanks for writing.");
    }
}
