//! Settings: `config.default.toml`, then the operator's file, then the environment.

mod models;

use std::path::{Path, PathBuf};

pub use models::{ModelProvider, Models, Tools, Traces};

/// Every setting with its default, as compiled in.
pub const DEFAULT: &str = include_str!("../../config.default.toml");

/// The prefix of environment variables that set something.
const ENV_PREFIX: &str = "CONCIERGE__";

/// All settings. Each field is explained in `config.default.toml`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The web server.
    pub http: Http,
    /// Where things are kept.
    pub store: Store,
    /// Uploads.
    pub files: Files,
    /// Documents that the agent answers from.
    pub knowledge: Knowledge,
    /// Live connections.
    pub sockets: Sockets,
    /// Signing in.
    pub sessions: Sessions,
    /// Turns.
    pub pipeline: Pipeline,
    /// The desk.
    pub desk: Desk,
    /// Understanding messages.
    pub understanding: Understanding,
    /// Understanding what is spoken.
    pub speech: Speech,
    /// Meanings of the knowledge base's texts.
    pub embeddings: Embeddings,
    /// Where they are searched.
    pub vectors: Vectors,
    /// Models of language that draft.
    pub models: Models,
    /// Tools from servers elsewhere.
    pub tools: Tools,
    /// Traces of turns, told elsewhere.
    pub traces: Traces,
    /// Logging.
    pub log: Log,
}

/// The web server.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Http {
    pub listen: std::net::SocketAddr,
    pub public_url: String,
    pub secure_cookies: bool,
    pub max_body_bytes: usize,
    pub requests_per_minute: std::num::NonZeroU32,
}

/// Where things are kept.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Store {
    pub folder: PathBuf,
    pub postgres: String,
    pub secrets_key: String,
}

/// Uploads.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Files {
    pub max_bytes: usize,
}

/// Documents that the agent answers from.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Knowledge {
    pub max_bytes: usize,
    pub readers: usize,
    pub reader_megabytes: u64,
    pub reader_seconds: u64,
    pub site_pages: usize,
    pub fetch_seconds: u64,
    pub reachable_hosts: String,
}

/// Live connections.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Sockets {
    pub max_connections: usize,
    pub queue_frames: usize,
    pub queue_bytes: usize,
    pub ping_seconds: u64,
    pub hello_seconds: u64,
    pub burst: std::num::NonZeroU32,
    pub per_second: std::num::NonZeroU32,
    pub workspace_per_second: std::num::NonZeroU32,
    pub strikes: u32,
    pub drain_spread_ms: u64,
}

/// Signing in.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Sessions {
    pub staff_hours: u64,
    pub visitor_minutes: u64,
    pub attempts_per_minute: std::num::NonZeroU32,
}

/// Turns.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Pipeline {
    pub settle_ms: u64,
    pub settle_typing_ms: u64,
    pub workers: usize,
    pub begun: usize,
    pub lease_seconds: u64,
    pub sweep_seconds: u64,
    pub word_ms: u64,
}

/// The desk.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Desk {
    pub draft_waits_minutes: u64,
}

/// Understanding messages.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Understanding {
    pub sentence_model: bool,
}

/// Meanings of the knowledge base's texts.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Embeddings {
    pub url: String,
    pub model: String,
    pub key: String,
    pub languages: Languages,
    pub question_ms: u64,
    pub batch_seconds: u64,
}

/// The languages a sentence model understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Languages {
    /// English only.
    English,
    /// Many.
    Many,
}

/// Where vectors are searched.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Vectors {
    pub memory_mb: usize,
    pub qdrant: String,
    pub qdrant_key: String,
    pub qdrant_ms: u64,
}

/// Understanding what is spoken.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Speech {
    pub model: String,
    pub url: String,
    pub key: String,
    pub remote_model: String,
    pub remote_first: bool,
    pub detect_language: bool,
    pub threads: usize,
    pub at_once: usize,
    pub max_seconds: u64,
    pub patience_seconds: u64,
    pub look_seconds: u64,
}

/// Logging.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Why the settings were refused. Its text names the place and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML; the text names line and column.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with its line.
        problem: String,
    },
    /// A value from the file or the environment is wrong.
    #[error("{origin}: {problem}")]
    Value {
        /// Where the value came from.
        origin: String,
        /// What is wrong.
        problem: String,
    },
}

