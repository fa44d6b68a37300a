//! The cache of compiled components, so that a start or a reload need not compile what was compiled before.
//!
//! What is read back is machine code that the process will run, so only files that the host wrote are taken: those that
//! this user owns and nobody else may write, in a folder of which the same is true, that say themselves which component
//! (and which settings), which engine and which processor they were made for, and whose sum is right. See `file.rs`.
//!
//! Several processes may share a folder: a file appears whole, under its name, or not at all. And they share the code itself,
//! since it is mapped: what is compiled is mapped from its file as well, so that it makes no difference to memory who compiled.

mod artifact;
mod file;
mod room;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub(crate) use artifact::Artifact;
use file::{Key, Sealed};
use room::Room;

use crate::machine_code::MachineCode;

/// A component that was asked for, and how it was come by.
pub(crate) enum Found {
    /// It was in the folder.
    Cached(Artifact),
    /// It was compiled.
    Compiled(Artifact),
}

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct AotCache {
    folder: Arc<Path>,
    room: Arc<Room>,
}

/// What a compiled component was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source([u8; 32]);

impl Source {
    /// A component as it is in its file.
    pub fn component(bytes: &[u8]) -> Self {
        Source::of([b"component", bytes])
    }

    /// Parts in their order; the first says what they are.
    pub fn of<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut sum = Sha256::new();
        for part in parts {
            sum.update((part.len() as u64).to_le_bytes());
            sum.update(part);
        }
        Source(sum.finalize().into())
    }

    /// The same, compiled by this engine for this processor.
    fn compiled_by(self, engine: &wasmtime::Engine) -> Key {
        let mut compiler = DefaultHasher::new();
        // Version, settings, target and the processor's features (`Engine::precompile_compatibility_hash`).
        engine.precompile_compatibility_hash().hash(&mut compiler);
        Key(Source::of([b"compiled".as_slice(), &self.0, &compiler.finish().to_le_bytes()]).0)
    }
}

impl AotCache {
    /// How many bytes a folder may hold, unless whoever runs the host says otherwise: some 27,000 small components.
    pub const SIZE: u64 = 4 << 30;

    /// Opens the folder, which is made if it is not there, and may hold so many bytes: of files that are more than that,
    /// those go that were used longest ago. One that others may write is refused.
    pub fn open(folder: &Path, size: u64) -> io::Result<AotCache> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        file::check_owner(&fs::metadata(folder)?)?;
        Ok(AotCache { folder: folder.into(), room: Arc::new(Room::new(size)) })
    }

    /// What was made of this before, if it is there.
    pub(crate) fn find(&self, engine: &wasmtime::Engine, source: Source) -> Option<Artifact> {
        let key = source.compiled_by(engine);
        Sealed::open(&self.path(key), key).ok()?.artifact(engine).ok()
    }

    /// The component, from the folder if it is there; else compiled, and kept.
    pub(crate) fn component(
        &self,
        engine: &wasmtime::Engine,
        source: Source,
        bytes: &[u8],
    ) -> wasmtime::Result<Found> {
        if let Some(artifact) = self.find(engine, source) {
            return Ok(Found::Cached(artifact));
        }
        let image = MachineCode::precompile(engine, bytes)?;
        let kept = self.keep(source.compiled_by(engine), &image);
        if let Err(error) = &kept {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "a compiled component was not cached");
        }
        let artifact = match kept.ok().and_then(|()| self.find(engine, source)) {
            Some(artifact) => artifact,
            None => Artifact::in_memory(file::deserialize(engine, &image)?),
        };
        Ok(Found::Compiled(artifact))
    }

    fn keep(&self, key: Key, image: &[u8]) -> io::Result<()> {
        let length = file::write(&self.folder, key, image)?;
        self.room.take(&self.folder, length)
    }

    fn path(&self, key: Key) -> PathBuf {
        self.folder.join(key.file_name())
    }
}

#[cfg(test)]
mod tests;
