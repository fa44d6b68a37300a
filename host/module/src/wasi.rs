//! WASI preview 1, as far as the SDKs' runtimes need it: what they write is logged, there is a clock and there are random
//! numbers; no files, no arguments, no environment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sandbox::{Context, Level};
use wasmtime::{Caller, Linker};

use super::{Module, Outside, say, span};

/// The modules that these are imported from: that of today, and what its name was before.
pub const MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// Names of those that are here.
pub const FUNCTIONS: [&str; 18] = [
    "fd_write",
    "fd_read",
    "fd_seek",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_prestat_get",
    "fd_prestat_dir_name",
    "args_sizes_get",
    "args_get",
    "environ_sizes_get",
    "environ_get",
    "clock_time_get",
    "clock_res_get",
    "random_get",
    "sched_yield",
    "poll_oneoff",
    "proc_exit",
];

/// What a function has come to.
type Done = Result<(), Outside>;

/// Error numbers of WASI.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
enum Errno {
    Success = 0,
    BadDescriptor = 8,
    Fault = 21,
    Invalid = 28,
}

/// Runs of bytes that one `fd_write` may have.
const RUNS: u32 = 64;
/// Random bytes that one call gives.
const RANDOM: usize = 64 << 10;
/// Descriptors of what can be written.
const OUTPUT: u32 = 1;
const ERRORS: u32 = 2;

/// Makes WASI preview 1 known, as far as it leads anywhere.
pub fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    for module in MODULES {
        add_files(linker, module)?;
        add_rest(linker, module)?;
    }
    Ok(())
}

fn add_files(linker: &mut Linker<Context>, module: &str) -> wasmtime::Result<()> {
    linker.func_wrap(
        module,
        "fd_write",
        |caller: Caller<'_, Context>, file: u32, runs: u32, count: u32, to: u32| {
            let mut module = Module::calls(caller)?;
            number(write(&mut module, file, runs, count, to))
        },
    )?;
    linker.func_wrap(module, "fd_read", |caller: Caller<'_, Context>, _: u32, _: u32, _: u32, _: u32| {
        plain(caller, Errno::BadDescriptor)
    })?;
    linker.func_wrap(module, "fd_seek", |caller: Caller<'_, Context>, _: u32, _: u64, _: u32, _: u32| {
        plain(caller, Errno::BadDescriptor)
    })?;
    linker.func_wrap(module, "fd_close", |caller: Caller<'_, Context>, _: u32| {
        plain(caller, Errno::BadDescriptor)
    })?;
    linker.func_wrap(module, "fd_fdstat_get", |caller: Caller<'_, Context>, file: u32, to: u32| {
        let mut module = Module::calls(caller)?;
        number(describe(&mut module, file, to))
    })?;
    linker.func_wrap(module, "fd_fdstat_set_flags", |caller: Caller<'_, Context>, _: u32, _: u32| {
        plain(caller, Errno::Success)
    })?;
    linker.func_wrap(module, "fd_prestat_get", |caller: Caller<'_, Context>, _: u32, _: u32| {
        plain(caller, Errno::BadDescriptor)
    })?;
    linker.func_wrap(
        module,
        "fd_prestat_dir_name",
        |caller: Caller<'_, Context>, _: u32, _: u32, _: u32| plain(caller, Errno::BadDescriptor),
    )?;
    Ok(())
}

