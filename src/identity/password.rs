//! Passwords: argon2id with the library's recommended cost.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Hashes a password. Takes tens of milliseconds: call it from a blocking thread.
#[expect(clippy::missing_panics_doc, reason = "only a broken system generator makes hashing fail")]
pub fn hash_password(password: &str) -> String {
    Argon2::default()
        .hash_password(password.as_bytes())
        .expect("hashing fails only without a system generator")
        .to_string()
}

/// Whether a password is the hashed one. As slow as hashing.
pub(super) fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Spends the time of a check when there is nobody to check against, so that an unknown address answers
/// as slowly as a wrong password.
pub(super) fn waste_time(password: &str) {
    static NOBODY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let _ = is_right(password, NOBODY.get_or_init(|| hash_password("nobody signs in with this")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let hash = hash_password("correct horse");
        assert!(hash.starts_with("$argon2id$"));
        assert!(is_right("correct horse", &hash));
        assert!(!is_right("battery staple", &hash) && !is_right("correct horse", "nonsense"));
    }
}
