//! `proxy_grpc_call`: a call of gRPC with one message each way, to an upstream that the plugin is granted. What comes of it is told
//! when it is here. Streams are not there: see [`refused`](super::refused).

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE};
use http::{Method, Version};
use model::{Callout, RequestHead};
use wasmtime::{Caller, Linker};

use super::ENV;
use super::callout::{callout, granted, send};
use super::fields::{Change, field};
use crate::context::Context;
use crate::imports::parse_path;
use crate::proxy_wasm::abi::Status;
use crate::proxy_wasm::guest_memory::{Done, Module, Pointers, Span, part, span, told};
use crate::proxy_wasm::state::CalloutKind;
use crate::proxy_wasm::{grpc, pairs};

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
            let wanted = Wanted {
                upstream: span(upstream, upstream_length),
                service: span(service, service_length),
                method: span(method, method_length),
                metadata: span(metadata, metadata_length),
                message: span(message, message_length),
                timeout: Duration::from_millis(timeout_ms.into()),
            };
            told(call(&mut module, &wanted, to))
        },
    )?;
    // There is no message to be sent after the first: both give the call up.
    for name in ["proxy_grpc_cancel", "proxy_grpc_close"] {
        linker.func_wrap(ENV, name, |caller: Caller<'_, Context>, token: u32| {
            let mut module = Module::calls(caller)?;
            told(give_up(&mut module, token))
        })?;
    }
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

/// What a module asks for.
struct Wanted {
    upstream: Span,
    service: Span,
    method: Span,
    metadata: Span,
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
    // What Envoy says of a cluster that it does not know, and what SDKs expect.
    let upstream = grpc::upstream(part(bytes, wanted.upstream)?);
    let upstream = granted(context, upstream).map_err(|_| Status::ParseFailure)?;
    let timeout = wanted.timeout.min(context.plugin.spec.limits.callout_timeout);
    let mut request = RequestHead {
        method: Method::POST,
        uri: path(part(bytes, wanted.service)?, part(bytes, wanted.method)?)?,
        // One that needs no Host: the endpoint's is written.
        version: Version::HTTP_10,
        fields: HeaderMap::new(),
    };
    for (name, value) in pairs::read(part(bytes, wanted.metadata)?).ok_or(Status::BadArgument)? {
        field(&mut request.fields, name, Change::Add(value))?;
    }
    tell_protocol(&mut request.fields, timeout);
    let framed = grpc::framed(part(bytes, wanted.message)?).ok_or(Status::BadArgument)?;
    callout(context, upstream, request, &framed, timeout)
}

fn path(service: &[u8], method: &[u8]) -> Result<http::Uri, Status> {
    let text =
        |bytes| std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).ok_or(Status::BadArgument);
    let path = format!("/{}/{}", text(service)?, text(method)?);
    parse_path(path).map_err(|_| Status::BadArgument)
}

/// What every request of gRPC has, whatever a module says of it.
fn tell_protocol(fields: &mut HeaderMap, timeout: Duration) {
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    fields.insert(TE, HeaderValue::from_static("trailers"));
    let timeout = format!("{}m", timeout.as_millis().min(LONGEST_MS));
    if let Ok(timeout) = HeaderValue::from_maybe_shared(bytes::Bytes::from(timeout)) {
        fields.insert("grpc-timeout", timeout);
    }
}

/// Gives up a call of the context at hand.
fn give_up(module: &mut Module<'_>, token: u32) -> Done {
    let vm = module.vm()?;
    let call = vm.callouts.get(&token).filter(|call| call.of == vm.context());
    match call.map(|call| call.kind).ok_or(Status::NotFound)? {
        CalloutKind::Http => return Err(Status::BadArgument.into()),
        CalloutKind::Grpc => {}
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
        let shown = context.vm.as_ref().and_then(|vm| vm.grpc.as_ref());
        into.extend_from_slice(shown.map_or("", |outcome| &outcome.text).as_bytes());
        Ok(())
    })
}
