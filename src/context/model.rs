//! What is known of a conversation, and which of two statements about a field holds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::{ConversationId, Id, RecordId, SchemaId, Timestamp};
use crate::protocol::FieldOrigin;
use crate::schemas::{Field, FieldType, Schema, check_value, is_same_value, show_value};

/// How much less sure a later statement may be and still replace an earlier one: customers correct
/// themselves, often in fewer words than the first time.
const NEARLY: f64 = 0.15;

/// One schema filled in for one conversation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RecordView {
    /// Its identifier.
    pub id: RecordId,
    /// The schema it follows.
    pub schema: SchemaName,
    /// The state of the schema's workflow that the conversation is in.
    pub status: String,
    /// How complete it is, 0 to 1.
    pub completion: f64,
    /// How urgent it is, 0 to 100, where the schema says how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<f64>,
    /// What went wrong with a formula of the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Its fields in the schema's order.
    pub fields: Vec<FieldView>,
}

/// Which version of which schema.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct SchemaName {
    /// The version's identifier.
    pub id: SchemaId,
    /// The word that names it across versions.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The version.
    pub version: i64,
}

/// A field as staff see it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FieldView {
    /// The word that names it.
    pub key: String,
    /// Its name as shown.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The value; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub value: Option<Value>,
    /// The value as it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How sure it is, 0 to 1; 1 for a person.
    pub confidence: f64,
    /// Where the value comes from; absent when nobody ever said anything about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FieldOrigin>,
    /// The words it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The entry these words stand in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_seq: Option<i64>,
    /// Whether a person locked it.
    pub locked: bool,
    /// What the machine would write if it were free to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Beside>,
    /// The question that asks for it.
    pub ask: String,
    /// Whether it has no meaning for what is known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// Whether it is required for what is known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
}

/// Serde passes a reference.
const fn is_false(value: &bool) -> bool {
    !*value
}

/// A value that stands beside a stronger one.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Beside {
    /// The value.
    #[schema(value_type = Object)]
    pub value: Value,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The words it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The entry these words stand in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_seq: Option<i64>,
}

/// A statement about a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The field's key; every active schema that has the field takes it. `schema.field` names one.
    pub field: String,
    /// The value.
    pub value: Value,
    /// How sure it is, 0 to 1.
    pub confidence: f64,
    /// The words it was read from.
    pub evidence: Option<String>,
    /// The entry these words stand in; `None` for what is said just now, such as by a rule.
    pub evidence_seq: Option<i64>,
    /// Who says so. Only people set as a person, and they use `set`.
    pub origin: FieldOrigin,
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which record.
    pub record: RecordId,
    /// The field's key.
    pub field: String,
    /// The field's name as shown.
    pub label: String,
    /// What became of it.
    pub what: Changed,
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// It has another value; the timeline says so.
    Value {
        /// The value before.
        from: Option<Value>,
        /// The value now.
        to: Value,
    },
    /// Another value stands beside it, or none does any more.
    Proposal(Option<Value>),
}

/// What is stored of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub value: Option<Value>,
    pub confidence: f64,
    pub origin: FieldOrigin,
    pub evidence: Option<String>,
    pub evidence_seq: Option<i64>,
    pub locked_at: Option<Timestamp>,
    pub proposal: Option<Beside>,
    /// Rises by one with every change; 0 while nothing is stored.
    pub revision: i64,
}

impl State {
    /// Its letter in a stitch.
    fn letter(&self) -> char {
        match (&self.value, self.origin) {
            (None, _) => 'm',
            (Some(_), FieldOrigin::Person | FieldOrigin::Rule) => 'k',
            (Some(_), FieldOrigin::Extracted) if self.confidence >= CERTAIN => 'k',
            (Some(_), FieldOrigin::Extracted) => 'i',
        }
    }
}

/// Everything stored of one record, by field.
pub(super) type States = BTreeMap<String, State>;

/// What to do with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing: it is known already, or something better is.
    Keep,
    /// The field gets the value.
    Set,
    /// The value stands beside what a person or a stronger origin said.
    PutBeside,
    /// It agrees with the field, so what stood beside goes.
    Withdraw,
}

