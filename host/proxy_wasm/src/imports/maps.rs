//! Maps of fields: of the request, the response, and the answer to a callout.

use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::ENV;
use super::fields::{Change, change, head};
use crate::abi::{Abi, Map, Status};
use crate::guest_memory::{Done, Module, Pointers, Span, Stop, VmMemory, part, span, told};
use crate::pairs;
use crate::state::VmState;

/// How long a field's name may be.
const NAME_LIMIT: usize = 256;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    add_readers(linker)?;
    linker.func_wrap(
        ENV,
        "proxy_set_header_map_pairs",
        |caller: Caller<'_, Context>, map: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(set_pairs(&mut module, map, span(at, length)))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_add_header_map_value",
        |caller: Caller<'_, Context>,
         map: u32,
         name: u32,
         name_length: u32,
         value: u32,
         value_length: u32| {
            let mut module = Module::calls(caller)?;
            let (name, value) = (span(name, name_length), span(value, value_length));
            told(set_value(&mut module, map, name, value, Change::Add))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_replace_header_map_value",
        |caller: Caller<'_, Context>,
         map: u32,
         name: u32,
         name_length: u32,
         value: u32,
         value_length: u32| {
            let mut module = Module::calls(caller)?;
            let (name, value) = (span(name, name_length), span(value, value_length));
            told(set_value(&mut module, map, name, value, Change::Replace))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_remove_header_map_value",
        |caller: Caller<'_, Context>, map: u32, name: u32, name_length: u32| {
            let mut module = Module::calls(caller)?;
            told(set_value(&mut module, map, span(name, name_length), span(0, 0), |_| Change::Remove))
        },
    )?;
    Ok(())
}

fn add_readers(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_header_map_pairs",
        |caller: Caller<'_, Context>, map: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(get_pairs(&mut module, map, Pointers { at, length }))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_get_header_map_size",
        |caller: Caller<'_, Context>, map: u32, to: u32| {
            let mut module = Module::calls(caller)?;
            told(size(&mut module, map, to))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_get_header_map_value",
        |caller: Caller<'_, Context>, map: u32, name: u32, name_length: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(get_value(&mut module, map, span(name, name_length), Pointers { at, length }))
        },
    )?;
    Ok(())
}

fn get_pairs(module: &mut Module<'_>, map: u32, to: Pointers) -> Done {
    let map = Map::of(map)?;
    module.give(to, |context, into| {
        if let Some(head) = head(context, map) {
            pairs::write(&head.pairs(), into);
        }
        Ok(())
    })
}

fn size(module: &mut Module<'_>, map: u32, to: u32) -> Done {
    let map = Map::of(map)?;
    let bytes = head(module.context(), map).map_or(0, |head| {
        head.pairs().iter().fold(0, |sum: usize, (name, value)| sum + name.len() + value.len())
    });
    module.write_number(to, u32::try_from(bytes).unwrap_or(u32::MAX))
}

fn get_value(module: &mut Module<'_>, map: u32, name: Span, to: Pointers) -> Done {
    let map = Map::of(map)?;
    let mut copy = [0; NAME_LIMIT];
    let name = copy_name(module, name, &mut copy)?;
    module.give(to, |context, into| {
        let absence = absence(context);
        let head = head(context, map);
        match head.as_ref().and_then(|head| head.value(name)) {
            Some(value) => into.extend_from_slice(value),
            None => absence?,
        }
        Ok(())
    })
}

/// What a field comes to that is not there. Version 0.1.0 has no word for that, and modules that were built for it end when they
/// read another: it is empty then, as in Envoy.
fn absence(context: &Context) -> Result<(), Status> {
    match context.own.get::<VmState>() {
        Some(vm) if vm.module.abi == Abi::V0_1_0 => Ok(()),
        _ => Err(Status::NotFound),
    }
}

/// A field's name, out of the module's memory, which is about to change.
fn copy_name<'c>(
    module: &mut Module<'_>,
    name: Span,
    copy: &'c mut [u8; NAME_LIMIT],
) -> Result<&'c [u8], Stop> {
    let (name, _) = module.read(name)?;
    let room = copy.get_mut(..name.len()).ok_or(Status::BadArgument)?;
    room.copy_from_slice(name);
    Ok(room)
}

fn set_value<'m>(
    module: &'m mut Module<'_>,
    map: u32,
    name: Span,
    value: Span,
    how: impl FnOnce(&'m [u8]) -> Change<'m>,
) -> Done {
    let map = Map::of(map)?;
    let (bytes, context) = module.bytes()?;
    let (name, value) = (part(bytes, name)?, part(bytes, value)?);
    change(context, map, |head| head.change(name, how(value))).map_err(Stop::Status)
}

fn set_pairs(module: &mut Module<'_>, map: u32, span: Span) -> Done {
    let map = Map::of(map)?;
    let (bytes, context) = module.read(span)?;
    let pairs = pairs::read(bytes).ok_or(Status::BadArgument)?;
    change(context, map, |head| head.replace_all(&pairs)).map_err(Stop::Status)
}
