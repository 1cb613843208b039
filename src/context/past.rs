//! Schemas on past conversations: what one would find there, and filling what a change made empty.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::context::model::States;
use crate::context::{Changed, Error, Proposal, model, propose, store};
use crate::conversations::{self, Said, SaidIn};
use crate::http::Cursor;
use crate::language::fields::{self, FieldSpec, Setting};
use crate::ports::{Cx, Tx};
use crate::protocol::FieldOrigin;
use crate::schemas::{Field, Outline, Schema, is_same_value, show_value};
use crate::workspaces::{self, Settings};

/// A value that a schema would find.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// The field's key.
    pub field: String,
    /// Its name as shown.
    pub label: String,
    /// The value.
    #[schema(value_type = Object)]
    pub value: Value,
    /// The value as it reads.
    pub text: String,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The words it was read from.
    pub evidence: String,
    /// The entry these words stand in; absent for a text that was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}

/// What a change of a schema would do to past conversations.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// How many conversations were looked at.
    pub conversations: usize,
    /// Field by field, in the order of the document.
    pub fields: Vec<FieldPreview>,
}

/// What a change of a schema would do to a field.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldPreview {
    /// The field's key.
    pub field: String,
    /// Its name as shown.
    pub label: String,
    /// In how many conversations it is known now.
    pub before: usize,
    /// In how many it would be known.
    pub after: usize,
    /// In how many the machine would read another value than the one that is there.
    pub disagreements: usize,
    /// Some of these.
    pub examples: Vec<Disagreement>,
}

/// Two readings of one conversation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Disagreement {
    /// Which conversation.
    pub conversation: ConversationId,
    /// What it is about.
    pub title: String,
    /// What is there.
    pub now: String,
    /// What would be read.
    pub read: String,
}

/// Most examples of a field.
const MAX_EXAMPLES: usize = 3;

/// Everything that reading past conversations needs: gathered in a transaction, read without one.
pub(super) struct Material {
    pub(super) past: Vec<SaidIn>,
    pub(super) stored: BTreeMap<ConversationId, States>,
    settings: Settings,
}

/// Gathers the conversations before a cursor, and what is known in them under a schema's key.
pub(super) async fn gather(
    cx: &Cx,
    tx: &mut Tx,
    key: &str,
    before: Option<Cursor<ConversationId>>,
    limit: i64,
) -> Result<Material, Error> {
    let start = before.unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    let past = conversations::past(cx, tx, start, limit).await?;
    let mut by_record = store::states_of_key(tx, cx.workspace, key, start, limit).await?;
    let stored = past.iter().filter_map(|one| {
        let states = by_record.remove(&model::record_id(one.id, key))?;
        Some((one.id, states))
    });
    let stored = stored.collect();
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    Ok(Material { past, stored, settings })
}

