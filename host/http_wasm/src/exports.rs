//! What a module exports, looked up once for each instance.

use wasmtime::{AsContextMut, Instance, Memory, TypedFunc, WasmParams, WasmResults};

use super::abi::{HANDLE_REQUEST, HANDLE_RESPONSE};

/// A function that the module may not have.
type Maybe<P, R> = Option<TypedFunc<P, R>>;

/// An instance's exports.
pub(super) struct Exports {
    pub(super) memory: Memory,
    pub(super) handle_request: TypedFunc<(), u64>,
    pub(super) handle_response: TypedFunc<(u32, u32), ()>,
    /// Of a command of WASI: its `main`.
    pub(super) start: Maybe<(), ()>,
    /// Of a reactor of WASI.
    pub(super) initialize: Maybe<(), ()>,
}

impl Exports {
    pub(super) fn of(store: &mut impl AsContextMut, instance: &Instance) -> wasmtime::Result<Exports> {
        let mut exports = Finder { store, instance };
        Ok(Exports {
            memory: exports.memory()?,
            handle_request: exports.must_find(HANDLE_REQUEST)?,
            handle_response: exports.must_find(HANDLE_RESPONSE)?,
            start: exports.find("_start")?,
            initialize: exports.find("_initialize")?,
        })
    }
}

/// Looks for exports of an instance.
struct Finder<'a, S> {
    store: &'a mut S,
    instance: &'a Instance,
}

impl<S: AsContextMut> Finder<'_, S> {
    /// Its memory.
    fn memory(&mut self) -> wasmtime::Result<Memory> {
        let memory = self.instance.get_memory(&mut *self.store, "memory");
        memory.ok_or_else(|| wasmtime::format_err!("it exports no `memory`"))
    }

    /// A function, if it has one of that name.
    fn find<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> wasmtime::Result<Maybe<P, R>> {
        let Some(func) = self.instance.get_func(&mut *self.store, name) else { return Ok(None) };
        let func = func.typed(&*self.store);
        func.map(Some).map_err(|error| error.context(format!("`{name}` is of another type")))
    }

    /// A function that it has to have.
    fn must_find<P: WasmParams, R: WasmResults>(&mut self, name: &str) -> wasmtime::Result<TypedFunc<P, R>> {
        self.find(name)?.ok_or_else(|| wasmtime::format_err!("it exports no `{name}`"))
    }
}
