//! The binary: one program, several roles.

use std::process::ExitCode;

/// Everybody's memory, SQLite's too. With the system's own, the longest waits of full load come sooner.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    concierge::cli::run()
}
