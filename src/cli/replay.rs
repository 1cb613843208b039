//! `concierge replay`: past conversations through a change, and what would differ.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::app::seed::DEMO_PASSWORD;
use crate::cli::{Failure, progress, say};
use crate::client::{Error, Http};

/// Conversations that one request tells again.
const AT_ONCE: u64 = 50;
/// The same where models are asked: each takes its time.
const AT_ONCE_WITH_MODELS: u64 = 2;

/// Runs past conversations through a changed agent, rule or knowledge, and shows what would differ.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The hub's address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    hub: String,
    /// The business's slug.
    #[arg(long, default_value = "northgate")]
    workspace: String,
    /// The address to sign in with: a manager's.
    #[arg(long, default_value = "marta@northgate.example")]
    email: String,
    /// The password.
    #[arg(long, env = "CONCIERGE_PASSWORD", default_value = DEMO_PASSWORD, hide_env_values = true)]
    password: String,
    /// The change, as JSON: of (version or bundle), agent, instructions, personality, rules, schemas, documents,
    /// without_documents, without_models, ask_models. Without it, what happens today is held against what was
    /// recorded.
    #[arg(long, value_name = "FILE")]
    change: Option<PathBuf>,
    /// A document with another text, in the replay only: its title or identifier, and a Markdown file. May be given
    /// several times.
    #[arg(long, value_name = "DOCUMENT=FILE", value_parser = edit)]
    edit: Vec<(String, PathBuf)>,
    /// Asks models what the record does not answer. It counts as use; what they answer is kept.
    #[arg(long)]
    ask_models: bool,
    /// Only messages that lead to this intent, without or with the change.
    #[arg(long)]
    intent: Option<String>,
    /// At most so many conversations, the newest first.
    #[arg(long, default_value_t = 200)]
    conversations: u64,
    /// Writes every message with both outcomes here, one JSON line each.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Ends with code 1 when anything differs.
    #[arg(long)]
    fail_on_difference: bool,
}

/// What was counted of one intent.
#[derive(Debug, Default)]
struct Count {
    messages: u64,
    differ: u64,
    parts: BTreeMap<String, u64>,
}

/// Replays page by page and prints; of what was told only counts are kept.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { hub, workspace, email, password, .. } = &arguments;
    let caller = Http::sign_in(hub, workspace, email, password).await?;
    let change = change(&caller, &arguments).await?;
    let began = Instant::now();
    let at_once = if change["ask_models"] == true { AT_ONCE_WITH_MODELS } else { AT_ONCE };
    let mut out = match &arguments.out {
        None => None,
        Some(file) => Some(std::io::BufWriter::new(std::fs::File::create(file).map_err(Failure::failed)?)),
    };
    let (mut left, mut cursor, mut counts) = (arguments.conversations, String::new(), BTreeMap::new());
    let (mut conversations, mut recorded, mut as_recorded) = (0, 0_u64, 0_u64);
    while left > 0 {
        let limit = left.min(at_once);
        let path = format!("/v1/replay?limit={limit}{cursor}");
        let body = json!({ "change": change, "intent": arguments.intent });
        let page: Value = caller.post(&path, body).await.map_err(|error| match error {
            Error::Refused { status: 400 | 404 | 422, .. } => Failure::wrong(error),
            other => other.into(),
        })?;
        progress("");
        conversations += page["conversations"].as_u64().unwrap_or(0);
        for item in page["items"].as_array().into_iter().flatten() {
            if let Some(same) = item["as_recorded"].as_bool() {
                recorded += 1;
                as_recorded += u64::from(same);
            }
            count(&mut counts, item);
            show(item);
            if let Some(out) = &mut out {
                writeln!(out, "{item}").map_err(Failure::failed)?;
            }
        }
        let seconds = began.elapsed().as_secs();
        progress(&format!(
            "{conversations} of at most {} conversations, {seconds} s",
            arguments.conversations
        ));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        left -= limit;
    }
    if let Some(mut out) = out {
        out.flush().map_err(Failure::failed)?;
    }
    progress("");
    let differ: u64 = counts.values().map(|count| count.differ).sum();
    summarise(&counts, conversations, (recorded, as_recorded));
    say(&format!("{:.1} s", began.elapsed().as_secs_f64()));
    match arguments.fail_on_difference && differ > 0 {
        true => Err(Failure::failed(format!("{differ} messages would be answered otherwise"))),
        false => Ok(()),
    }
}

