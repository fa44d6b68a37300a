//! Machine code of either kind of WebAssembly: a component, or a core module that needs no wrapping to be one of ours.

use wasmtime::component::Component;
use wasmtime::{Engine, Module};

/// How a component begins, behind the magic number (the binary format's version and layer).
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// What was compiled.
#[derive(Clone, Debug)]
pub enum MachineCode {
    /// A component.
    Component(Component),
    /// A core module.
    Module(Module),
}

impl MachineCode {
    /// Compiles what is in a file.
    pub fn new(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self> {
        match bytes.starts_with(COMPONENT) {
            true => Component::from_binary(engine, bytes).map(MachineCode::Component),
            false => Module::from_binary(engine, bytes).map(MachineCode::Module),
        }
    }

    /// Compiles it into a form that can be kept.
    pub fn precompile(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Vec<u8>> {
        match bytes.starts_with(COMPONENT) {
            true => engine.precompile_component(bytes),
            false => engine.precompile_module(bytes),
        }
    }

    /// The component, if it is one.
    pub fn component(&self) -> Option<&Component> {
        match self {
            MachineCode::Component(component) => Some(component),
            MachineCode::Module(_) => None,
        }
    }

    /// Where it is in memory.
    pub fn image_range(&self) -> std::ops::Range<*const u8> {
        match self {
            MachineCode::Component(component) => component.image_range(),
            MachineCode::Module(module) => module.image_range(),
        }
    }
}
