//! Rust: cargo builds the module.

use std::path::PathBuf;

use serde::Deserialize;

use super::tool::{Home, Tool};
use super::{BuildError, Module};
use crate::project::Project;

/// No WASI, so that a plugin imports nothing but the contract.
const TARGET: &str = "wasm32-unknown-unknown";

const CARGO: Tool = Tool {
    name: "cargo",
    install: "install Rust by your system's packages or by rustup, and try again",
    home: Home::Anywhere,
};
const RUSTC: Tool = Tool { name: "rustc", ..CARGO };

/// Where rustc looks for a target's standard library.
const MISSING_TARGET: BuildError = BuildError::Missing {
    tool: "Rust's standard library for wasm32-unknown-unknown",
    install: "run `rustup target add wasm32-unknown-unknown`, and try again",
};

/// The module that cargo makes of the project.
pub(super) fn module(project: &Project, say: impl Fn(&str)) -> Result<Module, BuildError> {
    if !has_target(project)? {
        return Err(MISSING_TARGET);
    }
    let arguments = ["build", "--release", "--target", TARGET];
    say(&format!("cargo {}", arguments.join(" ")));
    let mut cargo = CARGO.command(project)?;
    cargo.args(arguments).arg("--message-format=json-render-diagnostics");
    let messages = CARGO.ask(cargo)?;
    let expected = "Cargo.toml needs `crate-type = [\"cdylib\"]` under [lib]";
    let path = last_module(&messages).ok_or(BuildError::NoModule { tool: CARGO.name, expected })?;
    Ok(Module { path, world: None, _draft: None })
}

fn has_target(project: &Project) -> Result<bool, BuildError> {
    let mut rustc = RUSTC.command(project)?;
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let folder = RUSTC.ask(rustc)?;
    let folder = PathBuf::from(String::from_utf8_lossy(&folder).trim());
    let Ok(files) = std::fs::read_dir(folder) else { return Ok(false) };
    Ok(files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
}

/// A message of cargo, as far as it matters.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The module that was finished last: that of the project itself, since what it depends on comes before.
fn last_module(messages: &[u8]) -> Option<PathBuf> {
    let messages = String::from_utf8_lossy(messages);
    let messages = messages.lines().rev().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut files = messages.flat_map(|message| message.filenames);
    files.find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_module_is_the_projects() {
        let messages = br#"{"reason":"compiler-artifact","filenames":["/t/libdep.rlib"]}
{"reason":"compiler-artifact","filenames":["/t/dep.wasm"]}
{"reason":"compiler-artifact","filenames":["/t/mine.wasm","/t/mine.d"]}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(last_module(messages), Some(PathBuf::from("/t/mine.wasm")));
        assert_eq!(last_module(b"{\"filenames\":[\"/t/libdep.rlib\"]}\n"), None);
    }
}
