//! A module that instances can be made of: what it imports is there, and what it is told is known.

use wasmtime::{InstancePre, Linker, Module};

use super::abi::Features;
use super::imports::{FUNCTIONS, MODULE, add_trailers};
use crate::context::Context;
use crate::inspect::LoadError;
use crate::module::{Linked, configuration, link, mismatch};
use crate::spec::PluginSpec;

/// A module, ready to be instantiated.
pub(crate) struct Prepared {
    pub(crate) pre: InstancePre<Context>,
    /// What it is told of itself.
    pub(super) configuration: Vec<u8>,
    /// What instances begin with, where the module is an image of one that has started.
    pub(super) began: Option<Features>,
}

/// What a first instance has shown of a module.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown {
    /// What it has enabled when it started.
    pub(super) features: Features,
    code: CodeOf,
}

/// What there is code of.
#[derive(Clone, Copy, Debug, Default)]
enum CodeOf {
    /// The module, which has to be started.
    #[default]
    Module,
    /// An image of it.
    Image,
}

impl Shown {
    pub(super) fn of_module(features: Features) -> Self {
        Shown { features, code: CodeOf::Module }
    }

    /// The same of a module whose image the code is.
    pub(crate) fn of_image(self) -> Self {
        Shown { code: CodeOf::Image, ..self }
    }

    /// Whether its instances may have to wait for what ends a body.
    pub(crate) fn waits_for_trailers(self) -> bool {
        self.features.has(Features::TRAILERS)
    }
}

impl Prepared {
    /// Of a module and what the configuration says of it.
    pub(crate) fn new(
        linker: &Linker<Context>,
        module: &Module,
        spec: &PluginSpec,
        shown: Shown,
    ) -> Result<Self, LoadError> {
        let is_there = |module: &str, name: &str| module == MODULE && FUNCTIONS.contains(&name);
        let linked = match shown.waits_for_trailers() {
            true => link(&waiting(linker).map_err(|error| mismatch(module, &error))?, module, is_there)?,
            false => link(linker, module, is_there)?,
        };
        match linked {
            Linked::Done(pre) => Ok(Prepared {
                pre,
                configuration: configuration(spec.settings.as_deref()),
                began: match shown.code {
                    CodeOf::Module => None,
                    CodeOf::Image => Some(shown.features),
                },
            }),
            Linked::Unmet(import) => Err(LoadError::HandlerImport(import)),
        }
    }
}

/// The linker, with functions that wait for trailers.
fn waiting(linker: &Linker<Context>) -> wasmtime::Result<Linker<Context>> {
    let mut linker = linker.clone();
    add_trailers(&mut linker)?;
    Ok(linker)
}
