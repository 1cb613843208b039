//! Model files for voice messages: which there are, getting them, and checking them.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;

use crate::cli::{Failure, say, say_error};
use crate::config::Config;
use crate::ports::outgoing;
use crate::ports::speech::files::{MODELS, fetched, is_model, sha1_of};

/// Where whisper.cpp's project publishes its models.
const PUBLISHED: &str = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main";

/// How long a server may take to be reached, and a whole file to come.
const REACHED_WITHIN: Duration = Duration::from_secs(15);
const FETCHED_WITHIN: Duration = Duration::from_secs(4 * 3_600);

/// Times a broken transfer is taken up again before it is given up.
const RESUMES: usize = 5;

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Lists the models that can be fetched and those that are here.
    List,
    /// Fetches a model into the store's folder; goes on where an earlier attempt broke off.
    Fetch {
        /// Which one, such as base or tiny.en.
        #[arg(default_value = "base")]
        name: String,
        /// The folder of a server that has the file, instead of where it is published.
        #[arg(long, value_name = "URL", default_value = PUBLISHED)]
        from: String,
        /// The file's SHA-1, for one that is not on the list.
        #[arg(long, value_name = "HEX")]
        sha1: Option<String>,
    },
    /// Checks the files that are here against the list.
    Verify,
}

/// A published model.
struct Known {
    name: &'static str,
    file: &'static str,
    megabytes: u32,
    sha1: &'static str,
    says: &'static str,
}

/// The published models that are worth having here, with the sums that their project lists. The short names
/// are the small files: they hear as well.
const KNOWN: &[Known] = &[
    Known {
        name: "tiny.en",
        file: "ggml-tiny.en-q5_1.bin",
        megabytes: 32,
        sha1: "3fb92ec865cbbc769f08137f22470d6b66e071b6",
        says: "English only, the fastest",
    },
    Known {
        name: "tiny",
        file: "ggml-tiny-q5_1.bin",
        megabytes: 32,
        sha1: "2827a03e495b1ed3048ef28a6a4620537db4ee51",
        says: "many languages, fast, errs more",
    },
    Known {
        name: "base",
        file: "ggml-base-q5_1.bin",
        megabytes: 60,
        sha1: "a3733eda680ef76256db5fc5dd9de8629e62c5e7",
        says: "many languages; the one to begin with",
    },
    Known {
        name: "base-q8",
        file: "ggml-base-q8_0.bin",
        megabytes: 82,
        sha1: "7bb89bb49ed6955013b166f1b6a6c04584a20fbe",
        says: "as base, a quarter less work, more memory",
    },
    Known {
        name: "small",
        file: "ggml-small-q5_1.bin",
        megabytes: 190,
        sha1: "6fe57ddcfdd1c6b07cdcc73aaf620810ce5fc771",
        says: "many languages, better, three times the work",
    },
];

/// Runs the command.
pub(super) async fn run(config: Config, role: Role) -> Result<(), Failure> {
    let folder = config.store.folder.join(MODELS);
    match role {
        Role::List => list(&config, &folder),
        Role::Verify => verify(&config, &folder),
        Role::Fetch { name, from, sha1 } => {
            let known = KNOWN.iter().find(|known| known.name == name || known.file == name);
            let (file, sum) = match (known, sha1) {
                (_, Some(sum)) => (known.map_or(name.as_str(), |known| known.file), sum.to_lowercase()),
                (Some(known), None) => (known.file, known.sha1.to_owned()),
                (None, None) => {
                    let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
                    return Err(Failure::wrong(format!(
                        "there is no model {name:?}; there are {}; another file needs --sha1",
                        names.join(", ")
                    )));
                }
            };
            let plain = file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
            if !plain || !file.ends_with(".bin") || file.starts_with('.') {
                return Err(Failure::wrong(
                    "a model's file is named with letters, digits, . - _ and ends in .bin",
                ));
            }
            let url = format!("{}/{file}", from.trim_end_matches('/'));
            fetch(&folder, file, &url, &sum).await
        }
    }
}

fn list(config: &Config, folder: &Path) -> Result<(), Failure> {
    let used = crate::ports::speech::model_in_use(config);
    for known in KNOWN {
        let here = if folder.join(known.file).exists() { "here" } else { "-" };
        say(&format!("{:<8} {:>4} MB  {:<5} {}", known.name, known.megabytes, here, known.says));
    }
    for path in fetched(folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !KNOWN.iter().any(|known| known.file == name) {
            say(&format!("{name}  here   not on the list"));
        }
    }
    match used {
        Some(path) => say(&format!("the hub listens with {}", path.display())),
        None => say("the hub has no model: `concierge models fetch base`"),
    }
    Ok(())
}

fn verify(config: &Config, folder: &Path) -> Result<(), Failure> {
    let mut files = fetched(folder);
    if let Some(used) = crate::ports::speech::model_in_use(config).filter(|used| !files.contains(used)) {
        files.push(used);
    }
    if files.is_empty() {
        return Err(Failure::failed(format!("there is no model in {}", folder.display())));
    }
    let mut wrong = 0;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sum = sha1_of(&path).map_err(Failure::failed)?;
        let says = match KNOWN.iter().find(|known| known.file == name) {
            Some(known) if known.sha1 == sum => "right",
            Some(_) => {
                wrong += 1;
                "another file than the published one"
            }
            None => "not on the list",
        };
        say(&format!("{sum}  {name}  {says}"));
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Failure::failed("a file is not the published one; fetch it again, or give it another name")),
    }
}