impl State {
    /// A field nobody said anything about.
    pub(super) const fn unknown() -> State {
        State {
            value: None,
            confidence: 0.0,
            origin: FieldOrigin::Extracted,
            evidence: None,
            evidence_seq: None,
            locked_at: None,
            proposal: None,
            revision: 0,
        }
    }

    /// The state after a person set or cleared the value.
    pub(super) fn by_person(&self, value: Option<Value>, locked_at: Option<Timestamp>) -> State {
        State {
            confidence: if value.is_some() { 1.0 } else { 0.0 },
            value,
            origin: FieldOrigin::Person,
            evidence: None,
            evidence_seq: None,
            locked_at,
            proposal: None,
            revision: self.revision,
        }
    }

    /// Decides what to do with a statement.
    ///
    /// - An invalid value changes nothing.
    /// - A value that is there already changes nothing, but clears what stood beside it.
    /// - What a person said or locked, and what a stronger origin said, is never replaced: the statement
    ///   stands beside it.
    /// - An unknown field takes it, and a stronger origin replaces a weaker one.
    /// - Between equals a later statement of the customer replaces an earlier one when it is nearly as
    ///   sure; otherwise the surer one holds.
    pub(super) fn decide(&self, field: &Field, proposal: &Proposal) -> Decision {
        if check_value(field, &proposal.value).is_err() {
            return Decision::Keep;
        }
        if self.value.as_ref().is_some_and(|value| is_same_value(field, value, &proposal.value)) {
            return if self.proposal.is_some() { Decision::Withdraw } else { Decision::Keep };
        }
        let is_free =
            self.value.is_none() || self.origin < FieldOrigin::Person && self.origin <= proposal.origin;
        if self.locked_at.is_some() || !is_free {
            return match &self.proposal {
                Some(beside) if is_same_value(field, &beside.value, &proposal.value) => Decision::Keep,
                Some(beside) if !holds(proposal, beside.confidence, beside.evidence_seq) => Decision::Keep,
                _ => Decision::PutBeside,
            };
        }
        let is_stronger = self.value.is_none() || self.origin < proposal.origin;
        match is_stronger || holds(proposal, self.confidence, self.evidence_seq) {
            true => Decision::Set,
            false => Decision::Keep,
        }
    }

    /// The state after a decision.
    pub(super) fn after(self, decision: Decision, proposal: &Proposal) -> State {
        match decision {
            Decision::Keep => self,
            Decision::Withdraw => State { proposal: None, ..self },
            Decision::PutBeside => State {
                proposal: Some(Beside {
                    value: proposal.value.clone(),
                    confidence: sane(proposal.confidence),
                    evidence: proposal.evidence.clone(),
                    evidence_seq: proposal.evidence_seq,
                }),
                ..self
            },
            Decision::Set => State {
                value: Some(proposal.value.clone()),
                confidence: sane(proposal.confidence),
                origin: proposal.origin,
                evidence: proposal.evidence.clone(),
                evidence_seq: proposal.evidence_seq,
                proposal: None,
                ..self
            },
        }
    }
}

/// Whether a statement holds against an earlier one of the same strength.
fn holds(proposal: &Proposal, confidence: f64, seq: Option<i64>) -> bool {
    match is_later(proposal.evidence_seq, seq) {
        true => sane(proposal.confidence) >= confidence - NEARLY,
        false => sane(proposal.confidence) > confidence,
    }
}

/// Whether something was said after something else; what stands in no entry is said just now.
fn is_later(seq: Option<i64>, than: Option<i64>) -> bool {
    seq.is_none() || seq > than
}

/// A confidence from 0 to 1, whatever it was computed to.
fn sane(confidence: f64) -> f64 {
    if confidence.is_nan() { 0.0 } else { confidence.clamp(0.0, 1.0) }
}

/// So sure the machine must be for a value to count as known.
const CERTAIN: f64 = 0.85;

/// Most letters of a stitch.
const STITCH: usize = 24;

/// One letter per field: `k` known, `i` inferred, `m` missing.
pub(super) fn stitch(
    conversation: ConversationId,
    schemas: &[Schema],
    stored: &BTreeMap<RecordId, States>,
) -> String {
    let letters = schemas.iter().flat_map(|schema| {
        let states = stored.get(&record_id(conversation, &schema.key));
        schema
            .fields
            .iter()
            .map(move |field| states.and_then(|states| states.get(&field.key)).map_or('m', State::letter))
    });
    letters.take(STITCH).collect()
}

