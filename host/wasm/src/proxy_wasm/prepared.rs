//! A module that can be made VMs of: what it imports is there, and what it is told is known.

use std::sync::Arc;
use std::time::Duration;

use model::Hooks;
use wasmtime::{ExternType, InstancePre, Linker, Module, Val};

use super::exports::Exports;
use super::imports::{ENV, FUNCTIONS, WASI, WASI_FUNCTIONS, WASI_OLD};
use super::queues::Queues;
use crate::context::Context;
use crate::inspect::LoadError;
use crate::spec::{Bodies, PluginSpec};
use crate::stats::Hook;

/// What a function of WASI answers that is not there (`ENOSYS`).
const NO_SUCH_CALL: i32 = 52;

/// A module, ready to be instantiated.
pub(crate) struct Prepared {
    pub(super) pre: InstancePre<Context>,
    pub(super) hooks: Hooks,
    /// What it is told of itself.
    pub(super) configuration: Vec<u8>,
    /// What it is told of its VM.
    pub(super) vm_configuration: Vec<u8>,
    pub(super) queues: Arc<Queues>,
    pub(super) exports: Exports,
    /// What VMs begin with, where the module is an image of one that has started.
    pub(super) began: Option<Began>,
}

/// What the host knows of a VM that has started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began {
    /// The period of its ticks, if there is one.
    pub(super) tick: Option<Duration>,
}

impl Prepared {
    /// Of a module and what the configuration says of it.
    pub(crate) fn new(
        linker: &Linker<Context>,
        module: &Module,
        spec: &PluginSpec,
        began: Option<Began>,
    ) -> Result<Self, LoadError> {
        let linker = with_rest_of_wasi(linker, module).map_err(|error| LoadError::mismatch(&error))?;
        let pre = linker.instantiate_pre(module).map_err(|error| unmet(module, &error))?;
        let has = |name: &str| module.get_export(name).is_some();
        let (of_requests, of_responses) = match spec.proxy_wasm.bodies {
            Bodies::Both => (true, true),
            Bodies::Request => (true, false),
            Bodies::Response => (false, true),
            Bodies::None => (false, false),
        };
        Ok(Prepared {
            pre,
            hooks: Hooks {
                // A context is made for each exchange, and ends with it.
                request: true,
                request_body: of_requests && has("proxy_on_request_body"),
                response: has("proxy_on_response_headers"),
                response_body: of_responses && has("proxy_on_response_body"),
                log: true,
                around: false,
            },
            configuration: configuration(spec.settings.as_deref()),
            vm_configuration: spec.proxy_wasm.vm_configuration.clone().into_bytes(),
            queues: Arc::default(),
            exports: Exports::of(module),
            began,
        })
    }

    /// The memory that a VM begins with, in bytes.
    pub(crate) fn memory(&self) -> usize {
        const PAGE: u64 = 64 << 10;
        match self.pre.module().get_export("memory") {
            Some(ExternType::Memory(memory)) => {
                usize::try_from(memory.minimum().saturating_mul(PAGE)).unwrap_or(usize::MAX)
            }
            _ => 0,
        }
    }

    /// The hooks that are accounted for.
    pub(crate) fn exported(&self) -> Vec<Hook> {
        let hooks = [
            (Hook::OnRequest, self.hooks.request),
            (Hook::OnRequestBody, self.hooks.request_body),
            (Hook::OnResponse, self.hooks.response),
            (Hook::OnResponseBody, self.hooks.response_body),
            (Hook::OnLog, self.hooks.log),
            (Hook::OnEvent, true),
        ];
        hooks.into_iter().filter(|(_, has)| *has).map(|(hook, _)| hook).collect()
    }
}

/// Settings as such modules expect them: text as it is, all else as JSON.
fn configuration(settings: Option<&str>) -> Vec<u8> {
    let Some(settings) = settings else { return Vec::new() };
    match serde_json::from_str(settings) {
        Ok(serde_json::Value::String(text)) => text.into_bytes(),
        Ok(serde_json::Value::Null) => Vec::new(),
        _ => settings.as_bytes().to_vec(),
    }
}

/// The linker, with those functions of WASI that runtimes import and that lead nowhere here: they say so.
fn with_rest_of_wasi(linker: &Linker<Context>, module: &Module) -> wasmtime::Result<Linker<Context>> {
    let mut linker = linker.clone();
    linker.allow_shadowing(true);
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        let is_wasi = [WASI, WASI_OLD].contains(&import.module());
        let answers = ty.results().len() == 1 && ty.result(0).is_some_and(|result| result.is_i32());
        if !is_wasi || !answers || WASI_FUNCTIONS.contains(&import.name()) {
            continue;
        }
        linker.func_new(import.module(), import.name(), ty, |mut caller, _, results| {
            caller.data_mut().count_call()?;
            results.iter_mut().for_each(|result| *result = Val::I32(NO_SUCH_CALL));
            Ok(())
        })?;
    }
    Ok(linker)
}

/// Names the first import that is not there.
fn unmet(module: &Module, error: &wasmtime::Error) -> LoadError {
    let is_there = |module: &str, name: &str| match module {
        WASI | WASI_OLD => true,
        ENV => FUNCTIONS.contains(&name),
        _ => false,
    };
    match module.imports().find(|import| !is_there(import.module(), import.name())) {
        Some(import) => LoadError::ModuleImport(format!("{}.{}", import.module(), import.name())),
        None => LoadError::mismatch(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_as_it_is_and_all_else_as_json() {
        assert_eq!(configuration(Some("\"a: b\"")), b"a: b");
        assert_eq!(configuration(Some("{\"a\":1}")), b"{\"a\":1}");
        assert_eq!((configuration(Some("null")), configuration(None)), (Vec::new(), Vec::new()));
    }
}
