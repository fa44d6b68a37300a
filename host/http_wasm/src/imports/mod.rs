//! The host functions of http-wasm.

mod bodies;
mod fields;
mod head;
mod said;
mod trailers;

use model::Exchange;
use module::{Module, Outside, Span, part, span, wasi};
use sandbox::Context;
use wasmtime::{Engine, Linker};

pub(super) use trailers::add as add_trailers;

use super::abi::Features;
use super::state::{HandlerState, Stage};

/// The module that the host functions are imported from.
pub(super) const MODULE: &str = "http_handler";

/// Names of all of them.
pub(super) const FUNCTIONS: [&str; 19] = [
    "enable_features",
    "get_config",
    "log",
    "log_enabled",
    "get_method",
    "set_method",
    "get_uri",
    "set_uri",
    "get_protocol_version",
    "get_source_addr",
    "get_status_code",
    "set_status_code",
    "get_header_names",
    "get_header_values",
    "set_header_value",
    "add_header_value",
    "remove_header",
    "read_body",
    "write_body",
];

/// All that modules may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    said::add(&mut linker)?;
    head::add(&mut linker)?;
    fields::add(&mut linker)?;
    bodies::add(&mut linker)?;
    wasi::add(&mut linker)?;
    Ok(linker)
}

fn state(context: &mut Context) -> wasmtime::Result<&mut HandlerState> {
    context
        .own
        .get_mut::<HandlerState>()
        .ok_or_else(|| wasmtime::format_err!("the instance has lost its state"))
}

/// The exchange at hand.
fn exchange(context: &mut Context) -> wasmtime::Result<&mut Exchange> {
    context
        .exchange
        .as_deref_mut()
        .ok_or_else(|| wasmtime::format_err!("there is no request while it starts"))
}

/// Bytes of the module's memory. None are none, wherever they are said to be.
fn bytes_of(memory: &[u8], span: Span) -> Result<&[u8], Outside> {
    if span.length() == 0 { Ok(&[]) } else { part(memory, span) }
}

/// Where the instance is, if it has a request.
fn stage(context: &mut Context) -> wasmtime::Result<Stage> {
    match state(context)?.stage {
        Stage::Start => wasmtime::bail!("there is no request while it starts"),
        stage => Ok(stage),
    }
}

/// Only before the next handler has the request.
fn before_next(context: &mut Context, what: &str) -> wasmtime::Result<()> {
    match stage(context)? {
        Stage::Request | Stage::Start => Ok(()),
        Stage::Response => wasmtime::bail!("it can't {what} when the next handler has had the request"),
    }
}

/// The same, or where that feature is enabled. It says where the instance is.
fn before_next_or(context: &mut Context, feature: Features, what: &str) -> wasmtime::Result<Stage> {
    let stage = stage(context)?;
    if stage == Stage::Response && !state(context)?.features.has(feature) {
        let name = if feature == Features::BUFFER_REQUEST { "buffer_request" } else { "buffer_response" };
        wasmtime::bail!("it can't {what} after the next handler, unless it enables {name}");
    }
    Ok(stage)
}

/// Writes bytes to memory if they fit; how many they are.
fn give(
    module: &mut Module<'_>,
    at: u32,
    limit: u32,
    bytes: impl for<'c> Fn(&'c mut Context) -> wasmtime::Result<Bytes<'c>>,
) -> wasmtime::Result<u32> {
    let length = size(bytes(module.context())?.len());
    if length > 0 && length <= limit {
        let (room, context) = module.room(span(at, length))?;
        room.copy_from_slice(&bytes(context)?);
    }
    Ok(length)
}

/// Bytes that are the context's, or were made.
type Bytes<'c> = std::borrow::Cow<'c, [u8]>;

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
