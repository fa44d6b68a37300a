//! `proxy_log` and the level that is logged.

use module::say;
use sandbox::{Context, Level};
use wasmtime::{Caller, Linker};

use super::ENV;
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Span, VmMemory, span, told};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(ENV, "proxy_log", |caller: Caller<'_, Context>, level: u32, at: u32, length: u32| {
        let mut module = Module::calls(caller)?;
        told(log(&mut module, level, span(at, length)))
    })?;
    linker.func_wrap(ENV, "proxy_get_log_level", |caller: Caller<'_, Context>, to: u32| {
        let mut module = Module::calls(caller)?;
        told(module.write_number(to, log_level()))
    })?;
    Ok(())
}

fn log(module: &mut Module<'_>, level: u32, text: Span) -> Done {
    let level = match level {
        0 | 1 => Level::Debug,
        2 => Level::Info,
        3 => Level::Warn,
        4 | 5 => Level::Error,
        _ => return Err(Status::BadArgument.into()),
    };
    Ok(say(module, level, text)?)
}

/// The lowest level that is logged, by the number it has here.
fn log_level() -> u32 {
    let enabled = [
        tracing::enabled!(target: "plugin", tracing::Level::TRACE),
        tracing::enabled!(target: "plugin", tracing::Level::DEBUG),
        tracing::enabled!(target: "plugin", tracing::Level::INFO),
        tracing::enabled!(target: "plugin", tracing::Level::WARN),
    ];
    let lowest = enabled.iter().position(|enabled| *enabled).unwrap_or(enabled.len());
    u32::try_from(lowest).unwrap_or_default()
}
