//! A tenant's file is its own: what it names is in it, its hosts are its own, and its paths stay in its folder.

#![expect(clippy::unwrap_used, reason = "what a test prepares has to work")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use config::{Config, Destination, Filter};
use document::Report;
use tempfile::TempDir;

const MAIN: &str = "version: 1
listeners: [{ name: web, address: '127.0.0.1:0' }]
plugins: { greet: { wasm: greet.wasm } }
upstreams: { app: { endpoints: ['http://127.0.0.1:1'] } }
routes: [{ name: rest, upstream: app }]
tenants:
  acme:
    hosts: [acme.example.net, '*.acme.example.net']
    quotas: { cpu: 50ms/s, memory: 64MiB, concurrency: 100, callouts: 20/s, kv: 2MiB, log: 4KiB/s, guests: 50 }
    weight: 3
    config: acme/tenant.yaml
  bob: { hosts: [bob.example.net], config: bob }
";

const BOB: &str = "version: 1
upstreams: { app: { endpoints: ['http://127.0.0.1:2'] } }
routes: [{ name: rest, upstream: app }]
";

/// A configuration whose tenants are `acme`, with this file, and `bob`, with a folder.
fn folder(main: &str, acme: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir(at("acme")).unwrap();
    fs::create_dir(at("bob")).unwrap();
    for (path, text) in [("main.yaml", main), ("acme/tenant.yaml", acme), ("bob/one.yaml", BOB)] {
        fs::write(at(path), text).unwrap();
    }
    folder
}

fn load(folder: &TempDir) -> Result<Config, Report> {
    loader::load(&folder.path().join("main.yaml")).map(|loaded| loaded.config)
}

fn report(acme: &str) -> String {
    load(&folder(MAIN, acme)).unwrap_err().to_string()
}

/// A tenant's file with a route to an upstream, which say this as well.
fn acme(route: &str, upstream: &str) -> String {
    format!(
        "version: 1
upstreams: {{ app: {{ endpoints: ['http://127.0.0.1:3']{upstream} }} }}
routes: [{{ name: rest, upstream: app{route} }}]
"
    )
}

#[test]
fn what_a_tenant_has_is_under_its_name() {
    let own = "plugins: { greet: { wasm: greet.wasm, grants: { callout: [app] } } }\n";
    let text = acme(", filters: [{ plugin: greet }]", "") + own;
    let config = load(&folder(MAIN, &text)).unwrap();
    let names: Vec<&str> = config.routes.iter().map(|route| &*route.name).collect();
    assert_eq!(names, ["rest", "acme/rest", "bob/rest"]);
    assert_eq!(
        config.upstreams.keys().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["app", "acme/app", "bob/app"]
    );
    let route = &config.routes[1];
    assert_eq!(route.tenant.as_deref(), Some("acme"));
    assert_eq!(route.destination, Destination::Upstream("acme/app".into()));
    assert!(
        matches!(&route.filters[..], [Filter::Plugin(name)] if &**name == "acme/greet"),
        "{:?}",
        route.filters
    );
    assert_eq!(route.matches.hosts, config.tenants["acme"].hosts, "without `hosts`, all of the tenant's");
    let plugin = &config.plugins["acme/greet"];
    assert_eq!(plugin.grants.callout.as_deref(), Some(["acme/app".into()].as_slice()));
    assert!(plugin.wasm.ends_with("acme/greet.wasm"), "{:?}", plugin.wasm);
    assert_eq!(config.routes[0].tenant, None);
}

#[test]
fn quotas_are_read_and_absent_ones_are_no_limit() {
    let config = load(&folder(MAIN, &acme("", ""))).unwrap();
    let quotas = config.tenants["acme"].quotas;
    assert_eq!((quotas.cpu, quotas.memory), (Some(Duration::from_millis(50)), Some(64 << 20)));
    assert_eq!((quotas.concurrency, quotas.guests, quotas.callouts), (Some(100), Some(50), Some(20)));
    assert_eq!((quotas.kv, quotas.log), (Some(2 << 20), Some(4 << 10)));
    assert_eq!(config.tenants["acme"].weight.get(), 3);
    assert_eq!(config.tenants["bob"].quotas, config::Quotas::default());
}

#[test]
fn the_files_of_tenants_are_watched() {
    let folder = folder(MAIN, &acme("", ""));
    let loaded = loader::load(&folder.path().join("main.yaml")).unwrap();
    for path in ["main.yaml", "acme/tenant.yaml", "bob"] {
        assert!(loaded.files.contains(&folder.path().join(path)), "{path}: {:?}", loaded.files);
    }
}

#[test]
fn a_tenant_sees_nobody_elses() {
    let filters = ", filters: [{ plugin: greet }], fallback: { upstream: bob/app }";
    let report = report(&acme(filters, ""));
    assert!(report.contains("no plugin has the name `greet`"), "{report}");
    assert!(report.contains("no upstream has the name `bob/app`"), "{report}");
    let main = MAIN.replace("upstream: app }]", "upstream: acme/app }]");
    let report = load(&folder(&main, &acme("", ""))).unwrap_err().to_string();
    assert!(report.contains("no upstream has the name `acme/app`"), "{report}");
}