impl Config {
    /// The settings of the default file, the operator's file if there is one, and the environment.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Config, Error> {
        let mut table = parse_default();
        let mut origin = "config.default.toml".to_owned();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
            let own: toml::Table = text.parse().map_err(|problem: toml::de::Error| Error::File {
                path: path.to_owned(),
                problem: problem.to_string(),
            })?;
            check_against(&table, &own, &text, path)?;
            merge(&mut table, own);
            origin = path.display().to_string();
        }
        // A provider is whole only with its last line: they come after what is looked at as a whole.
        let mut environment: Vec<(String, String)> = environment.collect();
        environment.sort_by_key(|(name, _)| name.matches("__").count() > 2);
        for (name, value) in environment {
            if let Some(setting) = name.strip_prefix(ENV_PREFIX) {
                set_from_environment(&mut table, setting, &value)
                    .map_err(|problem| Error::Value { origin: name.clone(), problem })?;
                origin = format!("{origin} and the environment");
            }
        }
        let config: Config = table.try_into().map_err(|problem: toml::de::Error| Error::Value {
            origin,
            problem: problem.message().to_owned(),
        })?;
        Ok(config)
    }

    /// The default settings.
    #[expect(clippy::missing_panics_doc, reason = "a test proves that the built-in file is right")]
    pub fn defaults() -> Config {
        parse_default().try_into().expect("the built-in settings are right")
    }

    /// How the world reaches the hub, without a slash at the end.
    pub fn public_url(&self, listening: std::net::SocketAddr) -> String {
        match self.http.public_url.trim_end_matches('/') {
            "" => format!("http://{listening}"),
            given => given.to_owned(),
        }
    }
}

fn parse_default() -> toml::Table {
    DEFAULT.parse().expect("the built-in settings are TOML")
}

/// Refuses sections and settings that do not exist, and values of another type, with their line.
fn check_against(known: &toml::Table, own: &toml::Table, text: &str, path: &Path) -> Result<(), Error> {
    for (section, settings) in own {
        let at = |word: &str| line_of(text, section, word);
        let Some(known_settings) = known.get(section).and_then(toml::Value::as_table) else {
            return Err(Error::File {
                path: path.to_owned(),
                problem: format!("line {}: there is no section [{section}]", line_of_section(text, section)),
            });
        };
        let Some(settings) = settings.as_table() else {
            return Err(Error::File {
                path: path.to_owned(),
                problem: format!("{section} must be a section"),
            });
        };
        for (setting, value) in settings {
            let problem = match known_settings.get(setting) {
                None if section == "models" && value.is_table() => match provider_problem(value) {
                    None => continue,
                    Some(problem) => {
                        return Err(Error::File {
                            path: path.to_owned(),
                            problem: format!(
                                "line {}: models.{setting}: {problem}",
                                line_of_section(text, &format!("models.{setting}"))
                            ),
                        });
                    }
                },
                None => format!("there is no setting {section}.{setting}"),
                Some(default) if !default.same_type(value) => format!(
                    "{section}.{setting} must be a {}, not a {}",
                    default.type_str(),
                    value.type_str()
                ),
                Some(_) => match alone(known, section, setting, value) {
                    Ok(()) => continue,
                    Err(problem) => format!("{section}.{setting}: {problem}"),
                },
            };
            return Err(Error::File {
                path: path.to_owned(),
                problem: format!("line {}: {problem}", at(setting)),
            });
        }
    }
    Ok(())
}

/// What is wrong with a setting, whatever the others are.
fn alone(known: &toml::Table, section: &str, setting: &str, value: &toml::Value) -> Result<(), String> {
    let own = toml::Table::from_iter([(setting.to_owned(), value.clone())]);
    let mut table = known.clone();
    merge(&mut table, toml::Table::from_iter([(section.to_owned(), toml::Value::Table(own))]));
    readable(&table)
}

fn readable(table: &toml::Table) -> Result<(), String> {
    let read: Result<Config, _> = table.clone().try_into();
    read.map(drop).map_err(|problem: toml::de::Error| problem.message().to_owned())
}

/// What is wrong with the settings of a provider of models.
fn provider_problem(value: &toml::Value) -> Option<String> {
    match value.clone().try_into::<ModelProvider>() {
        Err(problem) => Some(problem.message().to_owned()),
        Ok(set) => set.problem().map(str::to_owned),
    }
}

fn line_of_section(text: &str, section: &str) -> usize {
    text.lines().position(|line| line.trim().starts_with(&format!("[{section}"))).map_or(1, |index| index + 1)
}

