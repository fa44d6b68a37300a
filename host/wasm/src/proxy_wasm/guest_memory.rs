//! How host functions read and write a module's memory: every pointer and every length is the module's word, and is held
//! against what memory there is before anything is read, written or reserved.

use wasmtime::{Caller, Memory};

use super::abi::Status;
use super::state::VmState;
use crate::context::Context;

/// Why a host function has not done what it was asked.
pub(super) enum Stop {
    /// The module is told.
    Status(Status),
    /// It ends.
    Trap(wasmtime::Error),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Stop::Status(status)
    }
}

impl From<wasmtime::Error> for Stop {
    fn from(error: wasmtime::Error) -> Self {
        Stop::Trap(error)
    }
}

/// What a host function has come to.
pub(super) type Done = Result<(), Stop>;

/// The same, as the module is told.
pub(super) fn told(done: Done) -> wasmtime::Result<u32> {
    match done {
        Ok(()) => Ok(Status::Ok as u32),
        Err(Stop::Status(status)) => Ok(status as u32),
        Err(Stop::Trap(error)) => Err(error),
    }
}

/// A run of bytes in the module's memory, as it says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    at: u32,
    length: u32,
}

/// A run of bytes there.
pub(super) fn span(at: u32, length: u32) -> Span {
    Span { at, length }
}

/// Where a host function is to leave bytes: their place, and how many they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointers {
    pub(super) at: u32,
    pub(super) length: u32,
}

/// The module that has called a host function.
pub(super) struct Module<'a>(Caller<'a, Context>);

impl<'a> Module<'a> {
    /// Counts the call.
    pub(super) fn calls(mut caller: Caller<'a, Context>) -> wasmtime::Result<Self> {
        caller.data_mut().count_call()?;
        Ok(Module(caller))
    }

    pub(super) fn context(&mut self) -> &mut Context {
        self.0.data_mut()
    }

    pub(super) fn vm(&mut self) -> Result<&mut VmState, Stop> {
        self.context().vm.as_deref_mut().ok_or(Stop::Status(Status::InternalFailure))
    }

    /// Bytes of the module, beside the store's data.
    pub(super) fn read(&mut self, span: Span) -> Result<(&[u8], &mut Context), Stop> {
        let memory = self.memory()?;
        let (bytes, context) = memory.data_and_store_mut(&mut self.0);
        Ok((part(bytes, span)?, context))
    }

    /// The same, of two runs.
    pub(super) fn read_both(&mut self, one: Span, other: Span) -> Result<(&[u8], &[u8], &mut Context), Stop> {
        let memory = self.memory()?;
        let (bytes, context) = memory.data_and_store_mut(&mut self.0);
        Ok((part(bytes, one)?, part(bytes, other)?, context))
    }

    /// All of its memory, beside the store's data.
    pub(super) fn bytes(&mut self) -> Result<(&[u8], &mut Context), Stop> {
        let memory = self.memory()?;
        let (bytes, context) = memory.data_and_store_mut(&mut self.0);
        Ok((bytes, context))
    }

    /// Writes bytes to where there is room for them.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Done {
        let memory = self.memory()?;
        let room = memory.data_mut(&mut self.0);
        let start = usize::try_from(at).map_err(|_| Status::InvalidMemoryAccess)?;
        let end = start.checked_add(bytes.len()).ok_or(Status::InvalidMemoryAccess)?;
        room.get_mut(start..end).ok_or(Status::InvalidMemoryAccess)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn write_number(&mut self, at: u32, number: u32) -> Done {
        self.write(at, &number.to_le_bytes())
    }

    /// Hands over bytes, in memory that the module gives for them. None are no memory at all.
    pub(super) fn give(
        &mut self,
        to: Pointers,
        fill: impl FnOnce(&mut Context, &mut Vec<u8>) -> Result<(), Stop>,
    ) -> Done {
        let mut bytes = std::mem::take(&mut self.vm()?.scratch);
        bytes.clear();
        let done = match fill(self.context(), &mut bytes) {
            Ok(()) => self.hand_over(to, &bytes),
            Err(stop) => Err(stop),
        };
        // Kept for the next, unless it is large.
        const KEPT: usize = 64 << 10;
        if bytes.capacity() <= KEPT {
            self.vm()?.scratch = bytes;
        }
        done
    }

    fn hand_over(&mut self, to: Pointers, bytes: &[u8]) -> Done {
        let length = u32::try_from(bytes.len()).map_err(|_| Status::InternalFailure)?;
        let at = if length == 0 { 0 } else { self.allocate(length)? };
        if length > 0 {
            self.write(at, bytes)?;
        }
        self.write_number(to.at, at)?;
        self.write_number(to.length, length)
    }

    /// Asks the module for memory.
    fn allocate(&mut self, length: u32) -> Result<u32, Stop> {
        let allocate = self.vm()?.allocate.clone().ok_or(Status::InternalFailure)?;
        match allocate.call(&mut self.0, length)? {
            0 => Err(Status::InternalFailure.into()),
            at => Ok(at),
        }
    }

    fn memory(&mut self) -> Result<Memory, Stop> {
        // A module that calls host functions in its start function has not said yet where its memory is.
        self.vm()?.memory.ok_or(Stop::Status(Status::InvalidMemoryAccess))
    }
}

/// The bytes of a run, if they are there.
pub(super) fn part(bytes: &[u8], span: Span) -> Result<&[u8], Status> {
    let start = usize::try_from(span.at).map_err(|_| Status::InvalidMemoryAccess)?;
    let length = usize::try_from(span.length).map_err(|_| Status::InvalidMemoryAccess)?;
    let end = start.checked_add(length).ok_or(Status::InvalidMemoryAccess)?;
    bytes.get(start..end).ok_or(Status::InvalidMemoryAccess)
}

impl Span {
    /// Where it begins, of something else than memory.
    pub(super) fn start(self) -> usize {
        usize::try_from(self.at).unwrap_or(usize::MAX)
    }

    /// How long it is.
    pub(super) fn length(self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// As much of it as there is.
    pub(super) fn within(self, bytes: &[u8]) -> &[u8] {
        let rest = bytes.get(self.start().min(bytes.len())..).unwrap_or_default();
        rest.get(..self.length().min(rest.len())).unwrap_or(rest)
    }
}
