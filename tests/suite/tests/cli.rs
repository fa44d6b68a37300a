//! The command line: what it says, and with which exit code.

use sandgate_tests::{Origin, Sandgate, guest, sandgate_command, yaml};
use serde_json::Value;

/// A configuration with five mistakes, each of another kind; the words that show it was seen.
const FIVE_MISTAKES: &str = "version: 1\n\
    server: { shutdown_grace: ten }\n\
    listeners: [{ name: web, adress: \"127.0.0.1:0\", address: \"127.0.0.1:0\" }]\n\
    upstreams:\n\
    \x20 app: { endpoints: [] }\n\
    \x20 more: { endpoints: [\"ftp://127.0.0.1:9001\"] }\n\
    routes:\n\
    \x20 - { name: all, match: { path: { prefix: / } }, upstream: ap }\n";
/// Endpoints that nobody connects to.
const ENDPOINTS: &str = "[\"http://127.0.0.1:9\"]";
const SEEN: [&str; 5] = ["ten", "adress", "endpoints", "ftp", "`ap`"];

#[test]
fn a_check_shows_all_mistakes_of_a_file_in_one_run() {
    let finished = Sandgate::with_config(FIVE_MISTAKES).command("check", &[]);
    assert_eq!(finished.status.code(), Some(78));
    let said = finished.stdout + &finished.stderr;
    for word in SEEN {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(said.matches("error").count() >= 5, "{said}");
    assert!(said.contains("sandgate.yaml:2:"), "file and line: {said}");
    assert!(said.contains("`address`"), "the nearest known key: {said}");
}

#[test]
fn an_access_log_that_cannot_be_opened_is_shown_where_it_is_written() {
    let yaml = format!("{}log:\n  access: {{ path: nowhere/access.log }}\n", yaml::forwarding());
    let line = yaml.lines().count();
    let finished = Sandgate::with_config(yaml).value("app", ENDPOINTS).command("check", &[]);
    let said = finished.stdout + &finished.stderr;
    assert!(said.contains("nowhere/access.log can't be opened"), "{said}");
    assert!(said.contains(&format!("sandgate.yaml:{line}:11")), "{said}");
}

#[test]
fn what_is_planned_and_not_built_is_refused_by_name() {
    for (key, yaml) in planned() {
        let finished = Sandgate::with_config(yaml).value("app", ENDPOINTS).command("check", &[]);
        let said = finished.stdout + &finished.stderr;
        assert_eq!(finished.status.code(), Some(78), "{key}: {said}");
        assert!(said.contains(&format!("`{key}` is not supported yet")), "{key}: {said}");
        assert!(!said.contains("unknown"), "{key}: {said}");
    }
}

#[test]
fn a_good_file_passes_the_check() {
    let origin = Origin::refusing();
    let finished = Sandgate::with_config(yaml::forwarding()).origins("app", &[&origin]).command("check", &[]);
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
}

#[test]
fn json_is_a_configuration_too() {
    let json = r#"{"version": 1, "listeners": [{"name": "web", "address": "127.0.0.1:0"}],
        "upstreams": {"app": {"endpoints": @app@}},
        "routes": [{"name": "all", "match": {"path": {"prefix": "/"}}, "upstream": "app"}]}"#;
    let finished = Sandgate::with_config(json).origins("app", &[&Origin::refusing()]).command("check", &[]);
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
}

#[test]
fn a_bad_file_does_not_start() {
    let finished = Sandgate::with_config(FIVE_MISTAKES).command("run", &[]);
    assert_eq!(finished.status.code(), Some(78));
    assert!(SEEN.iter().all(|word| finished.stderr.contains(word)), "{}", finished.stderr);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let finished = sandgate_command(&["check", "/no/such/file.yaml"]);
    assert!(finished.status.code().is_some_and(|code| code == 78 || code == 1), "{finished:?}");
    assert!(finished.stderr.contains("/no/such/file.yaml"), "{}", finished.stderr);
}

