//! A knowledge base in memory, searched as a workspace's is: passages, words and vectors.

use std::collections::HashSet;

use serde::Deserialize;

use super::Error;
use super::retrieval::tongue_of;
use super::vectors::OnDisk;
use crate::language::retrieval::{Candidate, Index, Query, Subjects, fuse};
use crate::language::sentences::passages;
use crate::language::tongue::Tongue;
use crate::ports::embedder::{Embedder, Reads, cosine};

/// Words of a passage; what the sentence model reads in one go.
const PASSAGE_WORDS: usize = 150;

/// A document as the kit gives it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Document {
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) text: String,
}

impl Document {
    /// Whether it is about an entity, by the kit's ids: `hotel:28` has `hotel:28:faq:3`.
    pub(super) fn is_of(&self, entity: &str) -> bool {
        self.id.strip_prefix(entity).is_some_and(|rest| rest.starts_with(':'))
    }
}

/// A document with how well its best passage fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) document: usize,
    pub(super) score: f64,
}

/// Documents ready to be searched.
pub(super) struct Collection {
    pub(super) documents: Vec<Document>,
    tongue: Tongue,
    owners: Vec<usize>,
    vectors: Vec<Vec<f32>>,
    words: Index,
    subjects: Subjects,
}

impl Collection {
    pub(super) fn build(documents: Vec<Document>, embedder: &dyn Embedder) -> Result<Self, Error> {
        let tongue = tongue_of(&documents);
        let mut owners = Vec::new();
        let mut texts = Vec::new();
        for (owner, document) in documents.iter().enumerate() {
            for span in passages(&document.text, PASSAGE_WORDS) {
                owners.push(owner);
                texts.push(format!("{}\n{}", document.title, &document.text[span]));
            }
        }
        let borrowed: Vec<&str> = texts.iter().map(|text| text.trim_start()).collect();
        let vectors = OnDisk::open(embedder).embed(&borrowed)?;
        let words = Index::new(tongue, borrowed.iter().copied());
        let subjects = Subjects::new(tongue, documents.iter().map(|document| document.title.as_str()));
        Ok(Self { tongue, owners, vectors, words, subjects, documents })
    }

    pub(super) fn tongue(&self) -> Tongue {
        self.tongue
    }

    /// How telling a stem is among the documents.
    pub(super) fn rarity(&self, stem: &str) -> f32 {
        self.words.rarity(stem)
    }

    /// Documents for a query, best first.
    pub(super) fn search(&self, query: &Query, embedder: &dyn Embedder) -> Vec<Hit> {
        let vector = embedder.embed_one(&query.text);
        let lexical = self.words.scores(&query.text);
        let mentions = self.subjects.mentions(query);
        let candidates: Vec<Candidate<'_>> = (0..self.owners.len())
            .map(|passage| (passage, self.documents[self.owners[passage]].title.as_str()))
            .map(|(passage, title)| Candidate {
                title,
                lexical: lexical[passage],
                cosine: Some(cosine(&vector, &self.vectors[passage])),
                mentioned: mentions.of(title),
            })
            .collect();
        let mut seen = HashSet::new();
        fuse(&query.text, self.tongue, Reads::English, &candidates)
            .into_iter()
            .filter(|ranked| seen.insert(self.owners[ranked.candidate]))
            .map(|ranked| Hit { document: self.owners[ranked.candidate], score: ranked.score })
            .collect()
    }
}
