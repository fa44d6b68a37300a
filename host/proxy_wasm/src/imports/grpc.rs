//! `proxy_grpc_call` and `proxy_grpc_stream`: calls of gRPC with one message each way, or with as many as there are, to upstreams that
//! the plugin is granted. What comes of them is told when it is here.

use std::sync::Arc;
use std::time::Duration;

use accounts::Refusal;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE};
use http::{Method, Version};
use model::{Callout, RequestHead};
use sandbox::{Context, parse_path};
use tokio::sync::mpsc::error::TrySendError;
use wasmtime::{Caller, Linker};

use super::ENV;
use super::callout::{callout, granted, send};
use super::fields::{Change, field};
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Pointers, Span, VmMemory, part, span, told};
use crate::state::VmState;
use crate::state::{CalloutKind, UnderWay};
use crate::{grpc, pairs};

/// The most that eight digits of a `grpc-timeout` say, in milliseconds.
const LONGEST_MS: u128 = 99_999_999;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_grpc_call",
        |caller: Caller<'_, Context>,
         upstream: u32,
         upstream_length: u32,
         service: u32,
         service_length: u32,
         method: u32,
         method_length: u32,
         metadata: u32,
         metadata_length: u32,
         message: u32,
         message_length: u32,
         timeout_ms: u32,
         to: u32| {
            let mut module = Module::calls(caller)?;
            let called = Called {
                upstream: span(upstream, upstream_length),
                service: span(service, service_length),
                method: span(method, method_length),
                metadata: span(metadata, metadata_length),
            };
            let wanted = Wanted {
                called,
                message: span(message, message_length),
                timeout: Duration::from_millis(timeout_ms.into()),
            };
            told(call(&mut module, &wanted, to))
        },
    )?;
    add_streams(linker)?;
    linker.func_wrap(
        ENV,
        "proxy_get_status",
        |caller: Caller<'_, Context>, code: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(status(&mut module, code, Pointers { at, length }))
        },
    )?;
    Ok(())
}

fn add_streams(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_grpc_stream",
        |caller: Caller<'_, Context>,
         upstream: u32,
         upstream_length: u32,
         service: u32,
         service_length: u32,
         method: u32,
         method_length: u32,
         metadata: u32,
         metadata_length: u32,
         to: u32| {
            let mut module = Module::calls(caller)?;
            let wanted = Called {
                upstream: span(upstream, upstream_length),
                service: span(service, service_length),
                method: span(method, method_length),
                metadata: span(metadata, metadata_length),
            };
            told(open(&mut module, &wanted, to))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_grpc_send",
        |caller: Caller<'_, Context>, token: u32, message: u32, length: u32, end: u32| {
            let mut module = Module::calls(caller)?;
            told(say(&mut module, token, span(message, length), end))
        },
    )?;
    linker.func_wrap(ENV, "proxy_grpc_cancel", |caller: Caller<'_, Context>, token: u32| {
        let mut module = Module::calls(caller)?;
        told(give_up(&mut module, token))
    })?;
    linker.func_wrap(ENV, "proxy_grpc_close", |caller: Caller<'_, Context>, token: u32| {
        let mut module = Module::calls(caller)?;
        told(close(&mut module, token))
    })?;
    Ok(())
}

/// What is called, and with what beside messages.
struct Called {
    upstream: Span,
    service: Span,
    method: Span,
    metadata: Span,
}

/// What a module asks for.
struct Wanted {
    called: Called,
    message: Span,
    timeout: Duration,
}

fn call(module: &mut Module<'_>, wanted: &Wanted, to: u32) -> Done {
    // That there is a place for the number is seen before anything is sent.
    module.write_number(to, 0)?;
    let (bytes, context) = module.bytes()?;
    let callout = prepare(context, bytes, wanted)?;
    let token = send(context, callout, CalloutKind::Grpc)?;
    module.write_number(to, token)
}

fn prepare(context: &mut Context, bytes: &[u8], wanted: &Wanted) -> Result<Callout, Status> {
    let (upstream, mut request) = head(context, bytes, &wanted.called)?;
    let timeout = wanted.timeout.min(context.plugin.spec.limits.callout_timeout);
    tell_timeout(&mut request.fields, timeout);
    let framed = grpc::framed(part(bytes, wanted.message)?).ok_or(Status::BadArgument)?;
    callout(context, upstream, request, &framed, timeout)
}

fn open(module: &mut Module<'_>, wanted: &Called, to: u32) -> Done {
    module.write_number(to, 0)?;
    let (bytes, context) = module.bytes()?;
    let (upstream, request) = head(context, bytes, wanted)?;
    let timeout = context.plugin.spec.limits.callout_timeout;
    let callout = callout(context, upstream, request, &[], timeout)?;
    let token = send(context, callout, CalloutKind::GrpcStream)?;
    module.write_number(to, token)
}

