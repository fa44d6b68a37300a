//! `cargo xtask bindings`: generates the Rust SDK's bindings from `wit/`.
//!
//! They are committed, so that whoever writes a guest compiles no generator (27 seconds of CPU time). The generator
//! itself is behind the feature `bindings`, for the same reason; the command builds it when it is asked for.

#[cfg(feature = "bindings")]
mod generate;
pub(crate) mod stamp;

use std::path::Path;

use crate::error::{Error, Result};

/// Where the bindings are, from the root.
#[cfg(any(test, feature = "bindings"))]
const FOLDER: &str = "sdk/rust/src/bindings";

/// Generates all files of the bindings.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result {
    match arguments {
        [] => generate_in(root),
        _ => Err(Error::Usage("usage: cargo xtask bindings")),
    }
}

#[cfg(feature = "bindings")]
fn generate_in(root: &Path) -> Result {
    generate::all(root)
}

#[cfg(not(feature = "bindings"))]
fn generate_in(root: &Path) -> Result {
    crate::say::say("bindings: building the generator");
    let mut cargo = crate::cargo::command(root);
    cargo.args(["run", "--quiet", "--package", "xtask", "--features", "bindings", "--", "bindings"]);
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::Failed(format!("the bindings generator ended with {status}"))),
        Err(source) => Err(Error::Failed(format!("can't start cargo: {source}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_bindings_are_those_of_the_committed_wit() {
        let root = crate::root();
        let committed = std::fs::read_to_string(root.join(FOLDER).join("mod.rs")).unwrap();
        let stamp = stamp::of(&root.join("wit")).unwrap();
        assert!(committed.contains(&stamp), "wit/ changed: run `cargo xtask bindings`");
    }
}