/// The record of a conversation for a schema: it follows from both, so it is known before anything is stored.
pub(super) fn record_id(conversation: ConversationId, schema_key: &str) -> RecordId {
    let hash = blake3::hash(format!("{conversation} {schema_key}").as_bytes());
    let mut random = [0_u8; 16];
    random.copy_from_slice(&hash.as_bytes()[..16]);
    RecordId::from_parts(Timestamp::from_micros(0), u128::from_le_bytes(random))
}

/// A record as staff see it.
pub(super) fn view(id: RecordId, schema: &Schema, status: &str, mut states: States) -> RecordView {
    let mut fields: Vec<FieldView> =
        schema.fields.iter().map(|field| view_field(field, states.remove(&field.key))).collect();
    let values: BTreeMap<String, Value> =
        fields.iter().filter_map(|field| Some((field.key.clone(), field.value.clone()?))).collect();
    let known = |key: &str| values.get(key);
    for (view, field) in fields.iter_mut().zip(&schema.fields) {
        view.hidden = !schema.is_shown(field, &known);
        view.required = schema.is_required(field, &known);
    }
    let (completion, trouble) = schema.completion(&known);
    let (priority, worse) = match schema.priority(&known) {
        None => (None, None),
        Some(Ok(priority)) => (Some(priority), None),
        Some(Err(problem)) => (None, Some(problem)),
    };
    let is_state = schema.workflow.state(status).is_some();
    RecordView {
        id,
        schema: SchemaName {
            id: schema.id,
            key: schema.key.clone(),
            name: schema.title.clone(),
            version: schema.version,
        },
        status: if is_state { status.to_owned() } else { schema.workflow.initial.clone() },
        completion,
        priority,
        trouble: trouble.or(worse),
        fields,
    }
}

fn view_field(field: &Field, state: Option<State>) -> FieldView {
    let origin = state.as_ref().map(|state| state.origin);
    let state = state.unwrap_or(State::unknown());
    FieldView {
        key: field.key.clone(),
        label: field.label.clone(),
        kind: field.kind,
        text: state.value.as_ref().map(|value| show_value(field, value)),
        value: state.value,
        confidence: state.confidence,
        origin,
        evidence: state.evidence,
        evidence_seq: state.evidence_seq,
        locked: state.locked_at.is_some(),
        proposal: state.proposal,
        ask: field.ask.clone(),
        hidden: false,
        required: false,
    }
}

