//! Machine code that is ready to run, and whether its pages can be had again from a file.

use std::sync::OnceLock;

use crate::machine_code::MachineCode;

/// Machine code of a component or a module.
#[derive(Debug)]
pub(crate) struct Artifact {
    code: MachineCode,
    held: Held,
}

/// Where its pages are.
#[derive(Debug)]
enum Held {
    /// In memory, and nowhere else.
    Memory,
    /// In a file that is mapped; whether those that loading has touched were given back.
    Mapped(OnceLock<()>),
}

impl Artifact {
    pub(crate) fn in_memory(code: MachineCode) -> Self {
        Artifact { code, held: Held::Memory }
    }

    /// One that all pages of are those of a file, and stay so.
    pub(super) fn mapped(code: MachineCode) -> Self {
        Artifact { code, held: Held::Mapped(OnceLock::new()) }
    }

    pub(crate) fn code(&self) -> &MachineCode {
        &self.code
    }

    /// Gives back the pages that loading and trying it took, the first time that this is called: most components of many wait
    /// for a request that is long in coming. Those that one needs come back from the system's copy of the file.
    pub(crate) fn settle(&self) {
        if let Held::Mapped(settled) = &self.held {
            settled.get_or_init(|| give_back(&self.code));
        }
    }
}

#[expect(unsafe_code, reason = "there is no safe way to say that pages of a mapping are not needed for now")]
fn give_back(code: &MachineCode) {
    let image = code.image_range();
    let length = image.end.addr().saturating_sub(image.start.addr());
    // SAFETY: the range is a private mapping of a file that nobody writes, and that wasmtime has made read-only without having
    // written to it: there are no relocations. So what is read there next is what was there before. It begins at a page,
    // and the component that it belongs to is alive. Where the system refuses, nothing is given back.
    unsafe { libc::madvise(image.start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}
