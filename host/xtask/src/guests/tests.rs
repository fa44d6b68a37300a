use super::*;

use std::collections::BTreeSet;

use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldKey};

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

#[test]
fn every_guest_exports_the_hooks_it_names_and_imports_the_contract_only() {
    let root = crate::root();
    let workspace = packages::workspace(root).unwrap();
    let guests = workspace.guests();
    assert!(!guests.is_empty());
    standard_library::ensure(root, TARGET, &workspace.target_directory.join(TARGET)).unwrap();
    build(root, &guests).unwrap();
    for guest in &guests {
        check(&workspace, guest);
    }
}

fn check(workspace: &Workspace, guest: &Guest) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("component.wasm");
    component::write(&module(workspace, guest), &path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
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
