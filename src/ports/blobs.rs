//! Uploaded files: bytes under an identifier, in a folder of this machine.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::base::FileId;

/// Where uploaded bytes live. Names are identifiers we made: nothing from outside reaches a path.
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Keeps files under `folder`, which is made if it does not exist.
    pub fn on_disk(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Blobs { folder: folder.to_owned() })
    }

    /// Stores bytes durably: they are synced before this returns, and never seen half.
    pub async fn put(&self, id: FileId, bytes: &[u8]) -> std::io::Result<()> {
        let unfinished = self.folder.join(format!("{id}.part"));
        let mut file = tokio::fs::File::create(&unfinished).await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        tokio::fs::rename(&unfinished, self.path(id)).await
    }

    /// Reads `length` bytes from `start`.
    pub async fn read(&self, id: FileId, start: u64, length: usize) -> std::io::Result<Vec<u8>> {
        let mut file = tokio::fs::File::open(self.path(id)).await?;
        file.seek(std::io::SeekFrom::Start(start)).await?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    fn path(&self, id: FileId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}
