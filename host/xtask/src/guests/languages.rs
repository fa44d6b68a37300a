//! `cargo xtask guests --language NAME|all`: builds the examples that are written in other languages, by those languages' own
//! tools, into `target/guests/EXAMPLE.NAME.wasm`.
//!
//! A language whose tools are missing is named with the command that installs them.

mod fresh;
mod tools;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::say::say;
use tools::Tools;

/// A language beside Rust, and how its examples become components.
#[derive(Debug)]
pub(super) struct Language {
    /// Its folder in each example and in `sdk/`.
    pub(super) name: &'static str,
    /// What it is called in messages.
    title: &'static str,
    /// What it takes.
    tools: Tools,
    /// What in an example's folder is built: a file's name, or what it begins with; nothing for the folder itself.
    source: fn(&str) -> String,
    /// The command that builds it, in which `SOURCE` and `COMPONENT` stand for the two paths. It is run at the root.
    command: &'static str,
}

/// All of them.
const LANGUAGES: [Language; 6] = [
    Language {
        name: "js",
        title: "JavaScript",
        tools: Tools { programs: &["node"], folder: Some("sdk/js/node_modules/componentize-qjs") },
        source: |_| "index.".to_owned(),
        command: "node sdk/js/build/cli.js SOURCE -o COMPONENT",
    },
    Language {
        name: "python",
        title: "Python",
        tools: Tools { programs: &["python3", "componentize-py"], folder: None },
        source: |example| format!("{}.py", example.replace('-', "_")),
        command: "env PYTHONPATH=sdk/python python3 -m sandgate.build SOURCE -o COMPONENT",
    },
    Language {
        name: "go",
        title: "Go",
        tools: Tools { programs: &["go", "wasm-tools"], folder: None },
        source: |_| String::new(),
        command: "go -C SOURCE run sandgate/sdk/cmd/sandgate-build -o COMPONENT .",
    },
    Language {
        name: "c",
        title: "C",
        tools: Tools { programs: &["python-zig", "wasm-tools"], folder: None },
        source: |_| "plugin.c".to_owned(),
        command: "sdk/c/sandgate-build SOURCE -o COMPONENT",
    },
    // Over the SDK for C, with one example to show it.
    Language {
        name: "zig",
        title: "Zig",
        tools: Tools { programs: &["python-zig", "wasm-tools"], folder: None },
        source: |_| "plugin.zig".to_owned(),
        command: "sdk/c/sandgate-build SOURCE -o COMPONENT",
    },
    // Without an SDK, with one example to show that there need be none.
    Language {
        name: "assemblyscript",
        title: "AssemblyScript",
        tools: Tools {
            programs: &["node", "wasm-tools"],
            folder: Some("examples-wasm/add-header/assemblyscript/node_modules"),
        },
        source: |_| "build.sh".to_owned(),
        command: "bash SOURCE COMPONENT",
    },
];

/// How a language's turn ended.
#[derive(Debug, PartialEq)]
enum Turn {
    Built,
    /// Its tools are missing.
    Skipped,
}

/// Builds the examples of a language, or of `all` whose tools are there.
pub(super) fn run(root: &Path, name: &str, examples: &[String]) -> Result {
    if name == "all" {
        return all(root, examples);
    }
    let language = find(name)?;
    match build(root, language, examples)? {
        Turn::Built => Ok(()),
        Turn::Skipped => Err(Error::Failed(format!("{} examples can't be built", language.title))),
    }
}

fn all(root: &Path, examples: &[String]) -> Result {
    let mut skipped = Vec::new();
    for language in &LANGUAGES {
        if build(root, language, examples)? == Turn::Skipped {
            skipped.push(language.name);
        }
    }
    let must_be_all = std::env::var_os("SANDGATE_LANGUAGES").is_some_and(|languages| languages == "all");
    match must_be_all && !skipped.is_empty() {
        true => Err(Error::Failed(format!(
            "SANDGATE_LANGUAGES=all, and there are no tools for {}",
            skipped.join(", ")
        ))),
        false => Ok(()),
    }
}