/// Gathers one conversation.
pub(super) async fn gather_one(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<(Vec<Said>, Settings), Error> {
    conversations::exists(cx, tx, id).await?;
    let entries = conversations::recent_messages(cx, tx, id, 200).await?;
    let said = entries.into_iter().filter_map(|entry| {
        let by_customer = matches!(entry.actor, crate::base::Actor::Contact { .. });
        Some(Said { seq: entry.seq, by_customer, text: entry.body?, at: entry.at })
    });
    Ok((said.collect(), settings_of(cx.workspace, tx).await?))
}

pub(super) async fn settings_of(workspace: WorkspaceId, tx: &mut Tx) -> Result<Settings, Error> {
    Ok(workspaces::get(tx, workspace).await?.settings)
}

/// What the fields of a document say in a conversation.
pub(super) fn findings(
    document: &str,
    outline: &Outline,
    said: &[Said],
    settings: &Settings,
) -> Vec<Finding> {
    let found = read(&specs(document), said, settings);
    let shown = |proposal: Proposal| {
        let field = outline.fields.iter().find(|field| field.key == proposal.field)?;
        Some(Finding {
            field: field.key.clone(),
            label: field.label.clone(),
            text: show_value(field, &proposal.value),
            value: proposal.value,
            confidence: proposal.confidence,
            evidence: proposal.evidence.unwrap_or_default(),
            seq: proposal.evidence_seq.filter(|seq| *seq > 0),
        })
    };
    found.into_iter().filter_map(shown).collect()
}

/// What a document would make of past conversations.
pub(super) fn preview(document: &str, outline: &Outline, material: &Material) -> Preview {
    let specs = specs(document);
    let mut fields: Vec<FieldPreview> = outline
        .fields
        .iter()
        .map(|field| FieldPreview {
            field: field.key.clone(),
            label: field.label.clone(),
            before: 0,
            after: 0,
            disagreements: 0,
            examples: Vec::new(),
        })
        .collect();
    for one in &material.past {
        let found = read(&specs, &one.said, &material.settings);
        let stored = material.stored.get(&one.id);
        for (field, preview) in outline.fields.iter().zip(&mut fields) {
            let now = stored.and_then(|states| states.get(&field.key)?.value.as_ref());
            let read = found.iter().find(|found| found.field == field.key).map(|found| &found.value);
            compare(field, one, now, read, preview);
        }
    }
    Preview { conversations: material.past.len(), fields }
}

fn compare(
    field: &Field,
    one: &SaidIn,
    now: Option<&Value>,
    read: Option<&Value>,
    preview: &mut FieldPreview,
) {
    preview.before += usize::from(now.is_some());
    preview.after += usize::from(now.is_some() || read.is_some());
    if let (Some(now), Some(read)) = (now, read)
        && !is_same_value(field, now, read)
    {
        preview.disagreements += 1;
        if preview.examples.len() < MAX_EXAMPLES {
            preview.examples.push(Disagreement {
                conversation: one.id,
                title: one.title.clone(),
                now: show_value(field, now),
                read: show_value(field, read),
            });
        }
    }
}

/// What is read in each conversation, to be proposed there.
pub(super) fn readings(document: &str, material: &Material) -> Vec<(ConversationId, Vec<Proposal>)> {
    let specs = specs(document);
    material.past.iter().map(|one| (one.id, read(&specs, &one.said, &material.settings))).collect()
}

/// What one conversation says to each of these schemas, by the schema's key.
pub(super) fn read_with(
    schemas: &[Schema],
    said: &[Said],
    settings: &Settings,
) -> Vec<(String, Vec<Proposal>)> {
    let read = |schema: &Schema| (schema.key.clone(), read(&specs(schema.document.get()), said, settings));
    schemas.iter().map(read).collect()
}

/// The cursor behind the last conversation of the material.
pub(super) fn end_of(material: &Material) -> Option<Cursor<ConversationId>> {
    material.past.last().map(|one| Cursor { at: one.updated_at, id: one.id })
}

/// How many conversations the material has.
pub(super) fn length(material: &Material) -> usize {
    material.past.len()
}

/// Proposes what was read in one conversation for one schema; says how many values that changed.
pub(super) async fn fill(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    key: &str,
    readings: Vec<Proposal>,
) -> Result<usize, Error> {
    let named = readings.into_iter().map(|reading| {
        let field = format!("{key}.{}", reading.field);
        Proposal { field, ..reading }
    });
    let changes = propose(cx, tx, conversation, named.collect()).await?;
    Ok(changes.iter().filter(|change| matches!(change.what, Changed::Value { .. })).count())
}

fn specs(document: &str) -> Vec<FieldSpec> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    FieldSpec::from_schema(&document).unwrap_or_default()
}

/// Reads a conversation as it stood after its last message.
fn read(specs: &[FieldSpec], said: &[Said], settings: &Settings) -> Vec<Proposal> {
    let Some(last) = said.last() else { return Vec::new() };
    let setting = Setting {
        now: last.at,
        zone: settings.zone(),
        country: settings.country.clone(),
        locale: settings.locale.clone(),
        currency: settings.currency.clone(),
    };
    let turns: Vec<fields::Turn<'_>> = said
        .iter()
        .map(|said| match said.by_customer {
            true => fields::Turn::customer(&said.text),
            false => fields::Turn::business(&said.text),
        })
        .collect();
    fields::extract(specs, &turns, &setting)
        .into_iter()
        .map(|found| Proposal {
            field: found.field,
            value: found.value,
            confidence: found.confidence,
            evidence: Some(found.text),
            evidence_seq: said.get(found.turn).map(|said| said.seq),
            origin: FieldOrigin::Extracted,
        })
        .collect()
}
