//! One file of the cache: what stands in it, whether it may be taken, and how it becomes code.
//!
//! A file is the compiled component, which is an ELF image, and after it a seal: what the file is, what it was made of and the
//! sum of the image. The image is at the start since it is mapped: its pages are the system's copy of the file, shared by
//! all processes that run it, and nobody's memory while no request needs them.
//!
//! A file is never written twice: it appears whole by a rename, and is removed. What is mapped of it stays what it was.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Precompiled};

use super::Artifact;
use crate::machine_code::MachineCode;

/// The longest file that is read back, so that one that grew by mistake does not fill the memory.
const FILE_LIMIT: u64 = 1 << 30;
/// How a seal begins: what it is, and the version of all of this.
pub(super) const MAGIC: [u8; 16] = *b"sandgate aot v3\n";
/// The magic, the key, and the sum of what is before them.
pub(super) const SEAL: usize = MAGIC.len() + 32 + 32;

/// What a file of the cache holds.
#[derive(Clone, Copy)]
pub(super) struct Key(pub(super) [u8; 32]);

impl Key {
    pub(super) fn file_name(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + ".cwasm"
    }

    /// What follows an image of that sum.
    fn seal(self, sum: Sha256) -> Vec<u8> {
        [MAGIC.as_slice(), &self.0, &sum.finalize()].concat()
    }
}

/// A file that is as it was written, by this user.
pub(super) struct Sealed {
    file: File,
    /// How long the image is.
    length: u64,
}

impl Sealed {
    /// Opens it, and reads all of it once, a little at a time. All is asked of the open file: between two looks at a name,
    /// another could have taken it.
    pub(super) fn open(path: &Path, key: Key) -> io::Result<Sealed> {
        let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path)?;
        let meta = file.metadata()?;
        check_owner(&meta)?;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is not as it was written");
        let length = meta.len().checked_sub(SEAL as u64).filter(|length| *length <= FILE_LIMIT);
        let length = length.ok_or_else(damaged)?;
        let mut sum = Sha256::new();
        io::copy(&mut (&file).take(length), &mut sum)?;
        let mut seal = Vec::with_capacity(SEAL);
        (&file).take(SEAL as u64 + 1).read_to_end(&mut seal)?;
        if seal != key.seal(sum) {
            return Err(damaged());
        }
        // When it was used last; if that can't be said, it is removed sooner.
        let _ = file.set_modified(SystemTime::now());
        Ok(Sealed { file, length })
    }

    /// Its code: mapped, or, where that can't be, read.
    pub(super) fn artifact(&self, engine: &Engine) -> wasmtime::Result<Artifact> {
        match self.mapped(engine) {
            Ok(code) => Ok(Artifact::mapped(code)),
            // There may be no /proc, or no programs may be run from where the folder is.
            Err(_) => Ok(Artifact::in_memory(deserialize(engine, &self.image()?)?)),
        }
    }

    /// By its descriptor, so that it is the very file that was looked at. The seal is mapped too, and is no part of the image.
    #[expect(
        unsafe_code,
        reason = "wasmtime can't check machine code; that it is ours is checked by owner, mode and sum"
    )]
    fn mapped(&self, engine: &Engine) -> wasmtime::Result<MachineCode> {
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let is_module = Engine::detect_precompiled_file(&path)? == Some(Precompiled::Module);
        // SAFETY: the file is what `MachineCode::precompile` gave, which its sum says, and only this user can have written that
        // or can write it. It does not change while it is mapped: Sandgate writes no file of the cache twice, and one that is
        // removed stays what it was for those who have it. (Whoever is this user and changes it could as well change
        // the memory of the process.)
        unsafe {
            match is_module {
                true => Module::deserialize_file(engine, path).map(MachineCode::Module),
                false => Component::deserialize_file(engine, path).map(MachineCode::Component),
            }
        }
    }

    /// The image, read.
    pub(super) fn image(&self) -> io::Result<Vec<u8>> {
        let mut image = Vec::new();
        (&self.file).seek(SeekFrom::Start(0))?;
        (&self.file).take(self.length).read_to_end(&mut image)?;
        Ok(image)
    }
}

/// Writes a file whole or not at all, whoever else writes the same; how long it is.
pub(super) fn write(folder: &Path, key: Key, image: &[u8]) -> io::Result<u64> {
    // Made by us, for nobody else (`O_EXCL`, mode 0600), under a name that no other process has.
    let mut draft = tempfile::Builder::new().suffix(".cwasm-draft").tempfile_in(folder)?;
    draft.write_all(image)?;
    draft.write_all(&key.seal(Sha256::new_with_prefix(image)))?;
    draft.persist(folder.join(key.file_name())).map_err(|error| error.error)?;
    Ok((image.len() + SEAL) as u64)
}

/// An image that is in memory.
#[expect(unsafe_code, reason = "wasmtime can't check machine code; that it is ours is known")]
pub(super) fn deserialize(engine: &Engine, image: &[u8]) -> wasmtime::Result<MachineCode> {
    let is_module = Engine::detect_precompiled(image) == Some(Precompiled::Module);
    // SAFETY: the bytes come from `MachineCode::precompile`, either just now or by way of a file that only this user
    // could have written, and that is as it was written.
    unsafe {
        match is_module {
            true => Module::deserialize(engine, image).map(MachineCode::Module),
            false => Component::deserialize(engine, image).map(MachineCode::Component),
        }
    }
}

/// Whether it is a file or folder that only this user may write.
pub(super) fn check_owner(meta: &fs::Metadata) -> io::Result<()> {
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
