//! A module that instances can be made of: what it imports is there, and what it is told is known.

use std::sync::Arc;

use module::{Linked, configuration, link};
use sandbox::{Context, LoadError, Machinery, PluginSpec};
use wasmtime::{InstancePre, Linker, Module};

use super::imports::{FUNCTIONS, MODULE, linker};

/// What this contract is called.
const CONTRACT: &str = "http-wasm";

/// What this contract keeps with the engine.
struct Ours(Linker<Context>);

impl Ours {
    fn of(machinery: &Machinery) -> Result<Arc<Ours>, LoadError> {
        let make = || linker(&machinery.wasmtime).map(Ours);
        machinery.kept.get_or_make(make).map_err(|error| LoadError::Engine(format!("{error:#}")))
    }
}

/// A module, ready to be instantiated.
pub struct Prepared {
    /// What is instantiated.
    pub pre: InstancePre<Context>,
    /// What it is told of itself.
    pub(super) configuration: Vec<u8>,
}

impl Prepared {
    /// Of a module and what the configuration says of it.
    pub fn new(machinery: &Machinery, module: &Module, spec: &PluginSpec) -> Result<Self, LoadError> {
        let is_there = |module: &str, name: &str| module == MODULE && FUNCTIONS.contains(&name);
        let ours = Ours::of(machinery)?;
        match link(CONTRACT, &ours.0, module, is_there)? {
            Linked::Done(pre) => Ok(Prepared { pre, configuration: configuration(spec.settings.as_deref()) }),
            Linked::Unmet(import) => Err(LoadError::HandlerImport(import)),
        }
    }
}
