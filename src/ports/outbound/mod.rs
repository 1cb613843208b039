//! Requests to addresses that people give: web pages to read, and whatever else is called outside.
//!
//! An address may be made to reach what only this machine can: itself, its network, its cloud's metadata.
//! So a name is resolved here and its addresses are checked at the moment of connecting, for every hop; what
//! is not public is refused, unless the settings list the host. Only http and https, on ports of the web;
//! redirects are followed a few times, each checked anew; bodies and times are bounded; there is no proxy
//! and no cookie.

mod addresses;
mod robots;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
pub use url::Url;

pub use addresses::is_public;
pub use robots::Robots;

/// How we introduce ourselves.
pub const AGENT: &str = concat!("concierge/", env!("CARGO_PKG_VERSION"), " (+knowledge reader)");

/// Redirects that are followed.
const MAX_HOPS: usize = 5;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Most bytes of a robots.txt that are read (RFC 9309 asks for 500 KiB at least).
const MAX_ROBOTS: usize = 512 * 1024;

/// Sites whose robots.txt is remembered, and for how long.
const ROBOTS_KEPT: usize = 256;
const ROBOTS_FOR: Duration = Duration::from_secs(600);

/// Makes requests to the outside. Clones share their connections.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    allowed: Arc<[String]>,
    robots: Arc<Mutex<HashMap<String, (Instant, Robots)>>>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// Headers beside our own.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Vec<u8>,
    /// Most bytes of an answer.
    pub max_bytes: usize,
    /// How long everything may take.
    pub within: Duration,
    /// Whether redirects are followed.
    pub follow: bool,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Where it came from, after redirects.
    pub url: Url,
}

impl Answer {
    /// A header, if it is there and text.
    pub fn text_header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }
}

/// Why a request was not made, or not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It is no address of the web.
    #[error("“{0}” is not a web address; it should begin with https://")]
    NoAddress(String),
    /// The address leads to this machine or its own network.
    #[error("{0} is an address inside a private network, which is not reached from here")]
    Private(String),
    /// The port is not one of the web.
    #[error("port {0} is not a port of web sites")]
    Port(u16),
    /// No such name, nobody there, or no secure connection.
    #[error("{0} could not be reached")]
    Unreachable(String),
    /// It took too long.
    #[error("{0} took too long to answer")]
    TooSlow(String),
    /// The answer is too long.
    #[error("the answer is larger than {} MB", .0 / 1_048_576)]
    TooLarge(usize),
    /// One redirect after the other.
    #[error("{0} redirects again and again")]
    TooManyHops(String),
    /// The site's robots.txt asks programs to stay away.
    #[error("the site asks programs not to read this page (robots.txt)")]
    Robots,
}

impl Outbound {
    /// A client. `allowed` lists hosts as `name:port` that are reached wherever they are.
    pub fn new(allowed: &str) -> Outbound {
        Outbound::with_names(allowed, Arc::new(SystemNames))
    }

