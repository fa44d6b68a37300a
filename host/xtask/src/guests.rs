//! `cargo xtask guests [--language LANGUAGE] [NAME...]`: builds guests into components, `target/guests/NAME.wasm`.
//!
//! A guest is a package of the workspace with `guest = true` in `[package.metadata.sandgate]`. All are built by one
//! call of cargo; `wit-component` then makes each module a component. Those that stay modules are in `modules.rs`.

mod languages;
mod modules;
mod packages;
mod standard_library;

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::say::say;
use packages::{Guest, Workspace};
use workshop::component::{self, Written};

/// What guests are compiled for: no WASI, so that a guest imports nothing but the contract.
const TARGET: &str = "wasm32-unknown-unknown";
/// The profile of guests in the root's `Cargo.toml`.
const PROFILE: &str = "guest";

/// Builds the named guests, or all: those in Rust, or examples in another language.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result {
    match arguments {
        [flag, language, examples @ ..] if flag == "--language" && language != "rust" => {
            languages::run(root, language, examples)
        }
        [flag, _rust, names @ ..] if flag == "--language" => in_rust(root, names),
        [flag] if flag == "--language" => {
            Err(Error::Usage("usage: cargo xtask guests [--language LANGUAGE] [NAME...]"))
        }
        names => in_rust(root, names),
    }
}

fn in_rust(root: &Path, names: &[String]) -> Result {
    let workspace = packages::workspace(root)?;
    let (modules, names): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| modules::has(name));
    let wants_all = names.is_empty() && modules.is_empty();
    if wants_all || !modules.is_empty() {
        standard_library::ensure(root, TARGET, &workspace.target_directory.join(TARGET))?;
        modules::build(root, &workspace.target_directory)?;
    }
    if names.is_empty() && !wants_all {
        return Ok(());
    }
    let guests = packages::select(workspace.guests(), &names)?;
    standard_library::ensure(root, TARGET, &workspace.target_directory.join(TARGET))?;
    build(root, &guests)?;
    for guest in &guests {
        let written = component::write(&module(&workspace, guest), &component_path(&workspace, guest))
            .map_err(|error| Error::Failed(error.to_string()))?;
        report(&workspace, guest, written);
    }
    Ok(())
}

fn build(root: &Path, guests: &[Guest]) -> Result {
    let packages: Vec<&str> = guests.iter().map(|guest| guest.package.as_str()).collect();
    say(format_args!("guests: compiling {} for {TARGET}", packages.join(", ")));
    let mut cargo = crate::cargo::command(root);
    cargo.args(["build", "--quiet", "--profile", PROFILE, "--target", TARGET]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::Failed("the guests don't compile: see cargo's messages above".to_owned())),
        Err(source) => Err(Error::Failed(format!("can't start cargo: {source}"))),
    }
}

/// Where cargo puts a guest's module.
fn module(workspace: &Workspace, guest: &Guest) -> PathBuf {
    let file = format!("{}.wasm", guest.package.replace('-', "_"));
    workspace.target_directory.join(TARGET).join(PROFILE).join(file)
}

fn component_path(workspace: &Workspace, guest: &Guest) -> PathBuf {
    workspace.target_directory.join("guests").join(format!("{}.wasm", guest.name))
}

fn report(workspace: &Workspace, guest: &Guest, written: Written) {
    let path = component_path(workspace, guest);
    match written {
        Written::New(bytes) => say(format_args!("guests: {} ({bytes} bytes)", path.display())),
        Written::Unchanged(_) => say(format_args!("guests: {} is up to date", path.display())),
    }
}

#[cfg(test)]
mod tests;