/// Known values by field key, and by `schema.field`. Where schemas share a field the first one's counts.
pub fn known_values(records: &[RecordView]) -> BTreeMap<String, Value> {
    let mut known = BTreeMap::new();
    for record in records {
        for field in &record.fields {
            if let Some(value) = &field.value {
                known.entry(field.key.clone()).or_insert_with(|| value.clone());
                known.insert(format!("{}.{}", record.schema.key, field.key), value.clone());
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn field() -> Field {
        Field {
            key: "day".to_owned(),
            label: "Day".to_owned(),
            kind: FieldType::Text,
            hint: String::new(),
            ask: "Which day?".to_owned(),
            weight: 1,
            required: false,
            choices: Vec::new(),
            least: None,
            most: None,
            terms: crate::schemas::Terms::default(),
        }
    }

    fn says(value: &str, confidence: f64, seq: i64) -> Proposal {
        Proposal {
            field: "day".to_owned(),
            value: json!(value),
            confidence,
            evidence: None,
            evidence_seq: Some(seq),
            origin: FieldOrigin::Extracted,
        }
    }

    fn after(state: State, proposal: &Proposal) -> State {
        let decision = state.decide(&field(), proposal);
        state.after(decision, proposal)
    }

    fn value_of(state: &State) -> Option<&str> {
        state.value.as_ref().and_then(Value::as_str)
    }

    #[test]
    fn a_customer_who_corrects_themselves_is_right() {
        let first = after(State::unknown(), &says("monday", 0.9, 1));
        assert_eq!(value_of(&after(first.clone(), &says("tuesday", 0.8, 3))), Some("tuesday"));
        assert_eq!(value_of(&after(first.clone(), &says("tuesday", 0.5, 3))), Some("monday"));
        assert_eq!(value_of(&after(first, &says("tuesday", 0.9, 1))), Some("monday"));
    }

    #[test]
    fn a_locked_value_stays_and_the_other_stands_beside() {
        let locked = State::unknown().by_person(Some(json!("friday")), Some(Timestamp::from_micros(1)));
        let beside = after(locked, &says("monday", 1.0, 9));
        assert_eq!(value_of(&beside), Some("friday"));
        assert_eq!(beside.proposal.as_ref().map(|beside| &beside.value), Some(&json!("monday")));
        let agreed = after(beside, &says("Friday", 0.4, 10));
        assert_eq!(agreed.proposal, None);
    }

    #[test]
    fn a_locked_emptiness_stays_empty() {
        let cleared = State::unknown().by_person(None, Some(Timestamp::from_micros(1)));
        let beside = after(cleared, &says("monday", 1.0, 9));
        assert_eq!((value_of(&beside), beside.proposal.is_some()), (None, true));
        let free = State::unknown().by_person(None, None);
        assert_eq!(value_of(&after(free, &says("monday", 0.6, 9))), Some("monday"));
    }

    #[test]
    fn a_record_has_the_same_identifier_every_time() {
        let conversation = ConversationId::from_parts(Timestamp::from_micros(7), 7);
        assert_eq!(record_id(conversation, "visit"), record_id(conversation, "visit"));
        assert_ne!(record_id(conversation, "visit"), record_id(conversation, "claim"));
    }

    fn proposal() -> impl Strategy<Value = Proposal> {
        let value =
            prop_oneof![Just(json!("monday")), Just(json!("tuesday")), Just(json!("Monday")), Just(json!(5))];
        let confidence = prop_oneof![0.0..=1.0, Just(f64::NAN), Just(7.0)];
        let origin = prop::sample::select(&[FieldOrigin::Extracted, FieldOrigin::Rule][..]);
        let seq = prop::option::of(0_i64..5);
        (value, confidence, seq, origin).prop_map(|(value, confidence, evidence_seq, origin)| Proposal {
            field: "day".to_owned(),
            value,
            confidence,
            evidence: None,
            evidence_seq,
            origin,
        })
    }

    fn state() -> impl Strategy<Value = State> {
        let person = prop::option::of((prop::option::of(Just(json!("friday"))), any::<bool>()));
        (prop::collection::vec(proposal(), 0..4), person).prop_map(|(proposals, person)| {
            let state = proposals.iter().fold(State::unknown(), after);
            match person {
                None => state,
                Some((value, locked)) => state.by_person(value, locked.then_some(Timestamp::from_micros(1))),
            }
        })
    }

    proptest! {
        #[test]
        fn what_a_person_said_or_locked_stays(before in state(), proposals in prop::collection::vec(proposal(), 0..6)) {
            let said = before.origin == FieldOrigin::Person && before.value.is_some();
            let protected = said || before.locked_at.is_some();
            let end = proposals.iter().fold(before.clone(), after);
            prop_assert!(!protected || (&end.value, end.origin) == (&before.value, before.origin));
            prop_assert_eq!(end.locked_at, before.locked_at);
        }

        #[test]
        fn a_value_never_gets_weaker(before in state(), proposal in proposal()) {
            let end = after(before.clone(), &proposal);
            if end.value != before.value && before.value.is_some() {
                prop_assert!(end.origin >= before.origin);
                let is_surer = end.confidence > before.confidence;
                let is_correction = is_later(end.evidence_seq, before.evidence_seq)
                    && end.confidence >= before.confidence - NEARLY;
                prop_assert!(end.origin > before.origin || is_surer || is_correction);
            }
            prop_assert!((0.0..=1.0).contains(&end.confidence));
        }

        #[test]
        fn saying_it_twice_changes_nothing_more(before in state(), proposal in proposal()) {
            let once = after(before, &proposal);
            let decision = once.decide(&field(), &proposal);
            prop_assert_eq!(once.clone().after(decision, &proposal), once);
        }

        #[test]
        fn no_statement_empties_a_field(before in state(), proposal in proposal()) {
            let end = after(before.clone(), &proposal);
            prop_assert!(before.value.is_none() || end.value.is_some());
        }
    }
}
