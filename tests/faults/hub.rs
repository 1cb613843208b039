//! The hub in a process of its own.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use concierge::client::Http;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::PATIENCE;
use crate::disk::Disk;
use crate::postgres::ports::free_port;

/// What a process that called `abort` is said to have ended by.
const SIGABRT: i32 = 6;

/// Everybody's password in the demo workspaces.
const PASSWORD: &str = "concierge-demo";

/// A hub in a process of its own; it dies with this value.
pub(crate) struct Hub {
    child: Child,
    pub(crate) url: String,
    pub(crate) folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Hub {
    /// Puts a copy of a folder that was seeded once there.
    pub(crate) fn seed(folder: &Path) {
        copy_files(seeded(), folder);
    }

    /// Starts a hub on a copy of a folder that was seeded once.
    pub(crate) async fn start(folder: &Path, settings: &[(&str, &str)]) -> Hub {
        Hub::seed(folder);
        Hub::start_there(folder, settings, Vec::new()).await
    }

    /// Starts a hub on a copy of a folder that was seeded once, and on a disk that may fail.
    pub(crate) async fn start_on(disk: &Disk, folder: &Path, settings: &[(&str, &str)]) -> Hub {
        Hub::seed(folder);
        Hub::start_there(folder, settings, disk.variables()).await
    }

    /// Starts a hub that may have only so many files open.
    pub(crate) async fn start_with_files(folder: &Path, files: u32) -> Hub {
        Hub::seed(folder);
        let limit = ("FAULT_OPEN_FILES".to_owned(), files.to_string());
        Hub::start_there(folder, &[], vec![limit]).await
    }

    /// Starts a hub that dies when it wants more memory for its data than so many KiB.
    pub(crate) async fn start_with_memory(folder: &Path, kib: u32) -> Hub {
        Hub::seed(folder);
        let limit = ("FAULT_MEMORY".to_owned(), kib.to_string());
        Hub::start_there(folder, &[("PIPELINE__WORKERS", "1")], vec![limit]).await
    }

    /// Starts a hub that writes everything it has to say into a file.
    pub(crate) async fn start_logged(folder: &Path, log: &Path) -> Hub {
        Hub::seed(folder);
        let log = ("FAULT_LOG".to_owned(), log.to_str().expect("text").to_owned());
        let filter = [("LOG__FILTER", "debug,sqlx=debug,hyper=debug,concierge=trace")];
        Hub::start_there(folder, &filter, vec![log]).await
    }

    /// Starts a hub on what is in a folder already.
    pub(crate) async fn start_there(
        folder: &Path,
        settings: &[(&str, &str)],
        mut variables: Vec<(String, String)>,
    ) -> Hub {
        let listen = format!("127.0.0.1:{}", free_port());
        variables.push(setting("HTTP__LISTEN", &listen));
        variables.extend(LIMITS.iter().chain(settings).map(|(name, value)| setting(name, value)));
        let child = spawn(folder, &variables);
        let mut hub = Hub { child, url: format!("http://{listen}"), folder: folder.to_owned(), variables };
        hub.until_ready().await;
        hub
    }

    /// Runs the program to its end on a folder that no hub of this test uses; gives its exit code and what it
    /// said.
    pub(crate) fn run_once(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
        Hub::run_once_with(folder, arguments, &[])
    }

    /// The same, with variables of its own.
    pub(crate) fn run_once_with(
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> (Option<i32>, String) {
        let mut process = Process::new(env!("CARGO_BIN_EXE_concierge"));
        process.args(arguments).env("CONCIERGE__STORE__FOLDER", folder).current_dir(folder);
        let listen = setting("HTTP__LISTEN", &format!("127.0.0.1:{}", free_port()));
        process.envs([listen, setting("LOG__FILTER", "error")]).envs(variables.iter().copied());
        let ended = process.output().expect("it runs");
        let says = [ended.stdout, ended.stderr].concat();
        (ended.status.code(), String::from_utf8_lossy(&says).into_owned())
    }

    /// Starts a hub on what is in a folder, lets it die when it comes to a place on the way to the disk for the
    /// `time`-th time, and says whether it came there before it answered.
    pub(crate) async fn start_and_crash(folder: &Path, place: &str, time: u32) -> bool {
        let address = format!("127.0.0.1:{}", free_port());
        let listen = setting("HTTP__LISTEN", &address);
        let crash = ("CONCIERGE_CRASH_AT".to_owned(), format!("{place}:{time}"));
        let mut child = spawn(folder, &[listen, setting("UNDERSTANDING__SENTENCE_MODEL", "false"), crash]);
        let started = Instant::now();
        while std::net::TcpStream::connect(&address).is_err() {
            if let Some(status) = child.try_wait().expect("it is asked") {
                assert_eq!(status.signal(), Some(SIGABRT), "{place}: {status}");
                return true;
            }
            assert!(started.elapsed() < PATIENCE, "it neither dies nor answers");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
        false
    }

    /// Kills it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
    }

    /// A number among its metrics, with its labels as they are written there; 0 if there is none yet.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let answer = reqwest::get(format!("{}/metrics", self.url)).await.expect("an answer");
        let text = answer.text().await.expect("text");
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    }

    /// A size that the system keeps of its process, in KiB: `VmRSS`, `VmHWM`.
    pub(crate) fn kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find(|line| line.starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).expect("a size")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Process::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "it lives");
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("it is asked") {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("the hub ends")
    }