#[test]
fn a_tenants_routes_are_for_its_hosts() {
    let own = acme(", match: { hosts: [acme.example.net, a.acme.example.net, '*.b.acme.example.net'] }", "");
    assert!(load(&folder(MAIN, &own)).is_ok());
    for host in ["bob.example.net", "example.net", "'*.example.net'", "acme.*", "{ regex: acme }"] {
        let report = report(&acme(&format!(", match: {{ hosts: [{host}] }}"), ""));
        assert!(report.contains("is none of the hosts of tenant `acme`"), "{host}: {report}");
        assert!(report.contains("acme/tenant.yaml:3:"), "{host}: {report}");
    }
}

#[test]
fn a_host_is_one_tenants() {
    for host in ["acme.example.net", "x.acme.example.net", "'*.x.acme.example.net'", "'*.example.net'"] {
        let main = MAIN.replace("hosts: [bob.example.net]", &format!("hosts: [{host}]"));
        let report = load(&folder(&main, &acme("", ""))).unwrap_err().to_string();
        assert!(report.contains("is a tenant's already"), "{host}: {report}");
    }
}

#[test]
fn what_is_the_process_s_is_not_for_tenants() {
    let sections = "listeners: []\nadmin: {}\ntenants: {}\nserver: {}\nlog: {}\nrouter: {}\n";
    let report = report(&(acme(", match: { listeners: [web] }", "") + sections));
    for key in ["listeners", "admin", "tenants", "server", "log", "router"] {
        assert!(report.contains(&format!("unknown key `{key}`")), "{key}: {report}");
    }
    assert!(report.contains("a listener is not for tenant `acme` to name"), "{report}");
}

#[test]
fn the_environment_is_not_a_tenants_to_read() {
    let filter = ", filters: [{ request_headers: { set: { x-secret: '${env:PATH}' } } }]";
    let report = report(&acme(filter, ""));
    assert!(report.contains("`PATH` is of the environment, which is not a tenant's to read"), "{report}");
}

#[test]
fn paths_stay_in_the_tenants_folder() {
    let folder = folder(MAIN, "");
    let at = |path: &str| folder.path().join(path);
    let (inside, outside) = (at("acme/inside"), at("bob/secret"));
    fs::write(&outside, "secret").unwrap();
    fs::write(&inside, "own").unwrap();
    symlink(&outside, at("acme/out")).unwrap();
    symlink("nowhere", at("acme/dangling")).unwrap();
    symlink("..", at("acme/up")).unwrap();
    symlink("inside", at("acme/in")).unwrap();
    let load_with = |acme: &str| {
        fs::write(at("acme/tenant.yaml"), acme).unwrap();
        load(&folder)
    };
    let reading = |path: &str| {
        acme(&format!(", filters: [{{ request_headers: {{ set: {{ x-a: '${{file:{path}}}' }} }} }}]"), "")
    };
    for path in ["inside", "./inside", "in"] {
        assert!(load_with(&reading(path)).is_ok(), "{path}");
    }
    let absolute = inside.to_str().unwrap();
    for path in
        ["../bob/secret", "out", "up/bob/secret", "dangling", "x/../../bob/secret", "/etc/passwd", absolute]
    {
        let report = load_with(&reading(path)).unwrap_err().to_string();
        assert!(report.contains("is outside of the folder of tenant `acme`"), "{path}: {report}");
        assert!(!report.contains("x-a: secret"), "{path}: {report}");
    }
    let plugin = |path: &str| acme("", "") + &format!("plugins: {{ p: {{ wasm: {path} }} }}\n");
    let socket = |path: &str| acme("", "").replace("http://127.0.0.1:3", &format!("unix:{path}"));
    let tls = |path: &str| acme("", &format!(", tls: {{ ca: {path} }}")).replace("http:", "https:");
    let spill = |path: &str| acme(&format!(", buffering: {{ path: {path} }}"), "");
    let page = |path: &str| acme(&format!(", error_pages: [{{ status: 5xx, file: {path} }}]"), "");
    for text in
        [plugin("../greet.wasm"), socket("/run/app.sock"), tls("up/ca.pem"), spill("/tmp"), page("out")]
    {
        let report = load_with(&text).unwrap_err().to_string();
        assert!(report.contains("is outside of the folder of tenant `acme`"), "{text}{report}");
    }
    assert!(load_with(&plugin("not-there-yet.wasm")).is_ok(), "whether it is there is for others to say");
}

