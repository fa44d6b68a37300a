//! Files that are no component, or none that could be loaded: each is refused with a sentence that says what to do.

use std::fs;

use sandgate_tests::{Finished, Origin, Sandgate, get, guest, sandgate_command, yaml};

/// What the binary format begins with, and the version and layer of a module and of a component.
const MAGIC: &[u8] = b"\0asm";
const MODULE: &[u8] = &[0x01, 0x00, 0x00, 0x00];
const COMPONENT: &[u8] = &[0x0d, 0x00, 0x01, 0x00];
const UNHEARD_OF: &[u8] = &[0x99, 0x00, 0x00, 0x00];

/// A hook by its name, and something imported that no plugin is granted.
const IMPORTS: &str = r#"(component
    (import "evil:thing/door@1.0.0" (instance (export "open" (func))))
    (instance $hook)
    (export "sandgate:proxy/on-request@0.1.0" (instance $hook)))"#;
/// A hook by its name whose function is of another type.
const MISFITS: &str = r#"(component
    (core module $code (func (export "run")))
    (core instance $made (instantiate $code))
    (func $run (canon lift (core func $made "run")))
    (instance $hook (export "on-request" (func $run)))
    (export "sandgate:proxy/on-request@0.1.0" (instance $hook)))"#;
/// A hook by its name that has no function.
const HOLLOW: &str = r#"(component
    (instance $hook)
    (export "sandgate:proxy/on-request@0.1.0" (instance $hook)))"#;

/// A name, the file's bytes, and what must be said of them.
type Case = (&'static str, Vec<u8>, &'static [&'static str]);

#[test]
fn a_check_says_in_a_sentence_why_a_component_will_not_load() {
    for (name, bytes, words) in cases() {
        let finished = check(&bytes);
        assert_eq!(finished.status.code(), Some(78), "{name}: {finished:?}");
        assert!(finished.stderr.contains("sandgate.yaml:1:"), "{name}: file and line: {}", finished.stderr);
        for word in words {
            assert!(finished.stderr.contains(word), "{name}: {word} in {}", finished.stderr);
        }
        assert!(!finished.stderr.contains("panicked"), "{name}: {}", finished.stderr);
    }
}

#[test]
fn inspect_says_the_same() {
    for (name, bytes, words) in cases() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("it.wasm");
        fs::write(&path, bytes).expect("a file to write");
        let finished = sandgate_command(&["inspect", path.to_str().expect("a path of text")]);
        let said = finished.stdout + &finished.stderr;
        for word in words {
            assert!(said.contains(word), "{name}: {word} in {said}");
        }
    }
}

#[test]
fn a_reload_says_the_same_and_the_old_component_serves_on() {
    let origin = Origin::replying(200, "hello");
    let setup = Sandgate::with_config(filtering()).origins("app", &[&origin]);
    let sandgate = setup.file("it.wasm", &guest("add-header")).start();
    for (name, bytes, words) in cases() {
        let mark = sandgate.log_mark();
        sandgate.put("it.wasm", &bytes);
        let says_so = |error: &str| words.iter().all(|word| error.contains(word));
        sandgate.log_line_after(mark, |line| {
            line.message() == "configuration refused" && says_so(&line.text("error"))
        });
        assert_eq!(get(sandgate.web(), "/").field("x-served-by"), Some("sandgate"), "{name}");
    }
}

#[test]
fn a_component_without_the_hooks_of_its_place_is_refused_there() {
    let finished = check(&wat(HOLLOW));
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    let sentence = "can't filter: it exports none of on-request, on-request-body, on-response, on-response-body and on-log";
    assert!(finished.stderr.contains(sentence), "{}", finished.stderr);
}

#[test]
fn a_component_cut_at_any_place_is_refused_and_crashes_nothing() {
    let whole = fs::read(guest("add-header")).expect("a guest");
    for eighth in 1..8 {
        let finished = check(&whole[..whole.len() * eighth / 8]);
        assert_eq!(finished.status.code(), Some(78), "{eighth} eighths: {finished:?}");
        assert!(finished.stderr.contains("is the file whole"), "{eighth} eighths: {}", finished.stderr);
    }
}

fn cases() -> Vec<Case> {
    vec![
        ("nothing", Vec::new(), &["the file is empty", "expected a WebAssembly component"]),
        ("text", b"#!/bin/sh\nexit\n".to_vec(), &["no WebAssembly", "#!/bin/s"]),
        ("a core module", [MAGIC, MODULE].concat(), &["core module", "wasm-tools component new"]),
        ("an unheard-of version", [MAGIC, UNHEARD_OF].concat(), &["unknown version of the binary format"]),
        ("a section cut off", [MAGIC, COMPONENT, &[0x01, 0x7f]].concat(), &["is the file whole"]),
        ("a component of nothing", [MAGIC, COMPONENT].concat(), &["it exports nothing", "on-request"]),
        ("an import", wat(IMPORTS), &["it imports `evil:thing/door@1.0.0`", "sandgate:proxy/log"]),
        ("a hook of another type", wat(MISFITS), &["does not fit sandgate:proxy@0.1.1"]),
    ]
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a component in text")
}

fn filtering() -> String {
    "plugins: { it: { wasm: it.wasm } }\n".to_owned() + &yaml::forwarding_by("filters: [{ plugin: it }]")
}

/// Checks a configuration with one plugin that is a file of these bytes.
fn check(bytes: &[u8]) -> Finished {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), bytes).expect("a file to write");
    let setup = Sandgate::with_config(filtering()).origins("app", &[&Origin::refusing()]);
    setup.file("it.wasm", file.path()).command("check", &[])
}
