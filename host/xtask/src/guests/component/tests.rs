use super::*;

use std::collections::BTreeSet;

use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldKey};

use crate::guests::{Guest, PROFILE, TARGET, Workspace, module, packages};

/// What guests may import.
const OFFERED: [&str; 11] = [
    "types",
    "exchange",
    "log",
    "clock",
    "random",
    "trace",
    "kv",
    "counter",
    "rate-limit",
    "metrics",
    "callout",
];

/// What a module of nothing is: magic and version.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

#[test]
fn a_module_becomes_a_component_once() {
    let folder = tempfile::tempdir().unwrap();
    let (module, component) = (folder.path().join("m.wasm"), folder.path().join("guests/c.wasm"));
    std::fs::write(&module, EMPTY).unwrap();
    assert!(matches!(write(&module, &component).unwrap(), Written::New(_)));
    assert_eq!(write(&module, &component).unwrap(), Written::Unchanged);
    let names: Vec<_> = std::fs::read_dir(folder.path().join("guests")).unwrap().flatten().collect();
    assert_eq!(names.len(), 1, "nothing but the component is left");
}

#[test]
fn what_is_no_module_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("text.wasm");
    std::fs::write(&module, "text").unwrap();
    let error = write(&module, &folder.path().join("c.wasm")).unwrap_err().to_string();
    assert!(error.contains("text.wasm makes no component"), "{error}");
}

#[test]
fn every_guest_exports_the_hooks_it_names_and_imports_the_contract_only() {
    let root = crate::root();
    let workspace = packages::workspace(root).unwrap();
    let guests = workspace.guests();
    assert!(!guests.is_empty());
    crate::guests::standard_library::ensure(root, TARGET, &workspace.target_directory.join(TARGET)).unwrap();
    crate::guests::build(root, &guests).unwrap();
    for guest in &guests {
        check(&workspace, guest);
    }
}

fn check(workspace: &Workspace, guest: &Guest) {
    let path = module(workspace, guest);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{PROFILE}: {}: {e}", path.display()));
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&encode(&bytes).unwrap()).unwrap()
    else {
        panic!("{} is no component", guest.name)
    };
    let named = guest.exports.iter().map(contract).collect();
    assert_eq!(names(&resolve, resolve.worlds[world].exports.keys()), named, "exports of {}", guest.name);
    let offered = OFFERED.map(contract).into();
    let mut imported = imports(&resolve, world);
    if guest.exports.iter().any(|export| export.starts_with("wasi:http/")) {
        imported.retain(|import| !import.starts_with("wasi:"));
    }
    assert!(imported.is_subset(&offered), "{} imports {imported:?}", guest.name);
}

fn imports(resolve: &Resolve, world: WorldId) -> BTreeSet<String> {
    names(resolve, resolve.worlds[world].imports.keys())
}

fn names<'a>(resolve: &Resolve, keys: impl Iterator<Item = &'a WorldKey>) -> BTreeSet<String> {
    keys.map(|key| resolve.name_world_key(key)).collect()
}

/// An interface by its whole name: one of the contract, as its files say, or one that is named whole.
fn contract(interface: impl std::fmt::Display) -> String {
    let interface = interface.to_string();
    if interface.contains(':') {
        return interface;
    }
    let text = std::fs::read_to_string(crate::root().join("wit/types.wit")).unwrap();
    let package = text.lines().next().unwrap().trim_start_matches("package ").trim_end_matches(';');
    package.replace('@', &format!("/{interface}@"))
}
