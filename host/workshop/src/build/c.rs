//! C: make compiles the module, by whatever compiler the Makefile names.

use super::tool::{Home, Tool};
use super::{BuildError, Module};
use crate::component::is_component;
use crate::contract::World;
use crate::project::Project;

/// What the Makefile has to make, below the project's folder.
const MODULE: &str = "build/plugin.core.wasm";

const MAKE: Tool = Tool {
    name: "make",
    install: "install make by your system's packages, and try again",
    home: Home::Anywhere,
};
/// The compiler of a new plugin's Makefile.
const COMPILER: Tool = Tool {
    name: "python-zig",
    install: "run `python3 -m venv .venv && .venv/bin/pip install -r sandgate-sdk/requirements.txt` in the plugin's folder, or name \
              another compiler by WASM_CC=\"clang --target=wasm32-wasi\", and try again",
    home: Home::Anywhere,
};
/// The variable that names another one.
const OTHER_COMPILER: &str = "WASM_CC";

/// The module that make makes of the project.
pub(super) fn module(project: &Project, say: impl Fn(&str)) -> Result<Module, BuildError> {
    let mut make = MAKE.command(project)?;
    say(&format!("make {MODULE}"));
    make.args(["--no-print-directory", MODULE]);
    MAKE.run(make).map_err(|error| explained(error, project))?;
    let path = project.folder.join(MODULE);
    let bytes = std::fs::read(&path).map_err(|_| BuildError::NoModule {
        tool: MAKE.name,
        expected: "the Makefile has to make build/plugin.core.wasm",
    })?;
    let world = match is_component(&bytes) {
        true => None,
        false => Some(World::of(&bytes, &project.contract())?),
    };
    Ok(Module { path, world, _draft: None })
}

/// A failure is the compiler's absence where a new plugin's Makefile would find none.
fn explained(error: BuildError, project: &Project) -> BuildError {
    let names_another = std::env::var_os(OTHER_COMPILER).is_some();
    match names_another || COMPILER.command(project).is_ok() {
        true => error,
        false => COMPILER.missing(),
    }
}
