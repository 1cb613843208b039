//! Web pages.

use htmd::options::Options;
use htmd::{Element, HtmlToMarkdown};

use crate::reading::Text;

/// What is on a page for other reasons than its text.
const SKIPPED: &[&str] = &[
    "script", "style", "noscript", "template", "head", "nav", "header", "footer", "aside", "form", "button",
    "select", "svg", "canvas", "iframe", "object", "video", "audio", "img", "picture", "dialog", "menu",
];

/// Takes what a page says: its headings, paragraphs, lists and tables, and the words of its links.
pub(super) fn read(html: &str) -> Text {
    let options = Options::default();
    let converter = HtmlToMarkdown::builder()
        .options(options)
        .skip_tags(SKIPPED.to_vec())
        .add_handler(vec!["a"], |handlers: &dyn htmd::element_handler::Handlers, element: Element| {
            Some(handlers.walk_children(element.node))
        })
        .build();
    let body = converter.convert(main_part(html)).unwrap_or_default();
    let title = title(html);
    Text { body: without_repeated_title(&body, title.as_deref()), title }
}

/// The part that the page itself calls its main one; else all of it.
fn main_part(html: &str) -> &str {
    let part = |tag: &str| {
        let lower = html.to_ascii_lowercase();
        let start = lower.find(&format!("<{tag}"))?;
        let is_tag = |byte: &u8| matches!(byte, b'>' | b' ' | b'\n' | b'\t' | b'\r' | b'/');
        lower.as_bytes().get(start + tag.len() + 1).filter(|byte| is_tag(byte))?;
        let end = lower.rfind(&format!("</{tag}>")).filter(|end| *end > start)?;
        html.get(start..end)
    };
    // A short one is a frame around something else.
    ["main", "article"].into_iter().filter_map(part).find(|part| part.len() > 200).unwrap_or(html)
}

fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let open = start + lower.get(start..)?.find('>')? + 1;
    let end = open + lower.get(open..)?.find("</title")?;
    let raw = html.get(open..end)?;
    let text = HtmlToMarkdown::new().convert(&format!("<pre>{raw}</pre>")).ok()?;
    let text = text.replace("```", " ").replace(['\\', '`'], "");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then_some(words)
}

/// A first heading that only says the title again is left to the title.
fn without_repeated_title(body: &str, title: Option<&str>) -> String {
    let trimmed = body.trim_start();
    let (first, rest) = trimmed.split_once('\n').unwrap_or((trimmed, ""));
    match first.strip_prefix("# ").filter(|heading| Some(heading.trim()) == title && !rest.trim().is_empty())
    {
        Some(_) => rest.to_owned(),
        None => body.to_owned(),
    }
}
