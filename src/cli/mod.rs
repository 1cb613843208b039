//! The command line. Exit codes: 0 done, 1 failed, 2 asked for something wrong.

mod backup;
mod chat;
mod demo;
mod desk;
mod eval_agents;
mod load;
mod models;
mod reindex;
mod replay;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// A self-hosted, real-time conversation hub with an AI agent runtime.
#[derive(Debug, Parser)]
#[command(name = "concierge", version, about, propagate_version = true)]
struct Arguments {
    /// The settings file; ./concierge.toml if it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Runs the hub (the default).
    Serve {
        /// Fills an empty store with the three demo workspaces and prints how to sign in.
        #[arg(long)]
        demo: bool,
    },
    /// Plays scripted conversations through a hub of its own and shows every step.
    Demo(demo::Arguments),
    /// Writes to a business as a customer, line by line.
    Chat(chat::Arguments),
    /// Watches and decides drafts as staff, line by line.
    Desk(desk::Arguments),
    /// Runs past conversations through a change, and shows what would differ. Stores and sends nothing.
    Replay(replay::Arguments),
    /// Plays customers and staff against a hub, measures, and checks that nothing is lost or doubled.
    Load(load::Arguments),
    /// Measures understanding on the evaluation kit's sets, answers its tasks for an outside scorer, or runs a
    /// business's own cases.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Eval {
        /// What else is evaluated.
        #[command(subcommand)]
        what: Option<EvalRole>,
        /// The set, such as banking77, or `all`: runs it and prints the kit's figures and the time per item.
        #[arg(value_name = "SET", required_unless_present_any = ["jsonl", "train_steering"])]
        set: Option<String>,
        /// For the set `audio`: the folder with its list and recordings. Prints the word error rate and the
        /// time factor.
        #[arg(long, value_name = "FOLDER")]
        path: Option<PathBuf>,
        /// The part of the set.
        #[arg(long, default_value = "dev")]
        part: String,
        /// The kit's folder.
        #[arg(long, value_name = "FOLDER", env = "CONCIERGE_EVAL_DATA")]
        data: Option<PathBuf>,
        /// Run sets of retrieval by plain BM25 instead, to compare with.
        #[arg(long, conflicts_with_all = ["jsonl", "path"])]
        words_only: bool,
        /// Answers JSON lines on standard output instead, for a task: intents, multi_intents, slots,
        /// retrieval, grounded, injection or audio. The files that go with it are named by EVAL_TRAIN and EVAL_DOCS.
        #[arg(long, value_name = "TASK", conflicts_with = "set")]
        jsonl: Option<String>,
        /// Learns the weights of the steering detector again: the kit's folder and the file to write.
        #[arg(long, hide = true, num_args = 2, value_names = ["KIT", "FILE"], conflicts_with = "jsonl")]
        train_steering: Vec<PathBuf>,
    },
    /// Lists, fetches and checks the models that listen to voice messages.
    Models {
        #[command(subcommand)]
        what: models::Role,
    },
    /// Fills the vector index anew from the store, with its progress; makes vectors that are missing first.
    Reindex {
        /// Where to: `qdrant` (vectors.qdrant names the server) or `local`.
        #[arg(long, value_enum)]
        to: reindex::Target,
    },
    /// Copies the store and the uploaded files into a new folder; the hub may run meanwhile.
    Backup {
        /// The folder, which must not exist yet.
        folder: PathBuf,
    },
    /// Brings a backup back to where the hub looks for its store; the hub must not run.
    Restore {
        /// The folder that `concierge backup` made.
        folder: PathBuf,
    },
    /// Works on the settings.
    Config {
        #[command(subcommand)]
        what: ConfigRole,
    },
    /// Prints the OpenAPI document of the REST API.
    Openapi,
    /// Prints the AsyncAPI document of the socket.
    Asyncapi,
    /// Prints the JSON Schema of the socket's frames.
    Protocol,
    /// Prints the grammar of rules and filters as a JSON Schema.
    RuleSchema,
    /// Prints the grammar of filters alone as a JSON Schema.
    FilterSchema,
    /// Prints the grammar of sequences as a JSON Schema.
    SequenceSchema,
    /// Reads the document on standard input under limits; the hub starts this itself.
    #[command(hide = true)]
    ReadDocument {
        /// The document's name: it tells one kind of text from another.
        #[arg(long)]
        name: String,
        /// Bytes of memory beyond the program's own.
        #[arg(long)]
        memory: u64,
        /// Seconds of work.
        #[arg(long)]
        seconds: u64,
        /// The longest document, in bytes.
        #[arg(long)]
        max_bytes: u64,
        /// It is a sitemap, and at most so many addresses are wanted.
        #[arg(long)]
        addresses: Option<usize>,
    },
}

#[derive(Debug, Subcommand)]
enum EvalRole {
    /// Runs the cases that a business's agent must get right, and prints each with a total.
    Agents(eval_agents::Arguments),
}

#[derive(Debug, Subcommand)]
enum ConfigRole {
    /// Says whether the settings are right.
    Check,
    /// Prints all settings with their defaults and explanations.
    Print,
}

