//! Understanding text without a model of language: intents, fields, grounded answers, attacks.
//!
//! Everything here is computed from the texts given: it reads no store, keeps no state between calls and
//! gives the same result for the same input. Sentence vectors come through `ports::embedder`.

pub mod compose;
pub mod fields;
pub mod intents;
pub mod moments;
pub mod retrieval;
pub mod sentences;
pub mod steering;
pub mod tongue;
pub mod words;
