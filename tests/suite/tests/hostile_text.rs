//! Hostile components that no compiler would make: they lie to the host about what they answer, call it where they may not,
//! grow what they have, or begin with what never ends. Each is a named fault, and costs one exchange.

#[expect(dead_code, reason = "what looks for traces is for the tests of isolation")]
mod probe;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use probe::Probe;
use sandgate_tests::{Origin, PATIENCE, Sandgate, sandgate_command, wait_for, yaml};

/// Finds nothing, and so answers with 200.
const NOTHING: &str = "(func $found (result i32) (i32.const 0))";
/// The time, for the memory's own module.
const CLOCK: &str = r#"
    (import "sandgate:proxy/clock@0.1.0" (instance $clock (export "wall" (func (result u64)))))
    (core func $wall (canon lower (func $clock "wall")))"#;

#[test]
fn code_that_goes_wrong_is_named_and_costs_one_exchange() {
    let cases = [
        ("unreachable", "unreachable", "plugin_trap"),
        ("a division by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0)))", "plugin_trap"),
        ("a load beyond memory", "(drop (i32.load (i32.const 0x7fffffff)))", "plugin_trap"),
        ("a table's end", "(drop (table.get $table (i32.const 100)))", "plugin_trap"),
        ("a call of nothing", "(call_indirect $table (i32.const 0))", "plugin_trap"),
        (
            "a call of another type",
            "(call_indirect $table (param i32) (i32.const 0) (i32.const 1))",
            "plugin_trap",
        ),
        (
            "memory without end",
            "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            "plugin_memory",
        ),
        (
            "a table without end",
            "(loop $more (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable",
            "plugin_memory",
        ),
        ("a recursion", "(drop (call $deep))", "plugin_stack"),
        ("a loop", "(loop $more (br $more))", "plugin_cpu"),
    ];
    for (what, code, fault) in cases {
        let table = "(table $table 2 funcref) (elem (i32.const 1) func $found)\n            (func $deep (result i32) (i32.add (call $deep) (i32.const 1)))";
        let found = format!(
            "{table} (func $found (result i32) (if (i32.or (global.get $again) (call $asked)) (then (global.set $again (i32.const 1)) {code})) (i32.const 0)) \
             (global $again (mut i32) (i32.const 0))"
        );
        assert_costs_one(what, &Probe::new(&found), fault);
    }
}

#[test]
fn what_is_refused_to_grow_harms_nobody_who_copes() {
    let growing = "(table $table 2 funcref)
        (func $found (result i32)
            (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
            (loop $more (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1))))
            (i32.const 0))";
    let origin = Origin::named("a");
    let sandgate = filtering(&Probe::new(growing), &origin);
    for exchange in 1..=20 {
        assert_eq!(sandgate.client().get("/").status(), 200);
        assert_eq!(sandgate.access_line(exchange).get("fault"), None);
    }
}

#[test]
fn an_answer_that_is_none_is_named_and_costs_one_exchange() {
    let cases = [
        ("an answer beyond memory", "(return (i32.const 0x7ffffff0))"),
        ("an answer between words", "(return (i32.const 1025))"),
        ("a case that there is not", "(i32.store8 (i32.const 1024) (i32.const 7))"),
        ("a gigabyte of body", "(i32.store (i32.const 1044) (i32.const 0x40000000))"),
        (
            "a body beyond memory",
            "(i32.store (i32.const 1040) (i32.const 65535)) (i32.store (i32.const 1044) (i32.const 2))",
        ),
        ("a billion fields", "(i32.store (i32.const 1036) (i32.const 0x3fffffff))"),
        (
            "fields between words",
            "(i32.store (i32.const 1032) (i32.const 1)) (i32.store (i32.const 1036) (i32.const 1))",
        ),
        ("fields of what is no text", "(i32.store (i32.const 1036) (i32.const 4000))"),
    ];
    for (what, answer) in cases {
        let probe = Probe::new(NOTHING).with("end", &format!("(if (call $asked) (then {answer}))"));
        assert_costs_one(what, &probe, "plugin_trap");
    }
}

