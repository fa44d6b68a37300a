//! What heads have beside fields: method, URI, version and status; and who sent the request.

use std::borrow::Cow;

use http::{StatusCode, Version};
use module::{Module, Span, span};
use sandbox::{Context, check_status, parse_method, parse_path};
use wasmtime::{Caller, Linker};

use super::{MODULE, before_next, before_next_or, bytes_of, exchange, give, stage, state};
use crate::abi::Features;
use crate::state::Stage;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    add_readers(linker)?;
    linker.func_wrap(MODULE, "set_method", |caller: Caller<'_, Context>, at: u32, length: u32| {
        let mut module = Module::calls(caller)?;
        set_method(&mut module, span(at, length))
    })?;
    linker.func_wrap(MODULE, "set_uri", |caller: Caller<'_, Context>, at: u32, length: u32| {
        let mut module = Module::calls(caller)?;
        set_uri(&mut module, span(at, length))
    })?;
    linker.func_wrap(MODULE, "set_status_code", |caller: Caller<'_, Context>, status: u32| {
        let mut module = Module::calls(caller)?;
        let context = module.context();
        before_next_or(context, Features::BUFFER_RESPONSE, "set the status")?;
        let checked = u16::try_from(status).ok().and_then(check_status);
        let checked = checked.ok_or_else(|| wasmtime::format_err!("{status} is no status of 200 to 599"))?;
        state(context)?.status = Some(checked);
        Ok(())
    })?;
    Ok(())
}

fn add_readers(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "get_method", |caller: Caller<'_, Context>, at: u32, limit: u32| {
        let mut module = Module::calls(caller)?;
        give(&mut module, at, limit, |context| {
            Ok(Cow::Borrowed(exchange(context)?.request.method.as_str().as_bytes()))
        })
    })?;
    linker.func_wrap(MODULE, "get_uri", |caller: Caller<'_, Context>, at: u32, limit: u32| {
        let mut module = Module::calls(caller)?;
        give(&mut module, at, limit, |context| {
            Ok(Cow::Borrowed(exchange(context)?.request.path_and_query().as_bytes()))
        })
    })?;
    linker.func_wrap(
        MODULE,
        "get_protocol_version",
        |caller: Caller<'_, Context>, at: u32, limit: u32| {
            let mut module = Module::calls(caller)?;
            give(&mut module, at, limit, |context| {
                Ok(Cow::Borrowed(name_of(exchange(context)?.request.version).as_bytes()))
            })
        },
    )?;
    linker.func_wrap(MODULE, "get_source_addr", |caller: Caller<'_, Context>, at: u32, limit: u32| {
        let mut module = Module::calls(caller)?;
        give(&mut module, at, limit, |context| {
            Ok(Cow::Owned(exchange(context)?.client.to_string().into_bytes()))
        })
    })?;
    linker.func_wrap(MODULE, "get_status_code", |caller: Caller<'_, Context>| {
        let mut module = Module::calls(caller)?;
        status(module.context()).map(|status| u32::from(status.as_u16()))
    })?;
    Ok(())
}

/// As modules know them.
fn name_of(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 | Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// The status that the response has, or that one of the module's own would have.
fn status(context: &mut Context) -> wasmtime::Result<StatusCode> {
    let stage = stage(context)?;
    if let Some(status) = state(context)?.status {
        return Ok(status);
    }
    match stage {
        Stage::Start | Stage::Request => Ok(StatusCode::OK),
        Stage::Response => Ok(exchange(context)?.response.status),
    }
}

fn set_method(module: &mut Module<'_>, method: Span) -> wasmtime::Result<()> {
    before_next(module.context(), "set the method")?;
    let (bytes, context) = module.look_at_all()?;
    let method = bytes_of(bytes, method)?;
    let parsed = parse_method(method);
    let parsed =
        parsed.ok_or_else(|| wasmtime::format_err!("{} is no method for it", method.escape_ascii()))?;
    exchange(context)?.request.method = parsed;
    Ok(())
}

fn set_uri(module: &mut Module<'_>, uri: Span) -> wasmtime::Result<()> {
    before_next(module.context(), "set the URI")?;
    let (bytes, context) = module.look_at_all()?;
    let bytes = bytes_of(bytes, uri)?;
    let text = if bytes.is_empty() { b"/".as_slice() } else { bytes };
    let text = String::from_utf8(text.to_vec()).ok();
    let uri = text.and_then(|text| parse_path(text).ok());
    let uri = uri.ok_or_else(|| wasmtime::format_err!("{} is no path and query", bytes.escape_ascii()))?;
    exchange(context)?.request.uri = uri;
    Ok(())
}
