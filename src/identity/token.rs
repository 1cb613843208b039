//! Tokens: hashed secrets and signed visitor tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::{ContactId, Timestamp, WorkspaceId};
use crate::ports::{DbError, Entropy, Tx};
use crate::{execute, fetch_one};

/// What is stored of a secret.
pub(super) fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// The secret that signs visitor tokens, shared by all nodes through the store.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

/// Who a visitor's token says they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitorToken {
    /// The workspace they visit.
    pub workspace: WorkspaceId,
    /// The contact they are.
    pub contact: ContactId,
    /// When the token ends.
    pub expires_at: Timestamp,
}

impl TokenKey {
    /// Loads the secret, or makes it on the first start.
    pub async fn load(tx: &mut Tx, entropy: &Entropy) -> Result<TokenKey, DbError> {
        execute!(
            tx,
            "INSERT INTO meta (name, value) VALUES ('token_key', $1) ON CONFLICT (name) DO NOTHING",
            entropy.secret(),
        )?;
        let (secret,): (String,) =
            fetch_one!(tx, (String,), "SELECT value FROM meta WHERE name = 'token_key'")?;
        Ok(TokenKey(blake3::derive_key("concierge 2026 visitor tokens", secret.as_bytes())))
    }

    /// The code that creates the store's first workspace. Every node of an empty store prints the same one.
    pub fn setup_code(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.setup_hash().as_bytes())
    }

    /// Whether somebody has the code for the first workspace.
    pub fn is_setup_code(&self, text: &str) -> bool {
        let decoded = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        // blake3::Hash compares in constant time.
        decoded.is_some_and(|bytes: [u8; 32]| self.setup_hash() == blake3::Hash::from_bytes(bytes))
    }

    fn setup_hash(&self) -> blake3::Hash {
        // No visitor's token has this payload: theirs hold two colons.
        blake3::keyed_hash(&self.0, b"the first workspace")
    }

    /// Signs a token: `payload.signature`, both URL-safe.
    pub fn sign(&self, token: &VisitorToken) -> String {
        let payload = format!("{}:{}:{}", token.workspace, token.contact, token.expires_at.as_micros());
        let signature = blake3::keyed_hash(&self.0, payload.as_bytes());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(signature.as_bytes()))
    }

    /// Checks a token's signature; the caller checks when it ends.
    pub fn verify(&self, text: &str) -> Option<VisitorToken> {
        let (payload, signature) = text.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let signature: [u8; 32] = URL_SAFE_NO_PAD.decode(signature).ok()?.try_into().ok()?;
        // blake3::Hash compares in constant time.
        if blake3::keyed_hash(&self.0, &payload) != blake3::Hash::from_bytes(signature) {
            return None;
        }
        let mut parts = std::str::from_utf8(&payload).ok()?.split(':');
        Some(VisitorToken {
            workspace: parts.next()?.parse().ok()?,
            contact: parts.next()?.parse().ok()?,
            expires_at: Timestamp::from_micros(parts.next()?.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;

    #[test]
    fn a_token_cannot_be_changed() {
        let key = TokenKey([7; 32]);
        let at = Timestamp::from_micros(1);
        let token = VisitorToken {
            workspace: WorkspaceId::from_parts(at, 1),
            contact: ContactId::from_parts(at, 2),
            expires_at: at,
        };
        let text = key.sign(&token);
        assert_eq!(key.verify(&text), Some(token));
        assert_eq!(TokenKey([8; 32]).verify(&text), None);
        let other = key.sign(&VisitorToken { contact: ContactId::from_parts(at, 3), ..token });
        let forged = format!(
            "{}.{}",
            other.split('.').next().unwrap_or_default(),
            text.split('.').nth(1).unwrap_or_default()
        );
        assert_eq!(key.verify(&forged), None);
        assert_eq!(key.verify("nonsense"), None);
    }

    #[test]
    fn the_code_of_another_store_sets_nothing_up() {
        let (ours, theirs) = (TokenKey([7; 32]), TokenKey([8; 32]));
        assert!(ours.is_setup_code(&ours.setup_code()));
        assert!(!ours.is_setup_code(&theirs.setup_code()));
        assert!(!ours.is_setup_code("") && !ours.is_setup_code("nonsense"));
    }
}
