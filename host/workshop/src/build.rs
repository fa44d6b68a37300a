//! Builds a project by its language's own tool, into a component.

mod rust;

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::component::{self, ComponentError, Written};
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
    /// A tool ended well, and made nothing that could be a plugin.
    #[error("{tool} made no module: {expected}")]
    NoModule {
        /// What was called.
        tool: &'static str,
        /// What a project has to have.
        expected: &'static str,
    },
    /// What it made is no component.
    #[error(transparent)]
    Component(#[from] ComponentError),
}

/// Builds it. The tool writes to our standard error; `say` is given the command lines that are run.
pub fn build(project: &Project, say: impl Fn(&str)) -> Result<Built, BuildError> {
    let module = match project.language {
        Language::Rust => rust::module(project, say)?,
    };
    let component = project.component();
    let written = component::write(&module, &component)?;
    Ok(Built { component, written })
}

/// Runs a tool in the project's folder, and gives what it wrote to standard output.
fn run(tool: &'static Tool, mut command: Command, project: &Project) -> Result<Vec<u8>, BuildError> {
    command.current_dir(&project.folder).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BuildError::Missing { tool: tool.name, install: tool.install },
        _ => BuildError::Start { tool: tool.name, source },
    })?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(BuildError::Failed { tool: tool.name }),
    }
}

/// A program that builds.
struct Tool {
    name: &'static str,
    /// How it is had, as a sentence.
    install: &'static str,
}
