//! What every route shares: the ports, the settings and the keys of the door.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Config;
use crate::http::Problem;
use crate::identity::TokenKey;
use crate::ports::Ports;
use crate::protocol::ErrorCode;

/// The state of the web server. Clones share it.
#[derive(Clone)]
pub struct Site {
    /// The outside world.
    pub ports: Ports,
    /// The settings.
    pub config: Arc<Config>,
    /// How the world reaches the hub, without a slash at the end.
    pub public_url: Arc<str>,
    /// Signs and checks visitor tokens.
    pub tokens: TokenKey,
    /// The store's epoch: another one means that positions from before are void.
    pub epoch: Arc<str>,
    attempts: Arc<DefaultKeyedRateLimiter<String>>,
}

impl Site {
    /// Puts a site together.
    pub fn new(ports: Ports, config: Arc<Config>, public_url: &str, tokens: TokenKey, epoch: &str) -> Site {
        let attempts = RateLimiter::keyed(Quota::per_minute(config.sessions.attempts_per_minute));
        Site {
            ports,
            config,
            public_url: public_url.into(),
            tokens,
            epoch: epoch.into(),
            attempts: Arc::new(attempts),
        }
    }

    /// Counts an attempt to sign in; refuses too many for one key (address or account).
    pub(super) fn count_attempt(&self, key: &str) -> Result<(), Problem> {
        // Forgets keys that have recovered, so that the table stays small.
        if self.attempts.len() > 10_000 {
            self.attempts.retain_recent();
        }
        match self.attempts.check_key_n(&key.to_owned(), NonZeroU32::MIN) {
            Ok(Ok(())) => Ok(()),
            _ => Err(Problem::new(ErrorCode::RateLimited, "too many attempts; wait a minute and try again")
                .retry_after(60_000)),
        }
    }

    /// The name of the session cookie.
    pub fn cookie_name(&self) -> &'static str {
        if self.config.http.secure_cookies { "__Host-concierge" } else { "concierge" }
    }

    /// Whether a page of this origin is one of our own.
    pub fn is_own_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let authority = origin.split_once("://").map(|(_, rest)| rest);
        origin == &*self.public_url || (authority.is_some() && authority == host)
    }
}
