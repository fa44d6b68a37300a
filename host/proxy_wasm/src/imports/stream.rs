//! What a module does with an exchange as a whole: goes on with it, answers it, or turns to another.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use model::{BodyOf, Reply};
use sandbox::{BODY_LIMIT, Context, check_status};
use wasmtime::{Caller, Linker};

use super::ENV;
use super::fields::{Change, field};
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Span, Stop, VmMemory, part, span, told};
use crate::state::{Callbacks, VmState};
use crate::stream::Stage;
use crate::{grpc, pairs};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(ENV, "proxy_continue_stream", |caller: Caller<'_, Context>, stream: u32| {
        let mut module = Module::calls(caller)?;
        told(match stream {
            REQUEST => go_on(&mut module, BodyOf::Request),
            RESPONSE => go_on(&mut module, BodyOf::Response),
            DOWNSTREAM | UPSTREAM => Err(Status::Unimplemented.into()),
            _ => Err(Status::BadArgument.into()),
        })
    })?;
    // Version 0.1.0 has one for each direction.
    linker.func_wrap(ENV, "proxy_continue_request", |caller: Caller<'_, Context>| {
        let mut module = Module::calls(caller)?;
        told(go_on(&mut module, BodyOf::Request))
    })?;
    linker.func_wrap(ENV, "proxy_continue_response", |caller: Caller<'_, Context>| {
        let mut module = Module::calls(caller)?;
        told(go_on(&mut module, BodyOf::Response))
    })?;
    linker.func_wrap(ENV, "proxy_close_stream", |caller: Caller<'_, Context>, stream: u32| {
        let mut module = Module::calls(caller)?;
        told(match stream {
            REQUEST | RESPONSE => close(&mut module),
            DOWNSTREAM | UPSTREAM => Err(Status::Unimplemented.into()),
            _ => Err(Status::BadArgument.into()),
        })
    })?;
    linker.func_wrap(
        ENV,
        "proxy_send_local_response",
        |caller: Caller<'_, Context>,
         status: u32,
         _details: u32,
         _details_length: u32,
         body: u32,
         body_length: u32,
         fields: u32,
         fields_length: u32,
         grpc_status: i32| {
            let mut module = Module::calls(caller)?;
            let (body, fields) = (span(body, body_length), span(fields, fields_length));
            told(send(&mut module, status, body, fields, grpc_status))
        },
    )?;
    linker.func_wrap(ENV, "proxy_set_effective_context", |caller: Caller<'_, Context>, context: u32| {
        let mut module = Module::calls(caller)?;
        told(module.context().turn_to(context).map_err(Stop::Status))
    })?;
    // A context ends with its exchange, whatever it has said to that; and a route is not looked for again.
    for name in ["proxy_done", "proxy_clear_route_cache"] {
        linker.func_wrap(ENV, name, |caller: Caller<'_, Context>| {
            Module::calls(caller)?;
            Ok(Status::Ok as u32)
        })?;
    }
    Ok(())
}

const REQUEST: u32 = 0;
const RESPONSE: u32 = 1;
const DOWNSTREAM: u32 = 2;
const UPSTREAM: u32 = 3;

/// Goes on with what was paused, or is about to be.
fn go_on(module: &mut Module<'_>, of: BodyOf) -> Done {
    module.vm()?.go_on(of).map_err(Stop::Status)
}

/// There is no way to leave a client without any answer: it gets this.
fn close(module: &mut Module<'_>) -> Done {
    let reply = Reply { status: StatusCode::BAD_GATEWAY, fields: HeaderMap::new(), body: Bytes::new() };
    answer(module.context(), reply).map_err(Stop::Status)
}

fn send(module: &mut Module<'_>, status: u32, body: Span, fields: Span, grpc_status: i32) -> Done {
    let (bytes, context) = module.bytes()?;
    let (body, fields) = (part(bytes, body)?, part(bytes, fields)?);
    let status = u16::try_from(status).ok().and_then(check_status).ok_or(Status::BadArgument)?;
    if body.len() > BODY_LIMIT {
        return Err(Status::BadArgument.into());
    }
    let mut head = HeaderMap::new();
    for (name, value) in pairs::read(fields).ok_or(Status::BadArgument)? {
        field(&mut head, name, Change::Add(value))?;
    }
    let for_grpc =
        u32::try_from(grpc_status).ok().filter(|_| context.exchange.as_deref().is_some_and(is_grpc));
    let reply = match for_grpc {
        Some(grpc_status) => grpc::reply(grpc_status, body, head),
        None => Reply { status, fields: head, body: Bytes::copy_from_slice(body) },
    };
    answer(context, reply).map_err(Stop::Status)
}

/// Answers the exchange at hand, unless it was answered already.
fn answer(context: &mut Context, reply: Reply) -> Result<(), Status> {
    let vm = context.own.get_mut::<VmState>().ok_or(Status::InternalFailure)?;
    let is_here = context.exchange.is_some();
    if !is_here || vm.stage == Stage::Over {
        return Err(Status::BadArgument);
    }
    vm.stream().ok_or(Status::BadArgument)?.reply.get_or_insert_with(|| Box::new(reply));
    vm.release_all();
    Ok(())
}

fn is_grpc(exchange: &model::Exchange) -> bool {
    let kind = exchange.request.fields.get(http::header::CONTENT_TYPE);
    let rest = kind.and_then(|kind| kind.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
