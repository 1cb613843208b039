//! The pages of a web site, by its own list of them.

use std::time::Duration;

use crate::http::Problem;
use crate::identity::Site;
use crate::ports::outbound::{OutboundError, Url, parse_address};
use crate::ports::readers::ReadError;
use crate::protocol::ErrorCode;

/// Most bytes of a sitemap.
const MAX_BYTES: usize = 10 * 1024 * 1024;

/// Sitemaps of an index that are looked at.
const MAX_MAPS: usize = 5;

/// The pages that an address stands for: itself, or as many as wanted of those its site lists.
pub(super) async fn addresses(site: &Site, address: &str, wanted: usize) -> Result<Vec<String>, Problem> {
    let url = parse_address(address).map_err(refused)?;
    if wanted == 1 && !is_map(&url) {
        return Ok(vec![url.to_string()]);
    }
    let mut found: Vec<String> = Vec::new();
    let mut maps = first_maps(site, &url).await?;
    let mut looked_at = 0;
    while let Some(map) = maps.pop() {
        looked_at += 1;
        for listed in listed(site, &map, wanted).await? {
            let Some(page) = parse_address(&listed).ok().filter(|page| page.host() == url.host()) else {
                continue;
            };
            if is_map(&page) {
                maps.push(page);
            } else if found.len() < wanted && !found.contains(&page.to_string()) {
                found.push(page.to_string());
            }
        }
        if found.len() >= wanted || looked_at >= MAX_MAPS {
            break;
        }
    }
    match found.is_empty() {
        true => Err(Problem::new(
            ErrorCode::InvalidValue,
            "the site lists no pages: there is no sitemap; add its pages one by one",
        )),
        false => Ok(found),
    }
}

fn is_map(url: &Url) -> bool {
    let path = url.path().to_lowercase();
    path.ends_with(".xml") || path.ends_with("sitemap.txt")
}

/// Where a site's list is: the address itself, else what its robots.txt says, else the usual place.
async fn first_maps(site: &Site, url: &Url) -> Result<Vec<Url>, Problem> {
    if is_map(url) {
        return Ok(vec![url.clone()]);
    }
    let within = Duration::from_secs(site.config.knowledge.fetch_seconds);
    let robots = site.ports.outbound.robots(url, within).await.map_err(refused)?;
    let mut maps: Vec<Url> = robots
        .sitemaps
        .iter()
        .filter_map(|map| parse_address(map).ok())
        .filter(|map| map.host() == url.host())
        .take(MAX_MAPS)
        .collect();
    if maps.is_empty() {
        let mut usual = url.clone();
        usual.set_path("/sitemap.xml");
        usual.set_query(None);
        maps.push(usual);
    }
    Ok(maps)
}

async fn listed(site: &Site, map: &Url, wanted: usize) -> Result<Vec<String>, Problem> {
    let within = Duration::from_secs(site.config.knowledge.fetch_seconds);
    let answer =
        site.ports.outbound.get(map.clone(), Default::default(), MAX_BYTES, within).await.map_err(refused)?;
    if !answer.status.is_success() {
        return Ok(Vec::new());
    }
    // Some of what is listed may belong to other hosts or be there already.
    match site.ports.readers.addresses(&answer.body, wanted.saturating_mul(4)).await {
        Ok(addresses) => Ok(addresses),
        Err(ReadError::Refused(refusal)) => Err(Problem::new(
            ErrorCode::InvalidValue,
            format!("the sitemap cannot be read: {}", refusal.says()),
        )),
        Err(ReadError::Failed(error)) => Err(Problem::internal(&error)),
    }
}

fn refused(error: OutboundError) -> Problem {
    Problem::new(ErrorCode::InvalidValue, format!("{error}; check the address"))
}
