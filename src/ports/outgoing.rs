//! Calls to servers elsewhere: one way to make a client, with time-outs and TLS.

use std::sync::Once;
use std::time::Duration;

static TLS: Once = Once::new();

/// A client that gives up reaching a server after `reached`, and a whole call after `whole`. None where the
/// system's certificates cannot be read.
pub fn client(reached: Duration, whole: Duration) -> Option<reqwest::Client> {
    TLS.call_once(|| {
        // Refused only when it was chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let built = reqwest::Client::builder()
        .connect_timeout(reached)
        .timeout(whole)
        .redirect(reqwest::redirect::Policy::limited(5))
        .build();
    match built {
        Ok(client) => Some(client),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no client for other servers");
            None
        }
    }
}
