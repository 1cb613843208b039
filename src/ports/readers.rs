//! Reads documents, each in a process of its own that may do little and is ended when it takes too long.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use crate::reading::{Event, Kind, Limits, MAX_TEXT, Refusal};

/// Most bytes a reader may say: every character may take four bytes, or six when JSON escapes it.
const MAX_OUTPUT: u64 = 8 * MAX_TEXT as u64;

/// How many times longer than its work a reading may take, on a machine that is busy.
const PATIENCE: u32 = 4;

/// Bytes of a sitemap that are read at most; what the protocol allows (sitemaps.org).
const MAX_SITEMAP: u64 = 50 * 1024 * 1024;

/// Starts readers, a few at a time.
pub struct Readers {
    program: PathBuf,
    limits: Limits,
    max_bytes: u64,
    slots: Semaphore,
}

/// What was read of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it is.
    pub kind: Kind,
    /// The title it gives itself.
    pub title: Option<String>,
    /// Its pages, in Markdown; documents without pages have one.
    pub pages: Vec<String>,
    /// Pages that could not be read.
    pub broken: usize,
}

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The document is to blame: another try would end the same way.
    #[error("the document cannot be read: {0}")]
    Refused(Refusal),
    /// The reader could not be run.
    #[error("the reader did not run")]
    Failed(#[from] io::Error),
}

impl Readers {
    /// Readers that are the given program: the hub's own binary.
    pub fn new(program: PathBuf, count: usize, limits: Limits, max_bytes: u64) -> Readers {
        Readers { program, limits, max_bytes, slots: Semaphore::new(count.max(1)) }
    }

    /// How many documents are read at once.
    pub fn free(&self) -> usize {
        self.slots.available_permits()
    }

    /// Reads a document; `progress` hears of every page: how many are done, of how many.
    pub async fn read(
        &self,
        name: &str,
        file: std::fs::File,
        mut progress: impl FnMut(u32, u32),
    ) -> Result<Reading, ReadError> {
        let mut reading = None;
        let hear = |event| match event {
            Event::Begun { kind, pages, title } => {
                progress(0, pages);
                reading = Some((Reading { kind, title, pages: Vec::new(), broken: 0 }, pages));
            }
            Event::Page { text, broken, .. } => {
                if let Some((reading, pages)) = &mut reading {
                    reading.pages.push(text);
                    reading.broken += usize::from(broken);
                    progress(u32::try_from(reading.pages.len()).unwrap_or(*pages), *pages);
                }
            }
            Event::Addresses { .. } | Event::Ended | Event::Refused { .. } => {}
        };
        self.run(name, self.max_bytes, None, Stdio::from(file), None, hear).await?;
        reading.map(|(reading, _)| reading).ok_or(ReadError::Refused(Refusal::Broken))
    }

    /// The addresses that a sitemap names, at most `limit`.
    pub async fn addresses(&self, sitemap: &[u8], limit: usize) -> Result<Vec<String>, ReadError> {
        let mut found = Vec::new();
        let hear = |event| {
            if let Event::Addresses { addresses } = event {
                found = addresses;
            }
        };
        self.run("sitemap", MAX_SITEMAP, Some(limit), Stdio::piped(), Some(sitemap), hear).await?;
        found.truncate(limit);
        Ok(found)
    }

    async fn run(
        &self,
        name: &str,
        max_bytes: u64,
        addresses: Option<usize>,
        input: Stdio,
        bytes: Option<&[u8]>,
        hear: impl FnMut(Event),
    ) -> Result<(), ReadError> {
        let closed = |_| io::Error::other("the readers are closed");
        let _slot = self.slots.acquire().await.map_err(closed)?;
        let mut command = Command::new(&self.program);
        command
            .arg("read-document")
            .args(["--name", &plain_name(name)])
            .args(["--memory", &self.limits.memory.to_string()])
            .args(["--seconds", &self.limits.seconds.to_string()])
            .args(["--max-bytes", &max_bytes.to_string()])
            .env_clear()
            // Its memory is limited by addresses, of which the allocator would keep a gigabyte in advance.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .current_dir("/")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(limit) = addresses {
            command.args(["--addresses", &limit.to_string()]);
        }
        let mut child = command.spawn()?;
        let longest = Duration::from_secs(self.limits.seconds) * PATIENCE;
        match tokio::time::timeout(longest, listen(&mut child, bytes, hear)).await {
            Ok(ended) => ended,
            Err(_) => Err(ReadError::Refused(Refusal::TooSlow)),
        }
    }
}

/// Hears a reader out; says whether it came to a good end.
async fn listen(
    child: &mut Child,
    bytes: Option<&[u8]>,
    mut hear: impl FnMut(Event),
) -> Result<(), ReadError> {
    let output = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let input = child.stdin.take();
    let give = async {
        if let (Some(mut input), Some(bytes)) = (input, bytes) {
            // A reader that has ended takes no more; how it ended is seen below.
            let _ = input.write_all(bytes).await;
        }
    };
    let take = async {
        let mut lines = BufReader::new(output.take(MAX_OUTPUT)).lines();
        while let Some(line) = lines.next_line().await? {
            match serde_json::from_str(&line) {
                Ok(Event::Refused { refusal }) => return Ok(Some(Err(refusal))),
                Ok(Event::Ended) => return Ok(Some(Ok(()))),
                Ok(event @ Event::Addresses { .. }) => {
                    hear(event);
                    return Ok(Some(Ok(())));
                }
                Ok(event) => hear(event),
                // Half a line: it died while it spoke.
                Err(_) => return Ok(None),
            }
        }
        Ok::<_, io::Error>(None)
    };
    let ((), said) = tokio::join!(give, take);
    match said? {
        Some(Ok(())) => Ok(()),
        Some(Err(refusal)) => Err(ReadError::Refused(refusal)),
        None => Err(cause_of_death(child.wait().await?)),
    }
}

/// What ended a reader that did not come to its end.
fn cause_of_death(status: ExitStatus) -> ReadError {
    match (status.signal(), status.code()) {
        (Some(libc::SIGXCPU | libc::SIGKILL), _) => ReadError::Refused(Refusal::TooSlow),
        (Some(libc::SIGABRT), _) => ReadError::Refused(Refusal::TooBig),
        // A crash, or a panic.
        (Some(_), _) | (None, Some(101)) => ReadError::Refused(Refusal::Broken),
        (None, _) => ReadError::Failed(io::Error::other("the reader could not enter its limits")),
    }
}

/// A name of letters, digits and points: its ending is all that matters.
fn plain_name(name: &str) -> String {
    let ending: Vec<char> = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let from = ending.len().saturating_sub(16);
    format!("x{}", ending.iter().skip(from).collect::<String>())
}
