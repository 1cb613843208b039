//! A bounded memory of vectors by text, in front of any embedder.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Embedder;

/// An embedder that remembers the vectors of the texts it met last.
pub struct Cached<E> {
    embedder: E,
    generations: Mutex<Generations>,
}

/// Two generations: what is used moves to the young one, and when that is full the old one is forgotten.
struct Generations {
    young: HashMap<Key, Vec<f32>>,
    old: HashMap<Key, Vec<f32>>,
    limit: usize,
}

type Key = [u8; 32];

impl<E: Embedder> Cached<E> {
    /// Remembers at least `texts` and at most twice as many vectors.
    pub fn new(embedder: E, texts: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), limit: texts.max(1) };
        Self { embedder, generations: Mutex::new(generations) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Generations) -> T) -> T {
        // A panic elsewhere cannot leave a half-written vector: each insert is one move.
        act(&mut self.generations.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
        let keys: Vec<Key> = texts.iter().map(|text| *blake3::hash(text.as_bytes()).as_bytes()).collect();
        let known: Vec<Option<Vec<f32>>> =
            self.with(|generations| keys.iter().map(|key| generations.get(key)).collect());
        let missing: Vec<&str> =
            texts.iter().zip(&known).filter(|(_, vector)| vector.is_none()).map(|(text, _)| *text).collect();
        if missing.is_empty() {
            return known.into_iter().flatten().collect();
        }
        let mut fresh = self.embedder.embed(&missing).into_iter();
        self.with(|generations| {
            known
                .into_iter()
                .zip(keys)
                .filter_map(|(vector, key)| match vector {
                    Some(vector) => Some(vector),
                    None => {
                        let vector = fresh.next()?;
                        generations.insert(key, vector.clone());
                        Some(vector)
                    }
                })
                .collect()
        })
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
        cached.with(|generations| assert!(generations.young.len() + generations.old.len() <= 8));
    }
}
