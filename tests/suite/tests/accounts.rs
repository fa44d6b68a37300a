//! Accounts by tenant: what a tenant's plugins cost can be told from what others' cost, plugins know whose route it is, and
//! metrics that one tenant's plugins declare stand in nobody's way.

use std::fs;

use sandgate_tests::{Metrics, Origin, Response, Sandgate, Setup, guest, sandgate_command, yaml};

/// A tenant's file, with a filter before everything.
const OWN: &str = "version: 1
upstreams: { app: { endpoints: ['@ORIGIN@'] } }
plugins: { it: { wasm: it.wasm@KEYS@ } }
routes: [{ name: all, filters: [{ plugin: it }], upstream: app }]
";

/// A configuration with the tenants `acme` and `bob`, each with this component as `it`; the operator has it as well, and as a router.
fn setup(origin: &Origin, component: &str, keys: &str) -> Setup {
    let wasm = guest(component).display().to_string();
    let tenants = "tenants:
  acme: { hosts: [acme.test], config: acme/tenant.yaml }
  bob: { hosts: [bob.test], config: bob/tenant.yaml }
";
    let plugins = format!("plugins: {{ it: {{ wasm: \"{wasm}\"{keys} }} }}\n");
    let yaml = plugins + &yaml::forwarding_by("filters: [{ plugin: it }]") + tenants;
    let mut setup = Sandgate::with_config(yaml).origins("app", &[origin]);
    for tenant in ["acme", "bob"] {
        fs::create_dir(setup.folder().join(tenant)).expect("a folder for the tenant");
        let own = OWN.replace("@ORIGIN@", &origin.url()).replace("@KEYS@", keys);
        setup = setup.content(&format!("{tenant}/tenant.yaml"), own);
        setup = setup.file(&format!("{tenant}/it.wasm"), &guest(component));
    }
    setup
}

fn ask(sandgate: &Sandgate, host: &str, fields: &str) -> Response {
    sandgate.client().send(format!("GET / HTTP/1.1\r\nhost: {host}\r\n{fields}\r\n")).response()
}

#[test]
fn what_a_tenants_plugins_cost_is_added_up_by_its_name() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "hostile", "").start();
    for (host, times) in [("acme.test", 3), ("bob.test", 2), ("other.test", 1)] {
        for _ in 0..times {
            assert_eq!(ask(&sandgate, host, "").status(), 200, "{host}");
        }
    }
    assert_eq!(ask(&sandgate, "acme.test", "x-misbehave: trap\r\n").status(), 500);
    let metrics = sandgate.metrics();
    let of = |name: &str, tenant: &str| metrics.sum(name, &[("tenant", tenant)]);
    let requests = |tenant: &str| {
        metrics.sum("sandgate_plugin_calls_total", &[("tenant", tenant), ("hook", "on-request")])
    };
    assert_eq!((requests("acme"), requests("bob")), (4.0, 2.0));
    for name in
        ["cpu_seconds_total", "wall_seconds_total", "instantiation_seconds_total", "memory_peak_bytes"]
    {
        let name = format!("sandgate_plugin_{name}");
        assert!(of(&name, "acme") > 0.0 && of(&name, "bob") > 0.0, "{name}");
    }
    assert!(of("sandgate_plugin_instances_total", "acme") >= 4.0);
    assert!(of("sandgate_plugin_host_calls_total", "acme") > of("sandgate_plugin_host_calls_total", "bob"));
    let faults = [("tenant", "acme"), ("kind", "plugin_trap")];
    assert_eq!(metrics.sum("sandgate_plugin_faults_total", &faults), 1.0);
    assert_eq!(of("sandgate_plugin_faults_total", "bob"), 0.0);
    let all = metrics.sum("sandgate_plugin_calls_total", &[("hook", "on-request")]);
    assert_eq!(all - requests("acme") - requests("bob"), 1.0, "what is nobody's has no tenant");
}

