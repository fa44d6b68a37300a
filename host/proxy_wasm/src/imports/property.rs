//! `proxy_get_property` and `proxy_set_property`.

use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::ENV;
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Pointers, Span, Stop, VmMemory, span, told};
use crate::properties;
use crate::state::VmState;

/// How long a path may be.
const PATH_LIMIT: usize = 512;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_property",
        |caller: Caller<'_, Context>, path: u32, path_length: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(get(&mut module, span(path, path_length), Pointers { at, length }))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_property",
        |caller: Caller<'_, Context>, path: u32, path_length: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(set(&mut module, span(path, path_length), span(at, length)))
        },
    )?;
    Ok(())
}

fn get(module: &mut Module<'_>, path: Span, to: Pointers) -> Done {
    let (path, _) = module.read(path)?;
    if path.len() > PATH_LIMIT {
        return Err(Status::BadArgument.into());
    }
    let path = path.to_vec();
    module.give(to, |context, into| match properties::write(context, &path, into) {
        true => Ok(()),
        false => Err(Status::NotFound.into()),
    })
}

fn set(module: &mut Module<'_>, path: Span, value: Span) -> Done {
    let (path, value, context) = module.read_both(path, value)?;
    if path.len() > PATH_LIMIT {
        return Err(Status::BadArgument.into());
    }
    let stream = context.own.get_mut::<VmState>().and_then(|vm| vm.stream()).ok_or(Status::NotFound)?;
    stream.set_property(path, value).map_err(Stop::Status)
}