fn find(name: &str) -> Result<&'static Language> {
    LANGUAGES.iter().find(|language| language.name == name).ok_or_else(|| {
        let known: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
        Error::Failed(format!("no language is named {name:?}; there are all, {}", known.join(", ")))
    })
}

fn build(root: &Path, language: &'static Language, names: &[String]) -> Result<Turn> {
    let examples = examples(root, language)?;
    if let Some(missing) = language.tools.missing(root) {
        let Language { name, title, .. } = language;
        say(format_args!(
            "guests: {title} is skipped, since {missing} is missing; to install it: sdk/tools.sh {name}"
        ));
        return Ok(Turn::Skipped);
    }
    for example in examples.iter().filter(|example| names.is_empty() || names.contains(example)) {
        build_one(root, language, example)?;
    }
    Ok(Turn::Built)
}

/// The examples that are written in a language, in the order of their names.
fn examples(root: &Path, language: &Language) -> Result<Vec<String>> {
    let folder = root.join("examples-wasm");
    let entries = std::fs::read_dir(&folder).map_err(|e| Error::file("read", &folder, &e))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join(language.name).is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn build_one(root: &Path, language: &Language, example: &str) -> Result {
    let folder = Path::new("examples-wasm").join(example).join(language.name);
    let component = root.join("target/guests").join(format!("{example}.{}.wasm", language.name));
    let sources = [root.join(&folder), root.join("sdk").join(language.name), root.join("wit")];
    if fresh::is_newer(&component, &sources) {
        say(format_args!("guests: {} is up to date", component.display()));
        return Ok(());
    }
    if let Some(target) = component.parent() {
        std::fs::create_dir_all(target).map_err(|e| Error::file("make", target, &e))?;
    }
    let new = component.with_extension("new");
    let source = source(root, &folder, &(language.source)(example))?;
    start(root, language, &source, &new)?;
    std::fs::rename(&new, &component).map_err(|e| Error::file("write", &component, &e))?;
    say(format_args!("guests: {}", component.display()));
    Ok(())
}

/// The file of an example's folder that has this name, or begins with it.
fn source(root: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let exact = folder.join(name);
    if name.is_empty() || root.join(&exact).is_file() {
        return Ok(if name.is_empty() { folder.to_owned() } else { exact });
    }
    let entries = std::fs::read_dir(root.join(folder)).map_err(|e| Error::file("read", folder, &e))?;
    let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let found = names.find(|file| file.starts_with(name) && !file.contains(".test."));
    found
        .map(|file| folder.join(file))
        .ok_or_else(|| Error::Failed(format!("{} has no {name}", folder.display())))
}

fn start(root: &Path, language: &Language, source: &Path, component: &Path) -> Result {
    let mut words = language.command.split(' ').map(|word| match word {
        "SOURCE" => source.as_os_str(),
        "COMPONENT" => component.as_os_str(),
        word => OsStr::new(word),
    });
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root).env("PATH", Tools::path(root));
    crate::product::run(command, &format!("the {} examples don't build", language.title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_language_is_told_the_right_ones() {
        let error = find("cobol").unwrap_err().to_string();
        assert!(error.contains("\"cobol\"") && error.contains("js"), "{error}");
    }

    #[test]
    fn every_language_with_an_sdk_has_every_example() {
        let has_one = |language: &&Language| !["zig", "assemblyscript"].contains(&language.name);
        for language in LANGUAGES.iter().filter(has_one) {
            assert!(crate::root().join("sdk").join(language.name).is_dir(), "{}", language.name);
            assert_eq!(examples(crate::root(), language).unwrap().len(), 6, "{}", language.name);
        }
    }

    #[test]
    fn every_language_has_its_tools_in_the_script_that_installs_them() {
        let script = std::fs::read_to_string(crate::root().join("sdk/tools.sh")).unwrap();
        for language in &LANGUAGES {
            let case = format!("{}) ", language.name);
            assert!(script.lines().any(|line| line.trim_start().starts_with(&case)), "{}", language.name);
        }
    }
}
