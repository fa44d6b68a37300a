//! The languages that plugins can be written in with our help, and how a folder of each is told.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Built by cargo.
    Rust,
    /// Built by what npm installs.
    JavaScript,
    /// Checked by its compiler, and built as JavaScript is.
    TypeScript,
    /// Built by what pip installs.
    Python,
    /// Built by go.
    Go,
    /// Built by make, and a compiler that knows wasm32-wasi.
    C,
}

/// The files that languages' own tools look for, each with the language of a folder that has it. The first one that is there
/// decides: a folder in TypeScript has a package.json too, and one in any language may have a Makefile.
const MANIFESTS: [(&str, Language); 7] = [
    ("Cargo.toml", Language::Rust),
    ("go.mod", Language::Go),
    ("tsconfig.json", Language::TypeScript),
    ("package.json", Language::JavaScript),
    ("pyproject.toml", Language::Python),
    ("requirements.txt", Language::Python),
    ("Makefile", Language::C),
];

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Language; 6] = [
        Language::Rust,
        Language::JavaScript,
        Language::TypeScript,
        Language::Python,
        Language::Go,
        Language::C,
    ];

    /// Its name, as it is written on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::JavaScript => "js",
            Language::TypeScript => "ts",
            Language::Python => "python",
            Language::Go => "go",
            Language::C => "c",
        }
    }

    /// Its name in sentences.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::JavaScript => "JavaScript",
            Language::TypeScript => "TypeScript",
            Language::Python => "Python",
            Language::Go => "Go",
            Language::C => "C",
        }
    }

    /// The file of a new plugin that its author changes.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Language::Rust => "src/lib.rs",
            Language::JavaScript => "index.js",
            Language::TypeScript => "index.ts",
            Language::Python => "plugin.py",
            Language::Go => "main.go",
            Language::C => "plugin.c",
        }
    }

    /// The command that puts what builds a new plugin into its folder, if it takes more than the language itself.
    #[must_use]
    pub fn setup(self) -> Option<&'static str> {
        match self {
            Language::Rust | Language::Go => None,
            Language::JavaScript | Language::TypeScript => Some("npm install"),
            Language::Python => Some("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
            Language::C => Some(PACKAGES),
        }
    }

    /// The language of a folder, if it has the manifest of one.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Language> {
        let found = MANIFESTS.iter().find(|(manifest, _)| folder.join(manifest).is_file());
        found.map(|(_, language)| *language)
    }

    /// The manifests of all of them, as a list in a sentence.
    pub(crate) fn manifests() -> String {
        MANIFESTS.map(|(manifest, _)| manifest).join(", ")
    }
}

/// What installs the packages that a copy of the SDK names.
pub(crate) const PACKAGES: &str =
    "python3 -m venv .venv && .venv/bin/pip install -r sandgate-sdk/requirements.txt";

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Language::ALL.map(Language::name).join(", ");
        let is = |name: &str| name.eq_ignore_ascii_case(text);
        let language = Language::ALL.into_iter().find(|language| is(language.name()) || is(language.title()));
        language.ok_or_else(|| format!("expected one of {known}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_of_the_language_whose_manifest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Language::of(folder.path()), None);
        for (manifest, expected) in [
            ("Makefile", Language::C),
            ("requirements.txt", Language::Python),
            ("package.json", Language::JavaScript),
            ("tsconfig.json", Language::TypeScript),
            ("go.mod", Language::Go),
            ("Cargo.toml", Language::Rust),
        ] {
            std::fs::write(folder.path().join(manifest), "").unwrap();
            assert_eq!(Language::of(folder.path()), Some(expected));
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for language in Language::ALL {
            assert_eq!(language.to_string().parse(), Ok(language));
            assert_eq!(language.title().parse(), Ok(language));
        }
        assert_eq!("typescript".parse(), Ok(Language::TypeScript));
        assert_eq!("cobol".parse::<Language>().unwrap_err(), "expected one of rust, js, ts, python, go, c");
    }
}
