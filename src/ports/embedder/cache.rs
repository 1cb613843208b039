//! A bounded memory of vectors by text, in front of any embedder.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Embedder;

/// An embedder that remembers the vectors of the texts it met last.
pub struct Cached<E> {
    embedder: E,
    memory: Memory,
}

impl<E: Embedder> Cached<E> {
    /// Remembers at least `texts` and at most twice as many vectors.
    pub fn new(embedder: E, texts: usize) -> Self {
        Self { embedder, memory: Memory::new(texts) }
    }
}

/// Vectors by the hash of their text, as many as fit.
pub struct Memory(Mutex<Generations>);

/// Two generations: what is used moves to the young one, and when that is full the old one is forgotten.
struct Generations {
    young: HashMap<Key, Vec<f32>>,
    old: HashMap<Key, Vec<f32>>,
    limit: usize,
}

type Key = [u8; 32];

impl Memory {
    /// Remembers at least `texts` and at most twice as many vectors.
    pub fn new(texts: usize) -> Self {
        Self(Mutex::new(Generations { young: HashMap::new(), old: HashMap::new(), limit: texts.max(1) }))
    }

    /// What is known of each text.
    pub fn known(&self, texts: &[&str]) -> Vec<Option<Vec<f32>>> {
        self.with(|generations| texts.iter().map(|text| generations.get(&key(text))).collect())
    }

    /// Fills the gaps in what is known, in order, and remembers what filled them. `None`: too few came.
    pub fn fill(
        &self,
        texts: &[&str],
        known: Vec<Option<Vec<f32>>>,
        fresh: impl IntoIterator<Item = Vec<f32>>,
    ) -> Option<Vec<Vec<f32>>> {
        let mut fresh = fresh.into_iter();
        self.with(|generations| {
            let filled = known.into_iter().zip(texts).map(|(vector, text)| match vector {
                Some(vector) => Some(vector),
                None => {
                    let vector = fresh.next()?;
                    generations.insert(key(text), vector.clone());
                    Some(vector)
                }
            });
            filled.collect()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Generations) -> T) -> T {
        // A panic elsewhere cannot leave a half-written vector: each insert is one move.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn key(text: &str) -> Key {
    *blake3::hash(text.as_bytes()).as_bytes()
}

impl Generations {
    fn get(&mut self, key: &Key) -> Option<Vec<f32>> {
        if let Some(vector) = self.young.get(key) {
            return Some(vector.clone());
        }
        let vector = self.old.remove(key)?;
        self.insert(*key, vector.clone());
        Some(vector)
    }

    fn insert(&mut self, key: Key, vector: Vec<f32>) {
        if self.young.len() >= self.limit {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, vector);
    }
}

impl<E: Embedder> Embedder for Cached<E> {
    fn model(&self) -> &str {
        self.embedder.model()
    }

    fn dimension(&self) -> usize {
        self.embedder.dimension()
    }

    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let known = self.memory.known(texts);
        let missing: Vec<&str> =
            texts.iter().zip(&known).filter(|(_, vector)| vector.is_none()).map(|(text, _)| *text).collect();
        let fresh = if missing.is_empty() { Vec::new() } else { self.embedder.embed(&missing) };
        self.memory.fill(texts, known, fresh).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts the texts it is asked for; a vector is the text's length.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Embedder for Counting {
        fn model(&self) -> &str {
            "counting"
        }

        fn dimension(&self) -> usize {
            1
        }

        fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
            self.0.fetch_add(texts.len(), Ordering::Relaxed);
            texts.iter().map(|text| vec![text.len() as f32]).collect()
        }
    }

    #[test]
    fn a_text_met_again_is_not_computed_again() {
        let cached = Cached::new(Counting::default(), 8);
        assert_eq!(cached.embed(&["a", "bb"]), [[1.0], [2.0]]);
        assert_eq!(cached.embed(&["bb", "ccc", "a"]), [[2.0], [3.0], [1.0]]);
        assert_eq!(cached.embedder.0.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let cached = Cached::new(Counting::default(), 4);
        for number in 0..100 {
            cached.embed(&["kept", &format!("{number}")]);
        }
        let computed = cached.embedder.0.load(Ordering::Relaxed);
        assert_eq!(computed, 101);
        cached.memory.with(|generations| assert!(generations.young.len() + generations.old.len() <= 8));
    }
}
