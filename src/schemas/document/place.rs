//! A value of a document and where it stands.

use serde_json::{Map, Value};

use crate::schemas::Problems;

/// A value of the document and where it stands.
pub(in crate::schemas) struct Place<'a> {
    pub(in crate::schemas) value: &'a Value,
    pub(in crate::schemas) path: String,
}

impl<'a> Place<'a> {
    pub(in crate::schemas) fn root(value: &'a Value) -> Self {
        Place { value, path: String::new() }
    }

    pub(in crate::schemas) fn name(&self) -> &str {
        if self.path.is_empty() { "the document" } else { &self.path }
    }

    pub(in crate::schemas) fn get(&self, key: &str) -> Option<Place<'a>> {
        let value = self.value.get(key)?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Some(Place { value, path })
    }

    pub(in crate::schemas) fn object(&self, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let object = self.value.as_object();
        if object.is_none() {
            problems.add(self.name(), "this must be an object");
        }
        object
    }

    /// Refuses words that mean nothing here.
    pub(in crate::schemas) fn only(&self, words: &[&str], problems: &mut Problems) {
        for key in self.value.as_object().into_iter().flat_map(Map::keys) {
            if !words.contains(&key.as_str()) {
                problems
                    .add(self.name(), &format!("{key:?} means nothing here; known are {}", words.join(", ")));
            }
        }
    }

    /// A text under a key that may be absent.
    pub(in crate::schemas) fn text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let place = self.get(key)?;
        match place.value.as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => {
                problems.add(&place.path, "this must be a text that is not empty");
                None
            }
        }
    }

    /// A text under a key that must be there.
    pub(in crate::schemas) fn needed_text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        if self.get(key).is_none() {
            problems.add(self.name(), &format!("{key:?} is missing"));
        }
        self.text(key, problems)
    }

    /// The items of a list.
    pub(in crate::schemas) fn items(&self, problems: &mut Problems) -> Vec<Place<'a>> {
        let Some(items) = self.value.as_array() else {
            problems.add(self.name(), "this must be a list");
            return Vec::new();
        };
        (0..).zip(items).map(|(at, value)| Place { value, path: format!("{}[{at}]", self.path) }).collect()
    }

    /// The items of a list of texts.
    pub(in crate::schemas) fn texts(&self, problems: &mut Problems) -> Vec<String> {
        let mut texts = Vec::new();
        for item in self.items(problems) {
            match item.value.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => texts.push(text.to_owned()),
                _ => problems.add(&item.path, "this must be a text that is not empty"),
            }
        }
        texts
    }
}

/// The name of what stands under a key.
pub(in crate::schemas) fn place_of(place: &Place<'_>, key: &str) -> String {
    if place.path.is_empty() { key.to_owned() } else { format!("{}.{key}", place.path) }
}
