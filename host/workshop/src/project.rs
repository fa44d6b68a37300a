//! The folder of a plugin.

use std::io;
use std::path::{Path, PathBuf};

use crate::language::Language;

/// Where builds put a project's component, below its folder.
const OUTPUT: &str = "build";

/// Where new plugins have their copy of the SDK, below their folder.
pub(crate) const SDK: &str = "sandgate-sdk";

/// Folders that tools fill.
const BUILT: [&str; 4] = [OUTPUT, "target", "node_modules", "__pycache__"];
/// So many files are watched.
const WATCHED: usize = 10_000;

/// A folder with a plugin's sources.
#[derive(Clone, Debug)]
pub struct Project {
    /// Where it is.
    pub folder: PathBuf,
    /// What it is written in.
    pub language: Language,
}

/// Why a folder is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It can't be opened.
    #[error("{}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// None of the files is there that would tell its language.
    #[error("{} has none of {}: `sandgate new` makes a folder that can be built", folder.display(), Language::manifests())]
    NoManifest {
        /// The folder.
        folder: PathBuf,
    },
}

impl Project {
    /// The project of a folder.
    pub fn open(folder: &Path) -> Result<Project, ProjectError> {
        let folder = folder
            .canonicalize()
            .map_err(|source| ProjectError::Folder { folder: folder.to_owned(), source })?;
        match Language::of(&folder) {
            Some(language) => Ok(Project { folder, language }),
            None => Err(ProjectError::NoManifest { folder }),
        }
    }

    /// Its name: that of its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Its files but for what is built from them, as far as they are watched.
    #[must_use]
    pub fn sources(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.folder, &mut files);
        files
    }

    /// Where its component is, once it was built.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.output().join(self.name()).with_extension("wasm")
    }

    /// The folder of what is built.
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.join(OUTPUT)
    }

    /// The contract as the copy of the SDK has it that `sandgate new` puts into a folder.
    pub(crate) fn contract(&self) -> PathBuf {
        self.folder.join(SDK).join("wit")
    }
}

/// Adds the files of a folder and of those in it. What can't be read is not watched.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_made = BUILT.iter().any(|built| name == *built) || name.to_string_lossy().starts_with('.');
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !is_made => collect(&entry.path(), files),
            Ok(kind) if kind.is_file() && !is_made && files.len() < WATCHED => files.push(entry.path()),
            _ => {}
        }
    }
}
