//! Builds a project by its language's own tools, into a component.

mod c;
mod go;
mod javascript;
mod python;
mod rust;
mod tool;

use std::io;
use std::path::{Path, PathBuf};

use crate::component::{self, ComponentError, Written};
use crate::contract::{ContractError, World};
use crate::language::Language;
use crate::project::Project;

/// A component that was built.
#[derive(Debug)]
pub struct Built {
    /// Its file.
    pub component: PathBuf,
    /// What became of it.
    pub written: Written,
}

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A tool is not there.
    #[error("{tool} is missing: {install}")]
    Missing {
        /// What was called.
        tool: &'static str,
        /// How it is had.
        install: &'static str,
    },
    /// A tool can't be started.
    #[error("can't start {tool}: {source}")]
    Start {
        /// What was called.
        tool: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A tool said what is wrong, on standard error.
    #[error("{tool} failed: what is wrong stands above")]
    Failed {
        /// What was called.
        tool: &'static str,
    },
    /// There is nothing that the tool could be given.
    #[error("no source: {expected}")]
    NoSource {
        /// What a project has to have.
        expected: &'static str,
    },
    /// A tool ended well, and made nothing that could be a plugin.
    #[error("{tool} made no module: {expected}")]
    NoModule {
        /// What was called.
        tool: &'static str,
        /// What a project has to have.
        expected: &'static str,
    },
    /// A file of the project can't be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The module has no world in the contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// What it made is no component.
    #[error(transparent)]
    Component(#[from] ComponentError),
}

/// What a language's tools made.
struct Module {
    path: PathBuf,
    /// What it exports, if it does not say so itself.
    world: Option<World>,
    /// What has to go when it was read.
    _draft: Option<Draft>,
}

/// Builds it. The tools write to our standard error; `say` is given the command lines that are run.
pub fn build(project: &Project, say: impl Fn(&str)) -> Result<Built, BuildError> {
    let module = match project.language {
        Language::Rust => rust::module(project, say)?,
        Language::JavaScript | Language::TypeScript => javascript::module(project, say)?,
        Language::Python => python::module(project, say)?,
        Language::Go => go::module(project, say)?,
        Language::C => c::module(project, say)?,
    };
    let component = project.component();
    let written = component::write_in(&module.path, module.world.as_ref(), &component)?;
    Ok(Built { component, written })
}

/// A file for what a tool makes, which is gone when it was used: what was built before stays where it is until then.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn new(project: &Project) -> Result<Draft, BuildError> {
        let folder = project.output();
        let failed = |error: io::Error| BuildError::File { path: folder.clone(), reason: error.to_string() };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        remove_abandoned(&folder);
        Ok(Draft { path: folder.join(format!(".{}.wasm", std::process::id())) })
    }

    /// Its path from the project's folder, where tools are run.
    fn from(&self, project: &Project) -> String {
        self.path.strip_prefix(&project.folder).unwrap_or(&self.path).display().to_string()
    }

    fn module(self, world: Option<World>) -> Module {
        Module { path: self.path.clone(), world, _draft: Some(self) }
    }
}

/// Removes drafts of builds that were ended before they could.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process =
            name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".wasm")?.parse().ok());
        let is_abandoned = process.is_some_and(|id: u32| !Path::new("/proc").join(id.to_string()).exists());
        if is_abandoned {
            // One that stays is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A tool that failed has not made it.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_goes_when_it_was_used_and_those_of_dead_processes_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project { folder: folder.path().to_owned(), language: Language::Python };
        let draft = Draft::new(&project).unwrap();
        let path = draft.path.clone();
        // No process has the highest number there is.
        let (abandoned, other) =
            (project.output().join(format!(".{}.wasm", u32::MAX)), project.output().join("mine.wasm"));
        for file in [&path, &abandoned, &other] {
            std::fs::write(file, "").unwrap();
        }
        let next = Draft::new(&project).unwrap();
        assert!(path.exists() && !abandoned.exists() && other.exists());
        drop((draft, next));
        assert!(!path.exists() && other.exists());
    }
}
