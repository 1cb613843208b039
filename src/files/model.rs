//! What a file is, by its bytes.

use crate::base::{FileId, Timestamp};
use crate::files::Error;
use crate::protocol::{Attachment, TranscriptState, Wave};

/// Longest file name kept, in characters.
const MAX_NAME: usize = 120;

/// The largest picture of a person, in bytes.
const MAX_PICTURE: i64 = 2 * 1024 * 1024;

/// An uploaded file.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFile {
    /// Its identifier.
    pub id: FileId,
    /// The name it was uploaded with, made safe to show.
    pub name: String,
    /// The media type found in its bytes.
    pub media_type: String,
    /// Size in bytes.
    pub size: i64,
    /// Hash of its bytes.
    pub hash: String,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// For a recording: how it looks.
    pub wave: Option<Wave>,
    /// For a recording: whether it will be transcribed.
    pub transcript: Option<TranscriptState>,
}

impl StoredFile {
    /// The file as a message shows it.
    pub fn attachment(&self) -> Attachment {
        Attachment {
            id: self.id,
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            size: self.size,
            transcript: self.transcript,
            wave: self.wave.clone(),
        }
    }

    /// Whether it is a recording.
    pub fn is_voice(&self) -> bool {
        self.media_type.starts_with("audio/")
    }

    /// Whether a browser may show it in place: only types that cannot run anything.
    pub fn is_safe_inline(&self) -> bool {
        const SAFE: &[&str] =
            &["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/mp4", "video/webm"];
        self.is_voice() || SAFE.contains(&self.media_type.as_str())
    }

    /// Whether it can stand for a person in a list.
    pub fn is_picture(&self) -> bool {
        const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
        PICTURES.contains(&self.media_type.as_str()) && self.size <= MAX_PICTURE
    }
}

/// Finds out what an upload is. Programs are refused; text is text; the rest is only ever downloaded.
pub(super) fn examine(id: FileId, name: &str, bytes: &[u8], now: Timestamp) -> Result<StoredFile, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    let media_type = sniff(name, bytes);
    const PROGRAMS: &[&str] = &[
        "application/vnd.microsoft.portable-executable",
        "application/x-executable",
        "application/x-mach-binary",
        "application/java",
        "application/wasm",
        "text/x-shellscript",
    ];
    if PROGRAMS.contains(&media_type.as_str()) {
        return Err(Error::Refused(media_type));
    }
    Ok(StoredFile {
        id,
        name: safe_name(name),
        media_type,
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        hash: blake3::hash(bytes).to_hex().to_string(),
        created_at: now,
        wave: None,
        transcript: None,
    })
}

fn sniff(name: &str, bytes: &[u8]) -> String {
    let found = infer::get(bytes).map(|kind| kind.mime_type());
    // Matroska and MP4 hold sound or pictures alike; a recording without pictures is sound.
    let lower = name.to_lowercase();
    let sound_only = !contains(bytes, b"V_VP") && !contains(bytes, b"V_AV") && !contains(bytes, b"V_MPEG");
    match found {
        Some("video/webm" | "video/x-matroska") if sound_only => "audio/webm".to_owned(),
        Some("video/mp4") if !contains(bytes, b"vide") => "audio/mp4".to_owned(),
        Some("application/vnd.microsoft.portable-executable") => found.unwrap_or_default().to_owned(),
        Some(mime) if mime.starts_with("text/html") || mime.contains("xml") => "text/plain".to_owned(),
        Some(mime) => mime.to_owned(),
        None if std::str::from_utf8(bytes).is_ok() && lower.ends_with(".csv") => "text/csv".to_owned(),
        None if std::str::from_utf8(bytes).is_ok() => "text/plain".to_owned(),
        None => "application/octet-stream".to_owned(),
    }
}

/// Whether the first 64 KiB hold a word.
fn contains(bytes: &[u8], word: &[u8]) -> bool {
    let head = bytes.get(..64 * 1024).unwrap_or(bytes);
    head.windows(word.len()).any(|window| window == word)
}

/// The last part of a path, without control, direction and path characters.
pub(super) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = last
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}' | '"' | '<' | '>'))
        .take(MAX_NAME)
        .collect();
    match cleaned.trim_matches(['.', ' ']) {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;

    fn examine_named(name: &str, bytes: &[u8]) -> Result<StoredFile, Error> {
        let at = Timestamp::from_micros(0);
        examine(FileId::from_parts(at, 1), name, bytes, at)
    }

    #[test]
    fn the_content_decides_not_the_name() {
        let png = b"\x89PNG\r\n\x1a\n0000000000000000";
        assert_eq!(
            examine_named("a.exe", png).map(|file| file.media_type).ok().as_deref(),
            Some("image/png")
        );
        let html = examine_named("a.png", b"<html><script>alert(1)</script></html>");
        assert_eq!(html.map(|file| file.is_safe_inline()).ok(), Some(false));
        assert!(matches!(examine_named("a.png", b"MZ\x90\0rest"), Err(Error::Refused(_))));
        assert!(matches!(examine_named("a.png", b""), Err(Error::Empty)));
    }

    #[test]
    fn names_lose_paths_and_tricks() {
        assert_eq!(safe_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_name("a\u{202e}gnp.exe"), "agnp.exe");
        assert_eq!(safe_name("..\n"), "file");
        assert_eq!(safe_name(&"x".repeat(4096)).len(), MAX_NAME);
    }
}
