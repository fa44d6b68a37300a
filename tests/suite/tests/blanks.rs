//! New plugins in languages other than Rust: each kind builds, passes its own tests and exports what it should; a filter answers.
//!
//! A language whose tools are missing is skipped with a word that nextest shows; with `SANDGATE_LANGUAGES=all` that is a failure.
//! New folders get what is installed for the repository's examples (`sdk/tools.sh`), in the place where a package manager
//! would put it.

use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sandgate_tests::{BUILD_PATIENCE, Finished, Origin, Sandgate, get, sandgate_in, wait_for};
use tempfile::TempDir;

/// All kinds of plugins, and what the component of each exports.
const KINDS: [(&str, &str); 4] = [
    ("filter", "on-request, on-response"),
    ("router", "router"),
    ("picker", "picker"),
    ("weigher", "weigher"),
];

/// What is built of each kind.
#[derive(PartialEq)]
enum Built {
    Everything,
    /// Components that bring a runtime take long to compile, so that of the other kinds only the sources are tested.
    AFilter,
}

/// A language, and what its tests take.
struct Language {
    name: &'static str,
    /// Programs that build its plugins.
    programs: &'static [&'static str],
    /// Its own checks and tests.
    tests: &'static [&'static [&'static str]],
    /// What is built of each kind; a filter always is.
    built: Built,
    /// What is put at the end of the source to break it, and what its tool says of that.
    mistake: (&'static str, &'static str),
    source: &'static str,
}

const JAVASCRIPT: Language = Language {
    name: "js",
    programs: &["node"],
    tests: &[&["node", "--test"]],
    built: Built::Everything,
    mistake: ("this is no JavaScript\n", "Expected \";\" but found \"is\""),
    source: "index.js",
};
const TYPESCRIPT: Language = Language {
    name: "ts",
    tests: &[&["node_modules/.bin/tsc"], &["node", "--test"]],
    built: Built::AFilter,
    // What only the compiler sees, as the build takes types away.
    mistake: ("export const wrong: number = \"no number\";\n", "is not assignable to type 'number'"),
    source: "index.ts",
    ..JAVASCRIPT
};
const PYTHON: Language = Language {
    name: "python",
    programs: &["python3", "componentize-py"],
    tests: &[&["python3", "-m", "unittest"]],
    built: Built::AFilter,
    mistake: ("this is no Python\n", "SyntaxError"),
    source: "plugin.py",
};
const GO: Language = Language {
    name: "go",
    programs: &["go"],
    tests: &[&["go", "vet"], &["go", "test"]],
    built: Built::AFilter,
    mistake: ("this is no Go\n", "syntax error"),
    source: "main.go",
};
const C: Language = Language {
    name: "c",
    programs: &["make", "cc", "python-zig"],
    tests: &[&["make", "test"]],
    built: Built::Everything,
    mistake: ("this is no C\n", "error: "),
    source: "plugin.c",
};

#[test]
fn a_plugin_of_each_kind_in_javascript_builds_and_passes_its_tests() {
    is_right_in_each_kind(&JAVASCRIPT);
}

#[test]
fn a_plugin_of_each_kind_in_typescript_passes_its_tests() {
    is_right_in_each_kind(&TYPESCRIPT);
}

#[test]
fn a_plugin_of_each_kind_in_python_passes_its_tests() {
    is_right_in_each_kind(&PYTHON);
}

#[test]
fn a_plugin_of_each_kind_in_go_passes_its_tests() {
    is_right_in_each_kind(&GO);
}

#[test]
fn a_plugin_of_each_kind_in_c_builds_and_passes_its_tests() {
    is_right_in_each_kind(&C);
}

#[test]
fn a_filter_in_javascript_answers_and_a_mistake_costs_nothing() {
    answers(&JAVASCRIPT);
}

#[test]
fn a_filter_in_typescript_answers_and_a_mistake_costs_nothing() {
    answers(&TYPESCRIPT);
}

#[test]
fn a_filter_in_python_answers_and_a_mistake_costs_nothing() {
    answers(&PYTHON);
}

#[test]
fn a_filter_in_go_answers_and_a_mistake_costs_nothing() {
    answers(&GO);
}

#[test]
fn a_filter_in_c_answers_and_a_mistake_costs_nothing() {
    answers(&C);
}