#[test]
fn a_plugin_that_is_not_there_is_a_mistake_of_the_file() {
    let yaml = yaml::forwarding() + "plugins: { lost: { wasm: lost.wasm } }\n";
    let finished = Sandgate::with_config(yaml).origins("app", &[&Origin::refusing()]).command("check", &[]);
    assert_eq!(finished.status.code(), Some(78));
    assert!((finished.stdout + &finished.stderr).contains("lost.wasm"));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in
        [&[][..], &["fly"], &["run"], &["check"], &["run", "a", "b"], &["check", "a", "--no-such-option"]]
    {
        assert_eq!(sandgate_command(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_no_failures() {
    let help = sandgate_command(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for subcommand in ["run", "check", "schema", "routes", "inspect", "top"] {
        assert!(help.stdout.contains(subcommand), "{subcommand} in {}", help.stdout);
    }
    let version = sandgate_command(&["--version"]);
    assert!(version.status.success() && version.stdout.starts_with("sandgate "), "{version:?}");
}

#[test]
fn the_schema_is_json_and_knows_the_sections() {
    let finished = sandgate_command(&["schema"]);
    assert_eq!(finished.status.code(), Some(0));
    let schema: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    for section in ["version", "server", "listeners", "plugins", "upstreams", "routes"] {
        assert!(schema["properties"].get(section).is_some(), "{section}");
    }
}

#[test]
fn routes_says_which_route_would_match_and_why_the_others_do_not() {
    let yaml = yaml::entry()
        + yaml::APP
        + &yaml::route_named("blog", "prefix: /blog/")
        + &yaml::route_named("about", "exact: /about")
        + &yaml::route_named("rest", "prefix: /");
    let setup = Sandgate::with_config(yaml).origins("app", &[&Origin::refusing()]);
    let finished = setup.command("routes", &["--host", "www.example.com", "--path", "/blog/a"]);
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    for name in ["blog", "about", "rest"] {
        assert!(finished.stdout.contains(name), "{name} in {}", finished.stdout);
    }
}

#[test]
fn routes_refuses_what_no_request_can_be() {
    let config = yaml::entry() + yaml::APP + &yaml::route_named("all", "prefix: /");
    let setup = Sandgate::with_config(config).origins("app", &[&Origin::refusing()]);
    for (arguments, said) in [
        (&["--listener", "webb", "--path", "/"][..], "no listener `webb`, did you mean `web`?"),
        (&["--listener", "webb"], "no listener `webb`"),
        (&["--listener", "other", "--path", "/"], "no listener `other`: expected `web`"),
        (&["--path", "nix"], "expected a path that begins with `/`"),
        (&["--path", ""], "expected a path that begins with `/`"),
        (&["--path", "http://a/b"], "expected a path that begins with `/`"),
        (&["--path", "/a#b"], "expected a path that begins with `/`"),
    ] {
        let finished = setup.command("routes", arguments);
        assert_eq!(finished.status.code(), Some(2), "{arguments:?}: {finished:?}");
        assert!(finished.stderr.contains(said), "{arguments:?}: {}", finished.stderr);
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
    assert_eq!(setup.command("routes", &["--listener", "web", "--path", "/a?b"]).status.code(), Some(0));
}

#[test]
fn inspect_says_what_a_component_is() {
    let path = guest("add-header");
    let finished = sandgate_command(&["inspect", path.to_str().expect("a path of text")]);
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    for words in [
        "contract: sandgate:proxy@0.1.1",
        "\n  sandgate:proxy/on-request@0.1.1\n",
        "\n  sandgate:proxy/on-response@0.1.1\n",
        "imports:\n  sandgate:proxy/types@0.1.1\n",
        " KiB in a new instance",
        "would load: yes",
    ] {
        assert!(finished.stdout.contains(words), "{words} in {}", finished.stdout);
    }
}

#[test]
fn inspect_says_why_a_file_will_not_load() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), "no component").expect("a file to write");
    let finished = sandgate_command(&["inspect", file.path().to_str().expect("a path of text")]);
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(!(finished.stdout + &finished.stderr).trim().is_empty());
}

/// Configurations, each with one key or word that later versions will know.
fn planned() -> Vec<(&'static str, String)> {
    vec![("https", yaml::forwarding().replace("127.0.0.1:0", "https://127.0.0.1:0"))]
}
