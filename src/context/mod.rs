//! Context: what is known of a conversation, field by field, with where it comes from.
//!
//! There is one record per conversation and active schema. It is kept under the schema's key, so that a
//! new version of a schema loses nothing.
//!
//! Invariants: a weaker value never overwrites a stronger one or a person's; every change of a value is an
//! entry of the timeline, written in the same transaction; of two writers of a field one wins and the
//! other is told.

mod fills;
mod flow;
mod history;
mod model;
mod past;
mod routes;
mod statistics;
mod store;
mod suggest;

pub use fills::{FillPast, fill, fill_step, start_fill, stop_fill};
pub use flow::{Move, move_status, moves};
pub use history::{FieldStep, history, revert};
pub use model::{Beside, Change, Changed, FieldView, Proposal, RecordView, SchemaName, known_values};
pub use past::{Disagreement, FieldPreview, Finding, Preview};
pub use routes::routes;
pub use statistics::{ContextStatistics, FieldStatistics, StatusStatistics, statistics};
pub use suggest::{Seen, Suggestion, Suggestions};

use std::collections::HashMap;

use serde_json::Value;

use crate::base::{Audience, ConversationId, RecordId};
use crate::context::model::{State, States};
use crate::conversations;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Content;
use crate::schemas::{self, Field, Schema, check_value, is_same_value};

/// The records of a conversation, one per active schema.
pub async fn view(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<Vec<RecordView>, Error> {
    let status = conversations::status(cx, tx, conversation).await?;
    let mut stored = store::states(tx, cx.workspace, conversation).await?;
    let schemas = schemas::active(cx, tx).await?;
    let views = schemas.iter().map(|schema| {
        let id = model::record_id(conversation, &schema.key);
        model::view(id, schema, &status, stored.remove(&id).unwrap_or_default())
    });
    Ok(views.collect())
}

/// What is known of many conversations, each with its status: one question to the store.
pub async fn views(
    cx: &Cx,
    tx: &mut Tx,
    schemas: &[Schema],
    of: &[(ConversationId, String)],
) -> Result<HashMap<ConversationId, Vec<RecordView>>, Error> {
    let ids: Vec<ConversationId> = of.iter().map(|(id, _)| *id).collect();
    let mut stored = store::states_of(tx, cx.workspace, &ids).await?;
    let mut found = HashMap::with_capacity(of.len());
    for (conversation, status) in of {
        let records = schemas.iter().map(|schema| {
            let id = model::record_id(*conversation, &schema.key);
            model::view(id, schema, status, stored.remove(&id).unwrap_or_default())
        });
        found.insert(*conversation, records.collect());
    }
    Ok(found)
}

/// Takes statements of the machine about fields; says what became of the fields they touched.
///
/// Statements about fields that no active schema has, and values that are not valid, change nothing.
pub async fn propose(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    proposals: Vec<Proposal>,
) -> Result<Vec<Change>, Error> {
    conversations::exists(cx, tx, conversation).await?;
    let stored = store::states(tx, cx.workspace, conversation).await?;
    let schemas = schemas::active(cx, tx).await?;
    let mut edits: Vec<Edit<'_>> = Vec::new();
    for proposal in &proposals {
        for (schema, field) in fields_named(&schemas, &proposal.field) {
            let record = model::record_id(conversation, &schema.key);
            let known = edits.iter().position(|edit| edit.record == record && edit.field.key == field.key);
            let at = known.unwrap_or(edits.len());
            if known.is_none() {
                let before = state_of(stored.get(&record), field);
                edits.push(Edit { record, schema, field, after: before.clone(), before });
            }
            let edit = &mut edits[at];
            let decision = edit.after.decide(field, proposal);
            edit.after = edit.after.clone().after(decision, proposal);
        }
    }
    edits.retain(|edit| edit.after != edit.before);
    write(cx, tx, conversation, &schemas, &edits).await?;
    Ok(edits.iter().filter_map(Edit::change).collect())
}

/// Sets or clears a field as a person, and locks or frees it. An empty field that is not locked may be
/// filled by the machine again; a person's value is never overwritten by it.
pub async fn set(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    field: &str,
    value: Option<Value>,
    locked: bool,
) -> Result<RecordView, Error> {
    conversations::hold(cx, tx, conversation).await?;
    let status = conversations::status(cx, tx, conversation).await?;
    let schemas = schemas::active(cx, tx).await?;
    let named = fields_named(&schemas, field).next();
    let (schema, field) = named.ok_or_else(|| Error::NoField(field.to_owned()))?;
    if let Some(value) = &value {
        check_value(field, value).map_err(|problem| Error::Invalid { field: field.key.clone(), problem })?;
    }
    let record = model::record_id(conversation, &schema.key);
    let mut stored = store::states(tx, cx.workspace, conversation).await?;
    let before = state_of(stored.get(&record), field);
    let locked_at = locked.then(|| before.locked_at.unwrap_or(cx.now));
    let edit = Edit { record, schema, field, after: before.by_person(value, locked_at), before };
    if edit.after != edit.before {
        write(cx, tx, conversation, &schemas, std::slice::from_ref(&edit)).await?;
    }
    let mut states = stored.remove(&record).unwrap_or_default();
    states.insert(field.key.clone(), edit.after);
    Ok(model::view(record, schema, &status, states))
}

/// What happens to one field.
struct Edit<'a> {
    record: RecordId,
    schema: &'a Schema,
    field: &'a Field,
    before: State,
    after: State,
}

