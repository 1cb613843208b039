//! The web interface as it was built: widget, console, portal and demo pages, in memory.
//!
//! Whether it is there at all depends on the machine that compiled it; `built` says so. This crate knows
//! nothing of HTTP beyond media types, entity tags and content encodings.

/// A file of the web interface.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Where it lies, without a leading slash: `widget.js`, `assets/console-1a2b3c4d.js`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Whether its name changes with its content, so that it may be kept for ever.
    pub immutable: bool,
    /// A strong entity tag of the plain bytes, with its quotes.
    pub etag: &'static str,
    /// The plain bytes.
    pub bytes: &'static [u8],
    /// The bytes in brotli, where that is shorter.
    pub br: Option<&'static [u8]>,
    /// The bytes in gzip, where that is shorter.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Finds a file by its path, without a leading slash.
pub fn asset(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at)
}

/// Every file.
pub fn assets() -> &'static [Asset] {
    ASSETS
}

/// Whether the web interface is inside.
pub fn built() -> bool {
    !ASSETS.is_empty()
}

/// How the build of the web interface ended: `built`, `no-node`, `failed`, or a short explanation.
pub fn state() -> &'static str {
    STATE
}

impl Asset {
    /// The bytes to send to a client with this `Accept-Encoding`, and the `Content-Encoding` to name.
    pub fn encoded(&self, accept: &str) -> (&'static [u8], Option<&'static str>) {
        match (self.br, self.gzip) {
            (Some(bytes), _) if accepts(accept, "br") => (bytes, Some("br")),
            (_, Some(bytes)) if accepts(accept, "gzip") => (bytes, Some("gzip")),
            _ => (self.bytes, None),
        }
    }
}

/// Whether a client takes an encoding; one with weight zero is refused.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
        });
        name.eq_ignore_ascii_case(encoding) && !refused
    })
}

/// What to show instead of a page when the web interface is not inside.
pub const MISSING_PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Concierge without its web interface</title>
<h1>This build has no web interface</h1>
<p>It was compiled on a machine without Node. The HTTP interface, sockets and the command line work.</p>
<p>To have the console, the widget and the portal: install Node 20.19 or newer and run <code>cargo build</code> again, or take a release binary.</p>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_chosen_by_what_the_client_takes() {
        let asset = Asset {
            path: "a.js",
            content_type: "text/javascript",
            immutable: false,
            etag: "\"1\"",
            bytes: b"plain",
            br: Some(b"br"),
            gzip: Some(b"gz"),
        };
        assert_eq!(asset.encoded("gzip, deflate, br").1, Some("br"));
        assert_eq!(asset.encoded("gzip;q=0.8, br;q=0").1, Some("gzip"));
        assert_eq!(asset.encoded("identity").1, None);
        assert_eq!(asset.encoded("").0, b"plain");
        assert_eq!(Asset { br: None, ..asset }.encoded("br").1, None);
    }

    #[test]
    fn every_file_is_found_by_its_path() {
        for one in assets() {
            assert_eq!(asset(one.path).map(|found| found.etag), Some(one.etag));
        }
        assert!(asset("../secret").is_none());
        assert!(asset("").is_none());
    }

    #[test]
    fn a_built_interface_has_its_pages() {
        if built() {
            for page in ["console.html", "portal.html", "demo.html", "widget.js"] {
                assert!(asset(page).is_some_and(|page| !page.immutable), "{page} is missing");
            }
            assert!(assets().iter().any(|one| one.path.starts_with("w/chat.") && one.immutable));
        }
    }
}
