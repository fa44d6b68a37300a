//! A core module made a component.

use std::io;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::contract::World;

/// What modules that were compiled for WASI 0.1 import. The adapter is Wasmtime's (Apache-2.0 WITH LLVM-exception), from its crate
/// wasi-preview1-component-adapter-provider; a module that imports nothing of it gets nothing of it.
const ADAPTER: (&str, &[u8]) = (
    "wasi_snapshot_preview1",
    include_bytes!("../../../sdk/go/cmd/sandgate-build/wasi_snapshot_preview1.reactor.wasm"),
);

/// What became of a component's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It has so many bytes, and others than before.
    New(usize),
    /// It was as it should be.
    Unchanged(usize),
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// A file can't be read or written.
    #[error("can't {verb} {}: {source}", path.display())]
    File {
        /// What was to be done with it.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The module is none of a component.
    #[error("{} makes no component: {reason}", module.display())]
    NoComponent {
        /// The module.
        module: PathBuf,
        /// What it lacks.
        reason: String,
    },
}

/// Makes the module a component; one that is a component is taken as it is. Its file is replaced at once, and only if
/// it changes: a running proxy that watches it never sees a part of it, and reloads for a reason only.
pub fn write(module: &Path, component: &Path) -> Result<Written, ComponentError> {
    write_in(module, None, component)
}

/// The same for a module that does not bring its world along.
pub(crate) fn write_in(
    module: &Path,
    world: Option<&World>,
    component: &Path,
) -> Result<Written, ComponentError> {
    let bytes = std::fs::read(module).map_err(|source| file("read", module, source))?;
    let bytes = encode(bytes, world)
        .map_err(|reason| ComponentError::NoComponent { module: module.to_owned(), reason })?;
    if std::fs::read(component).is_ok_and(|old| old == bytes) {
        return Ok(Written::Unchanged(bytes.len()));
    }
    replace(component, &bytes).map_err(|source| file("write", component, source))?;
    Ok(Written::New(bytes.len()))
}

fn file(verb: &'static str, path: &Path, source: io::Error) -> ComponentError {
    ComponentError::File { verb, path: path.to_owned(), source }
}

fn encode(mut bytes: Vec<u8>, world: Option<&World>) -> Result<Vec<u8>, String> {
    if is_component(&bytes) {
        return Ok(bytes);
    }
    let refused = |error| format!("{error:#}");
    let encoder = ComponentEncoder::default().validate(true);
    let encoder = match world {
        None => encoder.module(&bytes),
        Some(World { resolve, id }) => {
            embed_component_metadata(&mut bytes, resolve, *id, StringEncoding::UTF8).map_err(refused)?;
            let (name, adapter) = ADAPTER;
            encoder.module(&bytes).and_then(|encoder| encoder.adapter(name, adapter))
        }
    };
    encoder.and_then(|mut encoder| encoder.encode()).map_err(refused)
}

/// Whether it says in its preamble that it is of the layer of components (Component Model, Binary.md).
pub(crate) fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0])
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&draft, bytes)?;
    std::fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a module of nothing is: magic and version.
    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_module_becomes_a_component_once() {
        let folder = tempfile::tempdir().unwrap();
        let (module, component) = (folder.path().join("m.wasm"), folder.path().join("build/c.wasm"));
        std::fs::write(&module, EMPTY).unwrap();
        let Written::New(bytes) = write(&module, &component).unwrap() else { panic!("it was not there") };
        assert_eq!(write(&module, &component).unwrap(), Written::Unchanged(bytes));
        assert_eq!(std::fs::read_dir(component.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_component_stays_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (module, component) = (folder.path().join("m.wasm"), folder.path().join("c.wasm"));
        std::fs::write(&module, EMPTY).unwrap();
        write(&module, &component).unwrap();
        let again = folder.path().join("again.wasm");
        write(&component, &again).unwrap();
        assert_eq!(std::fs::read(component).unwrap(), std::fs::read(again).unwrap());
    }

    #[test]
    fn what_is_no_module_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("m.wasm");
        std::fs::write(&module, "no module").unwrap();
        let error = write(&module, &folder.path().join("c.wasm")).unwrap_err().to_string();
        assert!(error.contains("m.wasm makes no component"), "{error}");
        assert!(!folder.path().join("c.wasm").exists());
    }
}
