//! The languages that plugins can be written in with our help, and how a folder of each is told.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Built by cargo.
    Rust,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 1] = [Language::Rust];

    /// Its name, as it is written on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
        }
    }

    /// The file that the language's own tool looks for; a folder that has it is a project of that language.
    #[must_use]
    pub fn manifest(self) -> &'static str {
        match self {
            Language::Rust => "Cargo.toml",
        }
    }

    /// The language of a folder, if it has the manifest of one.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Language> {
        Language::ALL.into_iter().find(|language| folder.join(language.manifest()).is_file())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Language::ALL.map(Language::name).join(", ");
        let language = Language::ALL.into_iter().find(|language| language.name() == text);
        language.ok_or_else(|| format!("expected one of {known}"))
    }
}
