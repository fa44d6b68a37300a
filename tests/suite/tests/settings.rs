//! Settings of plugins: held to the plugin's schema, and paid for once. Every request begins with what `configure` left.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sandgate_tests::{Finished, Origin, PATIENCE, Sandgate, binary, guest, sandgate_command, wait_for, yaml};

const SAYS: &str = "configure was called";

#[test]
fn requests_begin_with_what_configure_left_and_never_call_it() {
    let sandgate = start("greeting: hello, words: 1000", "");
    for _ in 0..5 {
        assert_eq!(sandgate.client().get("/").text(), "hello 1 1 hello-999\n");
    }
    assert_eq!(calls_of_configure(&sandgate), 1, "for the image, and for no request");
}

#[test]
fn a_resident_instance_begins_with_the_image_and_keeps_what_it_learns() {
    let sandgate = start("greeting: hello", "isolation: resident");
    let mut client = sandgate.client();
    assert_eq!(client.get("/").text(), "hello 1 1 \n");
    assert_eq!(client.get("/").text(), "hello spoiled 1 2 \n");
    assert_eq!(client.get_with("/", "x-misbehave", "trap").status(), 500);
    assert_eq!(client.get("/").text(), "hello 1 1 \n", "the one in its place begins with the image again");
    assert_eq!(calls_of_configure(&sandgate), 1);
}

#[test]
fn other_settings_make_another_image() {
    let setup = Sandgate::with_config(configuration("greeting: hello", ""));
    let sandgate = setup.value("wasm", &wasm()).origins("app", &[&Origin::refusing()]).start();
    assert_eq!(sandgate.client().get("/").text(), "hello 1 1 \n");
    sandgate.reload(&configuration("greeting: welcome, words: 2", ""));
    assert_eq!(sandgate.client().get("/").text(), "welcome 1 1 welcome-1\n");
}

#[test]
fn where_no_image_can_be_made_each_instance_is_configured_and_the_log_says_why() {
    let sandgate = start("greeting: hello, deed: hoard", "limits: { memory: 64MiB }");
    let line = sandgate.log_line(|line| line.message() == "a plugin is configured in each instance");
    assert!(line.text("reason").contains("its memory can't be read"), "{line:?}");
    for _ in 0..3 {
        assert_eq!(sandgate.client().get("/").text(), "hello 1 1 \n");
    }
    wait_for("configure in each instance", PATIENCE, || calls_of_configure(&sandgate) >= 5);
}

#[test]
fn all_settings_that_break_the_schema_are_shown_where_the_file_has_them() {
    let settings = "\n      greeting: 7\n      rules:\n        - { path: /a }\n        - { path: b }\n";
    let plugin = format!("plugins:\n  it:\n    wasm: \"@wasm@\"\n    settings:{settings}");
    let finished = check(&(plugin + &yaml::forwarding_by("filters: [{ plugin: it }]")));
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    for words in [
        "sandgate.yaml:5:17",
        "the settings of plugin `it` are wrong at `/greeting`",
        "sandgate.yaml:8:19",
        "wrong at `/rules/1/path`",
    ] {
        assert!(finished.stderr.contains(words), "{words} in {}", finished.stderr);
    }
}

#[test]
fn a_value_from_outside_is_never_shown() {
    let setup = Sandgate::with_config(configuration("greeting: hi, words: \"${file:secret}\"", ""))
        .content("secret", "hunter2")
        .value("wasm", &wasm())
        .origins("app", &[&Origin::refusing()]);
    let finished = setup.command("check", &[]);
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    assert!(finished.stderr.contains("wrong at `/words`"), "{}", finished.stderr);
    assert!(!format!("{finished:?}").contains("hunter2"), "{finished:?}");
}

#[test]
fn settings_that_are_missing_are_told_of_at_the_plugins_name() {
    let yaml = "plugins: { it: { wasm: \"@wasm@\" } }\n".to_owned()
        + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let finished = check(&yaml);
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    assert!(finished.stderr.contains("sandgate.yaml:1:12"), "{}", finished.stderr);
    assert!(finished.stderr.contains("greeting"), "{}", finished.stderr);
}

#[test]
fn a_configure_that_refuses_traps_or_never_ends_refuses_the_configuration() {
    let cases = [
        ("refuse", "it refuses its settings: refused as asked"),
        ("trap", "a first instance of it failed"),
        ("loop", "a first instance of it failed"),
    ];
    for (deed, words) in cases {
        let finished = check(&configuration(&format!("greeting: hello, deed: {deed}"), ""));
        assert_eq!(finished.status.code(), Some(78), "{deed}: {finished:?}");
        assert!(finished.stderr.contains(words), "{deed}: {}", finished.stderr);
    }
}

#[test]
fn inspect_says_how_instances_come_by_their_settings() {
    let said = inspect("configured");
    assert!(said.contains("settings: held to this JSON Schema: {"), "{said}");
    assert!(said.contains("would load: yes, with settings"), "{said}");
    let said = inspect("least-active");
    assert!(said.contains("would load: yes"), "{said}");
}

