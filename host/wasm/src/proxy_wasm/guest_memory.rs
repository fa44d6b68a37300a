//! How host functions read and write a module's memory, and what they tell it where they can't: a status, or the end.

use std::sync::Arc;

use wasmtime::TypedFunc;

use super::abi::Status;
use super::state::VmState;
use crate::context::Context;
use crate::module::Outside;
pub(super) use crate::module::{Module, Span, part, span};
use crate::plugin::Blueprint;

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

impl From<Outside> for Status {
    fn from(Outside: Outside) -> Self {
        Status::InvalidMemoryAccess
    }
}

impl From<Outside> for Stop {
    fn from(outside: Outside) -> Self {
        Stop::Status(outside.into())
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

/// Where a host function is to leave bytes: their place, and how many they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointers {
    pub(super) at: u32,
    pub(super) length: u32,
}

/// What only such modules have: a state of theirs, and memory that they give.
impl Module<'_> {
    pub(super) fn vm(&mut self) -> Result<&mut VmState, Stop> {
        self.context().vm.as_deref_mut().ok_or(Stop::Status(Status::InternalFailure))
    }

    /// Bytes of the module, beside the store's data.
    pub(super) fn read(&mut self, span: Span) -> Result<(&[u8], &mut Context), Stop> {
        Ok(self.look(span)?)
    }

    /// The same, of two runs.
    pub(super) fn read_both(&mut self, one: Span, other: Span) -> Result<(&[u8], &[u8], &mut Context), Stop> {
        let (bytes, context) = self.look_at_all()?;
        Ok((part(bytes, one)?, part(bytes, other)?, context))
    }

    /// All of its memory, beside the store's data.
    pub(super) fn bytes(&mut self) -> Result<(&[u8], &mut Context), Stop> {
        Ok(self.look_at_all()?)
    }

    /// Writes bytes to where there is room for them.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Done {
        Ok(self.put(at, bytes)?)
    }

    pub(super) fn write_number(&mut self, at: u32, number: u32) -> Done {
        Ok(self.put_number(at, number)?)
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
        let allocate = self.allocator()?;
        match allocate.call(self.caller(), length)? {
            0 => Err(Status::InternalFailure.into()),
            at => Ok(at),
        }
    }

    /// What gives it, which is looked for when it is first asked.
    fn allocator(&mut self) -> Result<Arc<TypedFunc<u32, u32>>, Stop> {
        if let Some(known) = &self.vm()?.allocate {
            return Ok(Arc::clone(known));
        }
        let Blueprint::Module(module) = &self.context().plugin.blueprint else {
            return Err(Status::InternalFailure.into());
        };
        let exports = Arc::clone(&module.exports);
        let found = exports.allocator(self.caller())?.ok_or(Status::InternalFailure)?;
        Ok(Arc::clone(self.vm()?.allocate.insert(Arc::new(found))))
    }
}
