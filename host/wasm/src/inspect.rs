//! What a file holds, and whether it could be loaded as a plugin: for `sandgate inspect`, and for the sentence that a
//! refused configuration shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use wasmtime::ImportType;

use crate::compile::Code;
use crate::contract::{self, HOOKS, Known};
use crate::dialect::Dialect;
use crate::engine::Engine;
use crate::grants::{Grant, Grants, Needs};
use crate::http_wasm;
use crate::imports::FREE;
use crate::machine_code::MachineCode;
use crate::module::Contract;
use crate::schema::SettingsFault;
use crate::service;

/// Why a component can't be loaded. Each says what was found, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The machinery can't be set up.
    #[error("the WebAssembly engine can't be set up: {0}")]
    Engine(String),
    /// More memory than any guest may have.
    #[error("`limits.memory` is {0} bytes; a guest may have 64MiB at most")]
    MemoryLimit(u64),
    /// The file can't be read.
    #[error("cannot read it: {0}; build the component, or correct the path")]
    Read(#[from] std::io::Error),
    /// The file is empty.
    #[error("the file is empty; expected a WebAssembly component")]
    Empty,
    /// Not WebAssembly.
    #[error(
        "the file begins with {0:?}, so it is no WebAssembly; expected a component, as `cargo xtask guests` or `wasm-tools component new` makes"
    )]
    NotWasm(String),
    /// A module, not a component.
    #[error(
        "the file is a core module; expected a component, as `wasm-tools component new` makes of it, or a module of \
         proxy-wasm 0.2.1, 0.2.0 or 0.1.0, or of http-wasm{0}"
    )]
    CoreModule(&'static str),
    /// A module that imports what proxy-wasm has not.
    #[error(
        "it imports `{0}`; a module of proxy-wasm may import the host functions of versions 0.2.1, 0.2.0 and 0.1.0 from \
         `env`, and WASI preview 1"
    )]
    ModuleImport(String),
    /// A module that imports what http-wasm has not.
    #[error(
        "it imports `{0}`; a module of http-wasm may import the functions of its contract from `http_handler`, and WASI preview 1"
    )]
    HandlerImport(String),
    /// Damaged, or made for another version of the component model.
    #[error("the component can't be compiled: {0}; is the file whole? build it again")]
    Damaged(String),
    /// Nothing that the host calls.
    #[error("it exports {0}; expected at least one of {hooks}, of the package sandgate:proxy, {spoken}, wasi:http/incoming-handler 0.2, or wasi:http/handler 0.3", hooks = HOOKS.join(", "), spoken = contract::spoken())]
    NoHook(String),
    /// Built for a version of the contract that is not spoken here.
    #[error(
        "it was built for {0}, and this Sandgate speaks {spoken}; build it with an SDK for one of these, or run it with a Sandgate that speaks what it was built for",
        spoken = contract::spoken()
    )]
    Version(String),
    /// What there is not.
    #[error(
        "it imports `{0}`, which no plugin is granted; a plugin may import {1}, what its `grants` have, and WASI 0.2"
    )]
    Import(String, String),
    /// More than it is granted.
    #[error("it {what}, which it is not granted; {how}")]
    NotGranted {
        /// What it does.
        what: String,
        /// What to write where.
        how: String,
    },
    /// What it says of its metrics can't be.
    #[error("it describes metrics that it can't have: {0}")]
    Metrics(String),
    /// Right names, wrong types.
    #[error("it does not fit {newest}: {0}; build it with this version's WIT", newest = contract::newest())]
    Mismatch(String),
    /// The same of a module.
    #[error("it does not fit {0}: {1}; build it with what is made for that contract")]
    ModuleMismatch(&'static str, String),
    /// Settings for a plugin that has none.
    #[error("it has `settings`, but does not export `configure` of sandgate:proxy/plugin; remove them")]
    TakesNoSettings,
    /// The schema of its settings can't be used.
    #[error("the schema that it gives for its settings can't be used: {0}")]
    Schema(String),
    /// The settings break the schema.
    #[error("its settings are not as its schema says: {}", sentences(.0))]
    Settings(Vec<SettingsFault>),
    /// `configure` said no.
    #[error("it refuses its settings: {0}")]
    Refused(String),
    /// The first instance failed.
    #[error("a first instance of it failed: {0}")]
    Trial(String),
}

