//! Vectors of an evaluation's documents, kept on disk between runs.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use super::Error;
use crate::ports::embedder::Embedder;

type Key = [u8; 32];

/// An embedder in front of which stands a file of vectors by text hash.
pub(super) struct OnDisk<'a> {
    embedder: &'a dyn Embedder,
    file: PathBuf,
    known: HashMap<Key, Vec<f32>>,
}

impl<'a> OnDisk<'a> {
    /// Opens the file of the embedder's model in the folder for temporary files.
    pub(super) fn open(embedder: &'a dyn Embedder) -> Self {
        let file = std::env::temp_dir().join(format!("concierge-eval-{}.vectors", embedder.model()));
        let entry = 32 + 4 * embedder.dimension();
        // A missing or half-written file only means computing again.
        let bytes = std::fs::read(&file).unwrap_or_default();
        let known = bytes
            .chunks_exact(entry)
            .filter_map(|entry| {
                let (key, numbers) = entry.split_first_chunk::<32>()?;
                Some((
                    *key,
                    numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
                ))
            })
            .collect();
        Self { embedder, file, known }
    }

    /// One vector for each text.
    pub(super) fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let keys: Vec<Key> = texts.iter().map(|text| *blake3::hash(text.as_bytes()).as_bytes()).collect();
        let missing: Vec<usize> = (0..texts.len()).filter(|n| !self.known.contains_key(&keys[*n])).collect();
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.file)?;
        for part in missing.chunks(64) {
            let wanted: Vec<&str> = part.iter().map(|n| texts[*n]).collect();
            let mut bytes = Vec::new();
            for (number, vector) in part.iter().zip(self.embedder.embed(&wanted)) {
                bytes.extend(keys[*number]);
                bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
                self.known.insert(keys[*number], vector);
            }
            file.write_all(&bytes)?;
        }
        Ok(keys.iter().filter_map(|key| self.known.get(key).cloned()).collect())
    }
}
