//! Knowledge as it would be: documents with another text, left out, or added. Nothing of it is stored.
//!
//! Invariants: a search within an edition finds what it would find if the documents were changed; passages
//! that a change leaves as they are keep their identifiers, and with them their vectors; the same edition of
//! the same knowledge has the same identifiers each time.

use std::collections::{HashMap, HashSet};

use crate::base::{DocumentId, Id as _, PassageId, Timestamp};
use crate::knowledge::model::{Document, NewDocument, Passage};
use crate::knowledge::words::Stems;
use crate::knowledge::{Error, get, store, vectors};
use crate::ports::embedder::{EmbedError, Haste, cosine};
use crate::ports::vectors::Near;
use crate::ports::{Cx, Ports, Tx};

/// Most passages that an edition may hold anew: each needs a vector before the first search.
const MOST: usize = 400;
/// Passages embedded at once.
const BATCH: usize = 32;

/// A document as somebody would have it.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditedDocument {
    /// Which document; absent: one that is not there yet.
    #[serde(default)]
    pub document: Option<DocumentId>,
    /// Its title; absent: as it is.
    #[serde(default)]
    pub title: Option<String>,
    /// Its text, in Markdown; absent: as it is.
    #[serde(default)]
    pub body: Option<String>,
    /// Its language, such as `en` or `pt-PT`; absent: as it is, or English.
    #[serde(default)]
    pub language: Option<String>,
}

/// A workspace's knowledge with some documents changed.
#[derive(Debug, Clone, Default)]
pub struct Edition {
    /// Documents whose stored passages are not looked at.
    changed: HashSet<DocumentId>,
    /// These passages, without those that stay as they are.
    gone: HashSet<PassageId>,
    /// How many passages the store has of these documents.
    stored: usize,
    /// What stands in these documents instead.
    passages: Vec<Imagined>,
}

/// A passage of a changed document.
#[derive(Debug, Clone)]
struct Imagined {
    passage: Passage,
    title_key: String,
    stems: HashSet<String>,
    /// Whether the store has it, so that the index may have its vector.
    kept: bool,
    vector: Option<Vec<f32>>,
}

/// Imagines a workspace's knowledge without some documents and with others changed.
pub async fn imagine(
    cx: &Cx,
    tx: &mut Tx,
    without: &[DocumentId],
    edited: Vec<EditedDocument>,
) -> Result<Edition, Error> {
    let mut edition = Edition::default();
    for id in without.iter().copied().collect::<HashSet<_>>() {
        let stored = store::passages_of(tx, cx.workspace, id).await?;
        edition.change(id, stored, None);
    }
    let mut added = 0;
    for edit in edited {
        let (before, stored) = match edit.document {
            Some(id) => (get(cx, tx, id).await?, store::passages_of(tx, cx.workspace, id).await?),
            None => {
                added += 1;
                let id = DocumentId::from_parts(Timestamp::from_micros(0), added);
                (Document::waiting(id, String::new(), cx.now), Vec::new())
            }
        };
        if edition.changed.contains(&before.id) {
            let problem = format!("{} is changed twice, or left out as well", before.id);
            return Err(Error::Invalid { field: "documents", problem });
        }
        let after = edit.over(before.clone(), cx.now)?;
        if after.version != before.version {
            edition.change(after.id, stored, Some(&after));
        }
    }
    let fresh = edition.fresh().count();
    if fresh > MOST {
        let problem = format!("{fresh} passages would be new; a replay takes at most {MOST}");
        return Err(Error::Invalid { field: "documents", problem });
    }
    Ok(edition)
}

impl EditedDocument {
    /// The document with what is given changed.
    fn over(self, before: Document, now: Timestamp) -> Result<Document, Error> {
        let EditedDocument { title, body, language, .. } = self;
        let new = NewDocument {
            title: title.unwrap_or_else(|| before.title.clone()),
            body: body.unwrap_or_else(|| before.body.clone()),
            language,
        };
        new.apply(before, now)
    }
}

impl Edition {
    /// Whether nothing is changed.
    pub fn is_nothing(&self) -> bool {
        self.changed.is_empty()
    }

