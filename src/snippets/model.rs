//! What a saved reply is.

use crate::base::{SnippetId, StaffId, Timestamp, clean_text};
use crate::snippets::Error;

/// Longest shortcut and longest text, in characters.
const MAX_SHORTCUT: usize = 30;
const MAX_BODY: usize = 4_000;

/// A saved reply.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Snippet {
    /// Its identifier.
    pub id: SnippetId,
    /// What is typed after a slash, in small letters.
    pub shortcut: String,
    /// The text, with variables in double braces.
    pub body: String,
    /// Whether everybody has it.
    pub shared: bool,
    /// Who made it.
    pub made_by: StaffId,
    /// How often it was used.
    pub uses: i64,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// A reply to be saved.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSnippet {
    /// What is typed after a slash.
    pub shortcut: String,
    /// The text.
    pub body: String,
    /// Whether everybody gets it.
    #[serde(default)]
    pub shared: bool,
}

/// Changes to a saved reply: what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnippetChange {
    /// What is typed after a slash.
    pub shortcut: Option<String>,
    /// The text.
    pub body: Option<String>,
}

impl NewSnippet {
    pub(super) fn into_snippet(
        self,
        id: SnippetId,
        made_by: StaffId,
        now: Timestamp,
    ) -> Result<Snippet, Error> {
        let shortcut = clean_shortcut(&self.shortcut)?;
        let body = clean_text(&self.body, MAX_BODY)?.into_string();
        Ok(Snippet { id, shortcut, body, shared: self.shared, made_by, uses: 0, created_at: now })
    }
}

impl SnippetChange {
    pub(super) fn apply(self, mut snippet: Snippet) -> Result<Snippet, Error> {
        if let Some(shortcut) = self.shortcut {
            snippet.shortcut = clean_shortcut(&shortcut)?;
        }
        if let Some(body) = self.body {
            snippet.body = clean_text(&body, MAX_BODY)?.into_string();
        }
        Ok(snippet)
    }
}

/// A shortcut as it is typed: letters and digits of any script, and hyphens.
fn clean_shortcut(text: &str) -> Result<String, Error> {
    let shortcut = text.trim().trim_start_matches('/').to_lowercase();
    let length = shortcut.chars().count();
    let typed = shortcut.chars().all(|one| one.is_alphanumeric() || one == '-');
    match (1..=MAX_SHORTCUT).contains(&length) && typed {
        true => Ok(shortcut),
        false => Err(Error::Shortcut(text.chars().take(MAX_SHORTCUT + 1).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_is_one_word() {
        assert_eq!(clean_shortcut(" /Öffnung-2 ").ok().as_deref(), Some("öffnung-2"));
        for wrong in ["", "/", "two words", "a/b", &"x".repeat(31), "<b>"] {
            assert!(clean_shortcut(wrong).is_err(), "{wrong:?}");
        }
    }
}
