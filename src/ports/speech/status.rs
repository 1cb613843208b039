//! What is set up, for people who want to know why there are no transcripts.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use crate::config::Config;

/// Where fetched models lie, under the store's folder.
pub(crate) const MODELS: &str = "models";

/// The first bytes of every model file.
const MAGIC: [u8; 4] = [0x6c, 0x6d, 0x67, 0x67];

/// What is known of transcription on this hub.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Status {
    /// Whether voice messages get transcripts.
    pub ready: bool,
    /// The model in this process.
    pub local: EngineStatus,
    /// The transcription server.
    pub remote: EngineStatus,
    /// What to do, and what works meanwhile, in plain words; nothing to do: empty.
    pub advice: String,
}

/// One engine.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct EngineStatus {
    /// Whether it can be asked.
    pub ready: bool,
    /// The model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The model file's size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The model file's SHA-1, as whisper.cpp lists it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// Why it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// The model file of the settings, or the first that was fetched; none where there is none.
pub(super) fn model_path(config: &Config) -> Option<PathBuf> {
    match config.speech.model.as_str() {
        "" => fetched(&config.store.folder.join(MODELS)).into_iter().next(),
        path => Some(PathBuf::from(path)).filter(|path| is_model(path)),
    }
}

/// The model files in a folder, by name.
pub(crate) fn fetched(folder: &Path) -> Vec<PathBuf> {
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
pub(crate) fn is_model(path: &Path) -> bool {
    let mut head = [0; 4];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == MAGIC
}

/// The SHA-1 of a file, in hexadecimal.
pub(crate) fn sha1_of(path: &Path) -> std::io::Result<String> {
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

pub(super) fn look(model: Option<&Path>, remote: Option<String>) -> Status {
    let local = local(model);
    let remote = match remote {
        Some(model) => EngineStatus { ready: true, model: Some(model), ..EngineStatus::default() },
        None => EngineStatus {
            missing: Some("No transcription server is set (speech.url).".to_owned()),
            ..EngineStatus::default()
        },
    };
    let ready = local.ready || remote.ready;
    let advice = match (ready, cfg!(feature = "speech")) {
        (true, _) => String::new(),
        (false, true) => "Voice messages arrive and can be played, without a transcript. Run \
             `concierge models fetch base` and start the hub again, or set speech.url to a transcription server."
            .to_owned(),
        (false, false) => "Voice messages arrive and can be played, without a transcript. This hub was built \
             without speech: install cmake and g++ and build it again, or set speech.url to a transcription server."
            .to_owned(),
    };
    Status { ready, local, remote, advice }
}

fn local(model: Option<&Path>) -> EngineStatus {
    let missing = |why: &str| EngineStatus { missing: Some(why.to_owned()), ..EngineStatus::default() };
    if !cfg!(feature = "speech") {
        return missing("This hub was built without speech.");
    }
    let Some(path) = model else { return missing("There is no Whisper model file.") };
    match (std::fs::metadata(path), sha1_of(path)) {
        (Ok(about), Ok(sha1)) => EngineStatus {
            ready: true,
            model: path.file_name().map(|name| name.to_string_lossy().into_owned()),
            size: Some(about.len()),
            sha1: Some(sha1),
            missing: None,
        },
        _ => missing("The Whisper model file cannot be read."),
    }
}
