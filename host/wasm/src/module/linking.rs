//! How a module gets what it imports, and what it is told of itself.

use wasmtime::{ExternType, InstancePre, Linker, Module, Val};

use super::{Contract, wasi};
use crate::context::Context;
use crate::inspect::LoadError;

/// What a function of WASI answers that is not there (`ENOSYS`).
const NO_SUCH_CALL: i32 = 52;

/// A module, linked; or why not.
pub(crate) enum Linked {
    Done(InstancePre<Context>),
    /// It imports what there is not.
    Unmet(String),
}

/// Links a module. What there is beside WASI is known by `is_there`, of a module's name and a function's.
pub(crate) fn link(
    linker: &Linker<Context>,
    module: &Module,
    is_there: impl Fn(&str, &str) -> bool,
) -> Result<Linked, LoadError> {
    let linker = with_rest_of_wasi(linker, module).map_err(|error| mismatch(module, &error))?;
    let error = match linker.instantiate_pre(module) {
        Ok(pre) => return Ok(Linked::Done(pre)),
        Err(error) => error,
    };
    let is_there = |module: &str, name: &str| wasi::MODULES.contains(&module) || is_there(module, name);
    match module.imports().find(|import| !is_there(import.module(), import.name())) {
        Some(import) => Ok(Linked::Unmet(format!("{}.{}", import.module(), import.name()))),
        None => Err(mismatch(module, &error)),
    }
}

/// Right names, wrong types.
pub(crate) fn mismatch(module: &Module, error: &wasmtime::Error) -> LoadError {
    let exports: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    let contract = Contract::of(&exports).map_or("a contract of modules", Contract::name);
    LoadError::ModuleMismatch(contract, format!("{error:#}"))
}

/// The memory that an instance begins with, in bytes.
pub(crate) fn memory(module: &Module) -> usize {
    const PAGE: u64 = 64 << 10;
    match module.get_export("memory") {
        Some(ExternType::Memory(memory)) => {
            usize::try_from(memory.minimum().saturating_mul(PAGE)).unwrap_or(usize::MAX)
        }
        _ => 0,
    }
}

/// Settings as such modules expect them: text as it is, all else as JSON.
pub(crate) fn configuration(settings: Option<&str>) -> Vec<u8> {
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
        let is_wasi = wasi::MODULES.contains(&import.module());
        let answers = ty.results().len() == 1 && ty.result(0).is_some_and(|result| result.is_i32());
        if !is_wasi || !answers || wasi::FUNCTIONS.contains(&import.name()) {
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
