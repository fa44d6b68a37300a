//! Python: componentize-py makes the component, CPython with the plugin in it.

use super::tool::{Home, Tool};
use super::{BuildError, Draft, Module};
use crate::project::Project;

/// The plugin's module.
const SOURCE: &str = "plugin.py";

const PYTHON: Tool = Tool {
    name: "python3",
    install: "install Python 3.10 or newer by your system's packages, and try again",
    home: Home::Anywhere,
};
const COMPONENTIZE: Tool = Tool {
    name: "componentize-py",
    install: "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` in the plugin's folder, and try again",
    home: Home::Anywhere,
};

/// The component that the SDK's build makes of the project.
pub(super) fn module(project: &Project, say: impl Fn(&str)) -> Result<Module, BuildError> {
    if !project.folder.join(SOURCE).is_file() {
        return Err(BuildError::NoSource { expected: "the plugin's module has to be plugin.py" });
    }
    let mut python = PYTHON.command(project)?;
    // The SDK's build looks for it again, on the path that it is given.
    COMPONENTIZE.command(project)?;
    let draft = Draft::new(project)?;
    let output = draft.from(project);
    say(&format!("python3 -m sandgate.build {SOURCE} -o {output}"));
    python.args(["-m", "sandgate.build", SOURCE, "-o", &output, "--quiet"]);
    PYTHON.run(python)?;
    Ok(draft.module(None))
}
