//! A test that several processes play together: more connections than one may hold, on more processors than
//! one generator uses. Each plays its share with dice of its own; what they measured is put together.
//!
//! A process is this program again. It reads its plan, a line, from its standard input and writes lines of
//! JSON. When its standard input ends, because the test is stopped or the first process is gone, it stops.

use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::client::Error;
use crate::load::report::{Part, Report};
use crate::load::{Live, Plan, live_lines, run_part};

/// What a process says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// How it goes.
    Live(Live),
    /// What it measured, at its end.
    Part(Box<Part>),
    /// It could not play.
    Failed(String),
}

/// Plays a test with as many processes as the plan wants.
///
/// # Errors
///
/// If one of them cannot be started, or cannot reach the hub.
pub async fn run_in_processes(
    plan: &Plan,
    live: mpsc::Sender<Live>,
    stop: CancellationToken,
) -> Result<Report, Error> {
    let (_, count) = plan.process;
    let (tells, mut told) = mpsc::channel(usize::from(count) * 4);
    let mut playing = JoinSet::new();
    for number in 0..count {
        let (share, tells, stop) = (plan.share(number), tells.clone(), stop.clone());
        playing.spawn(async move { follow(start(&share).await?, usize::from(number), tells, stop).await });
    }
    drop(tells);
    let shows = async {
        let mut latest: Vec<Option<Live>> = vec![None; usize::from(count)];
        while let Some((number, line)) = told.recv().await {
            latest[number] = Some(line);
            // The first sets the pace.
            if number == 0
                && let Some(all) = Live::together(latest.iter().flatten())
            {
                // Whoever watches may be slow.
                let _ = live.try_send(all);
            }
        }
    };
    let plays = async {
        let mut parts = Vec::new();
        while let Some(played) = playing.join_next().await {
            parts.push(played.map_err(|error| Error::Unreadable(error.to_string()))??);
        }
        Ok::<Vec<Part>, Error>(parts)
    };
    let ((), parts) = tokio::join!(shows, plays);
    let together = parts?.into_iter().reduce(Part::with);
    together.map(Part::report).ok_or_else(|| Error::Unreachable(plan.target.clone()))
}

/// Starts a process and gives it its plan.
async fn start(plan: &Plan) -> Result<Child, Error> {
    let failed = |error: std::io::Error| Error::Unreadable(error.to_string());
    let program = std::env::current_exe().map_err(failed)?;
    let mut process = Command::new(program);
    process.args(["load", "--process"]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = process.spawn().map_err(failed)?;
    let mut line = serde_json::to_vec(plan).map_err(|error| Error::Unreadable(error.to_string()))?;
    line.push(b'\n');
    if let Some(stdin) = &mut child.stdin {
        stdin.write_all(&line).await.map_err(failed)?;
    }
    Ok(child)
}

/// Hears a process out.
async fn follow(
    mut child: Child,
    number: usize,
    tells: mpsc::Sender<(usize, Live)>,
    stop: CancellationToken,
) -> Result<Part, Error> {
    let ended = || Error::Unreadable("a process of the test ended without a result".to_owned());
    let mut lines = BufReader::new(child.stdout.take().ok_or_else(ended)?).lines();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line,
            () = stop.cancelled(), if child.stdin.is_some() => {
                child.stdin = None;
                continue;
            }
        };
        let line = line.ok().flatten().ok_or_else(ended)?;
        match serde_json::from_str(&line).map_err(|error| Error::Unreadable(error.to_string()))? {
            Line::Live(live) => {
                // An error only says that nobody watches.
                let _ = tells.send((number, live)).await;
            }
            Line::Part(part) => return Ok(*part),
            Line::Failed(says) => return Err(Error::Unreadable(says)),
        }
    }
}

/// Plays what the standard input says, as one of several processes.
///
/// # Errors
///
/// If it is not a plan, or nobody reads what is said.
pub async fn be_a_process(stop: CancellationToken) -> Result<(), String> {
    let mut input = BufReader::new(tokio::io::stdin());
    let mut text = String::new();
    input.read_line(&mut text).await.map_err(|error| error.to_string())?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let stops = stop.clone();
    tokio::spawn(async move {
        // The end, an error or another word: whatever comes, it is over.
        let _ = input.read_line(&mut String::new()).await;
        stops.cancel();
    });
    let (live, mut lines) = live_lines();
    let mut out = tokio::io::stdout();
    let mut played = std::pin::pin!(run_part(&plan, live, stop));
    let last = loop {
        tokio::select! {
            Some(line) = lines.recv() => write(&mut out, &Line::Live(line)).await?,
            part = &mut played => break match part {
                Ok(part) => Line::Part(Box::new(part)),
                Err(error) => Line::Failed(error.to_string()),
            },
        }
    };
    write(&mut out, &last).await
}

async fn write(out: &mut tokio::io::Stdout, line: &Line) -> Result<(), String> {
    let mut text = serde_json::to_string(line).map_err(|error| error.to_string())?;
    text.push('\n');
    out.write_all(text.as_bytes()).await.map_err(|error| error.to_string())?;
    out.flush().await.map_err(|error| error.to_string())
}
