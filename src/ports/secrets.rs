//! Secrets that must be kept and used again, such as keys of other services: encrypted in the store with a key from
//! the settings.
//!
//! XChaCha20-Poly1305 (RFC 8439 with the extended nonce): what is sealed cannot be read or changed without the
//! key, and opens only for the place it was sealed for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::ports::Entropy;

/// Says how it was sealed.
const MARK: &str = "x1.";
/// Bytes of a nonce.
const NONCE: usize = 24;
/// Binds the derived key to its use.
const USE: &str = "concierge 2026-11-21 secrets of workspaces";
/// The shortest key, in characters.
const SHORTEST: usize = 20;

/// Seals and opens secrets. Clones are the same.
#[derive(Clone)]
pub struct Secrets(Option<XChaCha20Poly1305>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Secrets").field(&self.0.is_some()).finish()
    }
}

impl Secrets {
    /// With the key of the settings; empty: nothing can be kept.
    pub fn new(key: &str) -> Result<Secrets, String> {
        match key.trim() {
            "" => Ok(Secrets(None)),
            key if key.chars().count() < SHORTEST => {
                Err(format!("store.secrets_key is too short: give {SHORTEST} characters or more"))
            }
            key => Ok(Secrets(Some(XChaCha20Poly1305::new(&blake3::derive_key(USE, key.as_bytes()).into())))),
        }
    }

    /// Whether secrets can be kept.
    pub fn ready(&self) -> bool {
        self.0.is_some()
    }

    /// Seals a secret for one place. None without a key.
    pub fn seal(&self, entropy: &Entropy, place: &str, secret: &str) -> Option<String> {
        let mut nonce = [0_u8; NONCE];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: secret.as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.as_ref()?.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(format!("{MARK}{}", STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens what was sealed for this place. None without the key, for another place, or if it was changed.
    pub fn open(&self, place: &str, sealed: &str) -> Option<String> {
        let bytes = STANDARD_NO_PAD.decode(sealed.strip_prefix(MARK)?).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let opened = self.0.as_ref()?.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(opened).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_key_and_at_its_place_only() {
        let (entropy, key) = (Entropy::seeded(1), "a key of more than twenty characters");
        let secrets = Secrets::new(key).expect("it is long enough");
        let sealed = secrets.seal(&entropy, "here", "sk-secret").expect("there is a key");
        assert!(!sealed.contains("sk-secret"));
        assert_eq!(secrets.open("here", &sealed).as_deref(), Some("sk-secret"));
        assert_eq!(secrets.open("there", &sealed), None);
        let other = Secrets::new("another key of more than twenty characters").expect("it is long enough");
        assert_eq!(other.open("here", &sealed), None);
        let again = secrets.seal(&entropy, "here", "sk-secret").expect("there is a key");
        assert_ne!(again, sealed, "the nonce is another");
        let mut changed = sealed.into_bytes();
        let last = changed.len() - 1;
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(secrets.open("here", &String::from_utf8(changed).expect("ASCII")), None);
        assert!(Secrets::new("short").is_err());
        let none = Secrets::new("").expect("no key is right");
        assert!(!none.ready() && none.seal(&entropy, "here", "x").is_none());
        assert!(!format!("{secrets:?}").contains("more than twenty"));
    }
}