#[test]
fn a_tool_that_is_missing_is_named_with_the_command_that_installs_it() {
    let below = TempDir::new().unwrap();
    for (language, tool, install) in [
        ("js", "node is missing", "install Node.js 20 or newer"),
        ("ts", "node is missing", "install Node.js 20 or newer"),
        ("python", "python3 is missing", "install Python 3.10 or newer"),
        ("go", "go is missing", "install Go 1.25 or newer, or run `python3 -m venv .venv"),
        ("c", "make is missing", "install make"),
    ] {
        let folder = new(below.path(), &format!("in-{language}"), language, "filter");
        let said = sandgate_in(&folder, &["build"], |command| {
            command.env("PATH", below.path());
        });
        assert_failed(&said, tool);
        assert_failed(&said, install);
    }
    // What npm and pip put into the folder is looked for there, once what runs it is found.
    for program in ["node", "python3"] {
        let path = below.path().join("bin").join(program);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for (language, tool, install) in [
        ("js", "sandgate-build is missing", "run `npm install`"),
        ("python", "componentize-py is missing", ".venv/bin/pip install -r requirements.txt`"),
    ] {
        let said = sandgate_in(&below.path().join(format!("in-{language}")), &["build"], |command| {
            command.env("PATH", below.path().join("bin"));
        });
        assert_failed(&said, tool);
        assert_failed(&said, install);
    }
}

#[test]
fn whoever_makes_a_plugin_is_told_what_to_type() {
    let below = TempDir::new().unwrap();
    for (language, setup, source) in [
        ("rust", None, "src/lib.rs"),
        ("js", Some("  npm install\n"), "index.js"),
        ("ts", Some("  npm install\n"), "index.ts"),
        ("python", Some("pip install -r requirements.txt\n"), "plugin.py"),
        ("go", None, "main.go"),
        ("c", Some("pip install -r sandgate-sdk/requirements.txt\n"), "plugin.c"),
    ] {
        let name = format!("told-{language}");
        let made = sandgate_in(below.path(), &["new", &name, "--language", language], |_| {});
        assert!(made.stdout.contains(&format!("  cd {name}\n")), "{made:?}");
        assert!(setup.is_none_or(|setup| made.stdout.contains(setup)), "{made:?}");
        assert!(made.stdout.contains("sandgate dev") && made.stdout.contains(source), "{made:?}");
        assert!(below.path().join(&name).join(source).is_file());
    }
}

fn is_right_in_each_kind(language: &Language) {
    if !has_tools(language) {
        return;
    }
    let below = TempDir::new().unwrap();
    for (kind, exports) in KINDS {
        let name = format!("my-{kind}");
        let folder = with_tools(new(below.path(), &name, language.name, kind));
        language.tests.iter().for_each(|command| passes(command, &folder));
        if language.built == Built::Everything {
            let built = sandgate_in(&folder, &["build"], |_| {});
            assert!(built.status.success(), "{built:?}");
            assert!(built.stdout.starts_with(&format!("build/{name}.wasm: ")), "{built:?}");
            assert!(
                built.stdout.ends_with(&format!("exports {exports}\n")),
                "no more, and no grants: {built:?}"
            );
            assert!(!built.stderr.contains("warning"), "{built:?}");
        }
    }
}

/// Runs one of the language's own checks in a plugin's folder.
fn passes(command: &[&str], folder: &Path) {
    let (program, arguments) = command.split_first().unwrap();
    let own = [folder.join(".venv/bin").join(program), folder.join(program)];
    let program = own.into_iter().find(|own| own.is_file()).unwrap_or_else(|| PathBuf::from(program));
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// A filter serves, as `sandgate dev` has it; then its source is broken, which is said and changes nothing.
fn answers(language: &Language) {
    if !has_tools(language) {
        return;
    }
    let origin = Origin::replying(200, "hello");
    // What it takes to compile the component is not to count as a start that hangs.
    let sandgate = Sandgate::with_config("").patient().start_dev(|below, _| {
        let folder = with_tools(new(below, "my-filter", language.name, "filter"));
        listen_anywhere(&folder, &origin.url());
        folder
    });
    let answer = get(sandgate.web(), "/");
    assert_eq!((answer.status(), answer.head.field("x-served-by")), (200, Some("my-filter")));
    assert_eq!(origin.requests()[0].head.field("x-seen-agent"), Some(""));

    let folder = sandgate.folder().join("my-filter");
    let tried = sandgate_in(&folder, &["test"], |_| {});
    assert!(tried.status.success(), "{tried:?}");
    let component = fs::read(folder.join("build/my-filter.wasm")).unwrap();
    let (mistake, said) = language.mistake;
    edit(&folder.join(language.source), |text| text + mistake);
    wait_for("the mistake", BUILD_PATIENCE, || sandgate.says("what was built before goes on serving"));
    assert!(sandgate.says(said), "what the tool says");
    assert_eq!(get(sandgate.web(), "/").head.field("x-served-by"), Some("my-filter"));
    let built = sandgate_in(&folder, &["build"], |_| {});
    assert_failed(&built, "failed: what is wrong stands above");
    assert!(built.stderr.contains(said), "{built:?}");
    assert_eq!(fs::read(folder.join("build/my-filter.wasm")).unwrap(), component);
    assert_eq!(drafts(&folder), Vec::<String>::new());
}

/// What a build left behind.
fn drafts(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder.join("build")).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}

fn new(below: &Path, name: &str, language: &str, kind: &str) -> PathBuf {
    let made = sandgate_in(below, &["new", name, "--language", language, "--kind", kind], |_| {});
    assert!(made.status.success(), "{made:?}");
    below.join(name)
}

/// Ports that are free, in place of those that are written down for people.
fn listen_anywhere(folder: &Path, endpoint: &str) {
    edit(&folder.join("sandgate.yaml"), |text| {
        let text = text.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9901", "127.0.0.1:0");
        let text = text.replace("http://127.0.0.1:9001", endpoint);
        // Machines that run tests are busy: time is not what is looked at here.
        text.replace("cpu: ", "wall: 30s, cpu: ")
    });
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Whether what builds a language is there; if not, says so, or fails where nothing may be left out.
fn has_tools(language: &Language) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).collect::<Vec<_>>();
    folders.push(root().join("target/tools/bin"));
    let is_there = |program: &&&str| folders.iter().any(|folder| folder.join(program).is_file());
    let missing =
        language.programs.iter().find(|program| !is_there(program)).map(|program| (*program).to_owned());
    let modules = root().join("sdk/js/node_modules");
    let needs_modules = language.programs == ["node"] && !modules.is_dir();
    let missing = missing.or_else(|| needs_modules.then(|| modules.display().to_string()));
    let Some(missing) = missing else { return true };
    let what = format!(
        "new plugins in {}, since {missing} is missing: sdk/tools.sh {}",
        language.name, language.name
    );
    let must_be_all = env::var_os("SANDGATE_LANGUAGES").is_some_and(|languages| languages == "all");
    assert!(!must_be_all, "{what}");
    _ = writeln!(stderr(), "SKIPPED: {what}");
    false
}

