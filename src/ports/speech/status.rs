//! What is set up, for people who want to know why there are no transcripts.

use std::path::Path;

use super::files::sha1_of;

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
