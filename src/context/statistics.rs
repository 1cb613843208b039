//! How well a schema works: how often each field is known and corrected, and how long statuses last.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{ConversationId, Timestamp};
use crate::context::{Error, store};
use crate::conversations::{self, Happening};
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, FieldOrigin};
use crate::schemas::{self, Schema};

/// How well a schema worked for the conversations of some days.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct ContextStatistics {
    /// How many conversations were begun in these days.
    pub conversations: usize,
    /// Field by field, in the schema's order.
    pub fields: Vec<FieldStatistics>,
    /// Status by status, in the workflow's order.
    pub statuses: Vec<StatusStatistics>,
}

/// How well a field worked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldStatistics {
    /// Its key.
    pub field: String,
    /// Its name as shown.
    pub label: String,
    /// In how many of the conversations it is known.
    pub known: i64,
    /// In how many of these a person said it.
    pub by_person: i64,
    /// How often a person replaced or cleared a value.
    pub corrections: i64,
}

/// How long conversations stayed in a status.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct StatusStatistics {
    /// Its key.
    pub status: String,
    /// Its name as shown.
    pub label: String,
    /// How many conversations are in it now, of all times.
    pub now: i64,
    /// How many stays in it have ended.
    pub stays: usize,
    /// The median of these stays, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_minutes: Option<u64>,
    /// The longest nine tenths of them lasted at most this long, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ninth_decile_minutes: Option<u64>,
}

/// The figures of a schema over the conversations begun in the last days.
pub async fn statistics(cx: &Cx, tx: &mut Tx, key: &str, days: u32) -> Result<ContextStatistics, Error> {
    let schema = schemas::by_key(cx, tx, key).await?;
    let since = cx.now.before(Duration::from_secs(u64::from(days) * 24 * 3_600));
    let begun = conversations::begun_since(cx, tx, since).await?;
    let counts = store::count_fields(tx, cx.workspace, key, since).await?;
    let changes = conversations::entries_of_kind(cx, tx, "field_changed", since, true).await?;
    let corrections = corrections(&schema, &begun, &changes);
    let moves = conversations::entries_of_kind(cx, tx, "status_moved", since, false).await?;
    let stays = stays(&begun, &moves);
    let now = conversations::count_by_status(cx, tx).await?;
    Ok(ContextStatistics {
        conversations: begun.len(),
        fields: field_figures(&schema, &counts, &corrections),
        statuses: status_figures(&schema, stays, &now),
    })
}

fn field_figures(
    schema: &Schema,
    counts: &BTreeMap<String, (i64, i64)>,
    corrections: &BTreeMap<String, i64>,
) -> Vec<FieldStatistics> {
    let figures = schema.fields.iter().map(|field| {
        let (known, by_person) = counts.get(&field.key).copied().unwrap_or_default();
        FieldStatistics {
            field: field.key.clone(),
            label: field.label.clone(),
            known,
            by_person,
            corrections: corrections.get(&field.key).copied().unwrap_or_default(),
        }
    });
    figures.collect()
}

fn status_figures(
    schema: &Schema,
    mut stays: BTreeMap<String, Vec<Duration>>,
    now: &BTreeMap<String, (i64, i64)>,
) -> Vec<StatusStatistics> {
    let figures = schema.workflow.states.iter().map(|state| {
        let mut ended = stays.remove(&state.key).unwrap_or_default();
        ended.sort_unstable();
        let at = |tenths: usize| ended.get((ended.len() * tenths / 10).min(ended.len().saturating_sub(1)));
        StatusStatistics {
            status: state.key.clone(),
            label: state.label.clone(),
            now: now.get(&state.key).map_or(0, |(all, _)| *all),
            stays: ended.len(),
            median_minutes: at(5).map(|stay| stay.as_secs() / 60),
            ninth_decile_minutes: at(9).map(|stay| stay.as_secs() / 60),
        }
    });
    figures.collect()
}

/// How often people replaced or cleared a value, by field.
fn corrections(
    schema: &Schema,
    begun: &BTreeMap<ConversationId, Timestamp>,
    changes: &[Happening],
) -> BTreeMap<String, i64> {
    let mut corrections = BTreeMap::new();
    for change in changes.iter().filter(|change| begun.contains_key(&change.conversation)) {
        if let Content::FieldChanged { record, field, from: Some(_), origin: FieldOrigin::Person, .. } =
            &change.content
            && *record == crate::context::model::record_id(change.conversation, &schema.key)
        {
            *corrections.entry(field.clone()).or_default() += 1;
        }
    }
    corrections
}

/// The stays that have ended, by status. The first begins with the conversation.
fn stays(
    begun: &BTreeMap<ConversationId, Timestamp>,
    moves: &[Happening],
) -> BTreeMap<String, Vec<Duration>> {
    let mut since = begun.clone();
    let mut stays: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for one in moves {
        let Content::StatusMoved { from, .. } = &one.content else { continue };
        let Some(entered) = since.get_mut(&one.conversation) else { continue };
        stays.entry(from.clone()).or_default().push(one.at.since(*entered));
        *entered = one.at;
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;

    #[test]
    fn a_stay_ends_with_the_next_move_and_the_last_one_counts_for_nothing() {
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60_000_000);
        let id = |number| ConversationId::from_parts(at(0), number);
        let begun = BTreeMap::from([(id(1), at(0)), (id(2), at(10))]);
        let step = |conversation, minutes, from: &str, to: &str| Happening {
            conversation,
            at: at(minutes),
            content: Content::StatusMoved { from: from.to_owned(), to: to.to_owned() },
        };
        let moves = [
            step(id(1), 30, "new", "quoted"),
            step(id(1), 90, "quoted", "done"),
            step(id(2), 20, "new", "quoted"),
            step(id(3), 50, "new", "quoted"),
        ];
        let minutes = |stay: &Duration| stay.as_secs() / 60;
        let stays: BTreeMap<String, Vec<u64>> = stays(&begun, &moves)
            .into_iter()
            .map(|(status, stays)| (status, stays.iter().map(minutes).collect()))
            .collect();
        let wanted = [("new".to_owned(), vec![30, 10]), ("quoted".to_owned(), vec![60])];
        assert_eq!(stays, BTreeMap::from(wanted));
    }
}
