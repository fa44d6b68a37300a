//! How host functions read and write a module's memory: every pointer and every length is the module's word, and is held
//! against what memory there is before anything is read, written or reserved.

use sandbox::Context;
use wasmtime::{Caller, Memory};

/// A run of bytes that is not in the module's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it points outside of its memory")]
pub struct Outside;

/// A run of bytes in the module's memory, as it says.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    at: u32,
    length: u32,
}

/// A run of bytes there.
pub fn span(at: u32, length: u32) -> Span {
    Span { at, length }
}

/// The module that has called a host function.
pub struct Module<'a>(Caller<'a, Context>);

impl<'a> Module<'a> {
    /// Counts the call.
    pub fn calls(mut caller: Caller<'a, Context>) -> wasmtime::Result<Self> {
        caller.data_mut().count_call()?;
        Ok(Module(caller))
    }

    /// The store's data.
    pub fn context(&mut self) -> &mut Context {
        self.0.data_mut()
    }

    /// What it has called from, to call it back.
    pub fn caller(&mut self) -> &mut Caller<'a, Context> {
        &mut self.0
    }

    /// Bytes of the module, beside the store's data.
    pub fn look(&mut self, span: Span) -> Result<(&[u8], &mut Context), Outside> {
        let (bytes, context) = self.look_at_all()?;
        Ok((part(bytes, span)?, context))
    }

    /// All of its memory, beside the store's data.
    pub fn look_at_all(&mut self) -> Result<(&[u8], &mut Context), Outside> {
        let memory = self.memory()?;
        let (bytes, context) = memory.data_and_store_mut(&mut self.0);
        Ok((bytes, context))
    }

    /// Room in its memory, beside the store's data.
    pub fn room(&mut self, span: Span) -> Result<(&mut [u8], &mut Context), Outside> {
        let memory = self.memory()?;
        let (bytes, context) = memory.data_and_store_mut(&mut self.0);
        Ok((bytes.get_mut(span.range()?).ok_or(Outside)?, context))
    }

    /// Writes bytes to where there is room for them.
    pub fn put(&mut self, at: u32, bytes: &[u8]) -> Result<(), Outside> {
        let length = u32::try_from(bytes.len()).map_err(|_| Outside)?;
        self.room(span(at, length))?.0.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a number to where there is room for it.
    pub fn put_number(&mut self, at: u32, number: u32) -> Result<(), Outside> {
        self.put(at, &number.to_le_bytes())
    }

    fn memory(&mut self) -> Result<Memory, Outside> {
        if let Some(memory) = self.context().memory {
            return Ok(memory);
        }
        // A module that calls host functions in its start function has not been looked at yet.
        let memory = self.0.get_export("memory").and_then(wasmtime::Extern::into_memory).ok_or(Outside)?;
        self.context().memory = Some(memory);
        Ok(memory)
    }
}

/// The bytes of a run, if they are there.
pub fn part(bytes: &[u8], span: Span) -> Result<&[u8], Outside> {
    bytes.get(span.range()?).ok_or(Outside)
}

impl Span {
    /// Where it begins, of something else than memory.
    pub fn start(self) -> usize {
        usize::try_from(self.at).unwrap_or(usize::MAX)
    }

    /// So much of it from where it begins, if it is that long.
    pub fn beginning(self, length: u32) -> Option<Span> {
        (length <= self.length).then_some(Span { length, ..self })
    }

    /// How long it is.
    pub fn length(self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// As much of it as there is.
    pub fn within(self, bytes: &[u8]) -> &[u8] {
        let rest = bytes.get(self.start().min(bytes.len())..).unwrap_or_default();
        rest.get(..self.length().min(rest.len())).unwrap_or(rest)
    }

    fn range(self) -> Result<std::ops::Range<usize>, Outside> {
        let end = self.start().checked_add(self.length()).ok_or(Outside)?;
        Ok(self.start()..end)
    }
}
