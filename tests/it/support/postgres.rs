//! A PostgreSQL server of the tests' own, started at its first use and stopped with the test process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[path = "ports.rs"]
pub(crate) mod ports;

struct Server {
    port: u16,
    bin: PathBuf,
    /// Closing its input (also by dying) makes the wrapper stop the server and remove its folder: what a static
    /// holds is never dropped.
    _wrapper: std::process::Child,
}

/// The address of a fresh, empty database.
pub(crate) fn fresh_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server = SERVER.get_or_init(start);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let made = Command::new(server.bin.join("createdb"))
        .args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "-U", "concierge", &name])
        .output()
        .expect("createdb runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    format!("postgres://concierge@127.0.0.1:{}/{name}", server.port)
}

fn start() -> Server {
    let bin = find_binaries();
    let folder =
        tempfile::Builder::new().prefix("concierge-pg-").tempdir().expect("a temporary folder").keep();
    let data = folder.join("data");
    // PostgreSQL refuses to run as root; Debian's package brings a user for it.
    let as_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    let become_user = match as_root {
        true => {
            let owned = Command::new("chown").arg("postgres").arg(&folder).status();
            assert!(owned.is_ok_and(|status| status.success()), "there is a user named postgres");
            "setpriv --reuid=postgres --regid=postgres --clear-groups "
        }
        false => "",
    };
    let port = ports::free_port();
    let script = format!(
        "trap 'rm -rf {folder}' EXIT
         {become_user}{bin}/initdb -D {data} -U concierge --auth=trust -E UTF8 --no-sync >/dev/null || exit 1
         {become_user}{bin}/postgres -D {data} -p {port} -k {data} -c listen_addresses=127.0.0.1 \
             -c fsync=off -c max_wal_size=128MB -c max_connections=400 -c log_min_messages=fatal &
         read _; kill -INT $!; wait",
        folder = folder.display(),
        bin = bin.display(),
        data = data.display(),
    );
    let wrapper = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sh runs");
    wait_until_ready(&bin, port);
    Server { port, bin, _wrapper: wrapper }
}

fn find_binaries() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|bin| has_server(bin))
        .collect();
    versions.sort();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .pop()
        .or_else(|| std::env::split_paths(&on_path).find(|bin| has_server(bin)))
        .expect("no PostgreSQL server was found; install it, on Debian with: apt-get install postgresql")
}

fn has_server(bin: &Path) -> bool {
    bin.join("postgres").exists() && bin.join("initdb").exists()
}

/// Asks again and again: the server has no other way to say that it is ready.
fn wait_until_ready(bin: &Path, port: u16) {
    let started = Instant::now();
    loop {
        let ready = Command::new(bin.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string(), "-U", "concierge", "-t", "1"])
            .status();
        if ready.is_ok_and(|status| status.success()) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(180), "PostgreSQL did not start");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}
