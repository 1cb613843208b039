//! What a segment is.

use serde_json::Value;

use crate::base::{SegmentId, Timestamp};

/// A saved filter of contacts.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Segment {
    /// Its identifier.
    pub id: SegmentId,
    /// The word that rules know it by.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who is in it (`schemas/filter.json`, about contacts).
    #[schema(value_type = Object)]
    pub when: Value,
    /// Rises by one with every change.
    pub version: i64,
    /// Who made it.
    pub made_by: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A segment to be added.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSegment {
    /// The word that rules know it by; it does not change.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who is in it (`schemas/filter.json`, about contacts).
    #[schema(value_type = Object)]
    pub when: Value,
}

/// An edited segment.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentChange {
    /// The version that was edited.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Who is in it (`schemas/filter.json`, about contacts).
    #[schema(value_type = Object)]
    pub when: Value,
}

pub(super) fn is_key(key: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    key.starts_with(|first: char| first.is_ascii_lowercase()) && key.len() <= 64 && key.chars().all(is_inner)
}
