//! What a module exports: its memory, how to get some of it, and its callbacks. Where they are is looked up once for the module;
//! a VM makes those its own that are called.

use wasmtime::{
    AsContextMut, Extern, Instance, Memory, Module, ModuleExport, TypedFunc, WasmParams, WasmResults,
};

/// A callback that the module may not have.
pub(super) struct Callback<P, R> {
    name: &'static str,
    at: Option<ModuleExport>,
    found: Option<TypedFunc<P, R>>,
}

impl<P, R> Clone for Callback<P, R> {
    fn clone(&self) -> Self {
        Callback { name: self.name, at: self.at, found: self.found.clone() }
    }
}

impl<P: WasmParams, R: WasmResults> Callback<P, R> {
    fn of(module: &Module, name: &'static str) -> Self {
        Callback { name, at: module.get_export_index(name), found: None }
    }

    /// The callback in a VM, if the module has it.
    pub(super) fn get(
        &mut self,
        store: &mut impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<Option<&TypedFunc<P, R>>> {
        if self.found.is_none()
            && let Some(at) = &self.at
            && let Some(func) = instance.get_module_export(&mut *store, at).and_then(Extern::into_func)
        {
            let func = func.typed(&*store);
            self.found =
                Some(func.map_err(|error| error.context(format!("`{}` is of another type", self.name)))?);
        }
        Ok(self.found.as_ref())
    }

    fn is_there(&self) -> bool {
        self.at.is_some()
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

/// The exports of a module, and, in a VM, those of them that were called.
#[derive(Clone)]
pub(super) struct Exports {
    memory: Option<ModuleExport>,
    /// `proxy_on_memory_allocate`, or what had its place before.
    allocate: Callback<u32, u32>,
    pub(super) start: Starters,
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
    /// Those of a module.
    pub(super) fn of(module: &Module) -> Self {
        let allocate = Callback::of(module, "proxy_on_memory_allocate");
        Exports {
            memory: module.get_export_index("memory"),
            allocate: if allocate.is_there() { allocate } else { Callback::of(module, "malloc") },
            start: Starters::of(module),
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

    /// The memory, and what gives some of it.
    pub(super) fn memory(
        &mut self,
        store: &mut impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<(Memory, TypedFunc<u32, u32>)> {
        let memory = self.memory.as_ref().and_then(|at| instance.get_module_export(&mut *store, at));
        let memory = memory.and_then(Extern::into_memory);
        let memory = memory.ok_or_else(|| wasmtime::format_err!("it exports no `memory`"))?;
        let allocate = self.allocate.get(store, instance)?.ok_or_else(|| {
            wasmtime::format_err!("it exports neither `proxy_on_memory_allocate` nor `malloc`")
        })?;
        Ok((memory, allocate.clone()))
    }

    /// Whether all are of the types that they are called with. To be asked of one VM of each module.
    pub(super) fn check(
        &mut self,
        store: &mut impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<()> {
        self.start.check(store, instance)?;
        self.context_create.get(store, instance)?;
        self.done.get(store, instance)?;
        self.log.get(store, instance)?;
        self.delete.get(store, instance)?;
        for head in [&mut self.request_head, &mut self.response_head] {
            head.old.get(store, instance)?;
            head.new.get(store, instance)?;
        }
        for body in [&mut self.request_body, &mut self.response_body] {
            body.get(store, instance)?;
        }
        for trailers in [&mut self.request_trailers, &mut self.response_trailers] {
            trailers.get(store, instance)?;
        }
        self.answer.get(store, instance)?;
        self.grpc_receive.get(store, instance)?;
        self.grpc_head.get(store, instance)?;
        self.grpc_trailers.get(store, instance)?;
        self.grpc_close.get(store, instance)?;
        self.tick.get(store, instance)?;
        self.queue_ready.get(store, instance)?;
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

    fn check(&mut self, store: &mut impl AsContextMut, instance: &Instance) -> wasmtime::Result<()> {
        self.initialize.get(store, instance)?;
        self.start.get(store, instance)?;
        self.vm_start.get(store, instance)?;
        self.configure.get(store, instance)?;
        Ok(())
    }
}