    /// Puts a document's passages in the place of those that the store has; none: it is not there.
    fn change(&mut self, id: DocumentId, stored: Vec<Passage>, after: Option<&Document>) {
        self.changed.insert(id);
        self.stored += stored.len();
        let mut known: HashMap<Said, Vec<PassageId>> = HashMap::new();
        for passage in stored.iter().rev() {
            known.entry(said(passage)).or_default().push(passage.id);
        }
        self.gone.extend(stored.iter().map(|passage| passage.id));
        let Some(document) = after else { return };
        let title_key = document.title_key();
        for mut passage in document.cut(|| PassageId::from_parts(Timestamp::from_micros(0), 0)) {
            let same = known.get_mut(&said(&passage)).and_then(Vec::pop);
            passage.id = same.unwrap_or_else(|| named(&passage));
            self.gone.remove(&passage.id);
            self.passages.push(Imagined {
                stems: stems(&passage),
                title_key: title_key.clone(),
                kept: same.is_some(),
                vector: None,
                passage,
            });
        }
    }

    fn fresh(&self) -> impl Iterator<Item = &Imagined> {
        self.passages.iter().filter(|one| !one.kept)
    }

    /// Makes the vectors of what is new, as the background would. Without a sentence model there are none.
    pub async fn compare(&mut self, ports: &Ports) -> Result<(), Error> {
        let mut fresh: Vec<&mut Imagined> = self.passages.iter_mut().filter(|one| !one.kept).collect();
        for batch in fresh.chunks_mut(BATCH) {
            let texts: Vec<String> = batch.iter().map(|one| vectors::store::embedded(&one.passage)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let made = match ports.embeddings.embed(&texts, Haste::Passages).await {
                Err(EmbedError::Off) => return Ok(()),
                made => made?,
            };
            for (one, vector) in batch.iter_mut().zip(made) {
                one.vector = Some(vector);
            }
        }
        Ok(())
    }

    /// How many passages more there are than the store has; below zero: fewer.
    pub(super) fn more(&self) -> i64 {
        vectors::as_i64(self.passages.len()) - vectors::as_i64(self.stored)
    }

    /// How many passages of the store are not looked at.
    pub(super) fn hidden(&self) -> usize {
        self.stored
    }

    /// Takes what the store proposed, without the passages of changed documents and cut to `most`, and adds
    /// those of theirs that hold one of the stems.
    pub(super) fn propose<'a>(
        &self,
        mut passages: Vec<Passage>,
        most: usize,
        stems: impl Iterator<Item = &'a String> + Clone,
    ) -> Vec<Passage> {
        passages.retain(|passage| !self.changed.contains(&passage.document));
        passages.truncate(most);
        let holds = |one: &&Imagined| stems.clone().any(|stem| one.stems.contains(stem));
        passages.extend(self.passages.iter().filter(holds).map(|one| one.passage.clone()));
        passages
    }

    /// The same for passages of documents with this title.
    pub(super) fn titled(&self, mut passages: Vec<Passage>, title_key: &str) -> Vec<Passage> {
        passages.retain(|passage| !self.changed.contains(&passage.document));
        let has = |one: &&Imagined| one.title_key == title_key;
        passages.extend(self.passages.iter().filter(has).map(|one| one.passage.clone()));
        passages
    }

    /// What is nearest to a question: what the index found, and what it does not know. Beside the `most` nearest
    /// ones stay those that are `proposed`.
    pub(super) fn near(
        &self,
        question: &[f32],
        found: Vec<Near>,
        most: usize,
        proposed: &[PassageId],
    ) -> Vec<Near> {
        let own = self.passages.iter().filter_map(|one| {
            let cosine = cosine(question, one.vector.as_ref()?);
            Some(Near { passage: one.passage.id, cosine })
        });
        let mut near: Vec<Near> =
            found.into_iter().filter(|near| !self.gone.contains(&near.passage)).chain(own).collect();
        near.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.passage.cmp(&b.passage)));
        let mut place = 0;
        near.retain(|near| {
            place += 1;
            place <= most || proposed.contains(&near.passage)
        });
        near
    }

    /// A passage of a changed document.
    pub(super) fn find(&self, id: PassageId) -> Option<&Passage> {
        self.passages.iter().map(|one| &one.passage).find(|passage| passage.id == id)
    }
}

/// What makes two passages the same to a search.
type Said = (String, String, Option<String>, String);

fn said(passage: &Passage) -> Said {
    (passage.title.clone(), passage.language.clone(), passage.heading.clone(), passage.text.clone())
}

