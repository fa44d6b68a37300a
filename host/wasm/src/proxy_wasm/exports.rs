//! What a module exports, looked up once for each VM: its memory, how to get some of it, and its callbacks.

use wasmtime::{AsContextMut, Instance, Memory, TypedFunc, WasmParams, WasmResults};

/// A callback that the module may not have.
pub(super) type Maybe<P, R> = Option<TypedFunc<P, R>>;

/// A VM's exports.
pub(super) struct Exports {
    pub(super) memory: Memory,
    /// `proxy_on_memory_allocate`, or what had its place before.
    pub(super) allocate: TypedFunc<u32, u32>,
    pub(super) context_create: Maybe<(u32, u32), ()>,
    pub(super) done: Maybe<u32, u32>,
    pub(super) log: Maybe<u32, ()>,
    pub(super) delete: Maybe<u32, ()>,
    pub(super) request_head: Option<OnHead>,
    pub(super) request_body: Maybe<(u32, u32, u32), u32>,
    pub(super) response_head: Option<OnHead>,
    pub(super) response_body: Maybe<(u32, u32, u32), u32>,
    pub(super) answer: Maybe<(u32, u32, u32, u32, u32), ()>,
    pub(super) tick: Maybe<u32, ()>,
    pub(super) queue_ready: Maybe<(u32, u32), ()>,
}

/// A callback for a head. Version 0.1.0 does not say whether the message ends with it.
#[derive(Clone)]
pub(super) enum OnHead {
    Old(TypedFunc<(u32, u32), u32>),
    New(TypedFunc<(u32, u32, u32), u32>),
}

impl Exports {
    pub(super) fn of(store: &mut impl AsContextMut, instance: &Instance) -> wasmtime::Result<Exports> {
        let mut exports = Finder { store, instance };
        let memory = exports.memory()?;
        let allocate = match exports.find("proxy_on_memory_allocate")? {
            Some(allocate) => Some(allocate),
            None => exports.find("malloc")?,
        };
        let allocate = allocate.ok_or_else(|| {
            wasmtime::format_err!("it exports neither `proxy_on_memory_allocate` nor `malloc`")
        })?;
        Ok(Exports {
            memory,
            allocate,
            context_create: exports.find("proxy_on_context_create")?,
            done: exports.find("proxy_on_done")?,
            log: exports.find("proxy_on_log")?,
            delete: exports.find("proxy_on_delete")?,
            request_head: exports.head("proxy_on_request_headers")?,
            request_body: exports.find("proxy_on_request_body")?,
            response_head: exports.head("proxy_on_response_headers")?,
            response_body: exports.find("proxy_on_response_body")?,
            answer: exports.find("proxy_on_http_call_response")?,
            tick: exports.find("proxy_on_tick")?,
            queue_ready: exports.find("proxy_on_queue_ready")?,
        })
    }
}

/// Those that are called once, before all others.
pub(super) struct Starters {
    /// Of a reactor of WASI; `main` is called behind it.
    pub(super) initialize: Maybe<(), ()>,
    pub(super) main: Maybe<(u32, u32), u32>,
    /// Of a command of WASI.
    pub(super) start: Maybe<(), ()>,
    pub(super) vm_start: Maybe<(u32, u32), u32>,
    pub(super) configure: Maybe<(u32, u32), u32>,
}

impl Starters {
    pub(super) fn of(store: &mut impl AsContextMut, instance: &Instance) -> wasmtime::Result<Starters> {
        let mut exports = Finder { store, instance };
        Ok(Starters {
            initialize: exports.find("_initialize")?,
            main: exports.find("main").unwrap_or_default(),
            start: exports.find("_start")?,
            vm_start: exports.find("proxy_on_vm_start")?,
            configure: exports.find("proxy_on_configure")?,
        })
    }
}

struct Finder<'a, S> {
    store: &'a mut S,
    instance: &'a Instance,
}

impl<S: AsContextMut> Finder<'_, S> {
    fn memory(&mut self) -> wasmtime::Result<Memory> {
        let memory = self.instance.get_memory(&mut *self.store, "memory");
        memory.ok_or_else(|| wasmtime::format_err!("it exports no `memory`"))
    }

    fn find<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> wasmtime::Result<Maybe<P, R>> {
        let Some(func) = self.instance.get_func(&mut *self.store, name) else { return Ok(None) };
        let func = func.typed(&*self.store);
        func.map(Some).map_err(|error| error.context(format!("`{name}` is of another type")))
    }

    fn head(&mut self, name: &str) -> wasmtime::Result<Option<OnHead>> {
        let old: wasmtime::Result<Maybe<_, _>> = self.find(name);
        match old {
            Ok(old) => Ok(old.map(OnHead::Old)),
            Err(_) => Ok(self.find(name)?.map(OnHead::New)),
        }
    }
}