    /// A client that asks somebody else for the addresses of names.
    pub fn with_names(allowed: &str, names: Arc<dyn Names>) -> Outbound {
        let allowed: Arc<[String]> = allowed
            .split(',')
            .map(|host| host.trim().to_lowercase())
            .filter(|host| !host.is_empty())
            .collect();
        let guard = Guard { names, allowed: allowed.clone() };
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(guard))
            .tls_backend_preconfigured(tls())
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(AGENT)
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(2)
            .build()
            .expect("the settings of the client are right");
        Outbound { client, allowed, robots: Arc::default() }
    }

    /// The client that looks where names lead before it connects, for callers with a protocol of their own. An
    /// address that names no host but a number must be looked at before (`allows`).
    pub fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// Whether an address may be called at all.
    pub fn allows(&self, url: &Url) -> Result<(), OutboundError> {
        self.check(url)
    }

    /// Fetches an address.
    pub async fn get(
        &self,
        url: Url,
        headers: HeaderMap,
        max_bytes: usize,
        within: Duration,
    ) -> Result<Answer, OutboundError> {
        let ask =
            Ask { method: Method::GET, url, headers, body: Vec::new(), max_bytes, within, follow: true };
        self.send(ask).await
    }

    /// Fetches an address if it has changed since an earlier answer with this `ETag` and `Last-Modified`.
    pub async fn get_changed(
        &self,
        url: Url,
        (etag, modified): (Option<&str>, Option<&str>),
        max_bytes: usize,
        within: Duration,
    ) -> Result<Answer, OutboundError> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, modified)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
        self.get(url, headers, max_bytes, within).await
    }

    /// Makes a request.
    pub async fn send(&self, ask: Ask) -> Result<Answer, OutboundError> {
        let within = ask.within;
        let host = host_of(&ask.url);
        match tokio::time::timeout(within, self.follow(ask)).await {
            Ok(answered) => answered,
            Err(_) => Err(OutboundError::TooSlow(host)),
        }
    }

    /// Posts JSON. Redirects are not followed; whoever gets it twice knows it by its `key`.
    pub async fn post_json(
        &self,
        url: Url,
        (key, more): (&str, &[(&'static str, &str)]),
        body: String,
        max_bytes: usize,
        within: Duration,
    ) -> Result<Answer, OutboundError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(key) = HeaderValue::from_str(key) {
            headers.insert("idempotency-key", key);
        }
        for (name, value) in more {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(*name, value);
            }
        }
        let body = body.into_bytes();
        self.send(Ask { method: Method::POST, url, headers, body, max_bytes, within, follow: false }).await
    }

    /// What a site asks of programs that read it. A site that does not answer is left alone.
    /// What it said is remembered for a while, so that reading many pages does not ask every time.
    pub async fn robots(&self, page: &Url, within: Duration) -> Result<Robots, OutboundError> {
        let mut url = page.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        url.set_fragment(None);
        let key = url.to_string();
        let now = Instant::now();
        let known = self.known_robots().get(&key).cloned();
        if let Some((until, robots)) = known
            && until > now
        {
            return Ok(robots);
        }
        let robots = self.ask_robots(url, within).await?;
        let mut known = self.known_robots();
        if known.len() >= ROBOTS_KEPT {
            known.clear();
        }
        known.insert(key, (now + ROBOTS_FOR, robots.clone()));
        Ok(robots)
    }

    fn known_robots(&self) -> MutexGuard<'_, HashMap<String, (Instant, Robots)>> {
        // A map is whole whatever happened to whoever held the lock.
        self.robots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_robots(&self, url: Url, within: Duration) -> Result<Robots, OutboundError> {
        match self.get(url, HeaderMap::new(), MAX_ROBOTS, within).await {
            Ok(answer) if answer.status.is_success() => {
                Ok(Robots::parse(&String::from_utf8_lossy(&answer.body)))
            }
            Ok(answer) if answer.status.is_server_error() => Ok(Robots::nobody()),
            Ok(_) => Ok(Robots::everybody()),
            Err(OutboundError::TooLarge(_)) => Ok(Robots::nobody()),
            Err(error) => Err(error),
        }
    }

    async fn follow(&self, ask: Ask) -> Result<Answer, OutboundError> {
        let mut url = ask.url.clone();
        for _ in 0..=MAX_HOPS {
            self.check(&url)?;
            let answer = self.hop(&ask, url.clone()).await?;
            let next = answer.headers.get(LOCATION).filter(|_| ask.follow && answer.status.is_redirection());
            match next.map(HeaderValue::to_str) {
                Some(Ok(place)) => {
                    url = url.join(place).map_err(|_| OutboundError::NoAddress(place.to_owned()))?;
                }
                _ => return Ok(answer),
            }
        }
        Err(OutboundError::TooManyHops(host_of(&ask.url)))
    }

    /// Checks what can be seen without connecting; names are checked when they are resolved.
    fn check(&self, url: &Url) -> Result<(), OutboundError> {
        let web = matches!(url.scheme(), "http" | "https");
        let bare = url.username().is_empty() && url.password().is_none();
        let (Some(host), true, true) = (url.host(), web, bare) else {
            return Err(OutboundError::NoAddress(url.to_string()));
        };
        let port = url.port_or_known_default().unwrap_or(0);
        if self.allowed.iter().any(|allowed| *allowed == format!("{host}:{port}")) {
            return Ok(());
        }
        // Below 1024 live mail, shells and the like, which can be made to misread a request.
        if !matches!(port, 80 | 443 | 1024..) {
            return Err(OutboundError::Port(port));
        }
        let literal = match host {
            url::Host::Ipv4(address) => Some(IpAddr::V4(address)),
            url::Host::Ipv6(address) => Some(IpAddr::V6(address)),
            url::Host::Domain(_) => None,
        };
        match literal.is_none_or(is_public) {
            true => Ok(()),
            false => Err(OutboundError::Private(host.to_string())),
        }
    }

    async fn hop(&self, ask: &Ask, url: Url) -> Result<Answer, OutboundError> {
        let host = host_of(&url);
        let failed = |error: reqwest::Error| match private_host(&error) {
            Some(name) => OutboundError::Private(name),
            None if error.is_timeout() => OutboundError::TooSlow(host.clone()),
            None => OutboundError::Unreachable(host.clone()),
        };
        let request = self.client.request(ask.method.clone(), url.clone()).headers(ask.headers.clone());
        let mut response = request.body(ask.body.clone()).send().await.map_err(failed)?;
        let too_large = OutboundError::TooLarge(ask.max_bytes);
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |length| length > ask.max_bytes) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > ask.max_bytes {
                return Err(too_large);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status: response.status(), headers: response.headers().clone(), body, url })
    }
}

/// Reads a web address as a person types it.
pub fn parse_address(text: &str) -> Result<Url, OutboundError> {
    let text = text.trim();
    let wrong = || OutboundError::NoAddress(text.chars().take(200).collect());
    let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let mut url = Url::parse(&full).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || text.len() > 2_000 {
        return Err(wrong());
    }
    url.set_fragment(None);
    Ok(url)
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// TLS with the roots that browsers trust.
fn tls() -> rustls::ClientConfig {
    // For other clients in this process. An error says that somebody was first, with the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Who knows the addresses of names.
pub trait Names: Send + Sync {
    /// The addresses of a name.
    fn look_up(&self, name: &str) -> futures_util::future::BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The names that the system knows.
struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: &str) -> futures_util::future::BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Resolves names and lets only public addresses through: the client connects to what it gives, so a name
/// that answers differently a moment later gains nothing.
struct Guard {
    names: Arc<dyn Names>,
    allowed: Arc<[String]>,
}

/// A name with an address that is not public.
#[derive(Debug, thiserror::Error)]
#[error("{0} is inside a private network")]
struct PrivateName(String);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_lowercase();
        let looked_up = self.names.look_up(&name);
        // The port was checked with the address; here only the name is known.
        let allowed = self.allowed.iter().any(|host| host.split(':').next() == Some(name.as_str()));
        Box::pin(async move {
            let found = looked_up.await?;
            if !allowed && found.iter().any(|address| !is_public(*address)) {
                return Err(PrivateName(name).into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// The name that was refused, if that is what went wrong.
fn private_host(error: &reqwest::Error) -> Option<String> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(PrivateName(name)) = error.downcast_ref() {
            return Some(name.clone());
        }
        source = error.source();
    }
    None
}

#[cfg(test)]
mod tests;
