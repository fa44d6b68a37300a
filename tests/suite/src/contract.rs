//! The contract that an example keeps in every language: the cases of `examples-wasm/EXAMPLE/cases.yaml`, run as `sandgate test`
//! runs them, with the component of each language.
//!
//! Endpoints stay where they are while languages take turns, so that what balancers choose can be compared too.

use std::fs;
use std::path::{Path, PathBuf};

use ::cases::{Book, Endpoints, Scene, Stage, Tree};
use document::Colour;

use crate::command::binary;
use crate::guests::guests_folder;

/// The examples that have cases.
pub const EXAMPLES: [&str; 9] = [
    "add-header",
    "canary-router",
    "deny-by-claim",
    "hello-service",
    "latency-weigher",
    "least-active",
    "rate-limit",
    "rewrite-json-body",
    "sticky-picker",
];

/// What every example gets, since no case is about its time: on a machine that does other things beside, a guest may be taken for one that
/// computed while it was held up.
const PATIENT: [(&str, &str); 2] = [("cpu", "200ms"), ("wall", "30s")];

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
    Language { name: "js", limits: &[] },
    Language { name: "go", limits: &[("memory", "32MiB")] },
    Language { name: "c", limits: &[] },
    Language { name: "zig", limits: &[] },
    Language { name: "assemblyscript", limits: &[] },
    Language { name: "python", limits: &[("memory", "64MiB"), ("cpu", "500ms")] },
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
    scene: Scene,
    book: Book,
    endpoints: Endpoints,
}

impl Example {
    /// Reads an example, and starts its endpoints.
    pub fn new(name: &'static str) -> Self {
        let scene =
            Scene::read(&folder(name).join("sandgate.yaml")).unwrap_or_else(|report| panic!("{report}"));
        let cases = folder(name).join("cases.yaml");
        let book = Book::read(&cases, &scene).unwrap_or_else(|report| panic!("{report}"));
        let endpoints = Endpoints::start(&scene).expect("free ports");
        Example { name, scene, book, endpoints }
    }

    /// Runs all cases with the component of a language. Says which endpoints got the requests of each case, or all that is broken.
    pub fn run(&self, language: Language) -> Result<Vec<Vec<String>>, String> {
        let scene = self.scene_in(language);
        let stage = Stage::start(&binary(), &scene, &self.endpoints)
            .unwrap_or_else(|error| panic!("{} in {}: {error}", self.name, language.name));
        let (mut chosen, mut broken) = (Vec::new(), Vec::new());
        for case in &self.book.cases {
            let outcome =
                stage.run(case).unwrap_or_else(|error| panic!("{} in {}: {error}", self.name, language.name));
            match outcome.is_kept() {
                true => chosen.push(outcome.chosen),
                false => {
                    let told = outcome.text(case, &self.book, Colour::Plain);
                    broken.push(format!("{} in {}: {told}", self.name, language.name));
                }
            }
        }
        if broken.is_empty() { Ok(chosen) } else { Err(broken.join("\n")) }
    }

    /// The configuration with the component of a language, and with what that needs.
    fn scene_in(&self, language: Language) -> Scene {
        let mut scene = self.scene.clone();
        for plugin in scene.plugins_mut() {
            plugin.set("wasm", &language.component(self.name).display().to_string());
            for (key, value) in PATIENT.iter().chain(language.limits) {
                *plugin.section("limits").section(key) = Tree::Text((*value).to_owned());
            }
        }
        scene
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
