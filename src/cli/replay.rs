//! `concierge replay`: past conversations through a change, and what would differ.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::app::seed::DEMO_PASSWORD;
use crate::cli::{Failure, say};
use crate::client::{Error, Http};

/// Conversations that one request tells again.
const AT_ONCE: u64 = 50;

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
    /// The change, as JSON: of (version or bundle), agent, instructions, personality, rules, schemas,
    /// without_documents, without_models. Without it, what happens today is held against what was recorded.
    #[arg(long, value_name = "FILE")]
    change: Option<PathBuf>,
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

/// Replays and prints.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let change = match &arguments.change {
        None => json!({}),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(Failure::wrong)?;
            serde_json::from_str(&text).map_err(Failure::wrong)?
        }
    };
    let Arguments { hub, workspace, email, password, .. } = &arguments;
    let caller = Http::sign_in(hub, workspace, email, password).await?;
    let mut out = match &arguments.out {
        None => None,
        Some(file) => Some(std::io::BufWriter::new(std::fs::File::create(file).map_err(Failure::failed)?)),
    };
    let (mut left, mut cursor, mut counts) = (arguments.conversations, String::new(), BTreeMap::new());
    let (mut conversations, mut recorded, mut as_recorded) = (0, 0_u64, 0_u64);
    while left > 0 {
        let limit = left.min(AT_ONCE);
        let path = format!("/v1/replay?limit={limit}{cursor}");
        let body = json!({ "change": change, "intent": arguments.intent });
        let page: Value = caller.post(&path, body).await.map_err(|error| match error {
            Error::Refused { status: 400 | 422, .. } => Failure::wrong(error),
            other => other.into(),
        })?;
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
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        left -= limit;
    }
    if let Some(mut out) = out {
        out.flush().map_err(Failure::failed)?;
    }
    let differ: u64 = counts.values().map(|count| count.differ).sum();
    summarise(&counts, conversations, (recorded, as_recorded));
    match arguments.fail_on_difference && differ > 0 {
        true => Err(Failure::failed(format!("{differ} messages would be answered otherwise"))),
        false => Ok(()),
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
