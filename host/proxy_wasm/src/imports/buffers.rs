//! Buffers: bodies, answers' bodies and configurations.

use model::BodyOf;
use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::ENV;
use crate::abi::{Buffer, Status};
use crate::guest_memory::{Done, Module, Pointers, Span, Stop, VmMemory, span, told};
use crate::state::VmState;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_buffer_bytes",
        |caller: Caller<'_, Context>, buffer: u32, start: u32, size: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(get(&mut module, buffer, span(start, size), Pointers { at, length }))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_get_buffer_status",
        |caller: Caller<'_, Context>, buffer: u32, length: u32, flags: u32| {
            let mut module = Module::calls(caller)?;
            told(status(&mut module, buffer, length, flags))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_buffer_bytes",
        |caller: Caller<'_, Context>, buffer: u32, start: u32, size: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(set(&mut module, buffer, span(start, size), span(at, length)))
        },
    )?;
    // Version 0.1.0 has a function for what is a buffer since.
    linker.func_wrap(
        ENV,
        "proxy_get_configuration",
        |caller: Caller<'_, Context>, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(get(&mut module, PLUGIN_CONFIGURATION, span(0, u32::MAX), Pointers { at, length }))
        },
    )?;
    Ok(())
}

/// The number of that buffer.
const PLUGIN_CONFIGURATION: u32 = 7;

fn get(module: &mut Module<'_>, buffer: u32, of: Span, to: Pointers) -> Done {
    let buffer = Buffer::of(buffer)?;
    module.give(to, |context, into| {
        let bytes = bytes(context, buffer).ok_or(Status::NotFound)?;
        into.extend_from_slice(of.within(bytes));
        Ok(())
    })
}

fn status(module: &mut Module<'_>, buffer: u32, length: u32, flags: u32) -> Done {
    let buffer = Buffer::of(buffer)?;
    let bytes = bytes(module.context(), buffer).ok_or(Status::NotFound)?.len();
    module.write_number(length, u32::try_from(bytes).unwrap_or(u32::MAX))?;
    module.write_number(flags, 0)
}

fn set(module: &mut Module<'_>, buffer: u32, at: Span, with: Span) -> Done {
    let of = match Buffer::of(buffer)? {
        Buffer::RequestBody => BodyOf::Request,
        Buffer::ResponseBody => BodyOf::Response,
        _ => return Err(Status::BadArgument.into()),
    };
    let (with, context) = module.read(with)?;
    let limit = context.plugin.spec.limits.body;
    let stream = context.own.get_mut::<VmState>().and_then(|vm| vm.stream());
    let body = stream.and_then(|stream| stream.way(of).body.as_mut()).ok_or(Status::NotFound)?;
    body.splice(at.start(), at.length(), with, limit).map_err(Stop::Status)
}

/// What a buffer holds, if it is there now.
fn bytes(context: &mut Context, buffer: Buffer) -> Option<&[u8]> {
    let of = match buffer {
        Buffer::RequestBody => BodyOf::Request,
        Buffer::ResponseBody => BodyOf::Response,
        Buffer::AnswerBody => {
            return context.own.get::<VmState>()?.answer.as_ref().map(|answer| &*answer.reply.body);
        }
        Buffer::GrpcMessage => return context.own.get::<VmState>()?.grpc.as_ref()?.message.as_deref(),
        Buffer::VmConfiguration | Buffer::PluginConfiguration => return configuration(context, buffer),
        Buffer::Nothing => return None,
    };
    Some(context.own.get_mut::<VmState>()?.stream()?.way(of).body.as_ref()?.bytes())
}

fn configuration(context: &Context, buffer: Buffer) -> Option<&[u8]> {
    let module = &context.own.get::<VmState>()?.module;
    match buffer {
        Buffer::VmConfiguration => Some(&module.vm_configuration),
        _ => Some(&module.configuration),
    }
}
