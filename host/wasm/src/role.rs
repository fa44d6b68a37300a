//! What a plugin was built for, found out once when it is loaded.

use std::sync::Arc;

use accounts::Hook;
use aot::MachineCode;
use contract::HookTable;
use proxy_wasm::Began;
use sandbox::{Blueprint, HANDLES, LoadError, Machinery, PluginSpec, Waits, places};
use wasmtime::component::Component;

use crate::core::Contract;
use crate::linking;

/// A contract, and what a plugin has of it.
#[derive(Clone)]
pub(crate) enum Role {
    /// Those of components.
    Component(Arc<Exports>),
    /// proxy-wasm.
    ProxyWasm(Arc<proxy_wasm::Prepared>),
    /// http-wasm.
    HttpWasm(Arc<http_wasm::Prepared>),
}

/// What a component exports that the host calls.
pub(crate) struct Exports {
    pub(crate) hooks: HookTable,
    pub(crate) http: Option<service::Role>,
}

/// A role, with what instances are made of and how many of the pool's places each takes.
pub(crate) struct Made {
    pub(crate) role: Role,
    pub(crate) blueprint: Blueprint,
    pub(crate) places: u32,
    /// What instances can wait for, where that is not told by what they import.
    pub(crate) waits: Option<Waits>,
}

/// What a first instance has shown of a module.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown {
    /// What a VM of proxy-wasm begins with, where the code is the image of one that has begun.
    pub(crate) began: Option<Began>,
    /// What one of http-wasm has enabled.
    pub(crate) handler: http_wasm::Shown,
}

impl Made {
    /// Of what was compiled, and of what is known of it.
    pub(crate) fn of(
        machine: &MachineCode,
        machinery: &Machinery,
        spec: &PluginSpec,
        shown: Shown,
    ) -> Result<Made, LoadError> {
        match machine {
            MachineCode::Component(component) => Made::of_component(component, machinery),
            MachineCode::Module(module) => Made::of_module(module, machinery, spec, shown),
        }
    }

    fn of_component(component: &Component, machinery: &Machinery) -> Result<Made, LoadError> {
        let pre = linking::linker(machinery)?.instantiate_pre(component);
        let pre = pre.map_err(|error| LoadError::mismatch(contract::newest(), &error))?;
        let exports = Exports::of(component);
        let (configure, sees_bodies) = (exports.hooks.configure, exports.hooks.see_bodies());
        let blueprint = Blueprint::Component { pre, configure, sees_bodies };
        let role = Role::Component(Arc::new(exports));
        Ok(Made { role, blueprint, places: places(component), waits: None })
    }

    fn of_module(
        module: &wasmtime::Module,
        machinery: &Machinery,
        spec: &PluginSpec,
        shown: Shown,
    ) -> Result<Made, LoadError> {
        let exports: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
        if Contract::of(&exports) == Some(Contract::HttpWasm) {
            let prepared = Arc::new(http_wasm::Prepared::new(machinery, module, spec, shown.handler)?);
            let blueprint = Blueprint::Module(prepared.pre.clone());
            let waits = shown.handler.waits_for_trailers().then_some(Waits::Answers);
            return Ok(Made { role: Role::HttpWasm(prepared), blueprint, places: 1, waits });
        }
        let prepared = Arc::new(proxy_wasm::Prepared::new(machinery, module, spec, shown.began)?);
        let blueprint = Blueprint::Module(prepared.pre.clone());
        Ok(Made { role: Role::ProxyWasm(prepared), blueprint, places: 1, waits: None })
    }
}

/// How many handles a guest of `wasi:http` may hold. Languages that collect garbage let go of them late: JavaScript has several for each
/// part of a body.
const HANDLES_OF_SERVICES: usize = 8192;

impl Role {
    /// How many handles a guest may hold.
    pub(crate) fn handles(&self) -> usize {
        match self {
            Role::Component(exports) if exports.http.is_some() => HANDLES_OF_SERVICES,
            _ => HANDLES,
        }
    }

    /// The hooks that are accounted for.
    pub(crate) fn exported(&self) -> Vec<Hook> {
        match self {
            Role::Component(exports) => {
                let serve = exports.http.map(|_| Hook::Serve);
                exports.hooks.exported().into_iter().chain(serve).collect()
            }
            Role::ProxyWasm(module) => module.exported(),
            Role::HttpWasm(_) => vec![Hook::OnRequest, Hook::OnResponse],
        }
    }
}

impl Exports {
    fn of(component: &Component) -> Exports {
        Exports { hooks: HookTable::of(component), http: service::Role::of(component) }
    }
}
