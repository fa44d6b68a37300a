//! Go: it compiles the module for WASI 0.1, once the plugin has said which hooks it has.

use super::tool::{Home, Tool};
use super::{BuildError, Draft, Module};
use crate::contract::World;
use crate::project::Project;

const GO: Tool = Tool {
    name: "go",
    install: "install Go 1.25 or newer, or run `python3 -m venv .venv && .venv/bin/pip install -r sandgate-sdk/requirements.txt` \
              in the plugin's folder, and try again",
    home: Home::Anywhere,
};

/// The variable that makes a plugin say its hooks where it is run on this machine (`AskForHooks` in the SDK).
const ASK_FOR_HOOKS: (&str, &str) = ("SANDGATE_HOOKS", "1");

/// The module that go makes of the project.
pub(super) fn module(project: &Project, say: impl Fn(&str)) -> Result<Module, BuildError> {
    let mut ask = GO.command(project)?;
    say("SANDGATE_HOOKS=1 go run .");
    ask.args(["run", "."]).env(ASK_FOR_HOOKS.0, ASK_FOR_HOOKS.1);
    let hooks = hooks(&GO.ask(ask)?);
    if hooks.is_empty() {
        return Err(BuildError::NoSource {
            expected: "`init` has to call `sandgate.Handle` with a value that has hooks",
        });
    }
    let world = World::exporting(&hooks, &project.contract())?;
    let draft = Draft::new(project)?;
    let output = draft.from(project);
    say(&format!("GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o {output} ."));
    let mut build = GO.command(project)?;
    // -checklinkname=0: memory is asked for before Go's runtime is ready (`internal/abi/realloc.go` in the SDK).
    build.args([
        "build",
        "-buildmode=c-shared",
        "-trimpath",
        "-ldflags=-s -w -checklinkname=0",
        "-o",
        &output,
        ".",
    ]);
    build.env("GOOS", "wasip1").env("GOARCH", "wasm");
    GO.run(build)?;
    Ok(draft.module(Some(world)))
}

/// The hooks of a plugin: the last line that it wrote.
fn hooks(said: &[u8]) -> Vec<String> {
    let said = String::from_utf8_lossy(said);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    last.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_the_hooks() {
        assert_eq!(hooks(b"starting\non-request on-response\n\n"), ["on-request", "on-response"]);
        assert!(hooks(b"\n").is_empty());
    }
}
