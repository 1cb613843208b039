//! The binary: one program, several roles.

use std::process::ExitCode;

fn main() -> ExitCode {
    concierge::cli::run()
}
