//! SQLite's file system with another way to write its log (<https://www.sqlite.org/vfs.html>).
#![expect(unsafe_code, reason = "SQLite calls a file system through C's pointers")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use rusqlite::ffi;

use crate::held::{Code, Held};

/// By which connections ask for it.
const NAME: &CStr = c"gathered";

/// SQLite knows no file system of its own here, or takes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

impl std::fmt::Display for Unavailable {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("SQLite takes no further file system")
    }
}

impl std::error::Error for Unavailable {}

/// Makes the file system known to SQLite, once; gives the name that connections open their file with.
pub fn register() -> Result<&'static CStr, Unavailable> {
    static KNOWN: OnceLock<Result<(), Unavailable>> = OnceLock::new();
    KNOWN.get_or_init(add).map(|()| NAME)
}

/// SQLite's own file system.
static BASE: OnceLock<Base> = OnceLock::new();

struct Base(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite calls its file systems from any thread, and never changes or frees the first of them.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

fn add() -> Result<(), Unavailable> {
    // SAFETY: no name asks for the default; SQLite initialises itself.
    let base = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    if base.is_null() {
        return Err(Unavailable);
    }
    // SAFETY: it is not null, and a file system that is known is never freed.
    let mut gathered = unsafe { base.read() };
    BASE.get_or_init(|| Base(base));
    // All that is not about opening a file is the base's: its functions find their own data where they expect it.
    gathered.zName = NAME.as_ptr();
    gathered.szOsFile += HEAD;
    gathered.pNext = std::ptr::null_mut();
    gathered.xOpen = Some(open);
    // SAFETY: it lives for ever, as SQLite wants it.
    let added = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(gathered)), 0) };
    if added == ffi::SQLITE_OK { Ok(()) } else { Err(Unavailable) }
}

/// A log as SQLite sees it; the base's file lies behind it.
#[repr(C)]
struct Log {
    /// SQLite looks here for what can be done with the file; null while it is not open.
    methods: *const ffi::sqlite3_io_methods,
    /// From `open` to `close`.
    held: *mut Held,
}

/// Calls a method of the base's file behind a log that `open` has begun.
macro_rules! base {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: the file is a log, whose base's file is open.
        let inner = unsafe { inner($file) };
        // SAFETY: an open file points to its methods.
        let methods = unsafe { (*inner).pMethods };
        // SAFETY: they live as long as the file.
        match unsafe { (*methods).$method } {
            // SAFETY: the base's own file, and what SQLite wants done with it.
            Some(method) => unsafe { method(inner $(, $argument)*) },
            None => ffi::SQLITE_IOERR,
        }
    }};
}

/// What the base does once nothing is held any more.
macro_rules! after_flush {
    ($name:ident, $method:ident $(, $argument:ident: $type:ty)*) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: SQLite calls with an open log.
            match unsafe { flush(file) } {
                Ok(()) => base!(file, $method $(, $argument)*),
                Err(code) => code,
            }
        }
    };
}

/// What the base does, whatever is held.
macro_rules! as_base {
    ($name:ident, $method:ident $(, $argument:ident: $type:ty)*) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            base!(file, $method $(, $argument)*)
        }
    };
}

/// Bytes that a log needs beside the base's file.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "two pointers")]
const HEAD: c_int = size_of::<Log>() as c_int;

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // The first version: a log has neither shared memory nor mapped pages, those are the database's.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// Opens a file: a log as one of ours, any other as the base's own.
unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    opened: *mut c_int,
) -> c_int {
    let Some(base) = BASE.get().map(|base| base.0) else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: the base was read before it was kept.
    let Some(open) = (unsafe { (*base).xOpen }) else { return ffi::SQLITE_CANTOPEN };
    if flags & ffi::SQLITE_OPEN_WAL == 0 {
        // SAFETY: SQLite's own arguments, with more room for the file than the base asks for.
        return unsafe { open(base, name, file, flags, opened) };
    }
    let log = file.cast::<Log>();
    let closed = Log { methods: std::ptr::null(), held: std::ptr::null_mut() };
    // SAFETY: SQLite gives `szOsFile` bytes, which begin with room for a `Log`.
    unsafe { log.write(closed) };
    // SAFETY: behind it is as much room as the base asks for.
    let inner = unsafe { inner(file) };
    // SAFETY: a file begins with its methods.
    unsafe { (*inner).pMethods = std::ptr::null() };
    // SAFETY: SQLite's own arguments, and the base's room.
    let code = unsafe { open(base, name, inner, flags, opened) };
    if code == ffi::SQLITE_OK {
        let held = Box::into_raw(Box::<Held>::default());
        // SAFETY: as for the first write.
        unsafe { log.write(Log { methods: &raw const METHODS, held }) };
        return ffi::SQLITE_OK;
    }
    // SQLite closes a file that could not be opened only if it has methods, which ours has not.
    // SAFETY: the base leaves null there if there is nothing to close.
    if !unsafe { (*inner).pMethods }.is_null() {
        base!(file, xClose);
    }
    code
}

