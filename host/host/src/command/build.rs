//! `sandgate build`.

use std::io::Write;
use std::path::Path;

use wasm::Plugin;
use workshop::Project;
use workshop::component::Written;

use crate::arguments::Folder;
use crate::command::{engine, runtime};
use crate::exit::{Failure, print};

/// Builds a plugin, and sees whether it is one.
pub(crate) fn build(arguments: &Folder) -> Result<(), Failure> {
    let project = open(&arguments.folder)?;
    print(&format!("{}\n", built(&project)?))
}

/// The project of a folder.
pub(crate) fn open(folder: &Path) -> Result<Project, Failure> {
    Project::open(folder).map_err(|error| Failure::Other(error.to_string()))
}

/// Builds it, and says what came of it.
pub(crate) fn built(project: &Project) -> Result<String, Failure> {
    let built = workshop::build::build(project, say).map_err(|error| Failure::Other(error.to_string()))?;
    let path = built.component.strip_prefix(&project.folder).unwrap_or(&built.component).display();
    let of_it = |error: &dyn std::fmt::Display| Failure::Other(format!("{path}: {error}"));
    let anatomy =
        runtime()?.block_on(Plugin::inspect(&engine()?, &built.component)).map_err(|error| of_it(&error))?;
    anatomy.check().map_err(|error| of_it(&error))?;
    let (bytes, was) = match built.written {
        Written::New(bytes) => (bytes, ""),
        Written::Unchanged(bytes) => (bytes, ", as it was"),
    };
    let needs = anatomy.needs();
    let needs = if needs.0.is_empty() { String::new() } else { format!("; needs {needs}") };
    Ok(format!("{path}: {bytes} bytes{was}, exports {}{needs}", hooks(&anatomy.exports)))
}

/// The names of interfaces without what is the same for all. What languages' tools export for themselves is no hook.
fn hooks(exports: &[String]) -> String {
    let short = |name: &String| {
        let name = name.strip_prefix("sandgate:proxy/").unwrap_or(name);
        name.split('@').next().unwrap_or(name).to_owned()
    };
    exports.iter().filter(|name| name.contains(':')).map(short).collect::<Vec<_>>().join(", ")
}

/// A command line that is run, for whoever watches.
fn say(command: &str) {
    // Where nobody watches, the command is run all the same.
    let _ = writeln!(std::io::stderr().lock(), "$ {command}");
}
