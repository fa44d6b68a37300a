//! Guests that stay core modules: those of proxy-wasm and http-wasm, for the tests. They are in workspaces of their own.

use std::path::Path;

use super::{PROFILE, TARGET};
use crate::error::{Error, Result};
use crate::say::say;

/// Their workspaces.
const MANIFESTS: [&str; 2] = ["tests/guests/proxy-wasm/Cargo.toml", "tests/guests/http-wasm/Cargo.toml"];
/// Their names.
const NAMES: [&str; 3] = ["proxy-wasm-header", "proxy-wasm-probe", "http-wasm-probe"];

/// Whether one of them has this name.
pub(super) fn has(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Builds all of them, and puts them with the others.
pub(super) fn build(root: &Path, target: &Path) -> Result {
    say(format_args!("guests: compiling {} for {TARGET}", NAMES.join(", ")));
    for manifest in MANIFESTS {
        compile(root, target, manifest)?;
    }
    let guests = target.join("guests");
    std::fs::create_dir_all(&guests).map_err(|error| Error::file("make", &guests, &error))?;
    for name in NAMES {
        let module = target.join(TARGET).join(PROFILE).join(format!("{}.wasm", name.replace('-', "_")));
        let copy = guests.join(format!("{name}.wasm"));
        std::fs::copy(&module, &copy).map_err(|error| Error::file("copy", &module, &error))?;
    }
    Ok(())
}

fn compile(root: &Path, target: &Path, manifest: &str) -> Result {
    let mut cargo = crate::cargo::command(root);
    cargo.args(["build", "--quiet", "--profile", PROFILE, "--target", TARGET, "--manifest-path", manifest]);
    cargo.arg("--target-dir").arg(target);
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::Failed("the modules don't compile: see cargo's messages above".to_owned())),
        Err(source) => Err(Error::Failed(format!("can't start cargo: {source}"))),
    }
}
