//! What plugin authors have: `new`, `build`, `dev` and `bench`. From nothing to a plugin that answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandgate_tests::{
    BUILD_PATIENCE, Finished, Origin, Sandgate, get, guest, sandgate_command, sandgate_in, wait_for,
};
use tempfile::TempDir;

/// All kinds of plugins, and what the component of each exports.
const KINDS: [(&str, &str); 4] = [
    ("filter", "on-request, on-response"),
    ("router", "router"),
    ("picker", "picker"),
    ("weigher", "weigher"),
];

#[test]
fn a_new_plugin_of_each_kind_builds_passes_the_check_and_holds_its_cases() {
    let below = TempDir::new().unwrap();
    for (kind, exports) in KINDS {
        let name = format!("my-{kind}");
        let made = sandgate_in(below.path(), &["new", &name, "--language", "rust", "--kind", kind], |_| {});
        assert!(made.status.success() && made.stdout.contains("sandgate dev"), "{made:?}");
        let built =
            sandgate_in(&below.path().join(&name), &["build"], |command| share(command, below.path()));
        assert!(built.status.success(), "{built:?}");
        assert!(built.stdout.contains(&format!("build/{name}.wasm: ")), "{built:?}");
        assert!(built.stdout.contains(&format!("exports {exports}")), "{built:?}");
        let checked = sandgate_in(&below.path().join(&name), &["check", "sandgate.yaml"], |_| {});
        assert!(checked.status.success(), "{checked:?}");
        let tested = sandgate_in(&below.path().join(&name), &["test"], |_| {});
        assert!(tested.status.success() && tested.stdout.contains(" 0 failed"), "{tested:?}");
    }
}

#[test]
fn a_plugin_answers_while_it_is_written() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::with_config("").start_dev(|below, _| {
        let folder = new(below, "my-filter");
        listen_anywhere(&folder, &origin.url());
        folder
    });
    let served_by = || get(sandgate.web(), "/").head.field("x-served-by").map(str::to_owned);
    assert_eq!(served_by().as_deref(), Some("my-filter"));
    let source = sandgate.folder().join("my-filter/src/lib.rs");
    edit(&source, |text| {
        text.replace("\"x-served-by\", \"my-filter\"", "\"x-served-by\", \"somebody else\"")
    });
    wait_for("the plugin as it was saved", BUILD_PATIENCE, || {
        served_by().as_deref() == Some("somebody else")
    });
    // A mistake is said, and what was built before goes on serving.
    let before = fs::metadata(sandgate.folder().join("my-filter/build/my-filter.wasm")).unwrap();
    edit(&source, |text| format!("{text}\nthis is no Rust\n"));
    wait_for("the mistake", BUILD_PATIENCE, || sandgate.says("what was built before goes on serving"));
    assert_eq!(served_by().as_deref(), Some("somebody else"));
    let after = fs::metadata(sandgate.folder().join("my-filter/build/my-filter.wasm")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
}

#[test]
fn an_origin_answers_where_there_is_none() {
    // One that was free a moment before, at an address where no other test looks for any.
    let address = std::net::TcpListener::bind("127.0.0.3:0").unwrap().local_addr().unwrap();
    let sandgate = Sandgate::with_config("").start_dev(|folder, _| {
        let folder = new(folder, "my-filter");
        listen_anywhere(&folder, &format!("http://{address}"));
        folder
    });
    let echoed = get(sandgate.web(), "/echo").text();
    assert!(echoed.starts_with("GET /echo HTTP/1.1\n") && echoed.contains("x-seen-agent:"), "{echoed}");
}

#[test]
fn what_is_missing_or_wrong_is_said_with_what_to_do() {
    let below = TempDir::new().unwrap();
    let nowhere = sandgate_in(below.path(), &["build"], |_| {});
    assert_failed(&nowhere, 1, "has none of Cargo.toml");
    let folder = new(below.path(), "mine");
    let toolless = sandgate_in(&folder, &["build"], |command| {
        command.env("PATH", below.path());
    });
    assert_failed(&toolless, 1, "install Rust");
    edit(&folder.join("src/lib.rs"), |_| "this is no Rust".to_owned());
    let broken = sandgate_in(&folder, &["build"], |command| share(command, below.path()));
    assert_failed(&broken, 1, "cargo failed: what is wrong stands above");
    assert!(!folder.join("build").exists());
    assert_failed(&sandgate_in(below.path(), &["new", "mine"], |_| {}), 1, "mine is there already");
    assert_failed(&sandgate_in(below.path(), &["new"], |_| {}), 2, "a NAME is missing");
    assert_failed(
        &sandgate_in(below.path(), &["new", "../mine"], |_| {}),
        2,
        "expected a name such as `my-filter`",
    );
    assert_failed(&sandgate_in(below.path(), &["new", "x", "--kind", "cook"], |_| {}), 2, "filter, router");
}

#[test]
fn a_bench_tells_what_calls_cost() {
    for (name, hooks) in [
        ("add-header", vec!["on-request", "on-response"]),
        ("sticky-picker", vec!["pick"]),
        ("latency-weigher", vec!["weigh"]),
    ] {
        let path = guest(name).display().to_string();
        let settings: &[&str] =
            if name == "sticky-picker" { &["--settings", r#"{"cookie":"session"}"#] } else { &[] };
        let said = sandgate_command(&[&["bench", &path, "--rounds", "50"], settings].concat());
        assert!(said.status.success(), "{said:?}");
        for hook in hooks {
            assert!(said.stdout.lines().any(|line| line.trim_start().starts_with(hook)), "{hook}: {said:?}");
        }
        for words in ["nothing cached", "from the cache", "an instance that stays", "of the default limits"] {
            assert!(said.stdout.contains(words), "{words}: {said:?}");
        }
    }
}

#[test]
fn a_plugin_that_fails_is_not_measured() {
    let path = guest("hostile").display().to_string();
    let said = sandgate_command(&["bench", &path, "--rounds", "5", "--header", "x-misbehave: trap"]);
    assert_failed(&said, 1, "plugin_trap");
    assert_failed(&sandgate_command(&["bench", "/nowhere.wasm"]), 1, "/nowhere.wasm");
}

/// A new filter, whose builds are shared with those of other plugins below the same folder.
fn new(below: &Path, name: &str) -> PathBuf {
    let made = sandgate_in(below, &["new", name], |_| {});
    assert!(made.status.success(), "{made:?}");
    below.join(name)
}

/// Ports that are free, in place of those that are written down for people. It is built already, so that whoever waits for
/// it to be ready waits for no compiler.
fn listen_anywhere(folder: &Path, endpoint: &str) {
    edit(&folder.join("sandgate.yaml"), |text| {
        let text = text.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9901", "127.0.0.1:0");
        text.replace("http://127.0.0.1:9001", endpoint)
    });
    let built = sandgate_in(folder, &["build"], |_| {});
    assert!(built.status.success(), "{built:?}");
}

/// Builds below a folder share what they compile.
fn share(command: &mut Command, below: &Path) {
    command.env("CARGO_TARGET_DIR", below.join("target"));
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

fn assert_failed(finished: &Finished, code: i32, words: &str) {
    assert_eq!(finished.status.code(), Some(code), "{finished:?}");
    assert!(finished.stderr.contains(words), "{words}: {finished:?}");
}
