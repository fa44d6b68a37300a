//! How host functions read and write a module's memory, and what they tell it where they can't: a status, or the end.

use super::abi::Status;
use super::state::VmState;
use module::Outside;
pub(super) use module::{Module, Span, part, span};
use sandbox::Context;
use std::sync::Arc;
use wasmtime::TypedFunc;

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
pub(super) trait VmMemory {
    fn vm(&mut self) -> Result<&mut VmState, Stop>;

    /// Bytes of the module, beside the store's data.
    fn read(&mut self, span: Span) -> Result<(&[u8], &mut Context), Stop>;

    /// The same, of two runs.
    fn read_both(&mut self, one: Span, other: Span) -> Result<(&[u8], &[u8], &mut Context), Stop>;

    /// All of its memory, beside the store's data.
    fn bytes(&mut self) -> Result<(&[u8], &mut Context), Stop>;

    /// Writes bytes to where there is room for them.
    fn write(&mut self, at: u32, bytes: &[u8]) -> Done;

    fn write_number(&mut self, at: u32, number: u32) -> Done;

    /// Hands over bytes, in memory that the module gives for them. None are no memory at all.
    fn give(
        &mut self,
        to: Pointers,
        fill: impl FnOnce(&mut Context, &mut Vec<u8>) -> Result<(), Stop>,
    ) -> Done;
}

impl VmMemory for Module<'_> {
    fn vm(&mut self) -> Result<&mut VmState, Stop> {
        self.context().own.get_mut::<VmState>().ok_or(Stop::Status(Status::InternalFailure))
    }

    fn read(&mut self, span: Span) -> Result<(&[u8], &mut Context), Stop> {
        Ok(self.look(span)?)
    }

    fn read_both(&mut self, one: Span, other: Span) -> Result<(&[u8], &[u8], &mut Context), Stop> {
        let (bytes, context) = self.look_at_all()?;
        Ok((part(bytes, one)?, part(bytes, other)?, context))
    }

    fn bytes(&mut self) -> Result<(&[u8], &mut Context), Stop> {
        Ok(self.look_at_all()?)
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Done {
        Ok(self.put(at, bytes)?)
    }

    fn write_number(&mut self, at: u32, number: u32) -> Done {
        Ok(self.put_number(at, number)?)
    }

    fn give(
        &mut self,
        to: Pointers,
        fill: impl FnOnce(&mut Context, &mut Vec<u8>) -> Result<(), Stop>,
    ) -> Done {
        let mut bytes = std::mem::take(&mut self.vm()?.scratch);
        bytes.clear();
        let done = match fill(self.context(), &mut bytes) {
            Ok(()) => hand_over(self, to, &bytes),
            Err(stop) => Err(stop),
        };
        // Kept for the next, unless it is large.
        const KEPT: usize = 64 << 10;
        if bytes.capacity() <= KEPT {
            self.vm()?.scratch = bytes;
        }
        done
    }
}

/// Writes bytes into memory that the module gives for them, and says where they are.
fn hand_over(module: &mut Module<'_>, to: Pointers, bytes: &[u8]) -> Done {
    let length = u32::try_from(bytes.len()).map_err(|_| Status::InternalFailure)?;
    let at = if length == 0 { 0 } else { allocate(module, length)? };
    if length > 0 {
        module.write(at, bytes)?;
    }
    module.write_number(to.at, at)?;
    module.write_number(to.length, length)
}

/// Asks the module for memory.
fn allocate(module: &mut Module<'_>, length: u32) -> Result<u32, Stop> {
    let allocate = allocator(module)?;
    match allocate.call(module.caller(), length)? {
        0 => Err(Status::InternalFailure.into()),
        at => Ok(at),
    }
}

/// What gives it, which is looked for when it is first asked.
fn allocator(module: &mut Module<'_>) -> Result<Arc<TypedFunc<u32, u32>>, Stop> {
    let vm = module.vm()?;
    if let Some(known) = &vm.allocate {
        return Ok(Arc::clone(known));
    }
    let exports = Arc::clone(&vm.module.exports);
    let found = exports.allocator(module.caller())?.ok_or(Status::InternalFailure)?;
    Ok(Arc::clone(module.vm()?.allocate.insert(Arc::new(found))))
}
