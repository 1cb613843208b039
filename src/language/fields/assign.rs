//! Deciding which field each value of a message belongs to.
//!
//! Every field finds its possible values; a value goes to the field that its neighbouring words and
//! the question just asked speak for most. What nothing speaks for is left out: no value is better
//! than a wrong one.

use std::collections::HashMap;

use super::affinity::{End, Role, concept, end_before, nearness};
use super::assent;
use super::choice::is_denied;
use super::reading::{Mention, Need, Reading};
use super::token::Tokens;
use super::{FieldSpec, FieldType};

/// A value given to a field.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// The place of the field in the list.
    pub(super) field: usize,
    /// The value and where it was said.
    pub(super) mention: Mention,
    /// How surely it is the field's value.
    pub(super) confidence: f64,
}

/// What is known of all fields together.
pub(super) struct Schema<'s> {
    pub(super) fields: &'s [FieldSpec],
    sharing: HashMap<String, usize>,
}

impl<'s> Schema<'s> {
    /// Counts how many fields share each word.
    pub(super) fn new(fields: &'s [FieldSpec]) -> Self {
        let mut sharing: HashMap<String, usize> = HashMap::new();
        for field in fields {
            for (word, _) in &field.profile.words {
                *sharing.entry(word.clone()).or_default() += 1;
            }
        }
        Schema { fields, sharing }
    }

    /// A word shared by two fields tells half as much.
    pub(super) fn rarity(&self, stem: &str) -> f64 {
        match self.sharing.get(stem) {
            None | Some(0 | 1) => 1.0,
            Some(2) => 0.6,
            Some(_) => 0.3,
        }
    }

    /// True for "recipient account" beside "account" where nothing near says "recipient".
    fn lacks_its_own_word(&self, field: &FieldSpec, tokens: Tokens<'_, '_>, mention: &Mention) -> bool {
        let own = |f: &FieldSpec| -> Vec<String> {
            f.profile
                .words
                .iter()
                .filter(|(_, weight)| *weight >= 1.0)
                .map(|(word, _)| word.clone())
                .collect()
        };
        let mine = own(field);
        let plainer = self.fields.iter().filter(|f| f.key != field.key && group(f) == group(field)).map(own);
        let extra: Vec<String> = plainer
            .filter(|words| words.len() < mine.len() && words.iter().all(|w| mine.contains(w)))
            .flat_map(|words| mine.iter().filter(move |w| !words.contains(w)).cloned().collect::<Vec<_>>())
            .collect();
        if extra.is_empty() || end_before(tokens, mention.start).is_some() {
            return false;
        }
        let (from, to) = (tokens.sentence_start(mention.start), tokens.sentence_end(mention.end));
        !(from..to).any(|at| extra.contains(&concept(tokens.word(at))))
    }

    /// True for the field of a group that a value goes to when nothing else tells.
    fn is_first(&self, field: &FieldSpec) -> bool {
        let mut peers =
            self.fields.iter().filter(|f| group(f) == group(field) && f.profile.end != Some(End::Last));
        peers.next().is_none_or(|first| first.key == field.key)
    }

    /// Fields that take the same sort of value.
    fn rivals(&self, field: &FieldSpec) -> usize {
        self.fields.iter().filter(|other| group(other) == group(field) && other.key != field.key).count()
    }
}

/// Fields of one group compete for the same words.
#[derive(PartialEq, Eq)]
enum Group<'f> {
    Kind(FieldType),
    Words(Role),
    Values(&'f str),
}

fn group(field: &FieldSpec) -> Group<'_> {
    match field.kind {
        // Free text and codes share nothing.
        FieldType::Text if matches!(field.profile.role, Role::Free | Role::Postcode) => {
            Group::Values(&field.key)
        }
        FieldType::Text => Group::Words(field.profile.role),
        FieldType::Name => Group::Words(Role::Person),
        FieldType::Choice | FieldType::MultiChoice => {
            Group::Values(field.choices.first().map_or(field.key.as_str(), |c| c.value.as_str()))
        }
        kind => Group::Kind(kind),
    }
}

/// Below this a value is not taken.
pub(super) const LEAST: f64 = 0.5;

/// Gives the values of a message to fields. `asked` holds how strongly each field was just asked for.
pub(super) fn assign(schema: &Schema<'_>, reading: &mut Reading<'_>, asked: &[f64]) -> Vec<Given> {
    let mut offers: Vec<Given> = Vec::new();
    for (index, field) in schema.fields.iter().enumerate() {
        reading.asked = asked.get(index).copied().unwrap_or(0.0);
        for mention in field.kind.rules().find(field, reading) {
            if mention.start >= mention.end || is_denied(reading.tokens(), mention.start) {
                continue;
            }
            let confidence = confidence(schema, field, reading, &mention);
            if confidence >= LEAST {
                offers.push(Given { field: index, mention, confidence });
            }
        }
    }
    settle(schema, reading, offers)
}