    /// Starts it again on the same folder and port.
    pub(crate) async fn starts_again(&mut self) {
        self.child = spawn(&self.folder, &self.variables);
        self.until_ready().await;
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Kills it and starts it again on the same folder and port. Gives the time from the kill to the first
    /// answer.
    pub(crate) async fn kill_and_restart(&mut self) -> Duration {
        self.kill();
        let killed = Instant::now();
        self.starts_again().await;
        killed.elapsed()
    }

    /// Lets it die when it comes to a place on the way to the disk for the `time`-th time, and starts it
    /// again.
    pub(crate) async fn crash_and_restart(&mut self, place: &str, time: u32) {
        self.kill();
        let crash = [("CONCIERGE_CRASH_AT", format!("{place}:{time}"))];
        self.child = process(&self.folder, &self.variables).envs(crash).spawn().expect("it starts");
        let status = self.ended().await;
        assert_eq!(status.signal(), Some(SIGABRT), "{place}: {status}");
        self.starts_again().await;
    }

    /// Waits until it answers requests and its store does.
    pub(crate) async fn until_ready(&mut self) {
        let asks = Http::anonymous(&self.url);
        let child = &mut self.child;
        let ready = async {
            while asks.get::<Value>("/readyz").await.is_err() {
                assert_eq!(child.try_wait().expect("it is asked"), None, "it ended instead of being ready");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the hub answers");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Limits that no honest test reaches, and the quick way to understand a message: every start learns anew.
const LIMITS: &[(&str, &str)] = &[
    ("UNDERSTANDING__SENTENCE_MODEL", "false"),
    ("HTTP__REQUESTS_PER_MINUTE", "1000000"),
    ("SOCKETS__BURST", "1000000"),
    ("SOCKETS__PER_SECOND", "1000000"),
    ("SOCKETS__WORKSPACE_PER_SECOND", "1000000"),
    ("SESSIONS__ATTEMPTS_PER_MINUTE", "1000000"),
    ("LOG__FILTER", "error"),
];

/// A setting as a variable.
fn setting(name: &str, value: &str) -> (String, String) {
    (format!("CONCIERGE__{name}"), value.to_owned())
}

/// The store in a folder.
pub(crate) async fn store_in(folder: &Path) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.join("concierge.db"))
        .busy_timeout(PATIENCE);
    SqliteConnection::connect_with(&options).await.expect("the store opens")
}

fn spawn(folder: &Path, variables: &[(String, String)]) -> Child {
    process(folder, variables).spawn().expect("the hub's process starts")
}

fn process(folder: &Path, variables: &[(String, String)]) -> Process {
    // The shell takes files or memory away from a hub that shall have fewer.
    let limit = "if [ -n \"$FAULT_OPEN_FILES\" ]; then ulimit -n \"$FAULT_OPEN_FILES\"; fi; \
                 if [ -n \"$FAULT_MEMORY\" ]; then ulimit -d \"$FAULT_MEMORY\"; fi; \
                 if [ -n \"$FAULT_LOG\" ]; then exec 2>\"$FAULT_LOG\"; fi; exec \"$@\"";
    let mut process = Process::new("sh");
    process.args(["-c", limit, "sh", env!("CARGO_BIN_EXE_concierge"), "serve", "--demo"]);
    process.env("CONCIERGE__STORE__FOLDER", folder).current_dir(folder);
    process.envs(variables.iter().map(|(name, value)| (name, value)));
    process.stdin(Stdio::null()).stdout(Stdio::null());
    process
}

/// A folder with the demo workspaces, made once; its hub has ended.
fn seeded() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = crate::kept_folder("seeded");
        let address = format!("127.0.0.1:{}", free_port());
        let mut child = spawn(&folder, &[setting("HTTP__LISTEN", &address)]);
        let started = Instant::now();
        // It takes connections once the demo workspaces are in its store.
        while std::net::TcpStream::connect(&address).is_err() || !answers(&address) {
            assert!(started.elapsed() < PATIENCE, "the hub did not start");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
        folder
    })
}

/// Whether a hub answers a request.
fn answers(address: &str) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b"200")
}

fn copy_files(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("the folder is read") {
        let file = file.expect("a file");
        let copy = to.join(file.file_name());
        match file.file_type().expect("its type").is_dir() {
            true => {
                std::fs::create_dir_all(&copy).expect("a folder is made");
                copy_files(&file.path(), &copy);
            }
            false => {
                std::fs::copy(file.path(), copy).expect("it is copied");
            }
        }
    }
}

/// The manager of the demo workspace, signed in.
pub(crate) async fn sign_in(hub: &Hub) -> Http {
    Http::sign_in(&hub.url, "northgate", "marta@northgate.example", PASSWORD).await.expect("signed in")
}
