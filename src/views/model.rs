//! What a saved view is.

use crate::base::{StaffId, Timestamp, ViewId, clean_text};
use crate::conversations::View;
use crate::views::Error;

/// Longest name and longest word of a filter, in characters.
const MAX_NAME: usize = 40;
const MAX_WORD: usize = 120;

/// Which conversations a view shows: the filters of the inbox.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewFilter {
    /// A view of the inbox; `open` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// Only with this label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Only in this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only what this colleague looks after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<StaffId>,
    /// Only with these words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// A saved view.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct SavedView {
    /// Its identifier.
    pub id: ViewId,
    /// Its name.
    pub name: String,
    /// Whether everybody has it.
    pub shared: bool,
    /// Who made it.
    pub made_by: StaffId,
    /// What it shows.
    pub filter: ViewFilter,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// A view to be saved.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewView {
    /// Its name.
    pub name: String,
    /// Whether everybody gets it.
    #[serde(default)]
    pub shared: bool,
    /// What it shows.
    pub filter: ViewFilter,
}

/// Changes to a view: what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewChange {
    /// Its name.
    pub name: Option<String>,
    /// What it shows.
    pub filter: Option<ViewFilter>,
}

impl NewView {
    pub(super) fn into_view(self, id: ViewId, made_by: StaffId, now: Timestamp) -> Result<SavedView, Error> {
        let name = clean_text(&self.name, MAX_NAME)?.into_string();
        let filter = self.filter.clean()?;
        Ok(SavedView { id, name, shared: self.shared, made_by, filter, created_at: now })
    }
}

impl ViewChange {
    pub(super) fn apply(self, mut view: SavedView) -> Result<SavedView, Error> {
        if let Some(name) = self.name {
            view.name = clean_text(&name, MAX_NAME)?.into_string();
        }
        if let Some(filter) = self.filter {
            view.filter = filter.clean()?;
        }
        Ok(view)
    }
}

impl ViewFilter {
    fn clean(mut self) -> Result<ViewFilter, Error> {
        for word in [&mut self.label, &mut self.status, &mut self.q] {
            *word = match word.take().filter(|word| !word.trim().is_empty()) {
                None => None,
                Some(word) => Some(clean_text(&word, MAX_WORD)?.into_string()),
            };
        }
        Ok(self)
    }
}