/// The identifier of a passage that the store does not have.
fn named(passage: &Passage) -> PassageId {
    let what = format!("{} {} {:?}", passage.document, passage.position, said(passage));
    let mut bits = [0; 16];
    bits.copy_from_slice(&blake3::hash(what.as_bytes()).as_bytes()[..16]);
    PassageId::from_parts(Timestamp::from_micros(0), u128::from_le_bytes(bits))
}

/// The stems of a passage, as the engines have them.
fn stems(passage: &Passage) -> HashSet<String> {
    let stems = Stems::of(&passage.language);
    let places = [passage.title.as_str(), passage.heading.as_deref().unwrap_or_default(), &passage.text];
    places.into_iter().flat_map(|text| stems.stems(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(id: u128, title: &str, body: &str) -> Document {
        let id = DocumentId::from_parts(Timestamp::from_micros(5_000), id);
        Document {
            body: body.to_owned(),
            ..Document::waiting(id, title.to_owned(), Timestamp::from_micros(0))
        }
    }

    fn stored(document: &Document) -> Vec<Passage> {
        let mut next = 0;
        document.cut(|| {
            next += 1;
            PassageId::from_parts(Timestamp::from_micros(9_000), next)
        })
    }

    const BEFORE: &str =
        "## How much is a check?\n\nA check costs £79.\n\n## How long does it take?\n\nAn hour.";
    const AFTER: &str =
        "## How much is a check?\n\nA check costs £99.\n\n## How long does it take?\n\nAn hour.";

    fn edition(after: Option<&str>) -> (Vec<Passage>, Edition) {
        let before = document(1, "Brakes", BEFORE);
        let passages = stored(&before);
        let mut edition = Edition::default();
        let after = after.map(|body| document(1, "Brakes", body));
        edition.change(before.id, passages.clone(), after.as_ref());
        (passages, edition)
    }

    #[test]
    fn what_an_edit_leaves_as_it_is_keeps_its_name() {
        let (before, edition) = edition(Some(AFTER));
        let kept: Vec<(bool, PassageId)> =
            edition.passages.iter().map(|one| (one.kept, one.passage.id)).collect();
        assert_eq!((kept.len(), kept[1]), (2, (true, before[1].id)));
        assert!(!kept[0].0 && kept[0].1 != before[0].id);
        assert_eq!(edition.gone, HashSet::from([before[0].id]));
        assert_eq!((edition.more(), edition.hidden()), (0, 2));
        let (_, again) = super::tests::edition(Some(AFTER));
        assert_eq!(again.passages[0].passage.id, kept[0].1, "the same edit has the same names");
    }

    #[test]
    fn words_propose_what_stands_there_now() {
        let (before, edition) = edition(Some(AFTER));
        let texts = |passages: Vec<Passage>| -> Vec<String> {
            passages.into_iter().map(|passage| passage.text).collect()
        };
        let other = stored(&document(2, "Hours", "We open at 8 for a check."));
        let proposed: Vec<Passage> = before.iter().chain(&other).cloned().collect();
        let stems = ["check".to_owned()];
        let found = texts(edition.propose(proposed.clone(), 8, stems.iter()));
        assert!(found[0].contains("open at 8") && found[1].contains("£99") && found.len() == 2, "{found:?}");
        assert_eq!(edition.titled(before.clone(), "brakes").len(), 2);
        let (_, without) = super::tests::edition(None);
        assert_eq!(texts(without.propose(proposed, 8, stems.iter())), ["We open at 8 for a check."]);
        assert!(without.titled(before, "brakes").is_empty());
        assert_eq!(without.more(), -2);
    }

    #[test]
    fn the_nearest_are_those_of_the_edition() {
        let (before, mut edition) = edition(Some(AFTER));
        edition.passages[0].vector = Some(vec![1.0, 0.0]);
        let fresh = edition.passages[0].passage.id;
        let far = PassageId::from_parts(Timestamp::from_micros(1), 7);
        let near = |passage, cosine| Near { passage, cosine };
        let found = vec![near(before[0].id, 0.9), near(before[1].id, 0.5), near(far, 0.1)];
        let names = |most, proposed: &[PassageId]| -> Vec<PassageId> {
            let near = edition.near(&[1.0, 0.0], found.clone(), most, proposed);
            near.into_iter().map(|near| near.passage).collect()
        };
        assert_eq!(names(2, &[]), [fresh, before[1].id]);
        assert_eq!(names(1, &[far]), [fresh, far]);
    }
}
