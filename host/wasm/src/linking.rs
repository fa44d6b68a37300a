//! What components may import, of all contracts: one linker for each engine.

use std::sync::Arc;

use sandbox::{Context, Dialect, LoadError, Machinery};
use wasmtime::component::Linker;

/// The linker of an engine. Each plugin has the same: a copy of all that it holds would be the largest part of one.
pub(crate) fn linker(machinery: &Machinery) -> Result<Arc<Linker<Context>>, LoadError> {
    let linker = machinery.kept.get_or_make(|| imports(machinery));
    linker.map_err(|error| LoadError::Engine(format!("{error:#}")))
}

fn imports(machinery: &Machinery) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(&machinery.wasmtime);
    contract::add_to_linker(&mut linker)?;
    wasi::add_to_linker(&mut linker)?;
    service::add_to_linker(&mut linker)?;
    if machinery.dialect() == Dialect::Concurrent {
        wasi::add_concurrent_to_linker(&mut linker)?;
        service::add_concurrent_to_linker(&mut linker)?;
    }
    Ok(linker)
}
