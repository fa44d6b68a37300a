//! A module that can be made VMs of: what it imports is there, and what it is told is known.

use std::sync::Arc;
use std::time::Duration;

use accounts::Hook;
use model::Hooks;
use module::{Linked, configuration, link};
use sandbox::{Bodies, Context, LoadError, Machinery, PluginSpec};
use wasmtime::{InstancePre, Linker, Module};

use super::abi::Abi;
use super::exports::Exports;
use super::halls::{Halls, Member};
use super::imports::{ENV, FUNCTIONS, linker};
use super::joined::{CREATED, Created};

/// What this contract keeps with the engine.
struct Ours {
    linker: Linker<Context>,
    /// What modules share.
    halls: Halls,
}

impl Ours {
    fn of(machinery: &Machinery) -> Result<Arc<Ours>, LoadError> {
        let make = || linker(&machinery.wasmtime).map(|linker| Ours { linker, halls: Halls::default() });
        machinery.kept.get_or_make(make).map_err(|error| LoadError::Engine(format!("{error:#}")))
    }
}

/// A module, ready to be instantiated.
pub struct Prepared {
    /// What is instantiated.
    pub pre: InstancePre<Context>,
    /// The version of the contract that it was built for.
    pub(super) abi: Abi,
    pub(super) hooks: Hooks,
    /// What it is told of itself.
    pub(super) configuration: Vec<u8>,
    /// What it is told of its VM.
    pub(super) vm_configuration: Vec<u8>,
    /// What it shares with others.
    pub(super) member: Member,
    pub(super) exports: Arc<Exports>,
    /// Whether VMs begin with the context of their exchange.
    pub created: Created,
    /// What VMs begin with, where the module is an image of one that has started.
    pub(super) began: Option<Began>,
}

/// What the host knows of a VM that has started.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    /// The period of its ticks, if there is one.
    pub(super) tick: Option<Duration>,
}

impl Prepared {
    /// Of a module and what the configuration says of it.
    pub fn new(
        machinery: &Machinery,
        module: &Module,
        spec: &PluginSpec,
        began: Option<Began>,
    ) -> Result<Self, LoadError> {
        let ours = Ours::of(machinery)?;
        let pre = match link(contract(module), &ours.linker, module, is_there)? {
            Linked::Done(pre) => pre,
            Linked::Unmet(import) => return Err(LoadError::ModuleImport(import)),
        };
        let has = |name: &str| module.get_export(name).is_some();
        let (of_requests, of_responses) = match spec.proxy_wasm.bodies {
            Bodies::Both => (true, true),
            Bodies::Request => (true, false),
            Bodies::Response => (false, true),
            Bodies::None => (false, false),
        };
        let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
        Ok(Prepared {
            pre,
            abi: Abi::of(&names).unwrap_or(Abi::V0_2_1),
            hooks: Hooks {
                // A context is made for each exchange, and ends with it.
                request: true,
                request_parts: of_requests
                    && (has("proxy_on_request_body") || has("proxy_on_request_trailers")),
                response: has("proxy_on_response_headers"),
                response_parts: of_responses
                    && (has("proxy_on_response_body") || has("proxy_on_response_trailers")),
                log: true,
                ..Hooks::default()
            },
            configuration: configuration(spec.settings.as_deref()),
            vm_configuration: spec.proxy_wasm.vm_configuration.clone().into_bytes(),
            member: ours.halls.join(spec),
            exports: Arc::new(began.map_or_else(|| Exports::of(module), |_| Exports::of_image(module))),
            created: if began.is_some() && has(CREATED) { Created::Yes } else { Created::No },
            began,
        })
    }

    /// The hooks that are accounted for.
    pub fn exported(&self) -> Vec<Hook> {
        let hooks = [
            (Hook::OnRequest, self.hooks.request),
            (Hook::OnRequestBody, self.hooks.request_parts),
            (Hook::OnResponse, self.hooks.response),
            (Hook::OnResponseBody, self.hooks.response_parts),
            (Hook::OnLog, self.hooks.log),
            (Hook::OnEvent, true),
        ];
        hooks.into_iter().filter(|(_, has)| *has).map(|(hook, _)| hook).collect()
    }
}

/// What the contract of a module is called, with its version.
fn contract(module: &Module) -> &'static str {
    let exports: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    Abi::of(&exports).map_or("proxy-wasm", Abi::name)
}

fn is_there(module: &str, name: &str) -> bool {
    module == ENV && FUNCTIONS.contains(&name)
}
