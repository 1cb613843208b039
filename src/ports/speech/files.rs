//! Model files: where they lie and what they are.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use crate::config::Config;

/// Where fetched models lie, under the store's folder.
pub const MODELS: &str = "models";

/// The first bytes of every model file.
const MAGIC: [u8; 4] = [0x6c, 0x6d, 0x67, 0x67];

/// The model file of the settings, or the first that was fetched; none where there is none.
pub fn model_in_use(config: &Config) -> Option<PathBuf> {
    match config.speech.model.as_str() {
        "" => fetched(&config.store.folder.join(MODELS)).into_iter().next(),
        path => Some(PathBuf::from(path)).filter(|path| is_model(path)),
    }
}

/// The model files in a folder, by name.
pub fn fetched(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "bin") && is_model(path))
        .collect();
    found.sort();
    found
}

/// Whether a file begins as a model does.
pub fn is_model(path: &Path) -> bool {
    let mut head = [0; 4];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == MAGIC
}

/// The SHA-1 of a file, in hexadecimal.
pub fn sha1_of(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha1::new();
    let mut piece = vec![0; 1024 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
}