#[test]
fn memory_that_is_none_is_no_place_for_what_the_host_says() {
    for (what, place) in [("beyond memory", "0x7ffffff0"), ("at its end", "65536")] {
        let probe = Probe::new(NOTHING)
            .with("end", "(drop (call $asked))")
            .with("realloc", &format!("(return (i32.const {place}))"));
        assert_costs_one(what, &probe, "plugin_trap");
    }
}

#[test]
fn a_guest_that_calls_back_while_the_host_talks_is_cut() {
    let probe = Probe::new(NOTHING)
        .with("imports", CLOCK)
        .with("libc imports", r#"(import "host" "wall" (func $wall (result i64)))"#)
        .with("libc given", r#"(with "host" (instance (export "wall" (func $wall))))"#)
        .with("realloc", "(drop (call $wall))")
        .with("end", "(drop (call $asked))");
    assert_costs_one("a call back", &probe, "plugin_trap");
}

#[test]
fn a_start_that_never_ends_is_refused_when_it_is_loaded() {
    let probe = Probe::new(NOTHING).with("found", "(func $start (loop $more (br $more))) (start $start)");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("it.wasm");
    std::fs::write(&path, probe.bytes()).expect("a file to write");
    let yaml = "version: 1\nlisteners: [{ name: web, address: \"127.0.0.1:0\" }]\nplugins: { it: { wasm: it.wasm } }\n\
                upstreams: { app: { endpoints: [\"http://127.0.0.1:1\"] } }\n\
                routes: [{ name: all, match: { path: { prefix: / } }, upstream: app, filters: [{ plugin: it }] }]\n";
    let config = folder.path().join("sandgate.yaml");
    std::fs::write(&config, yaml).expect("a file to write");
    let said = sandgate_command(&["check", config.to_str().expect("a path of text")]);
    assert_eq!(said.status.code(), Some(78), "{said:?}");
    assert!(said.stderr.contains("a first instance of it failed"), "{said:?}");
}

#[test]
fn a_start_that_no_longer_ends_is_named_and_costs_its_exchanges_only() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    // By then it is loaded, on however busy a machine.
    let turns = now + Duration::from_secs(12);
    let start = format!(
        "(func $start (if (i64.gt_u (call $wall) (i64.const {})) (then (loop $more (br $more))))) (start $start)",
        turns.as_millis()
    );
    let probe = Probe::new(NOTHING)
        .with("imports", CLOCK)
        .with("given", r#"(export "wall" (func $wall))"#)
        .with("code", r#"(import "host" "wall" (func $wall (result i64)))"#)
        .with("found", &start);
    let origin = Origin::named("a");
    let sandgate = filtering(&probe, &origin);
    let faults = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", "plugin_cpu")]);
    wait_for("the start to loop", PATIENCE, || {
        sandgate.client().get("/honest");
        faults() >= 3.0
    });
    assert_eq!(sandgate.client().get("/other").status(), 200, "a route without it");
}

/// The exchange that asks for it fails with that fault, the ones after it don't.
fn assert_costs_one(what: &str, probe: &Probe, fault: &str) {
    let origin = Origin::named("a");
    let sandgate = filtering(probe, &origin);
    for round in 0..3 {
        let mut client = sandgate.client();
        assert_eq!(client.get_with("/", "x-trap", "1").status(), 500, "{what}");
        assert_eq!(client.get("/").status(), 200, "the exchange after {what}");
        let line = sandgate.access_log(2 * round + 2).swap_remove(2 * round);
        assert_eq!(line["fault"], fault, "{what}: {line}");
    }
}

fn filtering(probe: &Probe, origin: &Origin) -> Sandgate {
    let plugin = "plugins: { it: { wasm: it.wasm, limits: { cpu: 50ms, wall: 30s } } }\n";
    let yaml = plugin.to_owned()
        + &yaml::forwarding_by("filters: [{ plugin: it }]")
        + "  - { name: other, match: { path: { exact: /other } }, upstream: app }\n";
    Sandgate::with_config(yaml).origins("app", &[origin]).content("it.wasm", probe.bytes()).start()
}
