//! Encrypted connections to servers elsewhere: which implementation makes them.

use std::sync::Once;

static CHOSEN: Once = Once::new();

/// Chooses the implementation for this process, once. Call before a client is made.
pub fn ready() {
    CHOSEN.call_once(|| {
        // Refused only when it was chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