fn line_of(text: &str, section: &str, setting: &str) -> usize {
    let start = line_of_section(text, section);
    text.lines()
        .enumerate()
        .skip(start - 1)
        .find(|(_, line)| line.split('=').next().is_some_and(|name| name.trim() == setting))
        .map_or(start, |(index, _)| index + 1)
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => merge(inner, value),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Sets `SECTION__SETTING`, read as the type that the default has.
fn set_from_environment(table: &mut toml::Table, setting: &str, text: &str) -> Result<(), String> {
    let lower = setting.to_lowercase();
    let (section, name) = lower.split_once("__").ok_or("write CONCIERGE__SECTION__SETTING")?;
    if let ("models", Some((provider, name))) = (section, name.split_once("__")) {
        return set_provider(table, provider, name, text);
    }
    let place = table
        .get_mut(section)
        .and_then(|section| section.get_mut(name))
        .ok_or_else(|| format!("there is no setting {section}.{name}"))?;
    *place = match place {
        toml::Value::Integer(_) => {
            toml::Value::Integer(text.parse().map_err(|_| format!("{text:?} is not a whole number"))?)
        }
        toml::Value::Boolean(_) => {
            toml::Value::Boolean(text.parse().map_err(|_| format!("{text:?} is neither true nor false"))?)
        }
        _ => toml::Value::String(text.to_owned()),
    };
    readable(table)
}

/// Sets one thing of a provider of models; the provider may be a new one.
fn set_provider(table: &mut toml::Table, provider: &str, name: &str, text: &str) -> Result<(), String> {
    let number = || text.parse().map_err(|_| format!("{text:?} is not a number"));
    let value = match name {
        "address" | "model" | "key" => toml::Value::String(text.to_owned()),
        "tools" => {
            toml::Value::Boolean(text.parse().map_err(|_| format!("{text:?} is neither true nor false"))?)
        }
        "temperature" | "input_price" | "output_price" => toml::Value::Float(number()?),
        _ => return Err(format!("there is no setting models.{provider}.{name}")),
    };
    let providers =
        table.get_mut("models").and_then(toml::Value::as_table_mut).ok_or("no section [models]")?;
    let one = providers.entry(provider).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    one.as_table_mut().ok_or("this is no provider")?.insert(name.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), text).expect("it can be written");
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(file.path()), environment)
            .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
    }

    #[test]
    fn the_default_file_is_complete_and_right() {
        assert_eq!(Config::defaults().http.listen.port(), 8080);
    }

    #[test]
    fn a_file_and_the_environment_override_the_defaults() {
        let config = load(
            "[pipeline]\nsettle_ms = 5\n",
            &[
                ("CONCIERGE__HTTP__LISTEN", "127.0.0.1:0"),
                ("CONCIERGE__PIPELINE__WORKERS", "9"),
                ("HOME", "/"),
            ],
        )
        .expect("these settings are right");
        assert_eq!(
            (config.pipeline.settle_ms, config.pipeline.workers, config.http.listen.port()),
            (5, 9, 0)
        );
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_line() {
        let problem = |text| load(text, &[]).err().unwrap_or_default();
        assert_eq!(
            problem("[http]\n\nlisten = 7\n"),
            "FILE: line 3: http.listen must be a string, not a integer"
        );
        assert_eq!(problem("[http]\nport = 7\n"), "FILE: line 2: there is no setting http.port");
        assert_eq!(problem("\n[web]\nport = 7\n"), "FILE: line 2: there is no section [web]");
        assert!(problem("[http]\nlisten = \n").contains("line 2"));
        let environment = load("", &[("CONCIERGE__PIPELINE__WORKERS", "many")]).err().unwrap_or_default();
        assert_eq!(environment, "CONCIERGE__PIPELINE__WORKERS: \"many\" is not a whole number");
    }

    #[test]
    fn two_lines_set_up_a_model() {
        let config = load("[models.local]\naddress = \"http://localhost:11434/v1\"\nmodel = \"m\"\n", &[])
            .expect("these settings are right");
        let chain = config.models.chain().expect("there is one");
        assert_eq!(chain.len(), 1);
        assert_eq!((chain[0].0, chain[0].1.host().as_str()), ("local", "localhost:11434"));
        let environment = [
            ("CONCIERGE__MODELS__FAST__ADDRESS", "https://user:secret@api.example/v1"),
            ("CONCIERGE__MODELS__FAST__MODEL", "quick"),
            ("CONCIERGE__MODELS__ORDER", "fast"),
            ("CONCIERGE__MODELS__FAST__INPUT_PRICE", "0.15"),
        ];
        let config = load("", &environment).expect("these settings are right");
        let chain = config.models.chain().expect("there is one");
        assert_eq!((chain[0].1.host().as_str(), chain[0].1.input_price), ("api.example", 0.15));
        // Whatever comes between them.
        let environment = [environment[0], ("CONCIERGE__HTTP__SECURE_COOKIES", "false"), environment[1]];
        assert!(load("", &environment).is_ok_and(|config| !config.http.secure_cookies));
    }

    #[test]
    fn a_wrong_model_is_named_with_its_line() {
        let problem = |text| load(text, &[]).err().unwrap_or_default();
        assert_eq!(
            problem("\n[models.a]\naddress = \"localhost\"\nmodel = \"m\"\n"),
            "FILE: line 2: models.a: address must be the server's address up to its version: http://localhost:11434/v1"
        );
        assert!(problem("[models.a]\naddress = \"http://x/v1\"\n").contains("missing field `model`"));
        assert!(problem("[models.a]\nurl = \"x\"\n").contains("unknown field `url`"));
        assert_eq!(problem("[models]\nfoo = 1\n"), "FILE: line 2: there is no setting models.foo");
        let unknown = load("[models]\norder = \"b\"\n", &[]).expect("the file is right");
        assert!(unknown.models.chain().is_err_and(|problem| problem.contains("no [models.b]")));
    }
}
