//! The search that answers are taken from: words and meaning together.
//!
//! Words propose passages, so do vectors; what either proposes is weighed by both and by which subject the
//! conversation named before. Where there is no vector (none set up, the embedder down, passages whose
//! vectors are still being made), words decide alone, and what is found says so.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::base::PassageId;
use crate::knowledge::edition::Edition;
use crate::knowledge::model::{Candidate, Hit, Passage};
use crate::knowledge::{Error, rank, store, vectors, words};
use crate::language::retrieval::{self, Query, Subjects, fuse};
use crate::language::tongue::Tongue;
use crate::ports::embedder::{Haste, Reads};
use crate::ports::vectors::{Near, Place};
use crate::ports::{Cx, Ports, Tx};

/// Passages proposed by words, and as many by vectors.
const PROPOSED: usize = 64;
/// Turns whose words propose passages beside the question's own.
const TURNS: usize = 4;
/// Below this cosine, a passage that shares no word with the question has nothing to do with it.
const RELATED: f32 = 0.2;

/// What is asked, and what was said before.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The question.
    pub text: &'a str,
    /// The turns before it, oldest first.
    pub earlier: &'a [&'a str],
    /// Its language; none: what its words tell, or the language of the passages that hold them.
    pub tongue: Option<Tongue>,
    /// The knowledge as it would be; none: as it is.
    pub within: Option<&'a Edition>,
}

/// What a search compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub enum Compared {
    /// Both.
    #[serde(rename = "words and meaning")]
    WordsAndMeaning,
    /// Words alone.
    #[serde(rename = "words")]
    Words,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Passages, best first.
    pub hits: Vec<Hit>,
    /// What was compared.
    pub by: Compared,
    /// Why not more than that was compared, or not for all passages.
    pub because: Option<String>,
    /// How telling each stem of the question is in this knowledge base.
    pub rarity: HashMap<String, f32>,
}

/// Finds the passages for a question, best first.
///
/// Opens its own transactions, none of them while a model or a server is asked.
pub async fn find(ports: &Ports, cx: &Cx, question: Question<'_>, limit: usize) -> Result<Found, Error> {
    let query = retrieval::query(question.earlier, question.text);
    let wanted = words::Wanted::of(&query.text);
    if wanted.title_key.is_empty() {
        return Ok(Found { hits: Vec::new(), by: Compared::Words, because: None, rarity: HashMap::new() });
    }
    let vector = embed(ports, cx, &query).await;
    let mut tx = ports.db.read().await?;
    let mut passages = propose(cx, &mut tx, &wanted, &query, question.within).await?;
    let more = question.within.map_or(0, Edition::more);
    let in_all = store::count_passages(&mut tx, cx.workspace).await?.saturating_add(more);
    drop(tx);

    let near = match &vector {
        Ok((place, vector)) => nearest(ports, place, vector, &passages, question.within).await,
        Err(why) => Err(why.clone()),
    };
    let cosines: HashMap<PassageId, f32> =
        near.iter().flatten().map(|near| (near.passage, near.cosine)).collect();
    let known: HashSet<PassageId> = passages.iter().map(|passage| passage.id).collect();
    let mut others: Vec<PassageId> = cosines.keys().filter(|id| !known.contains(id)).copied().collect();
    if let Some(edition) = question.within {
        passages.extend(others.iter().filter_map(|id| edition.find(*id)).cloned());
        others.retain(|id| edition.find(*id).is_none());
    }
    let mut tx = ports.db.read().await?;
    // What the index knows may be gone: only what the store still has is found.
    passages.extend(vectors::store::passages(&mut tx, cx.workspace, &others).await?);
    drop(tx);
    // Those that fit equally well are found in the same order each time, however they came here.
    passages.sort_by(|a, b| (&a.title, a.position, a.id).cmp(&(&b.title, b.position, b.id)));
    Ok(weigh(
        &query,
        question.tongue,
        &wanted,
        passages,
        in_all,
        ports.embeddings.reads(),
        &cosines,
        near.err(),
    )
    .cut(limit))
}

/// The question's vector, or why there is none.
async fn embed(ports: &Ports, cx: &Cx, query: &Query) -> Result<(Place, Vec<f32>), String> {
    let vectors = ports.embeddings.embed(&[&query.text], Haste::Question).await;
    let vector = vectors.map_err(|error| error.to_string())?.pop().unwrap_or_default();
    match vectors::place(ports, cx.workspace) {
        Some(place) => Ok((place, vector)),
        None => Err("no sentence model is set up".to_owned()),
    }
}

/// Passages that hold words of the question, of the turns before it, or have it as their title.
async fn propose(
    cx: &Cx,
    tx: &mut Tx,
    wanted: &words::Wanted,
    query: &Query,
    within: Option<&Edition>,
) -> Result<Vec<Passage>, Error> {
    let mut passages = Vec::new();
    let own = wanted.stems();
    if !own.is_empty() {
        passages = holding(cx, tx, &own, PROPOSED, within).await?;
    }
    if !query.context.is_empty() {
        let said = query.context.iter().take(TURNS).flat_map(|turn| words::Wanted::of(turn).stems());
        let all: BTreeSet<String> = said.chain(own).collect();
        if !all.is_empty() {
            add(&mut passages, holding(cx, tx, &all, PROPOSED / 2, within).await?);
        }
    }
    let titled = store::titled(tx, cx.workspace, &wanted.title_key, vectors::as_i64(PROPOSED)).await?;
    add(
        &mut passages,
        match within {
            None => titled,
            Some(edition) => edition.titled(titled, &wanted.title_key),
        },
    );
    Ok(passages)
}

