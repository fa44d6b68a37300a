//! Why a component can't be loaded, in sentences that say what was found, what was expected and what to do.

use crate::failure::Failure;
use crate::grants::{Grants, Needs};

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
    #[error(
        "it exports {exports}; expected at least one of {hooks}, of the package sandgate:proxy, {spoken}, wasi:http/incoming-handler 0.2, or wasi:http/handler 0.3"
    )]
    NoHook {
        /// What it exports instead.
        exports: String,
        /// What is called, of the contract.
        hooks: String,
        /// The versions of the contract that are spoken here.
        spoken: String,
    },
    /// Built for a version of the contract that is not spoken here.
    #[error(
        "it was built for {built_for}, and this Sandgate speaks {spoken}; build it with an SDK for one of these, or run it with a Sandgate that speaks what it was built for"
    )]
    Version {
        /// What it was built for.
        built_for: String,
        /// The versions that are spoken here.
        spoken: String,
    },
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
    #[error("it does not fit {contract}: {problem}; build it for this version")]
    Mismatch {
        /// The contract, with its version.
        contract: String,
        /// What is not as it should be.
        problem: String,
    },
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
    pub fn not_granted(what: String, plugin: &str, grants: &Grants, missing: &Needs) -> Self {
        let how = match grants.is_empty() {
            true => format!("grant it under `plugins.{plugin}` by `{missing}`"),
            false => format!("add to `plugins.{plugin}.grants`: `{}`", missing.entries()),
        };
        LoadError::NotGranted { what, how }
    }

    /// It has what a contract calls for, of other types.
    pub fn mismatch(contract: impl Into<String>, error: &wasmtime::Error) -> Self {
        LoadError::Mismatch { contract: contract.into(), problem: format!("{error:#}") }
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

/// A first instance failed.
pub fn trial(failure: Failure) -> LoadError {
    LoadError::Trial(failure.detail)
}

/// One thing that is wrong with a plugin's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFault {
    /// Where in the settings, as a JSON Pointer (RFC 6901): empty for the whole, else as `/rules/0/path`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}
