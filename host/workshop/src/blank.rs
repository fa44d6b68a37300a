//! A new plugin: a folder that builds, with its sources, configuration, cases, tests and README.
//!
//! The SDK comes along, as this version of Sandgate has it: a new plugin needs nothing that is not in its folder but its
//! language's tools.

mod c;
mod cases;
mod go;
mod javascript;
mod python;
mod rust;
mod sdk;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::kind::Kind;
use crate::language::{Language, PACKAGES};

/// The longest name.
const NAME_LIMIT: usize = 64;

/// A plugin's name: what cargo, npm and the others take as a package's, and the configuration as a plugin's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// A name, if it is one.
    pub fn parse(text: &str) -> Result<Name, &'static str> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        let ends = !text.ends_with('-') && !text.contains("--");
        match begins && ends && text.len() <= NAME_LIMIT && text.chars().all(fits) {
            true => Ok(Name(text.to_owned())),
            false => {
                Err("expected a name such as `my-filter`: a letter, then up to 63 of a-z, 0-9 and single -")
            }
        }
    }

    /// As a type is written: `MyFilter`.
    fn camel(&self) -> String {
        let capital = |part: &str| {
            let mut letters = part.chars();
            letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        };
        self.0.split('-').map(capital).collect()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a new plugin is to be.
#[derive(Clone, Debug)]
pub struct Blank {
    /// Its name, and that of its folder.
    pub name: Name,
    /// What it is written in.
    pub language: Language,
    /// What it is.
    pub kind: Kind,
}

/// A file to be written: its path below the folder, and what is in it.
type File = (PathBuf, Cow<'static, [u8]>);

/// Why there is no new folder.
#[derive(Debug, thiserror::Error)]
pub enum BlankError {
    /// There is something already.
    #[error("{} is there already: choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// It can't be written.
    #[error("can't write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Blank {
    /// Writes its folder below this one: whole, or not at all.
    pub fn write(&self, below: &Path) -> Result<PathBuf, BlankError> {
        let folder = below.join(&self.name.0);
        if folder.symlink_metadata().is_ok() {
            return Err(BlankError::Exists(folder));
        }
        let draft = below.join(format!(".{}.{}.draft", self.name, std::process::id()));
        let written = self
            .write_files(&draft)
            .and_then(|()| std::fs::rename(&draft, &folder).map_err(|source| failed(&folder, source)));
        if written.is_err() {
            // What can't be removed either is a hidden folder that says whose it is.
            let _ = std::fs::remove_dir_all(&draft);
        }
        written.map(|()| folder)
    }

    fn write_files(&self, folder: &Path) -> Result<(), BlankError> {
        for (path, content) in self.files() {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
            std::fs::write(&path, content).map_err(|source| failed(&path, source))?;
        }
        Ok(())
    }

    fn files(&self) -> Vec<File> {
        let mut files = vec![self.filled("sandgate.yaml", self.configuration()), cases::file(self)];
        files.extend(match self.language {
            Language::Rust => rust::files(self),
            Language::JavaScript => javascript::in_javascript(self),
            Language::TypeScript => javascript::in_typescript(self),
            Language::Python => python::files(self),
            Language::Go => go::files(self),
            Language::C => c::files(self),
        });
        files
    }

    fn configuration(&self) -> &'static str {
        match self.kind {
            Kind::Filter => include_str!("../templates/filter.yaml"),
            Kind::Router => include_str!("../templates/router.yaml"),
            Kind::Picker => include_str!("../templates/picker.yaml"),
            Kind::Weigher => include_str!("../templates/weigher.yaml"),
        }
    }

    /// A template with this plugin's names in it.
    fn filled(&self, path: &str, template: &str) -> File {
        let text = template
            .replace("{{name}}", &self.name.0)
            .replace("{{Name}}", &self.name.camel())
            .replace("{{kind}}", self.kind.name())
            .replace("{{language}}", self.language.title())
            .replace("{{source}}", self.language.source())
            .replace("{{setup}}", self.language.setup().unwrap_or(PACKAGES))
            .replace("{{limits}}", self.limits())
            .replace("{{version}}", env!("CARGO_PKG_VERSION"));
        (PathBuf::from(path), Cow::Owned(text.into_bytes()))
    }

    /// What a component of the language takes beyond the default limits, in a plugin's configuration.
    fn limits(&self) -> &'static str {
        match self.language {
            Language::Rust | Language::C => "",
            Language::JavaScript | Language::TypeScript => "\n    limits: { cpu: 200ms }",
            Language::Python => "\n    limits: { memory: 64MiB, cpu: 500ms }",
            Language::Go => "\n    limits: { memory: 32MiB, cpu: 100ms }",
        }
    }
}

fn failed(path: &Path, source: io::Error) -> BlankError {
    BlankError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
