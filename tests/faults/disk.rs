//! A disk that fails: `disk.c` between the hub and the system, and what it says was on the disk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rand::RngExt;
use rand::rngs::StdRng;

/// A part of the disk that survives or not as a whole.
const SECTOR: usize = 512;

/// The store's files, in the order of their numbers in the log.
const FILES: [&str; 2] = ["concierge.db", "concierge.db-wal"];

/// What fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fails {
    Nothing = 0,
    /// Files cannot grow.
    Space = 1,
    Writes = 2,
    Syncs = 3,
}

/// What is slow.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Drags {
    /// Every sync.
    Syncs = 4,
    /// Whatever is done to the store itself, not to its log: the work of checkpoints.
    Store = 5,
}

/// The disk of one hub.
pub(crate) struct Disk {
    log: PathBuf,
    mode: PathBuf,
}

impl Disk {
    /// A disk that works so far; its books are kept in this folder.
    pub(crate) fn new(folder: &Path) -> Disk {
        let disk = Disk::at(folder);
        std::fs::write(&disk.log, "").expect("the log is made");
        disk.breaks(Fails::Nothing, 0);
        disk
    }

    /// The disk whose books are in this folder.
    pub(crate) fn at(folder: &Path) -> Disk {
        Disk { log: folder.join("log"), mode: folder.join("mode") }
    }

    /// What a hub's process needs to be on this disk.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let path = |path: &Path| path.to_str().expect("a path that is text").to_owned();
        vec![
            ("LD_PRELOAD".to_owned(), path(library())),
            ("FAULT_DISK_LOG".to_owned(), path(&self.log)),
            ("FAULT_DISK_MODE".to_owned(), path(&self.mode)),
        ]
    }

    /// From now on something fails, so many times (0: until it is told otherwise).
    pub(crate) fn breaks(&self, what: Fails, times: u32) {
        self.becomes(what as u32, times);
    }

    /// From now on something takes so much longer.
    pub(crate) fn drags(&self, what: Drags, by: std::time::Duration) {
        self.becomes(what as u32, u32::try_from(by.as_millis()).expect("a short time"));
    }

    fn becomes(&self, what: u32, number: u32) {
        use std::io::Write;
        let mut options = std::fs::OpenOptions::new();
        // The hub has mapped the file, so it stays the same one.
        let mut file = options.create(true).truncate(false).write(true).open(&self.mode).expect("opened");
        // In one piece: the number of times is never that of another fault.
        file.write_all(&[what.to_le_bytes(), number.to_le_bytes()].concat()).expect("it is told");
    }

    /// Whether what should fail has failed so many times.
    pub(crate) fn is_whole(&self) -> bool {
        std::fs::read(&self.mode).expect("the mode is read").starts_with(&[0; 4])
    }

    /// How far the disk's log goes now.
    pub(crate) fn now(&self) -> u64 {
        std::fs::metadata(&self.log).expect("there is a log").len()
    }

    /// What was done, in order.
    pub(crate) fn log(&self) -> Vec<Done> {
        let bytes = std::fs::read(&self.log).expect("the log is read");
        let mut rest = bytes.as_slice();
        let mut log = Vec::new();
        while let Some((head, after)) = rest.split_first_chunk::<14>() {
            let number = |from: usize, to: usize| {
                head[from..to].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
            };
            let (offset, length) = (number(2, 10), number(10, 14));
            let Some((data, after)) = after.split_at_checked(length) else { break };
            let what = match head[0] {
                1 => What::Written(offset, data.to_vec()),
                2 => What::Synced,
                3 => What::Cut(offset),
                4 => What::Lost,
                other => panic!("a record of kind {other}"),
            };
            rest = after;
            let end = u64::try_from(bytes.len() - rest.len()).expect("a length");
            log.push(Done { file: usize::from(head[1]) - 1, what, end });
        }
        log
    }
}

/// Something that was done to a file.
pub(crate) struct Done {
    file: usize,
    what: What,
    /// How far the log went after it.
    pub(crate) end: u64,
}

impl Done {
    /// Whether this made something durable.
    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.what, What::Synced)
    }

    /// Whether it was done to the store itself, not to its log.
    pub(crate) fn is_of_store(&self) -> bool {
        self.file == 0
    }
}

enum What {
    Written(usize, Vec<u8>),
    Cut(usize),
    Synced,
    Lost,
}

/// What is on the platters, and what is still on its way there.
pub(crate) struct Platters {
    durable: [Vec<u8>; 2],
    pending: [Vec<Change>; 2],
}

/// A change of a file that no sync has covered yet.
#[derive(Clone)]
enum Change {
    Written(usize, Vec<u8>),
    Cut(usize),
}

impl Platters {
    /// The disk as it is in a folder whose hub does not run.
    pub(crate) fn of(folder: &Path) -> Platters {
        let durable = FILES.map(|name| std::fs::read(folder.join(name)).unwrap_or_default());
        Platters { durable, pending: Default::default() }
    }

    /// Follows the log by one step.
    pub(crate) fn follow(&mut self, done: &Done) {
        let pending = &mut self.pending[done.file];
        match &done.what {
            What::Written(offset, bytes) => pending.push(Change::Written(*offset, bytes.clone())),
            What::Cut(length) => pending.push(Change::Cut(*length)),
            What::Synced => {
                for change in pending.drain(..) {
                    apply(&mut self.durable[done.file], &change);
                }
            }
            What::Lost => pending.clear(),
        }
    }

    /// Writes the store's files into a folder as a power cut would leave them: what is on its way arrives
    /// in part, sector by sector, if there are dice; else not at all.
    pub(crate) fn cut_power(&self, folder: &Path, mut dice: Option<&mut StdRng>) {
        for (number, name) in FILES.iter().enumerate() {
            let mut file = self.durable[number].clone();
            if let Some(rng) = dice.as_deref_mut() {
                for change in &self.pending[number] {
                    arrive_in_part(&mut file, change, rng);
                }
            }
            std::fs::write(folder.join(name), file).expect("the file is written");
        }
    }
}

fn apply(file: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Written(offset, bytes) => {
            let end = offset + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[*offset..end].copy_from_slice(bytes);
        }
        Change::Cut(length) => file.resize(*length, 0),
    }
}

fn arrive_in_part(file: &mut Vec<u8>, change: &Change, rng: &mut StdRng) {
    match change {
        Change::Written(offset, bytes) => {
            for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                if rng.random_bool(0.5) {
                    apply(file, &Change::Written(offset + number * SECTOR, sector.to_vec()));
                }
            }
        }
        Change::Cut(_) if rng.random_bool(0.5) => {}
        Change::Cut(_) => apply(file, change),
    }
}

/// `disk.c`, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| compiled("tests/faults/disk.c", &crate::kept_folder("disk")))
}

/// A library that is put before the C library of a process, made from its source in C.
pub(crate) fn compiled(source: &str, folder: &Path) -> PathBuf {
    let path = folder.join("before.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-o"]).arg(&path).arg(&source).arg("-ldl");
    assert!(compiler.status().expect("there is a C compiler").success(), "{} compiles", source.display());
    path
}
