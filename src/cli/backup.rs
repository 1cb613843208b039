//! `concierge backup` and `concierge restore`.

use std::path::Path;

use crate::app::backup::{self, Copied, Error};
use crate::cli::{Failure, say};
use crate::config::Config;

/// Makes a backup.
pub(super) async fn back_up(config: &Config, folder: &Path) -> Result<(), Failure> {
    let copied = backup::back_up(config, folder).await.map_err(failure)?;
    say(&format!("{} holds {}", folder.display(), describe(copied)));
    Ok(())
}

/// Brings a backup back.
pub(super) async fn restore(config: &Config, folder: &Path) -> Result<(), Failure> {
    let copied = backup::restore(config, folder).await.map_err(failure)?;
    say(&format!("restored {} into {}", describe(copied), config.store.folder.display()));
    Ok(())
}

fn describe(copied: Copied) -> String {
    format!("the store and {} files, {} MB", copied.files, copied.bytes.div_ceil(1_000_000))
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Server { .. } | Error::Exists(_) | Error::Nothing(_) => Failure::wrong(error),
        Error::Store { .. } | Error::Copy { .. } => Failure::failed(error),
    }
}