/// What went wrong, in one line, and the exit code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    says: String,
    code: u8,
}

impl Failure {
    /// Something did not work.
    fn failed(says: impl std::fmt::Display) -> Failure {
        Failure { says: says.to_string(), code: 1 }
    }

    /// Something wrong was asked for.
    fn wrong(says: impl std::fmt::Display) -> Failure {
        Failure { says: says.to_string(), code: 2 }
    }
}

impl From<crate::client::Error> for Failure {
    fn from(error: crate::client::Error) -> Self {
        Failure::failed(error)
    }
}

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = u8::from(error.use_stderr()) * 2;
            // Nobody is left to tell if this cannot be printed.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say_error(&failure.says);
            ExitCode::from(failure.code)
        }
    }
}

fn start(arguments: Arguments) -> Result<(), Failure> {
    let config = || load(arguments.config.as_ref());
    match arguments.role.unwrap_or(Role::Serve { demo: false }) {
        Role::Serve { demo } => block_on(serve::run(config()?, demo)),
        Role::Demo(demo) => block_on(demo::run(demo)),
        Role::Load(load) => block_on(load::run(load)),
        Role::Chat(chat) => block_on(chat::run(chat)),
        Role::Desk(desk) => block_on(desk::run(desk)),
        Role::Replay(replay) => block_on(replay::run(replay)),
        Role::Models { what } => block_on(models::run(config()?, what)),
        Role::Eval { what: Some(EvalRole::Agents(agents)), .. } => block_on(eval_agents::run(agents)),
        Role::Eval { path: Some(path), .. } => {
            let report = crate::evals::audio::report(&config()?, &path).map_err(Failure::failed)?;
            say(&report.to_string());
            Ok(())
        }
        Role::Eval { set, part, data, words_only, jsonl, train_steering, path: None, what: None } => {
            match (jsonl, set.zip(data), train_steering.as_slice()) {
                (Some(task), ..) => evaluate(&task),
                (None, Some((set, data)), _) => {
                    let report = std::io::stdout().lock();
                    let run = crate::evals::run(&set, &part, &data, words_only, report);
                    run.map_err(Failure::failed)
                }
                (None, None, [kit, weights]) => {
                    let report = std::io::stderr().lock();
                    crate::evals::train_steering(kit, weights, report).map_err(Failure::failed)
                }
                (None, None, _) => Err(Failure::wrong("give a set and --data FOLDER, or --jsonl TASK")),
            }
        }
        Role::Reindex { to } => block_on(reindex::run(config()?, to)),
        Role::Backup { folder } => block_on(async { backup::back_up(&config()?, &folder).await }),
        Role::Restore { folder } => block_on(async { backup::restore(&config()?, &folder).await }),
        Role::Config { what: ConfigRole::Check } => {
            config()?;
            say("the settings are right");
            Ok(())
        }
        Role::Config { what: ConfigRole::Print } => {
            say(crate::config::DEFAULT);
            Ok(())
        }
        Role::Openapi => print_json(&crate::app::openapi()),
        Role::Asyncapi => print_json(&crate::app::asyncapi()),
        Role::Protocol => print_json(&crate::app::protocol_schema()),
        Role::RuleSchema => print_json(&crate::rules::grammar()),
        Role::FilterSchema => print_json(&crate::rules::filter_grammar()),
        Role::SequenceSchema => print_json(&crate::rules::sequence_grammar()),
        Role::ReadDocument { name, memory, seconds, max_bytes, addresses } => {
            let limits = crate::reading::Limits { memory, seconds };
            crate::reading::run(&name, limits, max_bytes, addresses).map_err(Failure::failed)
        }
    }
}

fn evaluate(task: &str) -> Result<(), Failure> {
    let input = std::io::BufReader::new(std::io::stdin().lock());
    let output = std::io::BufWriter::new(std::io::stdout().lock());
    crate::evals::jsonl(task, input, output).map_err(Failure::wrong)
}

fn load(given: Option<&PathBuf>) -> Result<Config, Failure> {
    let usual = PathBuf::from("concierge.toml");
    let file = given.cloned().or_else(|| usual.exists().then_some(usual));
    Config::load(file.as_deref(), std::env::vars()).map_err(Failure::wrong)
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?.block_on(work)
}

fn print_json(document: &impl serde::Serialize) -> Result<(), Failure> {
    say(&serde_json::to_string_pretty(document).map_err(Failure::failed)?);
    Ok(())
}

/// Prints a line for people.
#[expect(clippy::print_stdout, reason = "the command line talks on standard output")]
fn say(line: &str) {
    println!("{line}");
}

/// Prints an error for people.
#[expect(clippy::print_stderr, reason = "the command line reports on standard error")]
fn say_error(line: &str) {
    eprintln!("concierge: {line}");
}

/// Shows a line in place of the one before, where people watch.
#[expect(clippy::print_stderr, reason = "progress is for people, beside the report")]
fn progress(line: &str) {
    use std::io::IsTerminal as _;
    if std::io::stderr().is_terminal() {
        eprint!("\r\u{1b}[K{line}");
    }
}
