//! What is there by name, and refused: foreign functions.

use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::ENV;
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Span, VmMemory, span, told};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_call_foreign_function",
        |caller: Caller<'_, Context>, name: u32, length: u32, _: u32, _: u32, _: u32, _: u32| {
            let mut module = Module::calls(caller)?;
            told(foreign(&mut module, span(name, length)))
        },
    )?;
    // What old compilers import, and nobody needs to be told here.
    linker.func_wrap(ENV, "emscripten_notify_memory_growth", |_: Caller<'_, Context>, _: u32| {})?;
    Ok(())
}

/// There are none; where the name is, is looked at all the same.
fn foreign(module: &mut Module<'_>, name: Span) -> Done {
    module.read(name)?;
    Err(Status::NotFound.into())
}
