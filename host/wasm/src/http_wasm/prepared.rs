//! A module that instances can be made of: what it imports is there, and what it is told is known.

use wasmtime::{InstancePre, Linker, Module};

use super::imports::{FUNCTIONS, MODULE};
use crate::context::Context;
use crate::inspect::LoadError;
use crate::module::{Linked, configuration, link};
use crate::spec::PluginSpec;

/// A module, ready to be instantiated.
pub(crate) struct Prepared {
    pub(crate) pre: InstancePre<Context>,
    /// What it is told of itself.
    pub(super) configuration: Vec<u8>,
}

impl Prepared {
    /// Of a module and what the configuration says of it.
    pub(crate) fn new(
        linker: &Linker<Context>,
        module: &Module,
        spec: &PluginSpec,
    ) -> Result<Self, LoadError> {
        let is_there = |module: &str, name: &str| module == MODULE && FUNCTIONS.contains(&name);
        match link(linker, module, is_there)? {
            Linked::Done(pre) => Ok(Prepared { pre, configuration: configuration(spec.settings.as_deref()) }),
            Linked::Unmet(import) => Err(LoadError::HandlerImport(import)),
        }
    }
}
