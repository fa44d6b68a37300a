//! The cache of compiled components, so that a start or a reload need not compile what was compiled before.
//!
//! A file's name is the hash of the component and of all that wasmtime's compiler depends on. What is read back is
//! machine code that the process will run: only files that this user owns and nobody else may write are taken, from a
//! folder of which the same is true.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

/// How many bytes the folder may hold; the files that were written longest ago are removed.
const SIZE_LIMIT: u64 = 1 << 30;

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct AotCache {
    folder: PathBuf,
}

impl AotCache {
    /// Opens the folder, which is made if it is not there. One that others may write is refused.
    pub fn open(folder: &Path) -> io::Result<AotCache> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        check_owner(&fs::metadata(folder)?)?;
        Ok(AotCache { folder: folder.to_owned() })
    }

    /// The component, from the folder if it is there; else compiled, and kept.
    pub(crate) fn component(&self, engine: &wasmtime::Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
        let path = self.folder.join(name(engine, bytes));
        if let Some(component) = read(engine, &path) {
            return Ok(component);
        }
        let compiled = engine.precompile_component(bytes)?;
        let component = deserialize(engine, &compiled)?;
        if let Err(error) = self.keep(&path, &compiled) {
            tracing::warn!(path = %path.display(), %error, "a compiled component was not cached");
        }
        Ok(component)
    }

    /// Writes a file whole or not at all, whoever else writes the same.
    fn keep(&self, path: &Path, compiled: &[u8]) -> io::Result<()> {
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        io::Write::write_all(&mut file, compiled)?;
        fs::rename(&draft, path)?;
        self.shrink()
    }

    fn shrink(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            files.push((meta.modified()?, meta.len(), entry.path()));
        }
        files.sort();
        let mut size: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if size <= SIZE_LIMIT {
                break;
            }
            fs::remove_file(path)?;
            size -= len;
        }
        Ok(())
    }
}

fn name(engine: &wasmtime::Engine, bytes: &[u8]) -> String {
    let mut compiler = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compiler);
    let content = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{content}-{:016x}.cwasm", compiler.finish())
}

fn read(engine: &wasmtime::Engine, path: &Path) -> Option<Component> {
    check_owner(&fs::symlink_metadata(path).ok()?).ok()?;
    deserialize(engine, &fs::read(path).ok()?).ok()
}

#[expect(
    unsafe_code,
    reason = "wasmtime can't check machine code; that it is ours is checked by owner and mode"
)]
fn deserialize(engine: &wasmtime::Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from `precompile_component`, either just now or by way of a file that only this user
    // could have written.
    unsafe { Component::deserialize(engine, compiled) }
}

/// Whether only this user may write it.
fn check_owner(meta: &fs::Metadata) -> io::Result<()> {
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let ours = meta.uid() == current_user() && meta.mode() & WRITABLE_BY_OTHERS == 0 && !meta.is_symlink();
    if ours { Ok(()) } else { Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write it")) }
}

#[expect(unsafe_code, reason = "a system call without arguments that can't fail")]
fn current_user() -> u32 {
    // SAFETY: geteuid has no precondition.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn cached(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_component_is_compiled_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AotCache::open(folder.path()).unwrap();
        let engine = wasmtime::Engine::default();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        let [file] = cached(folder.path()).try_into().unwrap();
        let written = fs::metadata(&file).unwrap().ino();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().ino(), written, "not written again");
    }

    #[test]
    fn what_others_could_have_written_is_compiled_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AotCache::open(folder.path()).unwrap();
        let engine = wasmtime::Engine::default();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        let [file] = cached(folder.path()).try_into().unwrap();
        fs::write(&file, b"not machine code").unwrap();
        cache.component(&engine, EMPTY_COMPONENT).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(read(&engine, &file).is_none());
    }

    #[test]
    fn a_folder_that_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(AotCache::open(folder.path()).is_err());
    }
}