/// The base's file behind a log.
///
/// # Safety
/// `file` must be a log that `open` has begun.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: it lies in the same allocation, and a `Log` keeps its alignment.
    unsafe { file.cast::<Log>().add(1) }.cast()
}

/// What a log holds.
///
/// # Safety
/// `file` must be an open log, of which SQLite lets one thread at a time do something.
unsafe fn held<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Held {
    // SAFETY: as the caller promises.
    let held = unsafe { (*file.cast::<Log>()).held };
    // SAFETY: it was made by `open` and is freed by `close` only; nobody else is at it.
    unsafe { &mut *held }
}

/// Writes what a log holds.
///
/// # Safety
/// As for `held`.
unsafe fn flush(file: *mut ffi::sqlite3_file) -> Result<(), Code> {
    // SAFETY: as the caller promises.
    let held = unsafe { held(file) };
    // SAFETY: as above.
    held.flush(|bytes, at| unsafe { write_out(file, bytes, at) })
}

/// Writes to the base's file.
///
/// # Safety
/// As for `held`.
unsafe fn write_out(file: *mut ffi::sqlite3_file, bytes: &[u8], at: i64) -> Result<(), Code> {
    let length = c_int::try_from(bytes.len()).map_err(|_| ffi::SQLITE_TOOBIG)?;
    match base!(file, xWrite, bytes.as_ptr().cast(), length, at) {
        ffi::SQLITE_OK => Ok(()),
        code => Err(code),
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let length = usize::try_from(length).unwrap_or(0);
    // SAFETY: SQLite gives so many bytes.
    let piece = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
    // SAFETY: SQLite calls with an open log.
    let held = unsafe { held(file) };
    // SAFETY: as above.
    let written = held.write(piece, at, |bytes, at| unsafe { write_out(file, bytes, at) });
    code(written)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // What is still held was never committed, and goes with the log.
    let closed = base!(file, xClose);
    let log = file.cast::<Log>();
    // SAFETY: the log is ours until SQLite frees it.
    let held = unsafe { (*log).held };
    // SAFETY: it was made by `open`, and nobody calls with a closed file.
    drop(unsafe { Box::from_raw(held) });
    // SAFETY: the log is ours until SQLite frees it.
    unsafe { log.write(Log { methods: std::ptr::null(), held: std::ptr::null_mut() }) };
    closed
}

after_flush!(read, xRead, bytes: *mut c_void, length: c_int, at: ffi::sqlite3_int64);
after_flush!(truncate, xTruncate, size: ffi::sqlite3_int64);
after_flush!(sync, xSync, flags: c_int);
after_flush!(file_size, xFileSize, size: *mut ffi::sqlite3_int64);
as_base!(lock, xLock, level: c_int);
as_base!(unlock, xUnlock, level: c_int);
as_base!(check_reserved_lock, xCheckReservedLock, held: *mut c_int);
as_base!(file_control, xFileControl, word: c_int, argument: *mut c_void);
as_base!(sector_size, xSectorSize);
as_base!(device_characteristics, xDeviceCharacteristics);

fn code(done: Result<(), Code>) -> c_int {
    done.err().unwrap_or(ffi::SQLITE_OK)
}
