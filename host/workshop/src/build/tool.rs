//! A program that builds: where it is found, and what it says.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::BuildError;
use crate::project::Project;

/// Where npm puts the programs of a project.
const MODULES: &str = "node_modules/.bin";
/// Where pip puts the programs of a project that has an environment of its own.
const ENVIRONMENT: &str = ".venv/bin";

/// A program that builds.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// How it is had, as a sentence.
    pub(super) install: &'static str,
    pub(super) home: Home,
}

/// Where a program may be.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Home {
    /// In the project's folder, or wherever the shell would find it.
    Anywhere,
    /// Among what npm installed for this project: others of the same name are something else.
    Modules,
}

impl Tool {
    /// A call of it, in the project's folder. What it starts itself is found where it was found.
    pub(super) fn command(&self, project: &Project) -> Result<Command, BuildError> {
        let folders = match self.home {
            Home::Anywhere => folders(project),
            Home::Modules => vec![project.folder.join(MODULES)],
        };
        let found = folders.iter().map(|folder| folder.join(self.name)).find(|path| is_program(path));
        let mut command = Command::new(found.ok_or_else(|| self.missing())?);
        command.current_dir(&project.folder).env("PATH", path(project)).stdin(Stdio::null());
        Ok(command)
    }

    /// That it is not there.
    pub(super) fn missing(&self) -> BuildError {
        BuildError::Missing { tool: self.name, install: self.install }
    }

    /// Runs a call of it; all that it writes is on our standard error.
    pub(super) fn run(&self, mut command: Command) -> Result<(), BuildError> {
        let start = |source| BuildError::Start { tool: self.name, source };
        let stderr = io::stderr().as_fd().try_clone_to_owned().map_err(start)?;
        self.ended(command.stdout(stderr).status().map_err(start)?)
    }

    /// Runs a call of it, and gives what it wrote to standard output.
    pub(super) fn ask(&self, mut command: Command) -> Result<Vec<u8>, BuildError> {
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|source| BuildError::Start { tool: self.name, source })?;
        self.ended(output.status).map(|()| output.stdout)
    }

    fn ended(&self, status: ExitStatus) -> Result<(), BuildError> {
        match status.success() {
            true => Ok(()),
            false => Err(BuildError::Failed { tool: self.name }),
        }
    }
}

/// Where programs are looked for, the project's own first.
fn folders(project: &Project) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = [MODULES, ENVIRONMENT].map(|folder| project.folder.join(folder));
    own.into_iter().chain(std::env::split_paths(&path)).collect()
}

fn path(project: &Project) -> OsString {
    // A folder with a colon in its name can't be in a path: what is in it is not found then.
    std::env::join_paths(folders(project)).unwrap_or_else(|_| std::env::var_os("PATH").unwrap_or_default())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    const SH: Tool = Tool { name: "sh", install: "buy one", home: Home::Anywhere };

    fn project() -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let project = Project { folder: folder.path().to_owned(), language: Language::JavaScript };
        (folder, project)
    }

    fn put(project: &Project, folder: &str, mode: u32) -> PathBuf {
        let path = project.folder.join(folder).join("sh");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_projects_own_programs_come_first() {
        let (_folder, project) = project();
        let found = || SH.command(&project).unwrap().get_program().to_owned();
        let system = found();
        put(&project, ENVIRONMENT, 0o644);
        assert_eq!(found(), system, "what can't be run is no program");
        let environment = put(&project, ENVIRONMENT, 0o755);
        assert_eq!(found(), environment);
        let modules = put(&project, MODULES, 0o755);
        assert_eq!(found(), modules);
    }

    #[test]
    fn what_npm_has_to_install_is_not_taken_from_elsewhere() {
        let (_folder, project) = project();
        let tool = Tool { home: Home::Modules, ..SH };
        assert_eq!(tool.command(&project).unwrap_err().to_string(), "sh is missing: buy one");
        put(&project, MODULES, 0o755);
        assert!(tool.command(&project).is_ok());
    }

    #[test]
    fn what_a_tool_starts_is_found_where_the_tool_is() {
        let (_folder, project) = project();
        let mut command = SH.command(&project).unwrap();
        command.args(["-c", "echo \"$PATH\""]);
        let said = String::from_utf8(SH.ask(command).unwrap()).unwrap();
        let expected = format!("{}:", project.folder.join(MODULES).display());
        assert!(said.starts_with(&expected), "{said}");
    }

    #[test]
    fn a_tool_that_fails_is_named() {
        let (_folder, project) = project();
        let mut command = SH.command(&project).unwrap();
        command.args(["-c", "exit 3"]);
        let error = SH.run(command).unwrap_err().to_string();
        assert_eq!(error, "sh failed: what is wrong stands above");
    }
}
