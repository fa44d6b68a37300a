//! The cache of compiled components, so that a start or a reload need not compile what was compiled before.
//!
//! What is read back is machine code that the process will run, so only files that the host wrote are taken: those that
//! this user owns and nobody else may write, in a folder of which the same is true, that say themselves which component
//! (and which settings), which engine and which processor they were made for, and whose sum is right.
//!
//! Several processes may share a folder: a file appears whole, under its name, or not at all.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

/// How many bytes the folder may hold; the files that were used longest ago are removed.
const SIZE_LIMIT: u64 = 1 << 30;
/// The longest file that is read back, so that one that grew by mistake does not fill the memory.
const FILE_LIMIT: u64 = SIZE_LIMIT;
/// How a file begins: what it is, and the version of what follows.
const MAGIC: [u8; 16] = *b"sandgate aot v2\n";
/// How the names of finished files end, and of those that are being written. No other file is ever removed.
const SUFFIXES: [&str; 2] = [".cwasm", ".cwasm-draft"];
/// The magic, the key, and the sum of what follows.
const HEADER: usize = MAGIC.len() + 32 + 32;

/// A component that was asked for, and how it was come by.
pub(crate) enum Found {
    /// It was in the folder.
    Cached(Component),
    /// It was compiled.
    Compiled(Component),
}

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct AotCache {
    folder: PathBuf,
    limit: u64,
}

/// What a compiled component was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source([u8; 32]);

impl Source {
    /// A component as it is in its file.
    pub(crate) fn component(bytes: &[u8]) -> Self {
        Source::of([b"component", bytes])
    }

    /// Parts in their order; the first says what they are.
    pub(crate) fn of<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
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

/// What a file of the cache holds.
#[derive(Clone, Copy)]
struct Key([u8; 32]);

impl Key {
    fn file_name(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + ".cwasm"
    }
}

impl AotCache {
    /// Opens the folder, which is made if it is not there. One that others may write is refused.
    pub fn open(folder: &Path) -> io::Result<AotCache> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        check_owner(&fs::metadata(folder)?)?;
        Ok(AotCache { folder: folder.to_owned(), limit: SIZE_LIMIT })
    }

    /// What was made of this before, if it is there.
    pub(crate) fn find(&self, engine: &wasmtime::Engine, source: Source) -> Option<Component> {
        let key = source.compiled_by(engine);
        deserialize(engine, &self.read(key).ok()?).ok()
    }

    /// The component, from the folder if it is there; else compiled, and kept.
    pub(crate) fn component(
        &self,
        engine: &wasmtime::Engine,
        source: Source,
        bytes: &[u8],
    ) -> wasmtime::Result<Found> {
        if let Some(component) = self.find(engine, source) {
            return Ok(Found::Cached(component));
        }
        let compiled = engine.precompile_component(bytes)?;
        let component = deserialize(engine, &compiled)?;
        if let Err(error) = self.keep(source.compiled_by(engine), &compiled) {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "a compiled component was not cached");
        }
        Ok(Found::Compiled(component))
    }

    /// What was compiled, if the file of that key is as it was written. All is asked of the open file: between two looks
    /// at a name, another could have taken it.
    fn read(&self, key: Key) -> io::Result<Vec<u8>> {
        let path = self.folder.join(key.file_name());
        let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path)?;
        let meta = file.metadata()?;
        check_owner(&meta)?;
        let mut text = Vec::with_capacity(usize::try_from(meta.len().min(FILE_LIMIT)).unwrap_or_default());
        (&file).take(FILE_LIMIT).read_to_end(&mut text)?;
        check_header(&text, key)?;
        text.drain(..HEADER);
        // When it was used last; if that can't be said, it is removed sooner.
        let _ = file.set_modified(SystemTime::now());
        Ok(text)
    }

    /// Writes a file whole or not at all, whoever else writes the same.
    fn keep(&self, key: Key, compiled: &[u8]) -> io::Result<()> {
        // Made by us, for nobody else (`O_EXCL`, mode 0600), under a name that no other process has.
        let mut draft = tempfile::Builder::new().suffix(".cwasm-draft").tempfile_in(&self.folder)?;
        for part in [MAGIC.as_slice(), &key.0, &Sha256::digest(compiled), compiled] {
            draft.write_all(part)?;
        }
        draft.persist(self.folder.join(key.file_name())).map_err(|error| error.error)?;
        self.shrink()
    }

    /// Removes what was used longest ago, until the rest fits. Another process may be at it too: what is gone is gone.
    fn shrink(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours = SUFFIXES.iter().any(|suffix| name.to_string_lossy().ends_with(suffix));
            let Some(meta) = entry.metadata().ok().filter(|meta| is_ours && meta.is_file()) else { continue };
            files.push((meta.modified()?, meta.len(), entry.path()));
        }
        files.sort();
        let mut size: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if size <= self.limit {
                break;
            }
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => size -= len,
            }
        }
        Ok(())
    }
}

/// Whether it begins as a file of that key does, and goes on as it was written.
fn check_header(text: &[u8], key: Key) -> io::Result<()> {
    let (header, compiled) = text.split_at_checked(HEADER).unwrap_or_default();
    let expected = [MAGIC.as_slice(), &key.0, &Sha256::digest(compiled)].concat();
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is not as it was written");
    if header == expected { Ok(()) } else { Err(damaged()) }
}

#[expect(
    unsafe_code,
    reason = "wasmtime can't check machine code; that it is ours is checked by owner, mode and sum"
)]
fn deserialize(engine: &wasmtime::Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from `precompile_component`, either just now or by way of a file that only this user
    // could have written, and that is as it was written.
    unsafe { Component::deserialize(engine, compiled) }
}

/// Whether it is a file or folder that only this user may write.
fn check_owner(meta: &fs::Metadata) -> io::Result<()> {
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let kind = meta.is_dir() || meta.is_file();
    let ours = kind && meta.uid() == current_user() && meta.mode() & WRITABLE_BY_OTHERS == 0;
    if ours { Ok(()) } else { Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write it")) }
}

#[expect(unsafe_code, reason = "a system call without arguments that can't fail")]
fn current_user() -> u32 {
    // SAFETY: geteuid has no precondition.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests;
