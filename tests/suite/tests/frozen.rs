//! Components that were built for released versions of the contract, `tests/frozen`: each goes on to load and to work. The
//! kit's guest among them is seen in `conformance.rs`. And what becomes of those for versions that are not spoken here.

use std::fs;
use std::path::{Path, PathBuf};

use sandgate_tests::{Finished, Origin, PATIENCE, Sandgate, guest, sandgate_command, wait_for, yaml};
use sha2::{Digest, Sha256};

/// Released versions; the one that `wit/` has is not frozen before it is.
const VERSIONS: [&str; 1] = ["0.1.0"];
/// The version that the guests of today are built for.
const NEWEST: &str = "0.1.1";

/// A hook of a version that nobody knows yet.
const STRANGE: &str =
    r#"(component (instance $none) (export "sandgate:proxy/on-log@0.9.0" (instance $none)))"#;
/// One that imports something of such a version.
const STRANGE_IMPORT: &str = r#"(component
    (import "sandgate:proxy/clock@0.9.0" (instance (export "wall" (func (result u64)))))
    (instance $none) (export "sandgate:proxy/on-log@0.1.0" (instance $none)))"#;
/// One of a later version of the line that is spoken, which imports only what there is already.
const LATER: &str = r#"(component
    (import "sandgate:proxy/clock@0.1.99" (instance (export "wall" (func (result u64)))))
    (instance $none) (export "sandgate:proxy/on-log@0.1.99" (instance $none)))"#;
/// The same, which imports what came later.
const TOO_LATE: &str = r#"(component
    (import "sandgate:proxy/clock@0.1.99" (instance (export "sundial" (func (result u64)))))
    (instance $none) (export "sandgate:proxy/on-log@0.1.99" (instance $none)))"#;

#[test]
fn what_is_frozen_does_not_change() {
    for version in VERSIONS {
        let folder = frozen(version, "").parent().expect("a folder").to_owned();
        let hashes = fs::read_to_string(folder.join("SHA256")).expect("the hashes");
        let mut names = Vec::new();
        for line in hashes.lines() {
            let (hash, name) = line.split_once("  ").expect("a hash and a name");
            let bytes = fs::read(folder.join(name)).expect("a component");
            let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found, hash, "{version}/{name}");
            names.push(name.to_owned());
        }
        let files = fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.path());
        let components = files.filter(|path| path.extension().is_some_and(|e| e == "wasm")).count();
        assert_eq!(components, names.len(), "each has its hash: {names:?}");
    }
}

#[test]
fn a_frozen_filter_keeps_counts_and_measures() {
    for version in VERSIONS {
        let origin = Origin::replying(200, "hello");
        let grants =
            "grants: { kv: { quota: 1MiB }, counter: { keys: 10 }, rate_limit: { keys: 100 }, metrics: {} }";
        let sandgate = filtered(&frozen(version, "keeper"), grants, &origin);
        for (asked, answer) in [
            ("kv set a 1", "1"),
            ("kv get a", "1"),
            ("counter add c 5", "5"),
            ("take a 1 1 1 100000", "taken 0"),
            ("metric increment asked_for tea 3", "ok"),
            ("trace", "None None"),
        ] {
            assert_eq!(sandgate.client().get_with("/", "x-ask", asked).text(), answer, "{version}: {asked}");
        }
        assert_eq!(
            sandgate.metrics().sum("sandgate_plugin_custom_asked_for_total", &[("thing", "tea")]),
            3.0
        );
        assert_eq!(sandgate.client().get("/").text(), "hello", "{version}");
    }
}

#[test]
fn a_frozen_filter_calls_out() {
    for version in VERSIONS {
        let origin = Origin::replying(200, "hello");
        let sandgate = filtered(&frozen(version, "caller"), "grants: { callout: [app] }", &origin);
        let asked = sandgate.client().get_with("/", "x-ask", "get app /auth");
        assert_eq!(asked.text(), "200 hello", "{version}");
        assert_eq!(sandgate.client().get_with("/", "x-audit", "app").text(), "hello", "{version}");
        origin.wait_for_requests(3);
        let audit = origin.requests().pop().expect("a request");
        assert_eq!(
            (audit.target(), audit.body.as_slice()),
            ("/audit", b"200".as_slice()),
            "{version}: from on-log"
        );
    }
}

#[test]
fn a_frozen_picker_chooses_and_learns_how_it_went() {
    for version in VERSIONS {
        let origins = [Origin::named("a"), Origin::named("b")];
        let sandgate = balanced(&frozen(version, "hostile-picker"), "plugin: it", &origins);
        let mut client = sandgate.client();
        assert_eq!(
            client.get_with("/", "x-misbehave", "rank-all").field("x-backend"),
            Some("b"),
            "{version}"
        );
        let told = || {
            let lines = sandgate.log_lines();
            lines
                .iter()
                .any(|line| line.message() == "plugin says" && line.text("text").starts_with("outcomes [1"))
        };
        wait_for("the outcome of the attempt to be told", PATIENCE, || {
            assert_eq!(client.get("/").field("x-backend"), Some("a"), "{version}");
            told()
        });
    }
}