/// A document and the file with its other text.
fn edit(given: &str) -> Result<(String, PathBuf), String> {
    match given.rsplit_once('=') {
        Some((document, file)) if !document.is_empty() && !file.is_empty() => {
            Ok((document.to_owned(), PathBuf::from(file)))
        }
        _ => Err("it is a document's title or identifier, an equals sign and a file".to_owned()),
    }
}

/// The change as the hub takes it: the file's, and what else was given.
async fn change(caller: &Http, arguments: &Arguments) -> Result<Value, Failure> {
    let mut change = match &arguments.change {
        None => json!({}),
        Some(file) => serde_json::from_str(&read(file)?).map_err(Failure::wrong)?,
    };
    if !change.is_object() {
        return Err(Failure::wrong("the change must be an object of JSON"));
    }
    if arguments.ask_models {
        change["ask_models"] = json!(true);
    }
    let mut edited = change["documents"].as_array().cloned().unwrap_or_default();
    for (document, file) in &arguments.edit {
        let body = read(file)?;
        edited.push(json!({ "document": identifier(caller, document).await?, "body": body }));
    }
    if !edited.is_empty() {
        change["documents"] = Value::from(edited);
    }
    Ok(change)
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::wrong(format!("{}: {error}", file.display())))
}

/// The identifier of the one document with this identifier or title.
async fn identifier(caller: &Http, document: &str) -> Result<String, Failure> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Value = caller.get(&format!("/v1/knowledge/documents?limit=200{cursor}")).await?;
        let fits = |one: &&Value| {
            one["id"] == document
                || one["title"].as_str().is_some_and(|title| title.eq_ignore_ascii_case(document))
        };
        found.extend(page["items"].as_array().into_iter().flatten().filter(fits).cloned());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    match found.as_slice() {
        [one] => Ok(text(&one["id"])),
        [] => Err(Failure::wrong(format!("there is no document {document:?}"))),
        several => {
            let ids: Vec<String> = several.iter().map(|one| text(&one["id"])).collect();
            Err(Failure::wrong(format!("several documents are called {document:?}: {}", ids.join(", "))))
        }
    }
}

fn count(counts: &mut BTreeMap<String, Count>, item: &Value) {
    let intent = item["before"]["intent"].as_str().unwrap_or("none of the known intents");
    let of = counts.entry(intent.to_owned()).or_default();
    of.messages += 1;
    let parts = item["differs"].as_array().map(Vec::as_slice).unwrap_or_default();
    of.differ += u64::from(!parts.is_empty());
    for part in parts.iter().filter_map(Value::as_str) {
        *of.parts.entry(part.to_owned()).or_default() += 1;
    }
}

/// Shows a message that would be answered otherwise: part by part, before and after.
fn show(item: &Value) {
    let parts: Vec<&str> =
        item["differs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if parts.is_empty() {
        return;
    }
    let (title, asked) = (text(&item["title"]), text(&item["asked"]));
    say(&format!("{} #{} {title}\n  asked   {asked}", text(&item["conversation"]), item["seq"]));
    for part in parts {
        let keys: &[&str] = match part {
            "rules" => &["rules", "actions"],
            "model" => &["model", "fallback"],
            part => &[part],
        };
        for key in keys {
            let (before, after) = (&item["before"][key], &item["after"][key]);
            if before != after {
                say(&format!("  {key}\n    - {}\n    + {}", text(before), text(after)));
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', " ⏎ "),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

fn summarise(counts: &BTreeMap<String, Count>, conversations: u64, (recorded, same): (u64, u64)) {
    let messages: u64 = counts.values().map(|count| count.messages).sum();
    let differ: u64 = counts.values().map(|count| count.differ).sum();
    say(&format!("{conversations} conversations, {messages} messages, {differ} would be answered otherwise"));
    say(&format!("{same} of {recorded} recorded drafts are what the same versions write now"));
    for (intent, count) in counts {
        let parts: Vec<String> = count.parts.iter().map(|(part, times)| format!("{part} {times}")).collect();
        say(&format!("  {intent}: {} of {} {}", count.differ, count.messages, parts.join(", ")));
    }
}