impl LoadError {
    /// Says what to write: the whole line, or, where it is there, what it lacks.
    pub(crate) fn not_granted(what: String, plugin: &str, grants: &Grants, missing: &Needs) -> Self {
        let how = match grants.is_empty() {
            true => format!("grant it under `plugins.{plugin}` by `{missing}`"),
            false => format!("add to `plugins.{plugin}.grants`: `{}`", missing.entries()),
        };
        LoadError::NotGranted { what, how }
    }

    pub(crate) fn mismatch(error: &wasmtime::Error) -> Self {
        LoadError::Mismatch(format!("{error:#}"))
    }
}

/// Things that are wrong with settings, on one line.
fn sentences(faults: &[SettingsFault]) -> String {
    let sentence = |fault: &SettingsFault| match fault.place.as_str() {
        "" => fault.message.clone(),
        place => format!("at `{place}`, {}", fault.message),
    };
    faults.iter().map(sentence).collect::<Vec<_>>().join("; ")
}

/// Of a component's interfaces, all whose names begin so are granted: nothing is behind them.
const WASI: &str = "wasi:";

/// A kind of WebAssembly file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// A core module.
    Module,
}

/// What a file has.
#[derive(Clone, Debug)]
pub struct Anatomy {
    /// Which kind of WebAssembly it is.
    pub kind: Kind,
    /// Bytes of the file.
    pub size: u64,
    /// Names of what it exports.
    pub exports: Vec<String>,
    /// Names of what it imports.
    pub imports: Vec<String>,
}

/// What guests can wait for, beside a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Nothing: they compute from beginning to end.
    Nothing,
    /// Answers of upstreams.
    Answers,
    /// Whatever their language's runtime waits for.
    Wasi,
}

/// Whether a component could be loaded.
pub type WorldCheck = Result<(), LoadError>;

