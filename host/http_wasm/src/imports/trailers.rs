//! Fields for modules that see trailers: those stand behind a body, which is waited for where it has to be.
//!
//! The functions are those of [`fields`](super::fields), which wait for nothing; these take their place in the linker of a module that
//! has enabled trailers when it started.

use wasmtime::{Caller, Linker};

use super::bodies::fetch;
use super::fields::{How, edit, names, values};
use super::{MODULE, stage, state};
use crate::abi::{Features, HeaderKind};
use module::{Module, span};
use sandbox::Context;

/// Puts them in the place of those that don't wait.
pub(crate) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    add_readers(linker)?;
    for (function, how) in [("set_header_value", How::Set), ("add_header_value", How::Add)] {
        linker.func_wrap_async(
            MODULE,
            function,
            move |caller: Caller<'_, Context>,
                  (kind, name, name_length, value, value_length): (u32, u32, u32, u32, u32)| {
                Box::new(async move {
                    let (mut module, kind) = called(caller, kind).await?;
                    edit(&mut module, kind, span(name, name_length), span(value, value_length), how)
                })
            },
        )?;
    }
    linker.func_wrap_async(
        MODULE,
        "remove_header",
        |caller: Caller<'_, Context>, (kind, name, length): (u32, u32, u32)| {
            Box::new(async move {
                let (mut module, kind) = called(caller, kind).await?;
                edit(&mut module, kind, span(name, length), span(0, 0), How::Remove)
            })
        },
    )?;
    Ok(())
}

fn add_readers(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "get_header_names",
        |caller: Caller<'_, Context>, (kind, at, limit): (u32, u32, u32)| {
            Box::new(async move {
                let (mut module, kind) = called(caller, kind).await?;
                names(&mut module, kind, span(at, limit))
            })
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "get_header_values",
        |caller: Caller<'_, Context>, (kind, name, length, at, limit): (u32, u32, u32, u32, u32)| {
            Box::new(async move {
                let (mut module, kind) = called(caller, kind).await?;
                values(&mut module, kind, span(name, length), span(at, limit))
            })
        },
    )?;
    Ok(())
}

/// The module that has called one, when what it works on is here.
async fn called(caller: Caller<'_, Context>, kind: u32) -> wasmtime::Result<(Module<'_>, HeaderKind)> {
    let mut module = Module::calls(caller)?;
    let kind = HeaderKind::of(kind)?;
    let context = module.context();
    if let HeaderKind::Trailers(of) = kind
        && state(context)?.features.has(Features::TRAILERS)
    {
        let stage = stage(context)?;
        fetch(context, of, stage).await?;
    }
    Ok((module, kind))
}
