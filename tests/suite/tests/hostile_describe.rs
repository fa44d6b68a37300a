//! Hostile components where they say what they are: `describe` and `configure` that go wrong or lie. Each is refused when it is
//! loaded, with a reason of few words, and what served before serves on.

use std::fs;

use sandgate_tests::{Finished, Origin, Sandgate, guest, sandgate_command, yaml};

/// Where the record is that `describe` answers with; all of it is 0 at first: empty text and lists, and no schema.
const NAME_LENGTH: u32 = 1028;
const METRICS: u32 = 1048;
const METRICS_LENGTH: u32 = 1052;
const HAS_SCHEMA: u32 = 1056;
const SCHEMA: u32 = 1060;
const SCHEMA_LENGTH: u32 = 1064;
/// Where the result is that `configure` answers with: 1 for a refusal, and its text.
const REFUSES: u32 = 2048;
const REFUSAL_LENGTH: u32 = 2056;
/// Where there is room.
const ROOM: u32 = 8192;

/// No reason is longer, excerpt of the file included.
const REASON_LIMIT: usize = 4_000;

#[test]
fn a_describe_that_goes_wrong_refuses_the_component() {
    let cases = [
        ("unreachable", "unreachable"),
        ("(loop $more (br $more))", "interrupt"),
        ("(drop (call $deep))", "stack exhausted"),
        (
            "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            "unreachable",
        ),
    ];
    for (code, reason) in cases {
        assert_refused(code, &Lie::default().describing(code), &["a first instance of it failed", reason]);
    }
}

#[test]
fn a_describe_that_lies_refuses_the_component() {
    let bytes = r#"(data (i32.const 8208) "\09")"#;
    let cases = [
        ("a name beyond memory", store(NAME_LENGTH, 0x7fff_ffff), "", "out of bounds"),
        ("a name of 3 MiB", store(NAME_LENGTH, 3 << 20), "", "too much data"),
        ("metrics beyond memory", store(METRICS_LENGTH, 0x3fff_ffff), "", "out of bounds"),
        ("a hundred thousand metrics", store(METRICS_LENGTH, 100_000), "", "too much data"),
        (
            "a kind that there is not",
            store(METRICS, ROOM) + &store(METRICS_LENGTH, 1),
            bytes,
            "unexpected discriminant",
        ),
        (
            "a metric's name of 1 MiB",
            store(METRICS, ROOM) + &store(ROOM + 4, 1 << 20) + &store(METRICS_LENGTH, 1),
            "",
            "describes metrics that it can't have",
        ),
        (
            "a schema of 1 MiB",
            store(HAS_SCHEMA, 1) + &store(SCHEMA_LENGTH, 1 << 20),
            "",
            "it has 1048576 bytes; 65536 are the most",
        ),
    ];
    for (what, code, data, reason) in cases {
        assert_refused(what, &Lie::default().describing(&code).with_data(data), &[reason]);
    }
}

#[test]
fn a_schema_without_end_refuses_the_component() {
    let deep = "{'not':".repeat(5_000) + "{}" + &"}".repeat(5_000);
    let doubling = (0..40).map(|at| {
        format!("'a{at}':{{'allOf':[{{'$ref':'#/$defs/a{0}'}},{{'$ref':'#/$defs/a{0}'}}]}},", at + 1)
    });
    let doubling = format!("{{'$defs':{{{}'a40':true}},'$ref':'#/$defs/a0'}}", doubling.collect::<String>());
    let cases = [
        ("half a schema", "{", "it is no JSON"),
        ("a deep one", deep.as_str(), "recursion limit exceeded"),
        ("one elsewhere", "{'$ref':'http://127.0.0.1:1/x'}", "can't be used"),
        ("one that takes ages", doubling.as_str(), "takes more than 5s"),
    ];
    for (what, schema, reason) in cases {
        assert_refused(what, &Lie::default().giving(schema), &["the schema that it gives", reason]);
    }
}

