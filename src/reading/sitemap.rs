//! Sitemaps: a site's own list of its pages (sitemaps.org), and plain lists of addresses.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::reading::{Refusal, kind};

/// Takes the addresses out of a sitemap or an index of sitemaps, at most `limit`.
pub(super) fn read(bytes: &[u8], limit: usize) -> Result<Vec<String>, Refusal> {
    let text = kind::decode(bytes)?;
    if !text.trim_start().starts_with('<') {
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("http"));
        return Ok(lines.take(limit).map(str::to_owned).collect());
    }
    let mut reader = Reader::from_str(&text);
    let mut addresses = Vec::new();
    let mut in_loc = false;
    let mut address = String::new();
    while addresses.len() < limit {
        match reader.read_event() {
            Ok(Event::Start(tag)) if tag.local_name().as_ref() == "loc" => in_loc = true,
            Ok(Event::Text(words)) if in_loc => address.push_str(&words),
            Ok(Event::CData(words)) if in_loc => address.push_str(&words),
            Ok(Event::GeneralRef(name)) if in_loc => {
                address.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default());
            }
            Ok(Event::End(tag)) if tag.local_name().as_ref() == "loc" => {
                in_loc = false;
                let found = std::mem::take(&mut address);
                if !found.trim().is_empty() {
                    addresses.push(found.trim().to_owned());
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) => return Err(Refusal::Broken),
        }
    }
    Ok(addresses)
}
