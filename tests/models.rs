//! `concierge models`: a fetch goes on where it broke off, and what is wrong is not kept.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// A server with one file that breaks off the first transfer in the middle, and understands ranges.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

fn serve(file: Vec<u8>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let ranges: Arc<Mutex<Vec<Option<usize>>>> = Arc::default();
    let noted = ranges.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let range = head.iter().find_map(|line| {
                line.to_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
            });
            let first = {
                let mut ranges = noted.lock().expect("nobody panicked");
                ranges.push(range);
                ranges.len() == 1
            };
            let start = range.unwrap_or(0);
            let rest = &file[start.min(file.len())..];
            let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", rest.len());
            let sent = if first { &rest[..rest.len() / 2] } else { rest };
            // The program may have gone.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(sent));
        }
    });
    Server { url, ranges }
}

fn models(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concierge"))
        .arg("models")
        .args(arguments)
        .env("CONCIERGE__STORE__FOLDER", folder)
        .output()
        .expect("it runs")
}

/// A file that begins as a model does.
fn model() -> (Vec<u8>, &'static str) {
    let mut file = vec![0x6c, 0x6d, 0x67, 0x67];
    file.extend((0..200_000_u32).flat_map(u32::to_le_bytes));
    (file, SUM)
}

/// The SHA-1 of `model`, by sha1sum.
const SUM: &str = "d5ef5ebef226955d841ac2714f59b0c0364b96a5";

#[test]
fn a_fetch_goes_on_where_it_broke_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, sum) = model();
    let server = serve(file.clone());
    let fetched = models(folder.path(), &["fetch", "own.bin", "--from", &server.url, "--sha1", sum]);
    assert!(fetched.status.success(), "{fetched:?}");
    let place = folder.path().join("models/own.bin");
    assert_eq!(std::fs::read(&place).expect("it is there"), file);
    let ranges = server.ranges.lock().expect("nobody panicked").clone();
    assert!(ranges.len() == 2 && ranges[0].is_none() && ranges[1].is_some_and(|from| from > 0), "{ranges:?}");
    let listed = models(folder.path(), &["list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("own.bin"), "{listed:?}");
    // Here and right: nothing is fetched.
    assert!(
        models(folder.path(), &["fetch", "own.bin", "--from", &server.url, "--sha1", sum]).status.success()
    );
    assert_eq!(server.ranges.lock().expect("nobody panicked").len(), 2);
}

#[test]
fn what_is_not_the_file_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(model().0);
    let refused = models(folder.path(), &["fetch", "base", "--from", &server.url]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("SHA-1"), "{refused:?}");
    let left = std::fs::read_dir(folder.path().join("models")).map(Iterator::count);
    assert_eq!(left.expect("the folder is there"), 0);
    for wrong in ["no-such-model", "../escape.bin"] {
        assert_eq!(models(folder.path(), &["fetch", wrong]).status.code(), Some(2), "{wrong}");
    }
    let escape = models(folder.path(), &["fetch", "../escape.bin", "--sha1", SUM]);
    assert_eq!(escape.status.code(), Some(2), "{escape:?}");
}