/// Fetches a file, checks it and puts it in its place; a half one is gone on with.
async fn fetch(folder: &Path, file: &str, url: &str, sum: &str) -> Result<(), Failure> {
    let place = folder.join(file);
    if sha1_of(&place).is_ok_and(|found| found == sum) {
        say(&format!("{} is here and right", place.display()));
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(Failure::failed)?;
    let half = folder.join(format!("{file}.part"));
    let client = outgoing::client(REACHED_WITHIN, FETCHED_WITHIN)
        .ok_or_else(|| Failure::failed("no secure connection can be made: the system has no certificates"))?;
    let mut attempt = 0;
    while let Err(why) = transfer(&client, url, &half).await {
        attempt += 1;
        if !why.again || attempt > RESUMES {
            return Err(Failure::failed(format!("{}; what came is kept, the next fetch goes on", why.says)));
        }
        say_error(&format!("{}; going on", why.says));
    }
    check(&half, &place, sum)
}

fn check(half: &PathBuf, place: &Path, sum: &str) -> Result<(), Failure> {
    let found = sha1_of(half).map_err(Failure::failed)?;
    if found != sum || !is_model(half) {
        std::fs::remove_file(half).map_err(Failure::failed)?;
        return Err(Failure::failed(format!(
            "the file is not what it should be: SHA-1 {found} instead of {sum}"
        )));
    }
    std::fs::rename(half, place).map_err(Failure::failed)?;
    say(&format!("{} is here and right; a running hub takes it at its next start", place.display()));
    Ok(())
}

/// Why a transfer broke off, and whether going on may help.
struct Broken {
    says: String,
    again: bool,
}

async fn transfer(client: &outgoing::Client, url: &str, half: &PathBuf) -> Result<(), Broken> {
    let again = |error: &dyn std::fmt::Display| Broken { says: error.to_string(), again: true };
    let never = |says: String| Broken { says, again: false };
    let have = std::fs::metadata(half).map_or(0, |about| about.len());
    let mut request = client.get(url);
    if have > 0 {
        request = request.header("range", format!("bytes={have}-"));
    }
    let mut response = request.send().await.map_err(|error| again(&error))?;
    let (start, open) = match response.status().as_u16() {
        206 => (have, std::fs::OpenOptions::new().append(true).open(half)),
        200 => (0, std::fs::File::create(half)),
        // Everything has come before.
        416 if have > 0 => return Ok(()),
        status => return Err(never(format!("{url} answered {status}"))),
    };
    let mut file = open.map_err(|error| never(error.to_string()))?;
    let whole = response.content_length().map(|rest| start + rest);
    let mut bar = Bar::new(whole);
    let mut came = start;
    while let Some(piece) = response.chunk().await.map_err(|error| again(&error))? {
        file.write_all(&piece).map_err(|error| never(error.to_string()))?;
        came += u64::try_from(piece.len()).unwrap_or(0);
        bar.show(came);
    }
    bar.end();
    file.sync_all().map_err(|error| never(error.to_string()))?;
    match whole {
        Some(whole) if came < whole => Err(again(&"the transfer broke off")),
        _ => Ok(()),
    }
}

/// A bar on the terminal; nothing where nobody watches.
struct Bar {
    whole: Option<u64>,
    shown: u64,
    watched: bool,
}

impl Bar {
    fn new(whole: Option<u64>) -> Bar {
        Bar { whole, shown: u64::MAX, watched: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, came: u64) {
        let step = self.whole.map_or(came / 1_048_576, |whole| came * 100 / whole.max(1));
        if !self.watched || step == self.shown {
            return;
        }
        self.shown = step;
        // A terminal that went away is no reason to stop.
        let _ = write!(std::io::stderr(), "\r{}", line(came, self.whole));
    }

    fn end(&self) {
        if self.watched {
            let _ = writeln!(std::io::stderr());
        }
    }
}

fn line(came: u64, whole: Option<u64>) -> String {
    let megabytes = |bytes: u64| bytes / 1_048_576;
    let Some(whole) = whole else { return format!("{} MB", megabytes(came)) };
    let tenths = usize::try_from(came * 30 / whole.max(1)).unwrap_or(0).min(30);
    format!(
        "[{}{}] {:>3} %  {} of {} MB",
        "█".repeat(tenths),
        "·".repeat(30 - tenths),
        came * 100 / whole.max(1),
        megabytes(came),
        megabytes(whole)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(line(0, Some(60 << 20)), format!("[{}]   0 %  0 of 60 MB", "·".repeat(30)));
        assert_eq!(line(60 << 20, Some(60 << 20)), format!("[{}] 100 %  60 of 60 MB", "█".repeat(30)));
        assert_eq!(line(5 << 20, None), "5 MB");
    }

    #[test]
    fn the_list_is_sane() {
        for known in KNOWN {
            assert_eq!((known.sha1.len(), known.file.ends_with(".bin")), (40, true), "{}", known.name);
        }
    }
}
