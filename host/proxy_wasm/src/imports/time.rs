//! The clock, and the period of ticks.

use std::time::Duration;

use module::wasi::now;
use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::ENV;
use crate::guest_memory::{Done, Module, VmMemory, told};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(ENV, "proxy_get_current_time_nanoseconds", |caller: Caller<'_, Context>, to: u32| {
        let mut module = Module::calls(caller)?;
        told(module.write(to, &now().to_le_bytes()))
    })?;
    linker.func_wrap(ENV, "proxy_set_tick_period_milliseconds", |caller: Caller<'_, Context>, ms: u32| {
        let mut module = Module::calls(caller)?;
        told(set_tick_period(&mut module, ms))
    })?;
    Ok(())
}

fn set_tick_period(module: &mut Module<'_>, ms: u32) -> Done {
    module.vm()?.set_tick(Duration::from_millis(ms.into()));
    Ok(())
}