fn add_rest(linker: &mut Linker<Context>, module: &str) -> wasmtime::Result<()> {
    for name in ["args_sizes_get", "environ_sizes_get"] {
        linker.func_wrap(module, name, |caller: Caller<'_, Context>, count: u32, bytes: u32| {
            let mut module = Module::calls(caller)?;
            number(module.put_number(count, 0).and_then(|()| module.put_number(bytes, 0)))
        })?;
    }
    for name in ["args_get", "environ_get"] {
        linker.func_wrap(module, name, |caller: Caller<'_, Context>, _: u32, _: u32| {
            plain(caller, Errno::Success)
        })?;
    }
    linker.func_wrap(module, "clock_time_get", |caller: Caller<'_, Context>, _: u32, _: u64, to: u32| {
        let mut module = Module::calls(caller)?;
        number(module.put(to, &now().to_le_bytes()))
    })?;
    linker.func_wrap(module, "clock_res_get", |caller: Caller<'_, Context>, _: u32, to: u32| {
        let mut module = Module::calls(caller)?;
        number(module.put(to, &1u64.to_le_bytes()))
    })?;
    linker.func_wrap(module, "random_get", |caller: Caller<'_, Context>, at: u32, length: u32| {
        let mut module = Module::calls(caller)?;
        random(&mut module, at, length)
    })?;
    linker.func_wrap(module, "sched_yield", |caller: Caller<'_, Context>| plain(caller, Errno::Success))?;
    linker.func_wrap(
        module,
        "poll_oneoff",
        |caller: Caller<'_, Context>, asked: u32, told: u32, count: u32, to: u32| {
            let mut module = Module::calls(caller)?;
            number(poll(&mut module, asked, told, count, to))
        },
    )?;
    linker.func_wrap(
        module,
        "proc_exit",
        |caller: Caller<'_, Context>, code: u32| -> wasmtime::Result<()> {
            Module::calls(caller)?;
            Err(wasmtime::format_err!("it has ended itself with code {code}"))
        },
    )?;
    Ok(())
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn plain(caller: Caller<'_, Context>, errno: Errno) -> wasmtime::Result<u32> {
    Module::calls(caller)?;
    Ok(errno as u32)
}

/// What a function has come to, as WASI numbers it.
fn number(done: Done) -> wasmtime::Result<u32> {
    Ok(done.map_or(Errno::Fault, |()| Errno::Success) as u32)
}

/// Logs what is written to where people look.
fn write(module: &mut Module<'_>, file: u32, runs: u32, count: u32, to: u32) -> Done {
    let level = match file {
        OUTPUT => Level::Info,
        ERRORS => Level::Error,
        _ => return Ok(()),
    };
    let mut written: u32 = 0;
    for run in 0..count.min(RUNS) {
        let (head, _) = module.look(span(runs.saturating_add(run.saturating_mul(8)), 8))?;
        let numbers = head.split_first_chunk::<4>().zip(head.split_last_chunk::<4>());
        let Some(((at, _), (_, length))) = numbers else { return Ok(()) };
        let (at, length) = (u32::from_le_bytes(*at), u32::from_le_bytes(*length));
        written = written.saturating_add(length);
        let (text, _) = module.look(span(at, length))?;
        let line = text.trim_ascii_end().len();
        if line > 0 {
            say(module, level, span(at, u32::try_from(line).unwrap_or(length)))?;
        }
    }
    module.put_number(to, written)
}

/// Says of output that it is a terminal, so to speak, and of all else that it is closed.
fn describe(module: &mut Module<'_>, file: u32, to: u32) -> Done {
    const CHARACTER_DEVICE: u8 = 2;
    let mut stat = [0; 24];
    if file <= ERRORS {
        stat.iter_mut().take(1).for_each(|kind| *kind = CHARACTER_DEVICE);
    }
    module.put(to, &stat)
}

fn random(module: &mut Module<'_>, at: u32, length: u32) -> wasmtime::Result<u32> {
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= RANDOM) else {
        return Ok(Errno::Invalid as u32);
    };
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| wasmtime::format_err!("no random numbers: {error}"))?;
    number(module.put(at, &bytes))
}

/// Nothing is waited for: what is asked for has happened, whatever it is.
fn poll(module: &mut Module<'_>, asked: u32, told: u32, count: u32, to: u32) -> Done {
    const EVENT: usize = 32;
    if count == 0 {
        return module.put_number(to, 0);
    }
    let (mark, _) = module.look(span(asked, 8))?;
    let mut event = [0; EVENT];
    event.iter_mut().zip(mark).for_each(|(event, mark)| *event = *mark);
    module.put(told, &event)?;
    module.put_number(to, 1)
}
