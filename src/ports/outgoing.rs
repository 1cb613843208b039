//! Calls to servers elsewhere: one way to make a client, with time-outs and TLS.

use std::time::Duration;

pub use reqwest::Client;

/// How often a server may send a call elsewhere.
const REDIRECTS: usize = 5;

/// A client that gives up reaching a server after `reached`, and a whole call after `whole`. None where the
/// system's certificates cannot be read.
pub fn client(reached: Duration, whole: Duration) -> Option<Client> {
    // What encrypts is chosen once per process; an error says that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = Client::builder()
        .connect_timeout(reached)
        .timeout(whole)
        .redirect(reqwest::redirect::Policy::limited(REDIRECTS))
        .build();
    match built {
        Ok(client) => Some(client),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no client for other servers");
            None
        }
    }
}
