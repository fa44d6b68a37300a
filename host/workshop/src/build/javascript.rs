//! JavaScript and TypeScript: what npm installed makes the component, QuickJS with the plugin in it.

use std::path::Path;

use serde::Deserialize;

use super::tool::{Home, Tool};
use super::{BuildError, Draft, Module};
use crate::language::Language;
use crate::project::Project;

const MANIFEST: &str = "package.json";
/// The plugin's module where the manifest names none.
const USUAL: [&str; 2] = ["index.ts", "index.js"];

const NODE: Tool = Tool {
    name: "node",
    install: "install Node.js 20 or newer, and npm, by your system's packages, and try again",
    home: Home::Anywhere,
};
const BUILD: Tool = Tool {
    name: "sandgate-build",
    install: "run `npm install` in the plugin's folder, and try again",
    home: Home::Modules,
};
const CHECK: Tool = Tool { name: "tsc", ..BUILD };

/// The component that the SDK's build makes of the project.
pub(super) fn module(project: &Project, say: impl Fn(&str)) -> Result<Module, BuildError> {
    // What npm installed is started by it.
    NODE.command(project)?;
    let source = source(&project.folder)?;
    let mut build = BUILD.command(project)?;
    if project.language == Language::TypeScript {
        check(project, &say)?;
    }
    let draft = Draft::new(project)?;
    let output = draft.from(project);
    say(&format!("sandgate-build {source} -o {output}"));
    build.args([&source, "-o", &output, "--quiet"]);
    BUILD.run(build)?;
    Ok(draft.module(None))
}

/// The build takes types away; whether they are right is for TypeScript's compiler to say.
fn check(project: &Project, say: impl Fn(&str)) -> Result<(), BuildError> {
    let mut command = CHECK.command(project)?;
    say("tsc --noEmit");
    command.arg("--noEmit");
    CHECK.run(command)
}

/// A manifest, as far as it matters.
#[derive(Default, Deserialize)]
struct Manifest {
    main: Option<String>,
}

/// The plugin's module: what the manifest names as `main`.
fn source(folder: &Path) -> Result<String, BuildError> {
    let main = manifest(folder)?.main.filter(|main| folder.join(main).is_file());
    let usual = || USUAL.into_iter().find(|name| folder.join(name).is_file()).map(str::to_owned);
    main.or_else(usual)
        .ok_or(BuildError::NoSource { expected: "`main` in package.json has to name the plugin's module" })
}

fn manifest(folder: &Path) -> Result<Manifest, BuildError> {
    let path = folder.join(MANIFEST);
    // A folder that only has a tsconfig.json is one in TypeScript too.
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(Manifest::default()) };
    serde_json::from_str(&text).map_err(|error| BuildError::File { path, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_the_module_and_the_usual_names_do_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert!(source(folder.path()).unwrap_err().to_string().contains("`main` in package.json"));
        put("index.js", "");
        assert_eq!(source(folder.path()).unwrap(), "index.js");
        put("package.json", r#"{ "main": "plugin.js" }"#);
        assert_eq!(source(folder.path()).unwrap(), "index.js", "what it names is not there");
        put("plugin.js", "");
        assert_eq!(source(folder.path()).unwrap(), "plugin.js");
        put("package.json", "{ main }");
        let error = source(folder.path()).unwrap_err().to_string();
        assert!(error.contains("package.json: ") && error.contains("line 1"), "{error}");
    }
}
