//! Reading the tree: its files, and Rust code without comments and strings.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the tree.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Where the tree is.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the tree.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All text files that belong to the tree: those that git knows, and new ones that it does not ignore.
pub(crate) fn files() -> Vec<File> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let mut paths: Vec<String> = String::from_utf8(listed.stdout)
        .expect("paths are UTF-8")
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    // Bytes that are no text, and files that were deleted but not yet committed, are left out.
    let text_of = |path: &String| std::fs::read_to_string(root().join(PathBuf::from(path))).ok();
    paths.iter().filter_map(|path| Some(File { path: path.clone(), text: text_of(path)? })).collect()
}

/// The Rust files under a folder.
pub(crate) fn rust_files(folder: &str) -> Vec<File> {
    let under = format!("{folder}/");
    files().into_iter().filter(|file| file.path.starts_with(&under) && file.path.ends_with(".rs")).collect()
}

/// Which part of Rust code a character belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Text,
}

/// Rust code with comments and the insides of strings blanked out, line by line as before.
pub(crate) fn code_of(source: &str) -> String {
    parts(source).map(|(part, character)| shown(part == Part::Code, character)).collect()
}

/// The string literals of Rust code, with the line each begins on.
pub(crate) fn strings_of(source: &str) -> Vec<(usize, String)> {
    let mut strings: Vec<(usize, String)> = Vec::new();
    let mut line = 1;
    let mut inside = false;
    for (part, character) in parts(source) {
        if part == Part::Text && !inside {
            strings.push((line, String::new()));
        }
        inside = part == Part::Text;
        if let (true, Some((_, text))) = (inside, strings.last_mut()) {
            text.push(character);
        }
        line += usize::from(character == '\n');
    }
    strings
}

fn shown(visible: bool, character: char) -> char {
    if visible || character == '\n' { character } else { ' ' }
}

/// Each character with the part it belongs to; the quotes of a string are code.
fn parts(source: &str) -> impl Iterator<Item = (Part, char)> {
    let characters: Vec<char> = source.chars().collect();
    let mut parts = vec![Part::Code; characters.len()];
    let mut at = 0;
    while at < characters.len() {
        let rest = &characters[at..];
        at = match rest {
            ['/', '/', ..] => mark(&mut parts, at, line_end(rest), Part::Comment),
            ['/', '*', ..] => mark(&mut parts, at, block_end(rest), Part::Comment),
            ['r', '"' | '#', ..] if !follows_word(&characters, at) => match raw_string(rest) {
                Some((open, len)) => {
                    mark(&mut parts, at + open, len - open * 2 + 1, Part::Text);
                    at + len
                }
                None => at + 1,
            },
            ['"', ..] => {
                let len = string_end(rest);
                mark(&mut parts, at + 1, len.saturating_sub(2), Part::Text);
                at + len
            }
            ['\'', '\\', ..] => at + 2 + rest[2..].iter().position(|end| *end == '\'').unwrap_or(0) + 1,
            ['\'', _, '\'', ..] => mark(&mut parts, at + 1, 1, Part::Comment) + 1,
            _ => at + 1,
        };
    }
    parts.into_iter().zip(characters)
}

fn mark(parts: &mut [Part], from: usize, len: usize, as_part: Part) -> usize {
    let end = (from + len).min(parts.len());
    parts[from..end].fill(as_part);
    end
}

fn follows_word(characters: &[char], at: usize) -> bool {
    // `br"…"` is a string too, so a lone `b` before is no word.
    match characters[..at] {
        [.., before, 'b'] => is_word(before),
        ['b'] => false,
        [.., before] => is_word(before),
        [] => false,
    }
}

/// Whether a character may be part of a name.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn line_end(rest: &[char]) -> usize {
    rest.iter().position(|end| *end == '\n').unwrap_or(rest.len())
}

fn block_end(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The lengths of a raw string's opening (`r##"`) and of the whole.
fn raw_string(rest: &[char]) -> Option<(usize, usize)> {
    let hashes = rest[1..].iter().take_while(|mark| **mark == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let open = hashes + 2;
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = rest[open..].windows(closing.len()).position(|window| window == closing)?;
    Some((open, open + body + closing.len()))
}

fn string_end(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The rows of the table in a Markdown file whose header is given, as cells without their borders.
pub(crate) fn table(markdown: &str, header: &str) -> Vec<Vec<String>> {
    let rows = markdown.lines().skip_while(|line| *line != header).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The words between backticks in a cell.
pub(crate) fn ticked(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Fails with every complaint on a line of its own.
#[track_caller]
pub(crate) fn none(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n  {}\n", complaints.join("\n  "));
}

#[test]
fn comments_and_strings_are_not_code() {
    let source = "let a = \"x // y\"; // b.unwrap()\nlet c = 'd'; /* e /* f */ g */ let h: &'static str = r#\"i\"j\"#;";
    let code = code_of(source);
    assert!(
        code.contains("let a = \"") && code.contains("let c = '") && code.contains("let h: &'static str")
    );
    for hidden in ["x // y", "unwrap", "d'", "f", "g", "i\"j"] {
        assert!(!code.split_whitespace().any(|word| word == hidden), "{hidden} in {code}");
    }
    assert_eq!(strings_of(source), [(1, "x // y".to_owned()), (2, "i\"j".to_owned())]);
}
