//! The contract that an example keeps in every language: the cases of `examples-wasm/EXAMPLE/cases.yaml`, run against the real
//! binary with the example's own `sandgate.yaml`. What a case says is in `examples-wasm/cases.md`.
//!
//! Endpoints stay where they are while languages take turns, so that what balancers choose can be compared too.

mod case;
mod config;
mod endpoints;
mod read;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::guests::guests_folder;
use endpoints::Endpoints;

pub use case::Case;

/// The examples that are there in every language.
pub const EXAMPLES: [&str; 6] =
    ["add-header", "canary-router", "deny-by-claim", "latency-weigher", "rewrite-json-body", "sticky-picker"];

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// The folder's name, in an example and in `sdk/`.
    pub name: &'static str,
    /// What its components need beside the example's own limits; see `sdk/README.md`.
    limits: &'static [(&'static str, &'static str)],
}

/// All of them; the first is the one that others are compared with.
pub const LANGUAGES: [Language; 7] = [
    Language { name: "rust", limits: &[] },
    Language { name: "js", limits: &[("cpu", "200ms"), ("wall", "30s")] },
    Language { name: "go", limits: &[("memory", "32MiB"), ("cpu", "100ms"), ("wall", "30s")] },
    Language { name: "c", limits: &[] },
    Language { name: "zig", limits: &[] },
    Language { name: "assemblyscript", limits: &[] },
    Language { name: "python", limits: &[("memory", "64MiB"), ("cpu", "500ms"), ("wall", "30s")] },
];

impl Language {
    /// Where the component of an example is.
    pub fn component(self, example: &str) -> PathBuf {
        let file = match self.name {
            "rust" => format!("{example}.wasm"),
            name => format!("{example}.{name}.wasm"),
        };
        guests_folder().join(file)
    }

    /// Whether the example is written in this language.
    pub fn has(self, example: &str) -> bool {
        folder(example).join(self.name).is_dir()
    }
}

/// An example: its configuration, its cases, and the endpoints that its configuration names.
pub struct Example {
    name: &'static str,
    config: Value,
    cases: Vec<Case>,
    endpoints: Endpoints,
}

impl Example {
    /// Reads an example, and starts its endpoints.
    pub fn new(name: &'static str) -> Self {
        let config = read::file(&folder(name).join("sandgate.yaml"));
        let cases = Case::all(&read::file(&folder(name).join("cases.yaml")));
        let endpoints = Endpoints::start(&config);
        Example { name, config, cases, endpoints }
    }

    /// Runs all cases with the component of a language. Says which endpoints got the requests of each case, or all that is broken.
    pub fn run(&self, language: Language) -> Result<Vec<Vec<String>>, String> {
        let setting = config::Setting { config: &self.config, endpoints: &self.endpoints, language };
        let component = language.component(self.name);
        let stage = trial::Stage::start(&setting, &component);
        let (mut chosen, mut broken) = (Vec::new(), Vec::new());
        for case in &self.cases {
            match stage.run(case) {
                Ok(endpoints) => chosen.push(endpoints),
                Err(why) => broken.push(format!("{} in {}: {}: {why}", self.name, language.name, case.claim)),
            }
        }
        if broken.is_empty() { Ok(chosen) } else { Err(broken.join("\n")) }
    }
}

/// The folder of an example.
fn folder(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples-wasm").join(example)
}

/// The examples that a language has.
pub fn examples(language: Language) -> Vec<&'static str> {
    EXAMPLES.into_iter().filter(|example| language.has(example)).collect()
}

/// All folders of examples that have cases.
pub fn folders_with_cases() -> Vec<String> {
    let root = folder(".");
    let entries = fs::read_dir(&root).expect("the examples").flatten();
    let with_cases = entries.filter(|entry| entry.path().join("cases.yaml").is_file());
    let mut names: Vec<String> =
        with_cases.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