#[test]
fn inspect_says_whether_a_snapshot_can_be_made_with_settings() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("settings.json");
    fs::write(&file, r#"{ "greeting": "hello" }"#).expect("a file to write");
    let from_file = format!("@{}", file.display());
    for (settings, said) in [
        (r#"{ "greeting": "hello" }"#, "configured: once, and every instance begins with the snapshot"),
        (&from_file, "configured: once"),
        (r#"{ "greeting": "hello", "deed": "hoard" }"#, "configured: in each instance, since "),
        (r#"{ "greeting": "hello", "deed": "refuse" }"#, "would load: no: it refuses its settings"),
        (r#"{ "greeting": 7 }"#, "would load: no: its settings are not as its schema says: at `/greeting`"),
    ] {
        let finished = sandgate_command(&["inspect", &wasm(), "--settings", settings]);
        assert!(finished.status.success() && finished.stdout.contains(said), "{settings}: {finished:?}");
    }
    let least = guest("least-active").display().to_string();
    let finished = sandgate_command(&["inspect", &least, "--settings", "{}"]);
    assert!(finished.stdout.contains("would load: no: it has `settings`"), "{finished:?}");
    for settings in ["{", "@/nowhere.json"] {
        let finished = sandgate_command(&["inspect", &wasm(), "--settings", settings]);
        assert_eq!(finished.status.code(), Some(2), "{settings}: {finished:?}");
    }
}

#[test]
fn two_processes_that_start_at_once_leave_one_cache_that_a_third_is_served_by() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let setup = Sandgate::with_config(configuration("greeting: hello", ""))
        .value("wasm", &wasm())
        .origins("app", &[&Origin::refusing()]);
    // Written here; what it says does not matter.
    setup.command("check", &[]);
    let config = setup.folder().join("sandgate.yaml");
    let both = [checking(&config, cache.path()), checking(&config, cache.path())];
    for mut child in both {
        assert!(child.wait().expect("a child").success());
    }
    let files = names(cache.path());
    assert_eq!(files.len(), 3, "the component, the instrumented one and the image: {files:?}");
    let before = inodes(cache.path());
    assert!(checking(&config, cache.path()).wait().expect("a child").success());
    assert_eq!(inodes(cache.path()), before, "nothing was compiled again");
    for name in &files {
        let mode = fs::metadata(cache.path().join(name)).expect("a file").mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn an_image_with_a_value_from_outside_is_not_written_to_the_cache() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let setup = Sandgate::with_config(configuration("greeting: \"${file:secret}\"", ""))
        .content("secret", "hunter2-hunter2")
        .value("wasm", &wasm())
        .origins("app", &[&Origin::refusing()]);
    setup.command("check", &[]);
    let config = setup.folder().join("sandgate.yaml");
    assert!(checking(&config, cache.path()).wait().expect("a child").success());
    let files = names(cache.path());
    assert_eq!(files.len(), 2, "the component and the instrumented one: {files:?}");
    for name in &files {
        let bytes = fs::read(cache.path().join(name)).expect("a file");
        assert!(!bytes.windows(15).any(|window| window == b"hunter2-hunter2"), "{name}");
    }
}

#[test]
fn a_cache_that_was_tampered_with_is_not_run() {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let setup = Sandgate::with_config(configuration("greeting: hello", ""))
        .value("wasm", &wasm())
        .origins("app", &[&Origin::refusing()]);
    setup.command("check", &[]);
    let config = setup.folder().join("sandgate.yaml");
    assert!(checking(&config, cache.path()).wait().expect("a child").success());
    for name in names(cache.path()) {
        let path = cache.path().join(name);
        let mut bytes = fs::read(&path).expect("a file");
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0xcc);
        fs::write(&path, bytes).expect("a file to write");
    }
    assert!(checking(&config, cache.path()).wait().expect("a child").success(), "all is compiled anew");
}

/// With a value from outside, so that the image is none that an earlier test has left in the cache.
fn start(settings: &str, plugin: &str) -> Sandgate {
    let settings = format!("{settings}, fresh: \"${{file:fresh}}\"");
    let setup = Sandgate::with_config(configuration(&settings, plugin)).value("wasm", &wasm());
    setup.content("fresh", "yes").origins("app", &[&Origin::refusing()]).start()
}

/// A plugin with these settings and keys, on every request's way.
fn configuration(settings: &str, plugin: &str) -> String {
    format!("plugins:\n  it: {{ wasm: \"@wasm@\", settings: {{ {settings} }}, {plugin} }}\n")
        + &yaml::forwarding_by("filters: [{ plugin: it }]")
}

fn wasm() -> String {
    guest("configured").display().to_string()
}

fn check(yaml: &str) -> Finished {
    let setup = Sandgate::with_config(yaml).value("wasm", &wasm());
    setup.origins("app", &[&Origin::refusing()]).command("check", &[])
}

fn inspect(name: &str) -> String {
    let path = guest(name);
    let finished = sandgate_command(&["inspect", path.to_str().expect("a path of text")]);
    assert!(finished.status.success(), "{finished:?}");
    finished.stdout
}

fn calls_of_configure(sandgate: &Sandgate) -> usize {
    sandgate.log_count(|line| line.text("text") == SAYS)
}

/// `sandgate check` with a cache of its own.
fn checking(config: &Path, cache: &Path) -> Child {
    let mut command = Command::new(binary());
    command.arg("check").arg(config).env("SANDGATE_CACHE", cache);
    command.stdout(Stdio::null()).spawn().expect("a command to start")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

fn inodes(folder: &Path) -> Vec<u64> {
    names(folder).iter().map(|name| fs::metadata(folder.join(name)).expect("a file").ino()).collect()
}