#[test]
fn a_schema_that_leads_to_itself_holds_up_nobody() {
    for schema in ["{'$ref':'#'}", "{'$dynamicAnchor':'n','$dynamicRef':'#n'}"] {
        let said = check(&Lie::default().giving(schema));
        assert!(said.status.success(), "{schema}: {said:?}");
    }
}

#[test]
fn a_configure_that_lies_refuses_the_component() {
    let cases = [
        ("a result that there is not", store(REFUSES, 7), "discriminant"),
        ("a refusal beyond memory", store(REFUSES, 1) + &store(REFUSAL_LENGTH, 0x7fff_ffff), "out of bounds"),
        ("a refusal of 3 MiB", store(REFUSES, 1) + &store(REFUSAL_LENGTH, 3 << 20), "too much data"),
        ("a refusal of 1 MiB", store(REFUSES, 1) + &store(REFUSAL_LENGTH, 1 << 20), "refuses its settings"),
    ];
    for (what, code, reason) in cases {
        assert_refused(what, &Lie::default().configuring(&code), &[reason]);
    }
}

#[test]
fn what_served_before_serves_on() {
    let origin = Origin::named("a");
    let yaml = |wasm: &str| plugin(wasm) + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let honest = guest("add-header").display().to_string();
    let loops = Lie::default().describing("(loop $more (br $more))");
    let setup = Sandgate::with_config(yaml(&honest)).origins("app", &[&origin]);
    let sandgate = setup.content("it.wasm", loops.bytes()).start();
    let refused = sandgate.reload_in_vain(&sandgate.filled(&yaml("it.wasm")));
    assert!(refused.contains("plugin `it` can't be loaded"), "{refused}");
    assert_eq!(sandgate.client().get("/").status(), 200);
}

fn assert_refused(what: &str, lie: &Lie, reasons: &[&str]) {
    let said = check(lie);
    assert_eq!(said.status.code(), Some(78), "{what}: {said:?}");
    for reason in ["plugin `it` can't be loaded"].iter().chain(reasons) {
        assert!(said.stderr.contains(reason), "{what}: no `{reason}` in {}", said.stderr);
    }
    assert!(said.stderr.len() < REASON_LIMIT, "{what}: {} bytes of error", said.stderr.len());
}

fn check(lie: &Lie) -> Finished {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("it.wasm"), lie.bytes()).expect("a file to write");
    let yaml = yaml::forwarding_by("filters: [{ plugin: it }]").replace("@app@", "['http://127.0.0.1:1']");
    let config = folder.path().join("sandgate.yaml");
    fs::write(&config, plugin("it.wasm") + &yaml).expect("a file to write");
    sandgate_command(&["check", config.to_str().expect("a path of text")])
}

fn plugin(wasm: &str) -> String {
    let keys = "grants: { metrics: { series: 100 } }, limits: { cpu: 50ms, wall: 30s }";
    format!("plugins: {{ it: {{ wasm: \"{wasm}\", {keys} }} }}\n")
}

/// A component that says what it is as it likes.
#[derive(Default)]
struct Lie {
    describe: String,
    configure: String,
    data: String,
}

impl Lie {
    /// This comes before `describe` answers.
    fn describing(self, code: &str) -> Self {
        Lie { describe: code.to_owned(), ..self }
    }

    /// This comes before `configure` answers.
    fn configuring(self, code: &str) -> Self {
        Lie { configure: code.to_owned(), ..self }
    }

    /// Its memory begins with this.
    fn with_data(self, data: &str) -> Self {
        Lie { data: data.to_owned(), ..self }
    }

    /// It gives this schema, which has `'` in place of `"`.
    fn giving(self, schema: &str) -> Self {
        let length = u32::try_from(schema.len()).expect("a short schema");
        let code = store(HAS_SCHEMA, 1) + &store(SCHEMA, ROOM) + &store(SCHEMA_LENGTH, length);
        let data = format!("(data (i32.const {ROOM}) \"{}\")", schema.replace('\'', "\\22"));
        self.describing(&code).with_data(&data)
    }

