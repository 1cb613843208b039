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
        let mut upload = self.begin(id).await?;
        upload.write(bytes).await?;
        upload.finish().await
    }

    /// Begins to store bytes that come piece by piece.
    pub async fn begin(&self, id: FileId) -> std::io::Result<Upload> {
        let unfinished = self.folder.join(format!("{id}.part"));
        let file = tokio::fs::File::create(&unfinished).await?;
        Ok(Upload { file, unfinished, finished: self.path(id), done: false })
    }

    /// Reads `length` bytes from `start`.
    pub async fn read(&self, id: FileId, start: u64, length: usize) -> std::io::Result<Vec<u8>> {
        let mut file = tokio::fs::File::open(self.path(id)).await?;
        file.seek(std::io::SeekFrom::Start(start)).await?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// Opens a file for another process to read.
    pub async fn open(&self, id: FileId) -> std::io::Result<std::fs::File> {
        Ok(tokio::fs::File::open(self.path(id)).await?.into_std().await)
    }

    /// Removes a file; one that is not there is as good as removed.
    pub async fn remove(&self, id: FileId) -> std::io::Result<()> {
        match tokio::fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, id: FileId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

/// Bytes on their way into the store; what is not finished is removed again.
pub struct Upload {
    file: tokio::fs::File,
    unfinished: PathBuf,
    finished: PathBuf,
    done: bool,
}

impl Upload {
    /// Adds a piece.
    pub async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Makes the file durable and visible.
    pub async fn finish(mut self) -> std::io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        tokio::fs::rename(&self.unfinished, &self.finished).await?;
        self.done = true;
        // The name is on disk once its folder is.
        if let Some(folder) = self.finished.parent() {
            tokio::fs::File::open(folder).await?.sync_all().await?;
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.done {
            // The caller has gone or failed already; a leftover costs space and nothing else.
            let _ = std::fs::remove_file(&self.unfinished);
        }
    }
}