#[test]
fn a_folder_of_two_has_files_of_neither() {
    let main = MAIN.replace("config: acme/tenant.yaml", "config: bob/acme.yaml");
    let folder = folder(&main, "");
    let write = |text: String| fs::write(folder.path().join("bob/acme.yaml"), text).unwrap();
    fs::write(folder.path().join("bob/one.yaml"), "").unwrap();
    let main = main.replace("config: bob }", "config: bob/one.yaml }");
    fs::write(folder.path().join("bob/one.yaml"), BOB).unwrap();
    fs::write(folder.path().join("main.yaml"), main).unwrap();
    write(acme("", ""));
    assert!(load(&folder).is_ok(), "one that names none needs no folder of its own");
    write(acme("", "") + "plugins: { p: { wasm: p.wasm } }\n");
    let report = load(&folder).unwrap_err().to_string();
    assert!(report.contains("its folder"), "{report}");
    assert!(report.contains("holds somebody else's"), "{report}");
}

#[test]
fn a_folder_with_the_configuration_in_it_is_no_tenants_own() {
    let main = MAIN.replace("config: acme/tenant.yaml", "config: acme.yaml");
    let folder = folder(&main, "");
    fs::write(folder.path().join("acme.yaml"), acme(", buffering: { path: spill }", "")).unwrap();
    let report = load(&folder).unwrap_err().to_string();
    assert!(report.contains("holds somebody else's"), "{report}");
}

#[test]
fn what_plugins_may_keep_is_within_the_quota() {
    let plugin = |quota: &str| format!("{{ wasm: p.wasm, grants: {{ kv: {{ quota: {quota} }} }} }}");
    let two =
        |a: &str, b: &str| acme("", "") + &format!("plugins: {{ a: {}, b: {} }}\n", plugin(a), plugin(b));
    assert!(load(&folder(MAIN, &two("1MiB", "1MiB"))).is_ok());
    let report = report(&two("1MiB", "2MiB"));
    assert!(report.contains("may keep 3MiB by key, more than its quota of 2MiB"), "{report}");
}

#[test]
fn ties_are_found_across_tenants_and_the_rest() {
    let main =
        MAIN.replace("name: rest, upstream", "name: rest, match: { hosts: [acme.example.net] }, upstream");
    let report = load(&folder(&main, &acme("", ""))).unwrap_err().to_string();
    assert!(report.contains("route `acme/rest` ties with route `rest`"), "{report}");
}

#[test]
fn all_mistakes_of_all_files_are_told_at_their_places() {
    let main = MAIN.replace("address: '127.0.0.1:0'", "address: nowhere");
    let folder = folder(&main, &acme(", timeouts: { total: 0s }", ", colour: red"));
    fs::write(folder.path().join("bob/two.yaml"), "routes: [{ name: other, upstream: ap }]\n").unwrap();
    let report = load(&folder).unwrap_err();
    let places: Vec<(String, usize)> = report
        .diagnostics
        .iter()
        .map(|told| (told.file.rsplit_once('/').unwrap().1.to_owned(), told.line))
        .collect();
    let expected =
        [("tenant.yaml", 2), ("tenant.yaml", 3), ("two.yaml", 1), ("two.yaml", 1), ("main.yaml", 2)];
    assert_eq!(places, expected.map(|(file, line)| (file.to_owned(), line)), "{report}");
    assert!(report.to_string().contains("did you mean `app`?"), "{report}");
}

#[test]
fn a_tenants_file_that_cannot_be_read_is_told_where_it_is_named() {
    let folder = folder(&MAIN.replace("config: bob }", "config: nowhere.yaml }"), "routes: [");
    let report = load(&folder).unwrap_err().to_string();
    assert!(report.contains("nowhere.yaml` can't be read"), "{report}");
    assert!(report.contains("main.yaml:12:"), "{report}");
    assert!(report.contains("acme/tenant.yaml:1:"), "{report}");
}

#[test]
fn quotas_that_make_no_sense_are_refused() {
    let bad = "{ cpu: 50ms, memory: 1B, concurrency: 0, guests: 10000, callouts: 0/s, log: 4KiB, kv: lots }";
    let at = MAIN.find("quotas: ").unwrap();
    let end = at + MAIN[at..].find('\n').unwrap();
    let main = format!("{}quotas: {bad}{}", &MAIN[..at], &MAIN[end..]).replace("weight: 3", "weight: 0");
    let report = load(&folder(&main, &acme("", ""))).unwrap_err();
    let lines: Vec<usize> = report.diagnostics.iter().map(|told| told.line).collect();
    assert_eq!(lines, [9, 9, 9, 9, 9, 9, 9, 10], "{report}");
}

#[test]
fn a_tenant_needs_hosts_and_a_file() {
    let report = load(&folder(&format!("{MAIN}  carl: {{}}\n"), &acme("", ""))).unwrap_err().to_string();
    for key in ["hosts", "config"] {
        assert!(report.contains(&format!("missing key `{key}`")), "{report}");
    }
    assert!(loader::parse("main", MAIN, Path::new("/nonexistent")).is_err());
}