#[test]
fn a_frozen_weigher_weighs() {
    for version in VERSIONS {
        let origins = [Origin::named("a"), Origin::named("b")];
        let sandgate = balanced(&frozen(version, "hostile-weigher"), "plugin: it, interval: 100ms", &origins);
        let url = origins[0].url();
        let weight = || sandgate.metrics().sum("sandgate_endpoint_weight", &[("endpoint", &url)]);
        wait_for("the weight", PATIENCE, || weight() == 1000.0);
    }
}

#[test]
fn a_frozen_component_and_one_of_today_serve_one_request() {
    let origin = Origin::replying(200, "hello");
    for version in VERSIONS {
        let old = frozen(version, "keeper");
        let (old, new) = (old.display(), guest("add-header"));
        let plugins = format!(
            "plugins:\n  old: {{ wasm: \"{old}\", grants: {{ kv: {{}}, counter: {{}}, rate_limit: {{}}, metrics: {{}} }} }}\n  new: {{ wasm: \"{}\" }}\n",
            new.display()
        );
        let yaml = plugins + &yaml::forwarding_by("filters: [{ plugin: new }, { plugin: old }]");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
        let response = sandgate.client().get_with("/", "x-ask", "kv set a 1");
        assert_eq!(
            (response.text(), response.field("x-served-by")),
            ("1".into(), Some("sandgate")),
            "{version}"
        );
    }
}

#[test]
fn a_component_of_an_unknown_version_is_refused_with_the_versions_there_are() {
    let sentence =
        format!("it was built for sandgate:proxy@0.9.0, and this Sandgate speaks 0.1.0 to {NEWEST}");
    for text in [STRANGE, STRANGE_IMPORT] {
        let checked = check(text);
        assert_eq!(checked.status.code(), Some(78), "{checked:?}");
        assert!(checked.stderr.contains(&sentence), "{}", checked.stderr);
        let said = inspect(text);
        assert!(said.contains(&format!("would load: no: {sentence}")), "{said}");
        let named = format!("sandgate:proxy@0.9.0 (this Sandgate speaks 0.1.0 to {NEWEST})");
        assert!(said.contains(&named), "{said}");
    }
}

#[test]
fn a_component_of_a_later_version_loads_if_it_needs_nothing_that_came_later() {
    let checked = check(LATER);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let said = inspect(LATER);
    let named =
        format!("contract: sandgate:proxy@0.1.99 (later than what this Sandgate speaks, 0.1.0 to {NEWEST})");
    assert!(said.contains(&named), "{said}");
    assert!(said.contains("would load: yes"), "{said}");
    let checked = check(TOO_LATE);
    assert_eq!(checked.status.code(), Some(78), "{checked:?}");
    for words in [&format!("does not fit sandgate:proxy@{NEWEST}"), "sundial"] {
        assert!(checked.stderr.contains(words), "{words} in {}", checked.stderr);
    }
}

#[test]
fn inspect_names_the_version_of_the_contract() {
    for version in VERSIONS {
        let said = inspected(&frozen(version, "conformance"));
        assert!(said.contains(&format!("\ncontract: sandgate:proxy@{version}\n")), "{said}");
        assert!(said.contains("would load: yes"), "{said}");
    }
    let said = inspected(&guest("add-header"));
    assert!(said.contains(&format!("\ncontract: sandgate:proxy@{NEWEST}\n")), "{said}");
}

fn frozen(version: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../frozen").join(version).join(format!("{name}.wasm"))
}

/// A filter before one origin, with these keys.
fn filtered(component: &Path, keys: &str, origin: &Origin) -> Sandgate {
    let yaml = plugin(component, keys) + &yaml::forwarding_by("filters: [{ plugin: it }]");
    Sandgate::with_config(yaml).origins("app", &[origin]).start()
}

/// A picker or weigher before two origins.
fn balanced(component: &Path, balance: &str, origins: &[Origin; 2]) -> Sandgate {
    let yaml = plugin(component, "") + &yaml::forwarding_to(&format!("balance: {{ {balance} }}"));
    Sandgate::with_config(yaml).origins("app", &origins.each_ref()).start()
}

fn plugin(component: &Path, keys: &str) -> String {
    let component = component.display();
    format!("plugins:\n  it: {{ wasm: \"{component}\", limits: {{ cpu: 50ms, wall: 30s }}, {keys} }}\n")
}

/// A check of a configuration that has this component, and does not use it.
fn check(text: &str) -> Finished {
    let file = component(text);
    let yaml = plugin(file.path(), "") + &yaml::forwarding();
    Sandgate::with_config(yaml).origins("app", &[&Origin::refusing()]).command("check", &[])
}

fn inspect(text: &str) -> String {
    inspected(component(text).path())
}

fn inspected(path: &Path) -> String {
    sandgate_command(&["inspect", path.to_str().expect("a path of text")]).stdout
}

fn component(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), wat::parse_str(text).expect("a component in text")).expect("a file to write");
    file
}
