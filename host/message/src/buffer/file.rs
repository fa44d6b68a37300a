//! A file without a name, which holds what of a body has no place in memory, and is gone when nobody holds it.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::collect::Block;
use super::room::{Lease, Place, count};

/// How much is read of a file at a time.
const READ: u64 = 64 << 10;

/// Whether files can be made in a folder.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    nameless(folder).map(drop)
}

/// A file that only this process can reach, and only its user could if it had a name.
fn nameless(folder: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(folder)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// The beginning of a body.
pub(super) struct Spill {
    file: Arc<File>,
    len: u64,
    /// Goes with the file, to whoever holds it last.
    lease: Lease,
}

impl Spill {
    /// An empty one.
    pub(super) async fn create(folder: &Arc<Path>, lease: Lease) -> io::Result<Self> {
        let folder = Arc::clone(folder);
        let file = finished(spawn_blocking(move || nameless(&folder))).await?;
        Ok(Spill { file: Arc::new(file), len: 0, lease })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Takes room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: u64, limit: u64) -> bool {
        self.lease.grow(bytes, limit)
    }

    /// Writes a block to its end, and gives it back empty.
    pub(super) async fn append(&mut self, mut block: Block) -> io::Result<Block> {
        let (file, at) = (Arc::clone(&self.file), self.len);
        let len = count(block.bytes.len());
        let writing = spawn_blocking(move || {
            file.write_all_at(&block.bytes, at)?;
            block.bytes.clear();
            Ok(block)
        });
        let block = finished(writing).await?;
        self.len += len;
        Ok(block)
    }

    /// Begins to read what comes at a place.
    pub(super) fn read(&self, at: u64) -> JoinHandle<io::Result<Bytes>> {
        let file = Arc::clone(&self.file);
        let len = self.len.saturating_sub(at).min(READ);
        let mut lease = Lease::new(self.lease.stats(), Place::Memory);
        lease.take(len);
        spawn_blocking(move || {
            let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
            file.read_exact_at(&mut bytes, at)?;
            drop(lease);
            Ok(Bytes::from(bytes))
        })
    }
}

/// What a thread made of it. One that was not begun, as the runtime ends, is an error like any other.
async fn finished<T>(task: JoinHandle<io::Result<T>>) -> io::Result<T> {
    task.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
