//! The contract's WIT, as this version of Sandgate has it, and the world of a module: what it exports, and whatever it imports.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use wit_parser::{Resolve, SourceMap, WorldId};

static WIT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// What an interface of the contract begins with, as a module names it.
const PACKAGE: &str = "sandgate:proxy/";
/// The world of a module.
const WORLD: &str = "built";

/// The files of the contract: their names, and what is in them.
pub(crate) fn files() -> impl Iterator<Item = (&'static Path, &'static [u8])> {
    WIT.files().filter(|file| is_wit(file.path())).map(|file| (file.path(), file.contents()))
}

fn is_wit(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wit")
}

/// What a module has to do with the contract.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) resolve: Resolve,
    pub(crate) id: WorldId,
}

/// Why there is no such world.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The files of the contract, or what a module exports, are not what they should be.
    #[error("the plugin's hooks don't fit the contract: {0}")]
    Wit(String),
    /// The module can't be read.
    #[error("what was compiled is no module: {0}")]
    Module(String),
}

impl World {
    /// The world with these exports, by the contract in a folder; by ours if it has none.
    pub(crate) fn exporting(hooks: &[String], contract: &Path) -> Result<World, ContractError> {
        let exports: String = hooks.iter().map(|hook| format!("export {hook};\n")).collect();
        let mut sources = sources(contract);
        sources.push_str("built.wit", format!("world {WORLD} {{\ninclude imports;\n{exports}}}\n"));
        let group = sources.parse().map_err(|(_, error)| ContractError::Wit(error.to_string()))?;
        let mut resolve = Resolve::default();
        let refused = |error: &dyn std::fmt::Display| ContractError::Wit(error.to_string());
        let package = resolve.push_group(group).map_err(|error| refused(&error))?;
        let id = resolve.select_world(&[package], Some(WORLD)).map_err(|error| refused(&error))?;
        Ok(World { resolve, id })
    }

    /// The world of a module that exports the functions of its hooks by their names in the contract.
    pub(crate) fn of(module: &[u8], contract: &Path) -> Result<World, ContractError> {
        let names = exports(module).map_err(|error| ContractError::Module(error.to_string()))?;
        let mut hooks: Vec<String> = names.iter().filter_map(|name| hook(name)).map(str::to_owned).collect();
        hooks.sort();
        hooks.dedup();
        World::exporting(&hooks, contract)
    }
}

/// The hook of an exported function: `sandgate:proxy/on-request@0.1.0#on-request`.
fn hook(export: &str) -> Option<&str> {
    let (interface, _) = export.split_once('#')?;
    let (hook, _) = interface.strip_prefix(PACKAGE)?.split_once('@')?;
    Some(hook)
}

fn exports(module: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::ExportSection(exports) = payload? {
            for export in exports {
                names.push(export?.name.to_owned());
            }
        }
    }
    Ok(names)
}

fn sources(contract: &Path) -> SourceMap {
    let mut sources = SourceMap::new();
    let own = own_files(contract);
    match own.is_empty() {
        false => own.iter().for_each(|(path, text)| sources.push(path, text)),
        true => files().for_each(|(path, text)| sources.push(path, String::from_utf8_lossy(text))),
    }
    sources
}

/// The WIT of a folder; what can't be read is missed when the rest is put together.
fn own_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| is_wit(path));
    paths.filter_map(|path| std::fs::read_to_string(&path).ok().map(|text| (path, text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_tells_its_hooks_by_what_it_exports() {
        assert_eq!(hook("sandgate:proxy/on-request@0.1.0#on-request"), Some("on-request"));
        for other in
            ["memory", "cabi_realloc", "cabi_post_sandgate:proxy/router@0.1.0#route", "a:b/c@1.0.0#d"]
        {
            assert_eq!(hook(other), None, "{other}");
        }
    }

    #[test]
    fn the_world_has_the_hooks_and_all_that_may_be_imported() {
        let world = World::exporting(&["on-request".to_owned()], Path::new("/nowhere")).unwrap();
        let items = &world.resolve.worlds[world.id];
        assert_eq!(items.exports.len(), 1);
        assert!(items.imports.len() > 5, "{:?}", items.imports.len());
    }

    #[test]
    fn a_hook_that_the_contract_does_not_have_is_named() {
        let error = World::exporting(&["on-lunch".to_owned()], Path::new("/nowhere")).unwrap_err();
        assert!(error.to_string().contains("on-lunch"), "{error}");
    }

    #[test]
    fn the_contract_of_the_folder_comes_before_ours() {
        let folder = tempfile::tempdir().unwrap();
        let text = "package a:b@9.0.0;\ninterface on-lunch { eat: func(); }\nworld imports {}\n";
        std::fs::write(folder.path().join("own.wit"), text).unwrap();
        assert!(World::exporting(&["on-lunch".to_owned()], folder.path()).is_ok());
    }
}
