//! The history of a field: every change with who made it, and going back to one as a new change.

use serde_json::Value;

use crate::base::{Actor, ConversationId, Timestamp};
use crate::context::{Error, RecordView, fields_named, model, set};
use crate::conversations;
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, FieldOrigin};
use crate::schemas::{self, show_value};

/// Most entries of a conversation that are looked through, and how many at once.
const MAX_ENTRIES: i64 = 5_000;

/// One change of a field.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FieldStep {
    /// The entry that tells of it.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// Their name.
    pub author: String,
    /// Where the value came from.
    pub origin: FieldOrigin,
    /// How sure the machine was, 0 to 1; 1 for a person.
    pub confidence: f64,
    /// The value before, as it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value after, as it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The value after; absent when it was cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub value: Option<Value>,
    /// The words it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// Every change of a field, the newest first.
pub async fn history(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    name: &str,
) -> Result<Vec<FieldStep>, Error> {
    conversations::exists(cx, tx, conversation).await?;
    let schemas = schemas::active(cx, tx).await?;
    let named = fields_named(&schemas, name).next();
    let (schema, known) = named.ok_or_else(|| Error::NoField(name.to_owned()))?;
    let own = model::record_id(conversation, &schema.key);
    let entries = conversations::raw_entries(tx, cx.workspace, conversation, 0, MAX_ENTRIES).await?;
    let mut steps: Vec<FieldStep> = entries
        .into_iter()
        .filter_map(|(entry, _)| match entry.content {
            Content::FieldChanged { record, field, from, to, confidence, origin, evidence, .. }
                if record == own && field == known.key =>
            {
                let shown = |value: &Option<Value>| value.as_ref().map(|value| show_value(known, value));
                Some(FieldStep {
                    seq: entry.seq,
                    at: entry.at,
                    actor: entry.actor,
                    author: entry.author,
                    origin,
                    confidence,
                    from: shown(&from),
                    to: shown(&to),
                    value: to,
                    evidence,
                })
            }
            _ => None,
        })
        .collect();
    steps.reverse();
    Ok(steps)
}

/// Sets a field back to what it was after an earlier change. That is a change of its own, by a person.
pub async fn revert(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    name: &str,
    seq: i64,
) -> Result<RecordView, Error> {
    let steps = history(cx, tx, conversation, name).await?;
    let step = steps.into_iter().find(|step| step.seq == seq);
    let step = step.ok_or_else(|| Error::NoStep { field: name.to_owned(), seq })?;
    let is_known = step.value.is_some();
    set(cx, tx, conversation, name, step.value, is_known).await
}