impl Edit<'_> {
    fn changes_value(&self) -> bool {
        match (&self.before.value, &self.after.value) {
            (Some(before), Some(after)) => !is_same_value(self.field, before, after),
            (before, after) => before.is_some() != after.is_some(),
        }
    }

    fn change(&self) -> Option<Change> {
        let what = match &self.after.value {
            Some(to) if self.changes_value() => {
                Changed::Value { from: self.before.value.clone(), to: to.clone() }
            }
            _ if self.after.proposal != self.before.proposal => {
                Changed::Proposal(self.after.proposal.as_ref().map(|beside| beside.value.clone()))
            }
            _ => return None,
        };
        let Field { key, label, .. } = self.field;
        Some(Change { record: self.record, field: key.clone(), label: label.clone(), what })
    }
}

/// Writes edits and tells the timeline. The entries come first: they take the conversation's row, which
/// every other writer of the conversation takes first too.
async fn write(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    schemas: &[Schema],
    edits: &[Edit<'_>],
) -> Result<(), Error> {
    for edit in edits.iter().filter(|edit| edit.changes_value()) {
        let content = Content::FieldChanged {
            record: edit.record,
            field: edit.field.key.clone(),
            label: edit.field.label.clone(),
            from: edit.before.value.clone(),
            to: edit.after.value.clone(),
            confidence: edit.after.confidence,
            origin: edit.after.origin,
            evidence: edit.after.evidence.clone(),
        };
        conversations::append(cx, tx, conversation, Audience::Staff, None, content).await?;
    }
    for edit in edits {
        let key = &edit.schema.key;
        store::insert_record(tx, cx.workspace, edit.record, conversation, key, cx.now).await?;
        if !store::save(tx, cx.workspace, edit.record, &edit.field.key, &edit.after, cx.now).await? {
            return Err(Error::Changed(edit.field.key.clone()));
        }
    }
    if !edits.is_empty() {
        let stored = store::states(tx, cx.workspace, conversation).await?;
        let stitch = model::stitch(conversation, schemas, &stored);
        conversations::set_stitch(cx, tx, conversation, &stitch).await?;
    }
    Ok(())
}

fn state_of(states: Option<&States>, field: &Field) -> State {
    states.and_then(|states| states.get(&field.key)).cloned().unwrap_or(State::unknown())
}

/// The fields of a name: `field` in every schema that has it, `schema.field` in one.
fn fields_named<'a>(schemas: &'a [Schema], name: &'a str) -> impl Iterator<Item = (&'a Schema, &'a Field)> {
    let (wanted, key) = match name.split_once('.') {
        Some((schema, key)) => (Some(schema), key),
        None => (None, name),
    };
    schemas
        .iter()
        .filter(move |schema| wanted.is_none_or(|wanted| wanted == schema.key))
        .filter_map(move |schema| Some((schema, schema.field(key)?)))
}

/// Why something about a context record was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No active schema has this field.
    #[error("no active schema has a field {0:?}")]
    NoField(String),
    /// The value does not fit the field.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: String,
        /// What is wrong with the value.
        problem: String,
    },
    /// Somebody changed it in the meantime.
    #[error("the field {0:?} was changed by somebody else; load it again")]
    Changed(String),
    /// The workflow has no such move.
    #[error("{says}")]
    IllegalMove {
        /// Which rule of the workflow it breaks.
        says: String,
    },
    /// The conversation is not there.
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    /// The field never had this value.
    #[error("the field {field:?} did not change in entry {seq}")]
    NoStep {
        /// Which field.
        field: String,
        /// Which entry.
        seq: i64,
    },
    /// Who acts is not known.
    #[error(transparent)]
    Identity(#[from] crate::identity::Error),
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] crate::workspaces::Error),
    /// A job of another version.
    #[error("the job's content is not readable")]
    Unreadable(#[source] serde_json::Error),
    /// The node stops.
    #[error("reading was interrupted")]
    Interrupted,
    /// The schemas could not be read.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// The store failed.
    #[error("context storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NoField(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Changed(_) => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::IllegalMove { .. } => Self::new(ErrorCode::IllegalMove, error.to_string()),
            Error::NoStep { .. } => Self::new(ErrorCode::NotFound, error.to_string()),
            Error::Identity(error) => error.into(),
            Error::Workspace(error) => error.into(),
            Error::Conversation(error) => error.into(),
            Error::Schema(error) => error.into(),
            Error::Unreadable(_) | Error::Interrupted => Self::internal(&error),
            Error::Db(error) => error.into(),
        }
    }
}