/// The folder, with what is installed for the repository where a package manager would put it.
fn with_tools(folder: PathBuf) -> PathBuf {
    let tools = root().join("target/tools");
    if tools.is_dir() {
        symlink(tools, folder.join(".venv")).unwrap();
    }
    if folder.join("package.json").is_file() {
        link_modules(&folder);
    }
    folder
}

/// What `npm install` does, but for the downloads.
fn link_modules(folder: &Path) {
    let modules = folder.join("node_modules");
    fs::create_dir_all(modules.join(".bin")).unwrap();
    fs::create_dir_all(modules.join("@sandgate")).unwrap();
    symlink("../../sandgate-sdk", modules.join("@sandgate/sdk")).unwrap();
    symlink("../@sandgate/sdk/build/cli.js", modules.join(".bin/sandgate-build")).unwrap();
    let cli = folder.join("sandgate-sdk/build/cli.js");
    fs::set_permissions(cli, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(root().join("sdk/js/node_modules")).unwrap().flatten() {
        if !entry.file_name().to_string_lossy().starts_with('.') {
            symlink(entry.path(), modules.join(entry.file_name())).unwrap();
        }
    }
    symlink("../typescript/bin/tsc", modules.join(".bin/tsc")).unwrap();
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

fn assert_failed(finished: &Finished, words: &str) {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.stderr.contains(words), "{words}: {finished:?}");
}