    fn bytes(&self) -> Vec<u8> {
        let text = COMPONENT.replace("(; describe ;)", &self.describe);
        let text = text.replace("(; configure ;)", &self.configure).replace("(; data ;)", &self.data);
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The code that puts a number at a place.
fn store(place: u32, number: u32) -> String {
    format!("(i32.store (i32.const {place}) (i32.const {number}))")
}

const COMPONENT: &str = r#"(component
    (import "sandgate:proxy/types@0.1.0" (instance $types
        (export "request" (type $request (sub resource)))
        (type $field' (tuple string (list u8)))
        (export "field" (type $field (eq $field')))
        (type $reply' (record (field "status" u16) (field "fields" (list $field)) (field "body" (list u8))))
        (export "reply" (type $reply (eq $reply')))
        (type $verdict' (variant (case "continue") (case "reply" $reply)))
        (export "verdict" (type $verdict (eq $verdict')))))
    (alias export $types "request" (type $request))
    (alias export $types "verdict" (type $verdict))
    (core module $code
        (memory (export "memory") 64)
        (table $table 2 funcref)
        (func $deep (result i32) (i32.add (call $deep) (i32.const 1)))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func (export "on-request") (param i32) (result i32) (i32.const 3072))
        (func (export "configure") (param i32 i32) (result i32) (; configure ;) (i32.const 2048))
        (func (export "describe") (result i32) (; describe ;) (i32.const 1024))
        (; data ;))
    (core instance $code (instantiate $code))
    (type $label' (record (field "name" string) (field "values" (list string))))
    (type $kind' (variant (case "counter") (case "gauge") (case "histogram" (list f64))))
    (type $metric' (record (field "name" string) (field "help" string) (field "kind" $kind') (field "labels" (list $label'))))
    (type $description' (record (field "name" string) (field "version" string) (field "summary" string)
        (field "metrics" (list $metric')) (field "settings-schema" (option string))))
    (func $describe (result $description')
        (canon lift (core func $code "describe") (memory (core memory $code "memory")) (realloc (core func $code "realloc"))))
    (func $configure (param "settings" string) (result (result (error string)))
        (canon lift (core func $code "configure") (memory (core memory $code "memory")) (realloc (core func $code "realloc"))))
    (component $plugin
        (type $label' (record (field "name" string) (field "values" (list string))))
        (import "label" (type $label (eq $label')))
        (type $kind' (variant (case "counter") (case "gauge") (case "histogram" (list f64))))
        (import "kind" (type $kind (eq $kind')))
        (type $metric' (record (field "name" string) (field "help" string) (field "kind" $kind) (field "labels" (list $label))))
        (import "metric" (type $metric (eq $metric')))
        (type $description' (record (field "name" string) (field "version" string) (field "summary" string)
            (field "metrics" (list $metric)) (field "settings-schema" (option string))))
        (import "description" (type $description (eq $description')))
        (import "describe" (func $describe (result $description)))
        (import "configure" (func $configure (param "settings" string) (result (result (error string)))))
        (export $label-out "metric-label" (type $label))
        (export $kind-out "metric-kind" (type $kind))
        (type $metric-out' (record (field "name" string) (field "help" string) (field "kind" $kind-out) (field "labels" (list $label-out))))
        (export $metric-out "metric" (type $metric-out'))
        (type $description-out' (record (field "name" string) (field "version" string) (field "summary" string)
            (field "metrics" (list $metric-out)) (field "settings-schema" (option string))))
        (export $description-out "description" (type $description-out'))
        (export "describe" (func $describe) (func (result $description-out)))
        (export "configure" (func $configure)))
    (instance $plugin (instantiate $plugin
        (with "label" (type $label')) (with "kind" (type $kind')) (with "metric" (type $metric')) (with "description" (type $description'))
        (with "describe" (func $describe)) (with "configure" (func $configure))))
    (export "sandgate:proxy/plugin@0.1.0" (instance $plugin))
    (func $hook (param "request" (own $request)) (result $verdict)
        (canon lift (core func $code "on-request") (memory (core memory $code "memory")) (realloc (core func $code "realloc"))))
    (instance $hook (export "on-request" (func $hook)))
    (export "sandgate:proxy/on-request@0.1.0" (instance $hook)))"#;
