//! A module that instances can be made of: what it imports is there, and what it is told is known.

use std::sync::Arc;

use module::{Linked, configuration, link};
use sandbox::{Context, LoadError, Machinery, PluginSpec};
use wasmtime::{InstancePre, Linker, Module};

use super::abi::Features;
use super::imports::{FUNCTIONS, MODULE, add_trailers, linker};

/// What this contract is called.
const CONTRACT: &str = "http-wasm";

/// What this contract keeps with the engine.
struct Ours {
    plain: Linker<Context>,
    /// The same, with functions that wait for trailers.
    waiting: Linker<Context>,
}

impl Ours {
    fn of(machinery: &Machinery) -> Result<Arc<Ours>, LoadError> {
        let make = || {
            let plain = linker(&machinery.wasmtime)?;
            let mut waiting = plain.clone();
            add_trailers(&mut waiting)?;
            wasmtime::error::Ok(Ours { plain, waiting })
        };
        machinery.kept.get_or_make(make).map_err(|error| LoadError::Engine(format!("{error:#}")))
    }
}

/// A module, ready to be instantiated.
pub struct Prepared {
    /// What is instantiated.
    pub pre: InstancePre<Context>,
    /// What it is told of itself.
    pub(super) configuration: Vec<u8>,
    /// What instances begin with, where the module is an image of one that has started.
    pub(super) began: Option<Features>,
}

/// What a first instance has shown of a module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
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
    pub fn of_image(self) -> Self {
        Shown { code: CodeOf::Image, ..self }
    }

    /// Whether its instances may have to wait for what ends a body.
    pub fn waits_for_trailers(self) -> bool {
        self.features.has(Features::TRAILERS)
    }
}

impl Prepared {
    /// Of a module and what the configuration says of it.
    pub fn new(
        machinery: &Machinery,
        module: &Module,
        spec: &PluginSpec,
        shown: Shown,
    ) -> Result<Self, LoadError> {
        let is_there = |module: &str, name: &str| module == MODULE && FUNCTIONS.contains(&name);
        let ours = Ours::of(machinery)?;
        let linker = if shown.waits_for_trailers() { &ours.waiting } else { &ours.plain };
        let linked = link(CONTRACT, linker, module, is_there)?;
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
