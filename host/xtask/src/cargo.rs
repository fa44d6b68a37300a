//! Calls of cargo: the one that runs us, at the root.

use std::path::Path;
use std::process::Command;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Cargo, at the root.
pub(crate) fn command(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// What `cargo metadata` says of the workspace's own packages. It asks no registry.
pub(crate) fn metadata<T: DeserializeOwned>(root: &Path) -> Result<T> {
    let mut cargo = command(root);
    cargo.args(["metadata", "--quiet", "--no-deps", "--format-version", "1"]);
    let output = cargo.output().map_err(|e| Error::Failed(format!("can't start cargo: {e}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Failed(format!("cargo metadata failed: {}", said.trim())));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| {
        Error::Failed(format!(
            "can't read what cargo metadata says (is [package.metadata.sandgate] right?): {e}"
        ))
    })
}
