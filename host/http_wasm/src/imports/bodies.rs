//! Bodies: reading one may have to wait for it.

use std::time::Instant;

use module::{Module, Span, span};
use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::{MODULE, before_next, before_next_or, bytes_of, exchange, size, state};
use crate::abi::{BodyKind, Features, pair};
use crate::state::Stage;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        MODULE,
        "read_body",
        |caller: Caller<'_, Context>, (kind, at, limit): (u32, u32, u32)| {
            Box::new(async move {
                let mut module = Module::calls(caller)?;
                read(&mut module, BodyKind::of(kind)?, span(at, limit)).await
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "write_body",
        |caller: Caller<'_, Context>, kind: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            write(&mut module, BodyKind::of(kind)?, span(at, length))
        },
    )?;
    Ok(())
}

/// Reads on in a body, which is fetched first if it is not here.
async fn read(module: &mut Module<'_>, kind: BodyKind, to: Span) -> wasmtime::Result<u64> {
    if to.length() == 0 {
        wasmtime::bail!("it reads a body into no room at all");
    }
    // That there is room is seen before anything is waited for.
    module.room(to)?;
    let context = module.context();
    let stage = match kind {
        BodyKind::Request => before_next_or(context, Features::BUFFER_REQUEST, "read the request's body")?,
        BodyKind::Response => before_next_or(context, Features::BUFFER_RESPONSE, "read the response's body")?,
    };
    fetch(context, kind, stage).await?;
    let (room, context) = module.room(to)?;
    let (count, is_last) = state(context)?.body(kind).read(room);
    Ok(pair(u32::from(is_last), size(count)))
}

/// Whether a body is there to be fetched: that of the request before the next handler has it, that of the response after that.
fn is_elsewhere(context: &mut Context, kind: BodyKind, stage: Stage) -> wasmtime::Result<bool> {
    let ends = exchange(context)?.ends;
    let is_there = match (kind, stage) {
        (BodyKind::Request, Stage::Request) => !ends.request,
        (BodyKind::Response, Stage::Response) => !ends.response,
        _ => false,
    };
    Ok(is_there && !state(context)?.body(kind).is_here())
}

/// Waits for a body, if it is there to be waited for, and not here.
pub(super) async fn fetch(context: &mut Context, kind: BodyKind, stage: Stage) -> wasmtime::Result<()> {
    if !is_elsewhere(context, kind, stage)? {
        return Ok(());
    }
    let hatch = std::sync::Arc::clone(&state(context)?.hatch);
    let Some(exchange) = context.exchange.take() else { wasmtime::bail!("there is no exchange") };
    let began = Instant::now();
    let (exchange, whole) = hatch.ask(exchange).await;
    context.exchange = Some(exchange);
    // A tick meanwhile says nothing of it.
    context.usage.has_waited = true;
    context.excuse(began.elapsed());
    state(context)?.body(kind).show(&whole);
    Ok(())
}

fn write(module: &mut Module<'_>, kind: BodyKind, from: Span) -> wasmtime::Result<()> {
    let context = module.context();
    match kind {
        BodyKind::Request => before_next(context, "write the request's body")?,
        BodyKind::Response => {
            before_next_or(context, Features::BUFFER_RESPONSE, "write the response's body")?;
        }
    }
    let (bytes, context) = module.look_at_all()?;
    let bytes = bytes_of(bytes, from)?;
    let limit = context.plugin.spec.limits.body;
    state(context)?.body(kind).write(bytes, limit)
}
