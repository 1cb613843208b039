//! What a saved view is.

use serde_json::{Value, json};

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
    /// Only where this holds (`schemas/filter.json`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub when: Option<Value>,
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
    /// The same in words.
    pub text: String,
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
        Ok(SavedView { id, name, shared: self.shared, made_by, filter, text: String::new(), created_at: now })
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
    /// Everything it asks for in one tree: what older views say with a label and a status, too.
    pub fn whole(&self) -> Value {
        let is = |fact: &str, op: &str, value: &str| json!({"fact": fact, "op": op, "value": value});
        let label = self.label.as_ref().map(|label| is("conversation.labels", "contains", label));
        let status = self.status.as_ref().map(|status| is("conversation.status", "is", status));
        let all: Vec<Value> = [label, status, self.when.clone()].into_iter().flatten().collect();
        match <[Value; 1]>::try_from(all) {
            Ok([one]) => one,
            Err(all) => json!({ "all": all }),
        }
    }

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
