//! Fetches pages of the web.

use std::time::Duration;

use crate::identity::Site;
use crate::knowledge::sources::model::{Kept, Problem};
use crate::ports::outbound::{Answer, OutboundError, parse_address};

/// What looking at a page gave.
pub(super) enum Fetched {
    /// It is as it was.
    Same,
    /// It has this content.
    New {
        /// The bytes.
        bytes: Vec<u8>,
        /// A name whose ending says what the site calls them.
        name: String,
        /// What tells this content from a later one.
        etag: Option<String>,
        /// When the site says it was last changed.
        modified: Option<String>,
    },
    /// It cannot be had.
    Refused(Problem),
    /// Not now; perhaps in a moment.
    Later(Problem),
}

/// Fetches a page, if its site does not mind and it has changed.
pub(super) async fn fetch(site: &Site, kept: &Kept) -> Fetched {
    let address = kept.address.as_deref().unwrap_or_default();
    let within = Duration::from_secs(site.config.knowledge.fetch_seconds);
    let asked = async {
        let url = parse_address(address)?;
        let outbound = &site.ports.outbound;
        if !outbound.robots(&url, within).await?.allows(url.path()) {
            return Err(OutboundError::Robots);
        }
        let known = (kept.etag.as_deref(), kept.modified.as_deref());
        outbound.get_changed(url, known, site.config.knowledge.max_bytes, within).await
    };
    match asked.await {
        Ok(answer) => judge(answer),
        Err(error @ (OutboundError::Unreachable(_) | OutboundError::TooSlow(_))) => {
            Fetched::Later(Problem::new("unreachable", format!("The page was not read: {error}.")))
        }
        Err(error) => {
            Fetched::Refused(Problem::new(code(&error), format!("The page was not read: {error}.")))
        }
    }
}

fn judge(answer: Answer) -> Fetched {
    let status = answer.status.as_u16();
    let says = |what: &str| format!("The page was not read: {what} (the site answered {status}).");
    match status {
        304 => Fetched::Same,
        200..=299 => Fetched::New {
            name: name_of(&answer),
            etag: answer.text_header("etag"),
            modified: answer.text_header("last-modified"),
            bytes: answer.body,
        },
        401 | 403 | 407 => Fetched::Refused(Problem::new("forbidden", says("one has to sign in to see it"))),
        404 | 410 => Fetched::Refused(Problem::new("not_found", says("there is no such page"))),
        429 | 500..=599 => Fetched::Later(Problem::new("unreachable", says("the site has trouble"))),
        _ => Fetched::Refused(Problem::new("unreachable", says("the site does not give it out"))),
    }
}

/// A name with the ending that belongs to the content type, else that of the address.
fn name_of(answer: &Answer) -> String {
    let kind = answer.text_header("content-type").unwrap_or_default().to_lowercase();
    let ending = match kind.split(';').next().unwrap_or_default().trim() {
        "text/html" | "application/xhtml+xml" => "page.html",
        "text/markdown" => "page.md",
        "text/csv" => "page.csv",
        "text/plain" => "page.txt",
        _ => answer.url.path(),
    };
    ending.to_owned()
}

fn code(error: &OutboundError) -> &'static str {
    match error {
        OutboundError::NoAddress(_) | OutboundError::Port(_) => "no_address",
        OutboundError::Private(_) => "private_address",
        OutboundError::TooLarge(_) => "too_large",
        OutboundError::Robots => "robots",
        OutboundError::TooManyHops(_) | OutboundError::Unreachable(_) | OutboundError::TooSlow(_) => {
            "unreachable"
        }
    }
}
