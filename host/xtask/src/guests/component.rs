//! A core module made a component.

use std::path::Path;

use wit_component::ComponentEncoder;

use crate::error::{Error, Result};

/// What became of a component's file.
#[derive(Debug, PartialEq)]
pub(super) enum Written {
    /// It has so many bytes, and others than before.
    New(usize),
    /// It was as it should be.
    Unchanged,
}

/// Makes the module a component. Its file is replaced at once, and only if it changes: a running proxy that watches
/// it never sees a part of it, and reloads for a reason only.
pub(super) fn write(module: &Path, component: &Path) -> Result<Written> {
    let bytes = std::fs::read(module).map_err(|e| Error::file("read", module, &e))?;
    let bytes = encode(&bytes)
        .map_err(|reason| Error::Failed(format!("{} makes no component: {reason}", module.display())))?;
    if std::fs::read(component).is_ok_and(|old| old == bytes) {
        return Ok(Written::Unchanged);
    }
    replace(component, &bytes).map_err(|e| Error::file("write", component, &e))?;
    Ok(Written::New(bytes.len()))
}

fn encode(module: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let component = ComponentEncoder::default().validate(true).module(module).and_then(|mut e| e.encode());
    component.map_err(|e| format!("{e:#}"))
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&new, bytes)?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests;
