//! What a site asks of programs that read it (RFC 9309).

/// The name that a site may address us by.
const NAME: &str = "concierge";

/// A site's rules for us, and where it lists its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<(bool, String)>,
    /// Addresses of sitemaps.
    pub sitemaps: Vec<String>,
}

impl Robots {
    /// Everything may be read.
    pub fn everybody() -> Robots {
        Robots { rules: Vec::new(), sitemaps: Vec::new() }
    }

    /// Nothing may be read.
    pub fn nobody() -> Robots {
        Robots { rules: vec![(false, "/".to_owned())], sitemaps: Vec::new() }
    }

    /// Reads a robots.txt: the groups that name us, else those for everybody.
    pub fn parse(text: &str) -> Robots {
        let (mut ours, mut general) = (Vec::new(), Vec::new());
        let mut named = false;
        let mut sitemaps = Vec::new();
        let (mut for_us, mut for_all, mut in_rules) = (false, false, true);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match field.trim().to_lowercase().as_str() {
                "user-agent" => {
                    if in_rules {
                        (for_us, for_all, in_rules) = (false, false, false);
                    }
                    for_us |= value.to_lowercase().starts_with(NAME);
                    for_all |= value == "*";
                    named |= for_us;
                }
                word @ ("allow" | "disallow") => {
                    in_rules = true;
                    let rule = (word == "allow", value.to_owned());
                    if for_us && !value.is_empty() {
                        ours.push(rule.clone());
                    }
                    if for_all && !value.is_empty() {
                        general.push(rule);
                    }
                }
                "sitemap" => sitemaps.push(value.to_owned()),
                _ => {}
            }
        }
        Robots { rules: if named { ours } else { general }, sitemaps }
    }

    /// Whether a page may be read: the longest rule that fits decides, and of two alike the kinder one.
    pub fn allows(&self, path: &str) -> bool {
        self.rules
            .iter()
            .filter(|(_, rule)| fits(rule, path))
            .max_by_key(|(allow, rule)| (rule.len(), *allow))
            .is_none_or(|(allow, _)| *allow)
    }
}

/// Whether a rule with its stars and its dollar fits the beginning of a path.
fn fits(rule: &str, path: &str) -> bool {
    let (rule, whole) = match rule.strip_suffix('$') {
        Some(rule) => (rule, true),
        None => (rule, false),
    };
    let mut parts = rule.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut starred = false;
    for part in parts {
        starred = true;
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    !whole || rest.is_empty() || (starred && rule.ends_with('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_that_fits_decides() {
        let robots = Robots::parse(
            "User-agent: *\nDisallow: /private # not this\nAllow: /private/open\nDisallow: /*.pdf$\n\
             \nUser-agent: other\nDisallow: /\n\nSitemap: https://shop.example/map.xml\n",
        );
        assert!(robots.allows("/") && robots.allows("/private/open/a") && robots.allows("/a.pdf?x"));
        assert!(!robots.allows("/private/a") && !robots.allows("/files/a.pdf"));
        assert_eq!(robots.sitemaps, ["https://shop.example/map.xml"]);
    }

    #[test]
    fn a_group_that_names_us_comes_first() {
        let robots = Robots::parse("User-agent: *\nDisallow: /\n\nUser-agent: Concierge\nDisallow: /admin\n");
        assert!(robots.allows("/help") && !robots.allows("/admin/x"));
        assert!(!Robots::nobody().allows("/x") && Robots::everybody().allows("/x"));
    }
}