fn confidence(schema: &Schema<'_>, field: &FieldSpec, reading: &Reading<'_>, mention: &Mention) -> f64 {
    let tokens = reading.tokens();
    let rarity = |stem: &str| schema.rarity(stem);
    let near = nearness(&field.profile, tokens, mention.start, mention.end, &rarity);
    let asked = reading.asked;
    let rivals = schema.rivals(field);
    let direction = match (field.profile.end, end_before(tokens, mention.start)) {
        (Some(mine), Some(said)) if mine == said => 0.5,
        (Some(_), Some(_)) if rivals > 0 => -0.6,
        (None, Some(End::Last)) if rivals > 0 => -0.2,
        // Of two days the first comes to mind first.
        (Some(End::First), None) if rivals > 0 => 0.1,
        _ => 0.0,
    };
    let special = rivals > 0 && asked < 0.3 && schema.lacks_its_own_word(field, tokens, mention);
    let direction = if special { direction - 0.5 } else { direction };
    let short = reading.words() <= 4;
    let answered = if short { asked } else { asked * 0.7 };
    let support = (near + answered + direction).clamp(-1.0, 1.0);
    let factor = match mention.need {
        Need::Nothing if rivals == 0 => 1.0 + direction.min(0.0) * 0.3,
        Need::Nothing if support <= 0.02 && timely(field.kind) && !schema.is_first(field) => 0.45,
        Need::Nothing => 0.72 + 0.28 * support,
        Need::Context => {
            if support <= 0.12 {
                0.0
            } else {
                0.45 + 0.55 * (support * 1.4).min(1.0)
            }
        }
        Need::Question => {
            if asked < 0.3 {
                0.0
            } else {
                0.6 + 0.4 * asked
            }
        }
    };
    (mention.certainty * factor).clamp(0.0, 0.99)
}

/// One value a field, one field a stretch of words; the surest first.
fn settle(schema: &Schema<'_>, reading: &Reading<'_>, mut offers: Vec<Given>) -> Vec<Given> {
    let tokens = reading.tokens();
    offers.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then((b.mention.end - b.mention.start).cmp(&(a.mention.end - a.mention.start)))
    });
    let mut taken: Vec<Given> = Vec::new();
    for offer in offers {
        let meets = |g: &Given| g.mention.start < offer.mention.end && offer.mention.start < g.mention.end;
        let compatible = |g: &Given| {
            let same = g.mention.start == offer.mention.start && g.mention.end == offer.mention.end;
            let named = schema.fields.get(g.field).is_some_and(|f| f.kind == FieldType::Name);
            if same && named {
                return false;
            }
            // A day or an hour may serve a date, a time and a moment at once.
            let (a, b) = (schema.fields.get(g.field), schema.fields.get(offer.field));
            a.zip(b).is_some_and(|(a, b)| a.key != b.key && may_share(a, b))
        };
        if taken.iter().any(|g| meets(g) && !compatible(g)) {
            continue;
        }
        if let Some(held) = taken.iter_mut().find(|g| g.field == offer.field) {
            let later = offer.mention.start >= held.mention.end;
            if later && assent::corrects(tokens, held.mention.end, offer.mention.start) {
                *held = offer;
            }
            continue;
        }
        taken.push(offer);
    }
    taken
}

fn timely(kind: FieldType) -> bool {
    matches!(kind, FieldType::Date | FieldType::Time | FieldType::Datetime)
}

fn may_share(a: &FieldSpec, b: &FieldSpec) -> bool {
    let temporal = |k: FieldType| {
        matches!(
            k,
            FieldType::Date
                | FieldType::Time
                | FieldType::Datetime
                | FieldType::Duration
                | FieldType::Boolean
        )
    };
    let name_parts = a.kind == FieldType::Name && b.kind == FieldType::Name;
    let prose = a.kind == FieldType::LongText || b.kind == FieldType::LongText;
    temporal(a.kind) && temporal(b.kind) && a.kind != b.kind || prose || name_parts && parts_differ(a, b)
}

/// A first-name field and a last-name field each take their words of the same name.
fn parts_differ(a: &FieldSpec, b: &FieldSpec) -> bool {
    let part = |f: &FieldSpec| f.profile.weight(&concept("first")) - f.profile.weight(&concept("last"));
    part(a) != part(b)
}