#[test]
fn a_line_of_the_access_log_tells_whose_plugins_took_how_long() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "hostile", "").start();
    let log = "log: { access: { fields: [tenant, status, plugins] } }\n";
    let yaml = fs::read_to_string(sandgate.config()).expect("the configuration");
    sandgate.reload(&(yaml + log));
    ask(&sandgate, "acme.test", "");
    ask(&sandgate, "other.test", "");
    let log = sandgate.access_log(2);
    assert_eq!(
        (log[0]["tenant"].as_str(), log[0]["plugins"][0]["name"].as_str()),
        (Some("acme"), Some("acme/it"))
    );
    assert!(log[0]["plugins"][0]["us"].as_f64().expect("a time") > 0.0);
    assert_eq!((log[1].get("tenant"), log[1]["plugins"][0]["name"].as_str()), (None, Some("it")));
}

#[test]
fn top_adds_up_by_tenant_and_by_plugin() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "hostile", "").start();
    let address = sandgate.address("admin").to_string();
    let names = |by: &str| {
        let arguments = ["top", &address, "--once", "--interval", "100ms", "--by", by];
        let finished = sandgate_command(&arguments);
        assert!(finished.status.success(), "{finished:?}");
        let lines = finished.stdout.lines().skip(2);
        let mut names: Vec<String> =
            lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(names("tenant"), ["(nobody)", "TENANT", "acme", "bob"]);
    assert_eq!(names("plugin"), ["PLUGIN", "acme/it", "bob/it", "it"]);
    assert!(names("hook").len() > names("plugin").len());
}

#[test]
fn a_plugin_knows_the_tenant_whose_route_it_is() {
    let origin = Origin::replying(200, "hello");
    let keys =
        ", settings: { on-request: [[show-tenant]], on-response: [[show-tenant]], route: [[show-tenant]] }";
    let sandgate = setup(&origin, "conformance", keys).start();
    let shown = |host: &str| {
        let response = ask(&sandgate, host, "");
        let seen = origin.requests().pop().expect("a request");
        let upstream: Vec<String> = seen.head.all("x-shown").into_iter().map(str::to_owned).collect();
        (upstream.join(" "), response.field("x-shown").unwrap_or_default().to_owned())
    };
    let both = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(shown("acme.test"), both("acme"));
    assert_eq!(shown("bob.test"), both("bob"));
    assert_eq!(shown("other.test"), both("none"));
    let yaml = fs::read_to_string(sandgate.config()).expect("the configuration");
    sandgate.reload(&(yaml + "router: { plugin: it }\n"));
    assert_eq!(shown("acme.test").0, "none acme", "before routing nobody knows");
}

#[test]
fn what_two_tenants_declare_under_one_name_is_of_any_kind() {
    let origin = Origin::replying(200, "hello");
    let setup = setup(&origin, "add-header", ", grants: { metrics: {} }");
    for (tenant, kind) in [("acme", 0), ("bob", 1)] {
        fs::write(setup.folder().join(tenant).join("it.wasm"), declaring(kind)).expect("a component");
        let own = OWN.replace("@ORIGIN@", &origin.url()).replace("@KEYS@", ", grants: { metrics: {} }");
        let own = own.replace("filters: [{ plugin: it }], ", "");
        fs::write(setup.folder().join(tenant).join("tenant.yaml"), own).expect("a tenant's file");
    }
    let sandgate = setup.start();
    let metrics: Metrics = sandgate.metrics();
    let shown = |name: &str, labels: &[(&str, &str)]| metrics.matching(name, labels);
    let acme = [("plugin", "acme/it"), ("tenant", "acme"), ("_tenant", "x")];
    assert_eq!(shown("sandgate_tenant_custom_counter_level_total", &acme), 1);
    let bob = [("plugin", "bob/it"), ("tenant", "bob"), ("_tenant", "x")];
    assert_eq!(shown("sandgate_tenant_custom_gauge_level", &bob), 1);
    assert!(!metrics.has("sandgate_plugin_custom_level"));
}