/// What is sent to whom, but for the messages.
fn head(context: &Context, bytes: &[u8], wanted: &Called) -> Result<(Arc<str>, RequestHead), Status> {
    // What Envoy says of a cluster that it does not know, and what SDKs expect.
    let upstream = grpc::upstream(part(bytes, wanted.upstream)?);
    let upstream = granted(context, upstream).map_err(|_| Status::ParseFailure)?;
    let mut fields = HeaderMap::new();
    for (name, value) in pairs::read(part(bytes, wanted.metadata)?).ok_or(Status::BadArgument)? {
        field(&mut fields, name, Change::Add(value))?;
    }
    // What every request of gRPC has, whatever a module says of it.
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    fields.insert(TE, HeaderValue::from_static("trailers"));
    let uri = path(part(bytes, wanted.service)?, part(bytes, wanted.method)?)?;
    // A version that needs no Host: the endpoint's is written.
    Ok((upstream, RequestHead { method: Method::POST, uri, version: Version::HTTP_10, fields }))
}

fn path(service: &[u8], method: &[u8]) -> Result<http::Uri, Status> {
    let text =
        |bytes| std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).ok_or(Status::BadArgument);
    let path = format!("/{}/{}", text(service)?, text(method)?);
    parse_path(path).map_err(|_| Status::BadArgument)
}

fn tell_timeout(fields: &mut HeaderMap, timeout: Duration) {
    let timeout = format!("{}m", timeout.as_millis().min(LONGEST_MS));
    if let Ok(timeout) = HeaderValue::from_maybe_shared(Bytes::from(timeout)) {
        fields.insert("grpc-timeout", timeout);
    }
}

/// Says something on a stream, and perhaps nothing more.
fn say(module: &mut Module<'_>, token: u32, message: Span, end: u32) -> Done {
    let (message, context) = module.read(message)?;
    let limit = context.plugin.spec.limits.callout_body;
    let framed = grpc::framed(message).filter(|framed| framed.len() <= limit);
    let Some(framed) = framed else {
        context.stats().refused(Refusal::CalloutBody);
        return Err(Status::BadArgument.into());
    };
    let stream = stream(context, token)?;
    let say = stream.say.as_ref().ok_or(Status::BadArgument)?;
    match say.try_send(Bytes::from(framed)) {
        // One whose service has ended will hear of that.
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(_)) => return Err(Status::BadArgument.into()),
    }
    if end != 0 {
        stream.say = None;
    }
    Ok(())
}

/// Says nothing more on a stream. Any other call is given up.
fn close(module: &mut Module<'_>, token: u32) -> Done {
    match stream(module.context(), token) {
        Ok(stream) => stream.say = None,
        Err(Status::BadArgument) => return give_up(module, token),
        Err(status) => return Err(status.into()),
    }
    Ok(())
}

/// A stream of the context at hand.
fn stream(context: &mut Context, token: u32) -> Result<&mut UnderWay, Status> {
    let vm = context.own.get_mut::<VmState>().ok_or(Status::InternalFailure)?;
    let at_hand = vm.context();
    let call = vm.callouts.get_mut(&token).filter(|call| call.of == at_hand).ok_or(Status::NotFound)?;
    if call.kind == CalloutKind::GrpcStream { Ok(call) } else { Err(Status::BadArgument) }
}

/// Gives up a call of the context at hand.
fn give_up(module: &mut Module<'_>, token: u32) -> Done {
    let vm = module.vm()?;
    let call = vm.callouts.get(&token).filter(|call| call.of == vm.context());
    match call.map(|call| call.kind).ok_or(Status::NotFound)? {
        CalloutKind::Http => return Err(Status::BadArgument.into()),
        CalloutKind::Grpc | CalloutKind::GrpcStream => {}
    }
    if let Some(call) = vm.callouts.remove(&token) {
        call.task.abort();
    }
    Ok(())
}

/// The status of the call that is shown, and what is said of it; 0 where there is none.
fn status(module: &mut Module<'_>, code: u32, text: Pointers) -> Done {
    let shown = module.vm()?.grpc.as_ref().map_or(0, |outcome| outcome.status);
    module.write_number(code, shown)?;
    module.give(text, |context, into| {
        let shown = context.own.get::<VmState>().and_then(|vm| vm.grpc.as_ref());
        into.extend_from_slice(shown.map_or("", |outcome| &outcome.text).as_bytes());
        Ok(())
    })
}