/// Passages that hold one of these stems.
async fn holding(
    cx: &Cx,
    tx: &mut Tx,
    stems: &BTreeSet<String>,
    most: usize,
    within: Option<&Edition>,
) -> Result<Vec<Passage>, Error> {
    let hidden = within.map_or(0, Edition::hidden);
    let found = store::propose(tx, cx.workspace, stems, vectors::as_i64(most.saturating_add(hidden))).await?;
    Ok(match within {
        None => found,
        Some(edition) => edition.propose(found, most, stems.iter()),
    })
}

fn add(passages: &mut Vec<Passage>, more: Vec<Passage>) {
    let known: HashSet<PassageId> = passages.iter().map(|passage| passage.id).collect();
    passages.extend(more.into_iter().filter(|passage| !known.contains(&passage.id)));
}

/// The nearest passages by meaning, and the cosines of those that words propose.
async fn nearest(
    ports: &Ports,
    place: &Place,
    vector: &[f32],
    passages: &[Passage],
    within: Option<&Edition>,
) -> Result<Vec<Near>, String> {
    let index = ports.vectors.index();
    if index.in_process() {
        vectors::follow(ports, place).await.map_err(|error| error.to_string())?;
    }
    let proposed: Vec<PassageId> = passages.iter().map(|passage| passage.id).collect();
    let most = PROPOSED.saturating_add(within.map_or(0, Edition::hidden));
    let near = index.nearest(place, vector, most, &proposed).await.map_err(|error| error.to_string())?;
    let near = match within {
        None => near,
        Some(edition) => edition.near(vector, near, PROPOSED, &proposed),
    };
    match near.is_empty() && !passages.is_empty() {
        true => Err("the vectors of the passages are still being made".to_owned()),
        false => Ok(near),
    }
}

/// Puts passages in order.
#[expect(clippy::too_many_arguments, reason = "everything that is known of a search comes together here")]
fn weigh(
    query: &Query,
    tongue: Option<Tongue>,
    wanted: &words::Wanted,
    passages: Vec<Passage>,
    in_all: i64,
    reads: Reads,
    cosines: &HashMap<PassageId, f32>,
    words_alone: Option<String>,
) -> Found {
    let weighed = rank::weigh(wanted, passages, in_all);
    let tongue = tongue.unwrap_or_else(|| Tongue::of(&query.text, usual_tongue(&weighed)));
    let rarity = rarity(tongue, &query.text, &weighed, in_all);
    if let Some(why) = words_alone {
        let hits = rank::order(weighed).into_iter().map(Hit::from).collect();
        return Found { hits, by: Compared::Words, because: Some(why), rarity };
    }
    let unread = weighed.iter().filter(|one| !cosines.contains_key(&one.passage.id)).count();
    let subjects = Subjects::new(tongue, weighed.iter().map(|one| one.passage.title.as_str()));
    let mentions = subjects.mentions(query);
    let candidates: Vec<retrieval::Candidate<'_>> = weighed
        .iter()
        .map(|one| retrieval::Candidate {
            title: &one.passage.title,
            lexical: as_f32(one.lexical),
            cosine: cosines.get(&one.passage.id).copied().filter(|_| {
                reads == Reads::Many || Tongue::of_locale(&one.passage.language) == Tongue::English
            }),
            mentioned: mentions.of(&one.passage.title),
        })
        .collect();
    let ranked = fuse(&query.text, tongue, reads, &candidates);
    let related = |one: &retrieval::Candidate<'_>| {
        one.lexical > 0.0 || one.cosine.is_some_and(|cosine| cosine >= RELATED)
    };
    let hits = ranked
        .iter()
        .filter(|ranked| related(&candidates[ranked.candidate]))
        .map(|ranked| Hit::from(Candidate { score: ranked.score, ..weighed[ranked.candidate].clone() }))
        .collect();
    let because = (unread > 0).then(|| format!("{unread} of the passages have no vector yet"));
    Found { hits, by: Compared::WordsAndMeaning, because, rarity }
}

impl Found {
    fn cut(mut self, limit: usize) -> Self {
        self.hits.truncate(limit);
        self
    }
}

/// The language of most passages.
fn usual_tongue(weighed: &[Candidate]) -> Tongue {
    let mut counts: HashMap<Tongue, usize> = HashMap::new();
    for one in weighed {
        *counts.entry(Tongue::of_locale(&one.passage.language)).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(tongue, count)| (*count, tongue.code()));
    most.map_or(Tongue::English, |(tongue, _)| tongue)
}

/// How telling each stem of a question is: the fewer passages hold it, the more.
fn rarity(tongue: Tongue, question: &str, weighed: &[Candidate], in_all: i64) -> HashMap<String, f32> {
    let mut holding: HashMap<String, f32> =
        tongue.stems(question).into_iter().map(|stem| (stem, 0.0)).collect();
    for one in weighed {
        let text = format!("{}\n{}", one.passage.title, one.passage.text);
        let stems: HashSet<String> = tongue.stems(&text).into_iter().collect();
        for (stem, count) in &mut holding {
            *count += f32::from(u8::from(stems.contains(stem)));
        }
    }
    let all = as_f32(f64::from(i32::try_from(in_all).unwrap_or(i32::MAX)));
    for count in holding.values_mut() {
        *count = (1.0 + (all - *count + 0.5).max(0.0) / (*count + 0.5)).ln();
    }
    holding
}

#[expect(clippy::cast_possible_truncation, reason = "scores and counts are far below the limit")]
fn as_f32(number: f64) -> f32 {
    number as f32
}
