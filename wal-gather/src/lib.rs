//! A file system for SQLite that writes a transaction to the write-ahead log at once.
//!
//! SQLite writes each page of a transaction in two pieces, a header of 24 bytes and the page behind it
//! (<https://www.sqlite.org/fileformat.html#the_write_ahead_log>). A transaction that touches ten pages is twenty
//! calls into the system, which take longer than everything else about it but the sync. Here the pieces are held
//! until the transaction's last frame is there, and written together.
//!
//! What is held back is seen by nobody who could miss it:
//!
//! - Others read a frame only after the transaction that wrote it has been committed, and its last frame, which says
//!   so itself, is never held back: when it is written, so is all that was held.
//! - Whoever holds frames back asks for them through the same file: a read, a sync, a question for the length, and a
//!   write elsewhere all write first what is held.
//! - A process that dies with frames held has not committed them.
//!
//! An error that the write meets is told to the call that could not do without it, with the system's own code. What
//! was held stays held then and is tried again, but for a transaction's end: that fails, and SQLite undoes it.
//!
//! All else (the file itself, locks, shared memory, the checkpointer's writes) is done by SQLite's own file system,
//! so connections with and without this one share a file.

mod held;
mod vfs;

pub use vfs::{Unavailable, register};