impl Anatomy {
    pub(crate) async fn of(engine: &Engine, bytes: &Arc<[u8]>) -> Result<(Code, Anatomy), LoadError> {
        let kind = check_kind(bytes)?;
        let wasmtime = &engine.machinery_for(Dialect::of(bytes))?.wasmtime;
        let code = engine.code(bytes).await;
        let code = code.map_err(|error| LoadError::Damaged(format!("{error:#}")))?;
        let (exports, imports) = match &code.machine {
            MachineCode::Component(component) => {
                let ty = component.component_type();
                let exports = ty.exports(wasmtime).map(|(name, _)| name.to_owned()).collect();
                (exports, ty.imports(wasmtime).map(|(name, _)| name.to_owned()).collect())
            }
            MachineCode::Module(module) => {
                let import = |import: ImportType<'_>| format!("{}.{}", import.module(), import.name());
                let exports = module.exports().map(|export| export.name().to_owned()).collect();
                (exports, module.imports().map(import).collect())
            }
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok((code, Anatomy { kind, size, exports, imports }))
    }

    /// The versions of the contract that it has interfaces of, as `sandgate:proxy@0.1.0`, and what the host makes of them.
    pub fn contracts(&self) -> Vec<(String, Known)> {
        if self.kind == Kind::Module {
            let contract = Contract::of(&self.exports);
            return contract.map(|contract| (contract.name().to_owned(), Known::Here)).into_iter().collect();
        }
        let names = self.exports.iter().chain(&self.imports);
        let versions: BTreeSet<&str> = names.filter_map(|name| contract::version_in(name)).collect();
        let named = |version| (format!("{}@{version}", contract::PACKAGE), contract::known(version));
        versions.into_iter().map(named).chain(self.wasi_http()).collect()
    }

    /// The versions of `wasi:http` that it answers requests by.
    fn wasi_http(&self) -> impl Iterator<Item = (String, Known)> {
        let versions = self.exports.iter().filter_map(|export| {
            let handler = ["wasi:http/incoming-handler@", "wasi:http/handler@"];
            handler.into_iter().find_map(|handler| export.strip_prefix(handler))
        });
        versions.map(|version| (format!("wasi:http@{version}"), service::known(version)))
    }

    /// Whether it exports what the host calls, and imports only what the host gives.
    pub fn check(&self) -> WorldCheck {
        if self.kind == Kind::Module {
            let no_marker = "; it exports neither `proxy_abi_version_0_2_1`, or that of another version, nor `handle_request`";
            return Contract::of(&self.exports).map(drop).ok_or(LoadError::CoreModule(no_marker));
        }
        let is_called = |export: &String| contract::is_hook(export) || service::is_handler(export);
        if !self.exports.iter().any(is_called) {
            return Err(LoadError::NoHook(list(&self.exports)));
        }
        let strange = self.contracts().into_iter().find(|(_, known)| *known == Known::Elsewhere);
        if let Some((version, _)) = strange {
            return Err(LoadError::Version(version));
        }
        let ungranted = self.imports.iter().find(|import| !is_granted(import));
        match ungranted {
            Some(import) => Err(LoadError::Import(import.clone(), FREE.join(", "))),
            None => Ok(()),
        }
    }

    /// What its imports need to be granted.
    pub fn needs(&self) -> Needs {
        let mut needs = Vec::new();
        for grant in self.imports.iter().filter_map(|import| Grant::needed_for(import)) {
            // Several interfaces may need the same.
            if !needs.contains(&grant) {
                needs.push(grant);
            }
        }
        Needs(needs)
    }

    /// Whether all that its imports need is granted to the plugin of that name.
    pub(crate) fn check_grants(&self, plugin: &str, grants: &Grants) -> WorldCheck {
        let is_missing = |import: &&String| Grant::needed_for(import).is_some_and(|grant| !grants.has(grant));
        let imports: Vec<String> =
            self.imports.iter().filter(is_missing).map(|import| format!("`{import}`")).collect();
        if imports.is_empty() {
            return Ok(());
        }
        let missing = Needs(self.needs().0.into_iter().filter(|grant| !grants.has(*grant)).collect());
        Err(LoadError::not_granted(format!("imports {}", imports.join(", ")), plugin, grants, &missing))
    }

    /// What its guests can wait for.
    pub(crate) fn waits(&self) -> Waits {
        let any = |is: fn(&str) -> bool| self.imports.iter().any(|import| is(import));
        if self.kind == Kind::Module {
            // One that can't read bodies waits for none.
            let reads = any(|import| import == http_wasm::READ_BODY);
            return if reads { Waits::Answers } else { Waits::Nothing };
        }
        if any(|import| import.starts_with(WASI)) {
            return Waits::Wasi;
        }
        let calls_out = any(|import| Grant::needed_for(import) == Some(Grant::Callout));
        if calls_out { Waits::Answers } else { Waits::Nothing }
    }
}

fn is_granted(import: &str) -> bool {
    let interface = import.split('@').next().unwrap_or(import);
    interface.starts_with(WASI) || FREE.contains(&interface) || Grant::needed_for(import).is_some()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Whether the bytes begin as a component does (the binary format's magic number, version and layer).
fn check_kind(bytes: &[u8]) -> Result<Kind, LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    const COMPONENT: &[u8] = &[0x0d, 0x00, 0x01, 0x00];
    const MODULE: &[u8] = &[0x01, 0x00, 0x00, 0x00];
    if bytes.is_empty() {
        return Err(LoadError::Empty);
    }
    let Some(after) = bytes.strip_prefix(MAGIC) else {
        let start: Vec<u8> = bytes.iter().copied().take(8).collect();
        return Err(LoadError::NotWasm(String::from_utf8_lossy(&start).into_owned()));
    };
    if after.starts_with(COMPONENT) {
        return Ok(Kind::Component);
    }
    if after.starts_with(MODULE) {
        // Others are not worth the time that it takes to compile them.
        let has = |marker: &[u8]| bytes.windows(marker.len()).any(|window| window == marker);
        let is_told = Contract::MARKERS.into_iter().any(has);
        return if is_told { Ok(Kind::Module) } else { Err(LoadError::CoreModule("")) };
    }
    Err(LoadError::Damaged("unknown version of the binary format".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_kind_of_file_has_a_sentence_of_its_own() {
        let message = |bytes: &[u8]| check_kind(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("empty"));
        assert!(message(b"#!/bin/sh").contains("begins with \"#!/bin/s\""));
        assert!(message(b"\0asm\x01\0\0\0").contains("core module"));
        assert_eq!(check_kind(b"\0asm\x01\0\0\0..proxy_abi_version_0_2_1").unwrap(), Kind::Module);
        assert!(message(b"\0asm\x99\0\0\0").contains("is the file whole"));
        assert!(check_kind(b"\0asm\x0d\0\x01\0").is_ok());
    }

    #[test]
    fn each_version_of_the_contract_is_named_once() {
        let exports = ["on-request@0.1.0", "on-log@0.1.0", "on-log@0.9.0"];
        let exports = exports.map(|export| format!("sandgate:proxy/{export}")).into_iter();
        let exports = exports.chain(["memory".to_owned(), "other:proxy/on-log@0.2.0".to_owned()]).collect();
        let imports = vec!["sandgate:proxy/types@0.1.99".to_owned()];
        let contracts = Anatomy { kind: Kind::Component, size: 0, exports, imports }.contracts();
        let named = |version: &str, known| (format!("sandgate:proxy@{version}"), known);
        let expected =
            [named("0.1.0", Known::Here), named("0.1.99", Known::Earlier), named("0.9.0", Known::Elsewhere)];
        assert_eq!(contracts, expected);
    }

    #[test]
    fn only_granted_imports_and_known_hooks_pass() {
        let anatomy = |exports: &[&str], imports: &[&str]| Anatomy {
            kind: Kind::Component,
            size: 0,
            exports: exports.iter().map(|s| (*s).to_owned()).collect(),
            imports: imports.iter().map(|s| (*s).to_owned()).collect(),
        };
        let hook = "sandgate:proxy/on-request@0.1.0";
        assert!(anatomy(&[hook], &["sandgate:proxy/log@0.1.0", "wasi:io/poll@0.2.6"]).check().is_ok());
        let kept = anatomy(&[hook], &["sandgate:proxy/kv@0.1.0", "sandgate:proxy/counter@0.1.0"]);
        assert!(kept.check().is_ok(), "that there is such an interface is no grant yet");
        let refused = |grants: &Grants| kept.check_grants("it", grants).unwrap_err().to_string();
        assert!(
            refused(&Grants::default()).ends_with(
                "under `plugins.it` by `grants: { kv: { quota: 1MiB }, counter: { keys: 1000 } }`"
            )
        );
        let some = Grants { kv: Some(1), ..Grants::default() };
        assert_eq!(
            refused(&some),
            "it imports `sandgate:proxy/counter@0.1.0`, which it is not granted; \
             add to `plugins.it.grants`: `counter: { keys: 1000 }`"
        );
        assert!(kept.check_grants("it", &Grants { counter: Some(1), ..some }).is_ok());
        let several =
            anatomy(&[hook], &["wasi:keyvalue/store@0.2.0-draft", "wasi:keyvalue/batch@0.2.0-draft"]);
        assert_eq!(several.needs().to_string(), "grants: { kv: { quota: 1MiB } }", "once");
        assert!(matches!(anatomy(&[hook], &["evil:x/y"]).check(), Err(LoadError::Import(..))));
        assert!(matches!(anatomy(&["run"], &[]).check(), Err(LoadError::NoHook(..))));
        let strange =
            |exports: &[&str], imports: &[&str]| anatomy(exports, imports).check().unwrap_err().to_string();
        let said = "it was built for sandgate:proxy@0.9.0, and this Sandgate speaks 0.1.0 to 0.1.1;";
        for (exports, imports) in [
            (&["sandgate:proxy/on-request@0.9.0"][..], &[][..]),
            (&[hook, "sandgate:proxy/on-log@0.9.0"], &[]),
            (&[hook], &["sandgate:proxy/log@0.9.0"]),
        ] {
            let refused = strange(exports, imports);
            assert!(refused.starts_with(said), "{refused}");
        }
    }
}