#[test]
fn what_two_plugins_of_the_operator_declare_under_one_name_is_of_one_kind() {
    let setup = Sandgate::with_config(
        "plugins:\n  a: { wasm: a.wasm, grants: { metrics: {} } }\n  b: { wasm: b.wasm, grants: { metrics: {} } }\n"
            .to_owned()
            + &yaml::forwarding(),
    );
    let setup = setup.content("a.wasm", declaring(0)).content("b.wasm", declaring(1));
    let checked = setup.origins("app", &[&Origin::refusing()]).command("check", &[]);
    assert_eq!(checked.status.code(), Some(78), "{checked:?}");
    let said = "plugin `b` has the metric `level` as a gauge, plugin `a` as a counter";
    assert!(checked.stderr.contains(said), "{}", checked.stderr);
}

/// A component that does nothing but declare the metric `level`, a counter (0) or a gauge (1), with the label `tenant`, which
/// has the value `x`.
fn declaring(kind: u8) -> Vec<u8> {
    let text = DECLARING.replace("@KIND@", &format!("\\0{kind}"));
    wat::parse_str(text).expect("a component in text")
}

/// `describe` gives the address of a description that lies ready. Texts are at 256: `level`, `tenant`, `x`.
const DECLARING: &str = r#"(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 256) "leveltenantx")
    ;; name, version and summary are `x`; one metric at 64; no schema
    (data (i32.const 16) "\0b\01\00\00\01\00\00\00" "\0b\01\00\00\01\00\00\00" "\0b\01\00\00\01\00\00\00"
                         "\40\00\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00")
    ;; its name, its help, its kind with room for bounds, one label at 112
    (data (i32.const 64) "\00\01\00\00\05\00\00\00" "\0b\01\00\00\01\00\00\00"
                         "@KIND@\00\00\00\00\00\00\00\00\00\00\00" "\70\00\00\00\01\00\00\00")
    ;; its name, and one value at 128
    (data (i32.const 112) "\05\01\00\00\06\00\00\00" "\80\00\00\00\01\00\00\00")
    (data (i32.const 128) "\0b\01\00\00\01\00\00\00")
    (func (export "describe") (result i32) i32.const 16))
  (core instance $made (instantiate $code))
  (type $kind (variant (case "counter") (case "gauge") (case "histogram" (list f64))))
  (type $label (record (field "name" string) (field "values" (list string))))
  (type $metric (record (field "name" string) (field "help" string) (field "kind" $kind) (field "labels" (list $label))))
  (type $description (record (field "name" string) (field "version" string) (field "summary" string)
    (field "metrics" (list $metric)) (field "settings-schema" (option string))))
  (func $describe (result $description)
    (canon lift (core func $made "describe") (memory (core memory $made "memory"))))
  (component $named
    (type $kind (variant (case "counter") (case "gauge") (case "histogram" (list f64))))
    (import "metric-kind" (type $in-kind (eq $kind)))
    (type $label (record (field "name" string) (field "values" (list string))))
    (import "metric-label" (type $in-label (eq $label)))
    (type $metric (record (field "name" string) (field "help" string) (field "kind" $in-kind) (field "labels" (list $in-label))))
    (import "metric" (type $in-metric (eq $metric)))
    (type $description (record (field "name" string) (field "version" string) (field "summary" string)
      (field "metrics" (list $in-metric)) (field "settings-schema" (option string))))
    (import "description" (type $in-description (eq $description)))
    (import "describe" (func $describe (result $in-description)))
    (export $out-kind "metric-kind" (type $kind))
    (type $out-label-is (record (field "name" string) (field "values" (list string))))
    (export $out-label "metric-label" (type $out-label-is))
    (type $out-metric-is (record (field "name" string) (field "help" string) (field "kind" $out-kind) (field "labels" (list $out-label))))
    (export $out-metric "metric" (type $out-metric-is))
    (type $out-description-is (record (field "name" string) (field "version" string) (field "summary" string)
      (field "metrics" (list $out-metric)) (field "settings-schema" (option string))))
    (export $out-description "description" (type $out-description-is))
    (export "describe" (func $describe) (func (result $out-description))))
  (instance $plugin (instantiate $named
    (with "metric-kind" (type $kind)) (with "metric-label" (type $label)) (with "metric" (type $metric))
    (with "description" (type $description)) (with "describe" (func $describe))))
  (export "sandgate:proxy/plugin@0.1.0" (instance $plugin)))"#;
