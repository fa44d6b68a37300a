//! What a module is told of itself, what it enables and what it logs.

use std::borrow::Cow;

use module::{Module, say, span};
use sandbox::{Context, Level};
use wasmtime::{Caller, Linker};

use super::{MODULE, give, state};
use crate::abi::Features;
use crate::state::{HandlerState, Stage};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "enable_features", |caller: Caller<'_, Context>, wishes: u32| {
        let mut module = Module::calls(caller)?;
        let state = state(module.context())?;
        state.features = match state.stage {
            Stage::Start => state.features.with(wishes, Features::OF_START),
            Stage::Request => state.features.with(wishes, Features::OF_REQUEST),
            // When the next handler has had the request, it is too late for any.
            Stage::Response => state.features,
        };
        Ok(state.features.bits())
    })?;
    linker.func_wrap(MODULE, "get_config", |caller: Caller<'_, Context>, at: u32, limit: u32| {
        let mut module = Module::calls(caller)?;
        give(&mut module, at, limit, |context| Ok(Cow::Borrowed(configuration(context))))
    })?;
    linker.func_wrap(MODULE, "log_enabled", |caller: Caller<'_, Context>, level: i32| {
        Module::calls(caller)?;
        Ok(u32::from(level_of(level).is_some_and(is_enabled)))
    })?;
    linker.func_wrap(MODULE, "log", |caller: Caller<'_, Context>, level: i32, at: u32, length: u32| {
        let mut module = Module::calls(caller)?;
        match level_of(level) {
            Some(level) if length > 0 => Ok(say(&mut module, level, span(at, length))?),
            _ => Ok(()),
        }
    })?;
    Ok(())
}

fn configuration(context: &Context) -> &[u8] {
    context.own.get::<HandlerState>().map_or(&[], |handler| &handler.module.configuration)
}

/// The level of that number; none is logged at what is above errors.
fn level_of(number: i32) -> Option<Level> {
    match number {
        ..=-1 => Some(Level::Debug),
        0 => Some(Level::Info),
        1 => Some(Level::Warn),
        2 => Some(Level::Error),
        3.. => None,
    }
}

fn is_enabled(level: Level) -> bool {
    match level {
        Level::Debug => tracing::enabled!(target: "plugin", tracing::Level::DEBUG),
        Level::Info => tracing::enabled!(target: "plugin", tracing::Level::INFO),
        Level::Warn => tracing::enabled!(target: "plugin", tracing::Level::WARN),
        Level::Error => tracing::enabled!(target: "plugin", tracing::Level::ERROR),
    }
}
