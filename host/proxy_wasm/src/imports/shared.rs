//! Data that VMs share, and queues: those of a plugin, or of all plugins of a `vm_id`. Data needs the grant `kv`, whose quota it is held to.

use std::time::Instant;

use accounts::Refusal;
use sandbox::Context;
use state::{KeyValue, SetError, Wanted};
use wasmtime::{Caller, Linker};

use super::ENV;
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Pointers, Span, Stop, VmMemory, span, told};
use crate::halls::Member;
use crate::state::VmState;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_shared_data",
        |caller: Caller<'_, Context>, key: u32, key_length: u32, at: u32, length: u32, cas: u32| {
            let mut module = Module::calls(caller)?;
            told(get(&mut module, span(key, key_length), Pointers { at, length }, cas))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_shared_data",
        |caller: Caller<'_, Context>, key: u32, key_length: u32, at: u32, length: u32, cas: u32| {
            let mut module = Module::calls(caller)?;
            told(set(&mut module, span(key, key_length), span(at, length), cas))
        },
    )?;
    add_queues(linker)
}

fn add_queues(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_register_shared_queue",
        |caller: Caller<'_, Context>, name: u32, length: u32, to: u32| {
            let mut module = Module::calls(caller)?;
            told(register(&mut module, span(name, length), to))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_resolve_shared_queue",
        |caller: Caller<'_, Context>, vm: u32, vm_length: u32, name: u32, length: u32, to: u32| {
            let mut module = Module::calls(caller)?;
            told(resolve(&mut module, span(vm, vm_length), span(name, length), to))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_enqueue_shared_queue",
        |caller: Caller<'_, Context>, queue: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(enqueue(&mut module, queue, span(at, length)))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_dequeue_shared_queue",
        |caller: Caller<'_, Context>, queue: u32, at: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            told(dequeue(&mut module, queue, Pointers { at, length }))
        },
    )?;
    Ok(())
}

fn get(module: &mut Module<'_>, key: Span, to: Pointers, cas: u32) -> Done {
    let (key, context) = module.read(key)?;
    let key = text(key)?;
    let (values, _) = values(context)?;
    let held = values.get(key, Instant::now()).ok_or(Status::NotFound)?;
    module.write_number(cas, version(held.version))?;
    module.give(to, |_, into| {
        into.extend_from_slice(&held.value);
        Ok(())
    })
}

fn set(module: &mut Module<'_>, key: Span, value: Span, cas: u32) -> Done {
    let (key, value, context) = module.read_both(key, value)?;
    let key = text(key)?;
    let (values, quota) = values(context)?;
    let now = Instant::now();
    let wanted = match (cas, values.get(key, now)) {
        (0, _) => Wanted::Anything,
        (_, None) => Wanted::Nothing,
        (cas, Some(held)) if version(held.version) == cas => Wanted::Version(held.version),
        (_, Some(_)) => return Err(Status::CasMismatch.into()),
    };
    match values.set(key, value, None, wanted, quota, now) {
        Ok(_) => Ok(()),
        Err(SetError::Invalid) => Err(Status::BadArgument.into()),
        Err(SetError::Conflict) => Err(Status::CasMismatch.into()),
        Err(SetError::Quota) => {
            context.stats().refused(Refusal::KvQuota);
            Err(Status::InternalFailure.into())
        }
    }
}

/// A version, as such modules have them; 0 says that there is none.
fn version(version: u64) -> u32 {
    let [a, b, c, d, ..] = version.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]).max(1)
}

fn text(key: &[u8]) -> Result<&str, Status> {
    std::str::from_utf8(key).map_err(|_| Status::BadArgument)
}

/// What the plugin keeps, and how many bytes of it there may be.
fn values(context: &mut Context) -> Result<(&KeyValue, u64), Status> {
    if let Some(vm) = context.own.get_mut::<VmState>() {
        vm.note_bound("it uses shared data when it starts");
    }
    let own = context.plugin.state.as_ref().map(|state| &state.values);
    let shared = member(context).ok().and_then(Member::values);
    match own.map(|own| shared.unwrap_or(own)).zip(context.plugin.spec.grants.kv) {
        Some(kept) => Ok(kept),
        None => {
            not_granted(context, "shared data", "kv: { quota: 1MiB }");
            Err(Status::InternalFailure)
        }
    }
}

/// Says what a module has asked for in vain, at most once a second.
pub(super) fn not_granted(context: &Context, what: &str, grant: &str) {
    if context.stats().may_notice() {
        let plugin = context.plugin.spec.name.as_ref();
        tracing::warn!(plugin, what, grant, "a plugin asks for what it is not granted");
    }
}

fn register(module: &mut Module<'_>, name: Span, to: u32) -> Done {
    let (name, context) = module.read(name)?;
    note_bound(context);
    let vm = context.own.get::<VmState>().ok_or(Status::InternalFailure)?;
    // One that is only tried is not told, and takes no other's place.
    let listener = (vm.place.strong_count() > 0).then(|| (vm.place.clone(), vm.number));
    let number = member(context)?.register(name, listener)?;
    module.write_number(to, number)
}

fn resolve(module: &mut Module<'_>, vm_id: Span, name: Span, to: u32) -> Done {
    let (vm_id, name, context) = module.read_both(vm_id, name)?;
    note_bound(context);
    let member = member(context)?;
    if !vm_id.is_empty() && !member.is_open() {
        not_granted(context, "a queue of another VM", "proxy_wasm: { vm_id: NAME }");
    }
    let number = member.resolve(vm_id, name)?;
    module.write_number(to, number)
}

fn enqueue(module: &mut Module<'_>, queue: u32, item: Span) -> Done {
    let (item, context) = module.read(item)?;
    note_bound(context);
    member(context)?.put(queue, item).map_err(Stop::Status)
}

fn dequeue(module: &mut Module<'_>, queue: u32, to: Pointers) -> Done {
    let context = module.context();
    note_bound(context);
    let item = member(context)?.take(queue)?;
    module.give(to, |_, into| {
        into.extend_from_slice(&item);
        Ok(())
    })
}

fn note_bound(context: &mut Context) {
    if let Some(vm) = context.own.get_mut::<VmState>() {
        vm.note_bound("it uses a queue when it starts");
    }
}

/// What the plugin shares with others.
fn member(context: &Context) -> Result<&Member, Status> {
    context.own.get::<VmState>().map(|vm| &vm.module.member).ok_or(Status::InternalFailure)
}
