//! What a module exports: its memory, how to get some of it, and its callbacks. Where they are is looked up once for the module;
//! a VM that stays keeps those that were called, and one of a single exchange looks for each when it is called.

use std::sync::{Arc, OnceLock};

use sandbox::Context;
use wasmtime::{
    AsContextMut, Caller, Extern, Func, Instance, Memory, Module, ModuleExport, TypedFunc, WasmParams,
    WasmResults,
};

use super::joined::{BEGIN, END};

/// A callback that the module may not have.
pub(super) struct Callback<P, R> {
    name: &'static str,
    at: Option<ModuleExport>,
    /// What was found in the VM that these are the exports of, if they are those of one.
    found: OnceLock<TypedFunc<P, R>>,
}

impl<P, R> Clone for Callback<P, R> {
    fn clone(&self) -> Self {
        Callback { name: self.name, at: self.at, found: self.found.clone() }
    }
}

impl<P: WasmParams, R: WasmResults> Callback<P, R> {
    fn of(module: &Module, name: &'static str) -> Self {
        Callback { name, at: module.get_export_index(name), found: OnceLock::new() }
    }

    fn none() -> Self {
        Callback { name: "", at: None, found: OnceLock::new() }
    }

    /// The callback in a VM, if the module has it.
    fn find(
        &self,
        store: &mut impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<Option<TypedFunc<P, R>>> {
        let Some(at) = &self.at else { return Ok(None) };
        let found = instance.get_module_export(&mut *store, at).and_then(Extern::into_func);
        found.map(|func| self.typed(store, func)).transpose()
    }

    /// The same, kept for the next call.
    fn keep(
        &self,
        store: &mut impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<Option<&TypedFunc<P, R>>> {
        if self.at.is_some()
            && self.found.get().is_none()
            && let Some(func) = self.find(store, instance)?
        {
            return Ok(Some(self.found.get_or_init(|| func)));
        }
        Ok(self.found.get())
    }

    fn typed(&self, store: &impl AsContextMut, func: Func) -> wasmtime::Result<TypedFunc<P, R>> {
        func.typed(store).map_err(|error| error.context(format!("`{}` is of another type", self.name)))
    }

    fn is_there(&self) -> bool {
        self.at.is_some()
    }
}

/// What a VM knows of its exports.
pub(super) enum Reach {
    /// It stays: what was found once is found.
    Kept(Box<Exports>),
    /// It is there for one exchange, which calls most of them once.
    Sought(Arc<Exports>),
}

impl Reach {
    /// Where the exports of the module are.
    pub(super) fn exports(&self) -> &Exports {
        match self {
            Reach::Kept(exports) => exports,
            Reach::Sought(exports) => exports,
        }
    }

    /// Calls a callback, if the module has it.
    pub(super) fn call<P: WasmParams, R: WasmResults>(
        &self,
        which: impl FnOnce(&Exports) -> &Callback<P, R>,
        store: &mut impl AsContextMut,
        instance: &Instance,
        params: P,
    ) -> wasmtime::Result<Option<R>> {
        match self {
            Reach::Kept(exports) => {
                let callback = which(exports).keep(store, instance)?;
                callback.map(|callback| callback.call(store, params)).transpose()
            }
            Reach::Sought(exports) => {
                let callback = which(exports).find(store, instance)?;
                callback.map(|callback| callback.call(store, params)).transpose()
            }
        }
    }
}

/// A callback for a head. Version 0.1.0 does not say whether the message ends with it.
#[derive(Clone)]
pub(super) struct OnHead {
    pub(super) old: Callback<(u32, u32), u32>,
    pub(super) new: Callback<(u32, u32, u32), u32>,
}

impl OnHead {
    fn of(module: &Module, name: &'static str) -> Self {
        let (mut old, mut new) = (Callback::of(module, name), Callback::of(module, name));
        let parameters = module.get_export(name).and_then(|export| export.func().map(|ty| ty.params().len()));
        match parameters {
            Some(2) => new.at = None,
            _ => old.at = None,
        }
        OnHead { old, new }
    }
}

/// The exports of a module, and, in a VM that stays, those of them that were called.
#[derive(Clone)]
pub(super) struct Exports {
    memory: Option<ModuleExport>,
    /// `proxy_on_memory_allocate`, or what had its place before.
    allocate: Callback<u32, u32>,
    pub(super) start: Starters,
    /// What an image has in place of two callbacks, and of three.
    pub(super) begin: Callback<(u32, u32, u32), u32>,
    pub(super) end: Callback<u32, ()>,
    pub(super) context_create: Callback<(u32, u32), ()>,
    pub(super) done: Callback<u32, u32>,
    pub(super) log: Callback<u32, ()>,
    pub(super) delete: Callback<u32, ()>,
    pub(super) request_head: OnHead,
    pub(super) request_body: Callback<(u32, u32, u32), u32>,
    pub(super) request_trailers: Callback<(u32, u32), u32>,
    pub(super) response_head: OnHead,
    pub(super) response_body: Callback<(u32, u32, u32), u32>,
    pub(super) response_trailers: Callback<(u32, u32), u32>,
    pub(super) answer: Callback<(u32, u32, u32, u32, u32), ()>,
    pub(super) grpc_receive: Callback<(u32, u32, u32), ()>,
    pub(super) grpc_head: Callback<(u32, u32, u32), ()>,
    pub(super) grpc_trailers: Callback<(u32, u32, u32), ()>,
    pub(super) grpc_close: Callback<(u32, u32, u32), ()>,
    pub(super) tick: Callback<u32, ()>,
    pub(super) queue_ready: Callback<(u32, u32), ()>,
}

/// Those that are called once, before all others.
#[derive(Clone)]
pub(super) struct Starters {
    /// Of a reactor of WASI; `main` is called behind it.
    pub(super) initialize: Callback<(), ()>,
    pub(super) main: Callback<(u32, u32), u32>,
    /// Of a command of WASI.
    pub(super) start: Callback<(), ()>,
    pub(super) vm_start: Callback<(u32, u32), u32>,
    pub(super) configure: Callback<(u32, u32), u32>,
}

impl Exports {
    /// Those of a module that is an image.
    pub(super) fn of_image(module: &Module) -> Self {
        Exports { begin: Callback::of(module, BEGIN), end: Callback::of(module, END), ..Exports::of(module) }
    }

    /// Those of a module.
    pub(super) fn of(module: &Module) -> Self {
        let allocate = Callback::of(module, "proxy_on_memory_allocate");
        Exports {
            memory: module.get_export_index("memory"),
            allocate: if allocate.is_there() { allocate } else { Callback::of(module, "malloc") },
            start: Starters::of(module),
            begin: Callback::none(),
            end: Callback::none(),
            context_create: Callback::of(module, "proxy_on_context_create"),
            done: Callback::of(module, "proxy_on_done"),
            log: Callback::of(module, "proxy_on_log"),
            delete: Callback::of(module, "proxy_on_delete"),
            request_head: OnHead::of(module, "proxy_on_request_headers"),
            request_body: Callback::of(module, "proxy_on_request_body"),
            request_trailers: Callback::of(module, "proxy_on_request_trailers"),
            response_head: OnHead::of(module, "proxy_on_response_headers"),
            response_body: Callback::of(module, "proxy_on_response_body"),
            response_trailers: Callback::of(module, "proxy_on_response_trailers"),
            answer: Callback::of(module, "proxy_on_http_call_response"),
            grpc_receive: Callback::of(module, "proxy_on_grpc_receive"),
            grpc_head: Callback::of(module, "proxy_on_grpc_receive_initial_metadata"),
            grpc_trailers: Callback::of(module, "proxy_on_grpc_receive_trailing_metadata"),
            grpc_close: Callback::of(module, "proxy_on_grpc_close"),
            tick: Callback::of(module, "proxy_on_tick"),
            queue_ready: Callback::of(module, "proxy_on_queue_ready"),
        }
    }

    /// The memory.
    pub(super) fn memory(
        &self,
        store: &mut impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<Memory> {
        let memory = self.memory.as_ref().and_then(|at| instance.get_module_export(&mut *store, at));
        memory.and_then(Extern::into_memory).ok_or_else(|| wasmtime::format_err!("it exports no `memory`"))
    }

    /// What gives some of it, to a host function.
    pub(super) fn allocator(
        &self,
        caller: &mut Caller<'_, Context>,
    ) -> wasmtime::Result<Option<TypedFunc<u32, u32>>> {
        let at = self.allocate.at.as_ref();
        let found = at.and_then(|at| caller.get_module_export(at)).and_then(Extern::into_func);
        found.map(|func| self.allocate.typed(caller, func)).transpose()
    }

    /// Whether there is what has to be, and all are of the types that they are called with. To be asked of one VM of each module.
    pub(super) fn check(&self, store: &mut impl AsContextMut, instance: &Instance) -> wasmtime::Result<()> {
        self.memory(store, instance)?;
        self.allocate.find(store, instance)?.ok_or_else(|| {
            wasmtime::format_err!("it exports neither `proxy_on_memory_allocate` nor `malloc`")
        })?;
        self.start.check(store, instance)?;
        self.begin.find(store, instance)?;
        self.end.find(store, instance)?;
        self.context_create.find(store, instance)?;
        self.done.find(store, instance)?;
        self.log.find(store, instance)?;
        self.delete.find(store, instance)?;
        for head in [&self.request_head, &self.response_head] {
            head.old.find(store, instance)?;
            head.new.find(store, instance)?;
        }
        for body in [&self.request_body, &self.response_body] {
            body.find(store, instance)?;
        }
        for trailers in [&self.request_trailers, &self.response_trailers] {
            trailers.find(store, instance)?;
        }
        self.answer.find(store, instance)?;
        self.grpc_receive.find(store, instance)?;
        self.grpc_head.find(store, instance)?;
        self.grpc_trailers.find(store, instance)?;
        self.grpc_close.find(store, instance)?;
        self.tick.find(store, instance)?;
        self.queue_ready.find(store, instance)?;
        Ok(())
    }
}

impl Starters {
    fn of(module: &Module) -> Self {
        let mut main = Callback::of(module, "main");
        // One of another type is the language's own.
        let is_ours = module.get_export("main").is_some_and(|main| {
            main.func().is_some_and(|ty| {
                let mut all = ty.params().chain(ty.results());
                (ty.params().len(), ty.results().len()) == (2, 1) && all.all(|ty| ty.is_i32())
            })
        });
        main.at = main.at.filter(|_| is_ours);
        Starters {
            initialize: Callback::of(module, "_initialize"),
            main,
            start: Callback::of(module, "_start"),
            vm_start: Callback::of(module, "proxy_on_vm_start"),
            configure: Callback::of(module, "proxy_on_configure"),
        }
    }

    fn check(&self, store: &mut impl AsContextMut, instance: &Instance) -> wasmtime::Result<()> {
        self.initialize.find(store, instance)?;
        self.start.find(store, instance)?;
        self.vm_start.find(store, instance)?;
        self.configure.find(store, instance)?;
        Ok(())
    }
}
