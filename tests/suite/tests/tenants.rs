//! Tenants: each has what is its own and sees nobody else's, and one that is at its limits is refused without anybody else
//! noticing.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use sandgate_tests::{Gate, Origin, PATIENCE, Response, Sandgate, Setup, get, guest, wait_for, yaml};

/// What a tenant's file begins with.
const OWN: &str = "version: 1\nupstreams: { app: { endpoints: @APP@ } }\n";
const ROUTE: &str = "routes: [{ name: all, upstream: app }]\n";
/// Everything goes through the plugin `it`, but for what is below `/plain`.
const GUARDED: &str = "routes:
  - { name: all, filters: [{ plugin: it }], upstream: app }
  - { name: plain, match: { path: { prefix: /plain } }, upstream: app }
";

/// Two tenants, `acme` with these quotas.
fn config(quotas: &str) -> String {
    yaml::forwarding()
        + &format!(
            "tenants:
  acme: {{ hosts: [acme.test, '*.acme.test'], config: acme/tenant.yaml, quotas: {quotas} }}
  bob: {{ hosts: [bob.test], config: bob/tenant.yaml }}
"
        )
}

fn own(origin: &Origin, rest: &str) -> String {
    OWN.replace("@APP@", &format!("['{}']", origin.url())) + rest
}

/// The configuration with both tenants' files beside it, and each with a component of that name.
fn setup(quotas: &str, [app, acme, bob]: [&Origin; 3], rest: &str, component: Option<&str>) -> Setup {
    let mut setup = Sandgate::with_config(config(quotas)).origins("app", &[app]);
    for (name, origin) in [("acme", acme), ("bob", bob)] {
        fs::create_dir(setup.folder().join(name)).unwrap();
        setup = setup.content(&format!("{name}/tenant.yaml"), own(origin, rest));
        if let Some(component) = component {
            setup = setup.file(&format!("{name}/it.wasm"), &guest(component));
        }
    }
    setup
}

/// Both tenants and the rest before one origin; both have the hostile guest as `it`, with these keys.
fn hostile(quotas: &str, origin: &Origin, keys: &str) -> Sandgate {
    guarded(quotas, origin, "hostile", keys)
}

fn guarded(quotas: &str, origin: &Origin, component: &str, keys: &str) -> Sandgate {
    let rest = format!("plugins: {{ it: {{ wasm: it.wasm{keys} }} }}\n{GUARDED}");
    setup(quotas, [origin, origin, origin], &rest, Some(component)).start()
}

fn request(host: &str, path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{fields}\r\n")
}

fn ask(sandgate: &Sandgate, host: &str, path: &str, fields: &str) -> Response {
    sandgate.client().send(request(host, path, fields)).response()
}

fn status(sandgate: &Sandgate, host: &str, fields: &str) -> u16 {
    ask(sandgate, host, "/", fields).status()
}

/// The error of a check of the configuration with this as `acme`'s file.
fn refusal(setup: Setup, acme: &str) -> String {
    let finished = setup.content("acme/tenant.yaml", acme).command("check", &[]);
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    finished.stderr
}

#[test]
fn a_tenant_has_routes_and_upstreams_of_its_own() {
    let [app, acme, bob] = ["app", "acme", "bob"].map(Origin::named);
    let sandgate = setup("{}", [&app, &acme, &bob], ROUTE, None).start();
    let hosts =
        [("acme.test", "acme"), ("shop.acme.test", "acme"), ("BOB.test:80", "bob"), ("other.test", "app")];
    for (host, backend) in hosts {
        assert_eq!(ask(&sandgate, host, "/", "").head.field("x-backend"), Some(backend), "{host}");
    }
    let log = sandgate.access_log(4);
    assert_eq!((log[0]["tenant"].as_str(), log[0]["route"].as_str()), (Some("acme"), Some("acme/all")));
    assert_eq!(log[0]["upstream"], "acme/app");
    assert_eq!((log[2]["tenant"].as_str(), log[3].get("tenant")), (Some("bob"), None));
    let metrics = sandgate.metrics();
    assert_eq!(metrics.sum("sandgate_requests_total", &[("route", "acme/all"), ("code", "2xx")]), 2.0);
    assert_eq!(metrics.sum("sandgate_requests_total", &[("route", "all"), ("code", "2xx")]), 1.0);
    assert!(metrics.has("sandgate_tenant_requests_active"));
}

#[test]
fn the_commands_know_tenants() {
    let origin = Origin::replying(200, "hello");
    let checked = setup("{}", [&origin; 3], ROUTE, None).command("check", &[]);
    assert!(checked.stdout.contains("3 routes, 3 upstreams, 0 plugins, 2 tenants"), "{checked:?}");
    let arguments = ["--host", "x.acme.test", "--path", "/a"];
    let asked = setup("{}", [&origin; 3], ROUTE, None).command("routes", &arguments);
    assert!(asked.stdout.starts_with("route acme/all"), "{asked:?}");
}

#[test]
fn a_process_without_tenants_says_nothing_of_them() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    assert_eq!(sandgate.client().get("/").status(), 200);
    assert!(!sandgate.metrics().has("sandgate_tenant_requests_active"));
    assert_eq!(sandgate.access_line(1).get("tenant"), None);
}

#[test]
fn what_is_not_the_tenants_is_refused_with_its_place() {
    let origin = Origin::replying(200, "hello");
    let here = || setup("{}", [&origin; 3], ROUTE, None);
    let foreign = own(&origin, "routes: [{ name: all, match: { hosts: [bob.test] }, upstream: app }]\n");
    let said = refusal(here(), &foreign);
    assert!(said.contains("bob.test is none of the hosts of tenant `acme`"), "{said}");
    assert!(said.contains("acme/tenant.yaml:3:40"), "{said}");
    let plugin = |path: &str| own(&origin, ROUTE) + &format!("plugins: {{ p: {{ wasm: {path} }} }}\n");
    let said = refusal(here(), &plugin("../bob/it.wasm"));
    assert!(said.contains("`../bob/it.wasm` is outside of the folder of tenant `acme`"), "{said}");
    let linked = here();
    symlink("../bob", linked.folder().join("acme/link")).unwrap();
    let said = refusal(linked, &plugin("link/tenant.yaml"));
    assert!(said.contains("`link/tenant.yaml` is outside of the folder of tenant `acme`"), "{said}");
    let upstream = own(&origin, "routes: [{ name: all, upstream: bob/app }]\n");
    let said = refusal(here(), &upstream);
    assert!(said.contains("no upstream has the name `bob/app`"), "{said}");
}

#[test]
fn a_tenant_has_so_many_requests_under_way_and_no_more() {
    let gate = Gate::default();
    let origin = held(&gate);
    let sandgate = setup("{ concurrency: 2 }", [&origin; 3], ROUTE, None).start();
    let mut held = [(); 2].map(|()| sandgate.client());
    for client in &mut held {
        client.send(request("acme.test", "/held", ""));
    }
    origin.wait_for_requests(2);
    let refused = ask(&sandgate, "acme.test", "/", "");
    assert_eq!((refused.status(), refused.head.field("retry-after")), (503, Some("1")));
    let line = sandgate.access_line(1);
    assert_eq!((line["fault"].as_str(), line["tenant"].as_str()), (Some("tenant_concurrency"), Some("acme")));
    assert_eq!((status(&sandgate, "bob.test", ""), status(&sandgate, "other.test", "")), (200, 200));
    assert_eq!(tenant(&sandgate, "requests_active", &[]), 2.0);
    gate.open();
    assert!(held.iter_mut().all(|client| client.response().status() == 200));
    wait_for("both to be over", PATIENCE, || tenant(&sandgate, "requests_active", &[]) == 0.0);
    assert_eq!(status(&sandgate, "acme.test", ""), 200);
    assert_eq!(tenant(&sandgate, "refused_total", &[("quota", "concurrency")]), 1.0);
}

#[test]
fn a_tenant_whose_guests_loop_is_refused_and_the_other_is_served() {
    let origin = Origin::replying(200, "hello");
    let sandgate = hostile("{ cpu: 3ms/s }", &origin, ", limits: { wall: 30s }");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = Over(&is_over);
        let honest = scope.spawn(|| {
            let mut answers = Vec::new();
            while !is_over.load(Relaxed) {
                answers.push(status(&sandgate, "bob.test", ""));
            }
            answers
        });
        let mut refused = None;
        wait_for("the quota to be used up", PATIENCE, || {
            let answer = ask(&sandgate, "acme.test", "/", "x-misbehave: loop\r\n");
            let is_refused = answer.status() == 429;
            refused = refused.take().or(is_refused.then_some(answer));
            is_refused
        });
        let wait: u64 = refused.unwrap().head.field("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(ask(&sandgate, "acme.test", "/plain", "").status(), 200, "what needs no guest is served");
        drop(over);
        let answers = honest.join().unwrap();
        assert!(!answers.is_empty() && answers.iter().all(|status| *status == 200), "{answers:?}");
    });
    assert!(tenant(&sandgate, "refused_total", &[("quota", "cpu")]) >= 1.0);
    assert!(tenant(&sandgate, "cpu_seconds_total", &[]) >= 0.003);
    assert!(sandgate.metrics().sum("sandgate_faults_total", &[("kind", "tenant_cpu")]) >= 1.0);
    wait_for("time to be there again", PATIENCE, || status(&sandgate, "acme.test", "") == 200);
}

#[test]
fn many_looping_guests_take_no_more_than_their_tenants_share() {
    let origin = Origin::replying(200, "hello");
    let sandgate = hostile("{}", &origin, ", limits: { cpu: 20ms, wall: 30s }");
    let is_over = AtomicBool::new(false);
    let loop_on = |host: &'static str| {
        let mut client = sandgate.client();
        while !is_over.load(Relaxed) {
            client.send(request(host, "/", "x-misbehave: loop\r\n")).response();
        }
    };
    let used = || {
        let metrics = sandgate.metrics();
        ["acme", "bob"].map(|name| metrics.sum("sandgate_tenant_cpu_seconds_total", &[("tenant", name)]))
    };
    thread::scope(|scope| {
        let over = Over(&is_over);
        (0..10).for_each(|_| drop(scope.spawn(|| loop_on("acme.test"))));
        (0..2).for_each(|_| drop(scope.spawn(|| loop_on("bob.test"))));
        wait_for("all to run", PATIENCE, || used().iter().all(|used| *used > 0.02));
        let before = used();
        wait_for("the few to have run", PATIENCE, || used()[1] > before[1] + 0.15);
        let after = used();
        drop(over);
        let [many, few] = [0, 1].map(|tenant| after[tenant] - before[tenant]);
        assert!(many < 2.0 * few, "10 guests used {many} s, 2 guests {few} s");
    });
}

#[test]
fn the_memory_of_all_guests_is_held_to_the_quota() {
    let origin = Origin::replying(200, "hello");
    let sandgate = hostile("{ memory: 4MiB }", &origin, ", limits: { cpu: 500ms, wall: 30s }");
    assert_eq!(status(&sandgate, "acme.test", ""), 200);
    assert_eq!(status(&sandgate, "acme.test", "x-misbehave: grow\r\n"), 503);
    assert_eq!(sandgate.access_line(2)["fault"], "tenant_memory");
    assert_eq!(status(&sandgate, "bob.test", "x-misbehave: grow\r\n"), 500);
    assert_eq!(sandgate.access_line(3)["fault"], "plugin_memory");
    assert_eq!(status(&sandgate, "acme.test", ""), 200, "the memory was given back");
    wait_for("all to be over", PATIENCE, || tenant(&sandgate, "memory_bytes", &[]) == 0.0);
}

#[test]
fn a_tenant_has_so_many_guests_and_no_more() {
    let gate = Gate::default();
    let origin = held(&gate);
    let sandgate = hostile("{ guests: 1 }", &origin, ", limits: { wall: 30s }");
    let mut client = sandgate.client();
    client.send(request("acme.test", "/held", ""));
    origin.wait_for_requests(1);
    assert_eq!(status(&sandgate, "acme.test", ""), 503);
    assert_eq!(sandgate.access_line(1)["fault"], "tenant_guests");
    assert_eq!((status(&sandgate, "bob.test", ""), tenant(&sandgate, "guests", &[])), (200, 1.0));
    gate.open();
    assert_eq!(client.response().status(), 200);
    wait_for("its end", PATIENCE, || tenant(&sandgate, "guests", &[]) == 0.0);
    assert_eq!(status(&sandgate, "acme.test", ""), 200);
}

#[test]
fn there_can_be_no_more_guests_than_the_pool_has() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup("{ guests: 8192 }", [&origin; 3], ROUTE, None).start();
    let quota = "config: bob/tenant.yaml, quotas: { guests: 1 }";
    let yaml = config("{ guests: 8192 }").replace("config: bob/tenant.yaml", quota);
    let error = sandgate.reload_in_vain(&yaml);
    assert!(error.contains("8193 together, more than there can be: 8192"), "{error}");
}

#[test]
fn the_admin_address_knows_what_tenants_have_by_its_full_name() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup("{}", [&origin; 3], ROUTE, None).start();
    let shown = get(sandgate.admin(), "/upstreams/acme%2Fapp");
    assert_eq!(shown.status(), 200);
    assert!(shown.text().contains(&origin.url()), "{}", shown.text());
    assert_eq!(get(sandgate.admin(), "/upstreams/acme%2Fother").status(), 404);
}

#[test]
fn callouts_and_lines_are_held_to_their_rates() {
    let origin = Origin::replying(200, "hello");
    let keys = ", grants: { callout: [app] }, limits: { wall: 8s, callout_timeout: 5s }";
    let sandgate = guarded("{ callouts: 1/s }", &origin, "caller", keys);
    let said = ask(&sandgate, "acme.test", "/", "x-ask: often app 4\r\n").text();
    let (answered, refused) = (said.matches("200 hello").count(), said.matches("TooMany").count());
    // Another one comes each second, however long this took.
    assert!(answered >= 1 && refused >= 1 && answered + refused == 4, "{said}");
    let counted = tenant(&sandgate, "refused_total", &[("quota", "callouts")]);
    assert_eq!(counted.to_string(), refused.to_string());
    let said = ask(&sandgate, "bob.test", "/", "x-ask: often app 4\r\n").text();
    assert_eq!(said.matches("200 hello").count(), 4, "{said}");
    let sandgate = hostile("{ log: 1KiB/s }", &origin, ", limits: { cpu: 500ms, wall: 30s }");
    assert_eq!(status(&sandgate, "acme.test", "x-misbehave: log-flood\r\n"), 200);
    assert!(tenant(&sandgate, "refused_total", &[("quota", "log")]) >= 1.0);
}

#[test]
fn what_plugins_of_two_tenants_keep_is_apart() {
    let origin = Origin::replying(200, "hello");
    let keys = ", grants: { kv: {}, counter: {}, rate_limit: {}, metrics: {} }, limits: { wall: 30s }";
    let sandgate = guarded("{ kv: 1MiB }", &origin, "keeper", keys);
    let say = |host: &str, what: &str| ask(&sandgate, host, "/", &format!("x-ask: {what}\r\n")).text();
    assert_eq!((say("acme.test", "kv set a one"), say("bob.test", "kv get a")), ("1".into(), "none".into()));
    assert_eq!((say("bob.test", "kv set a two"), say("acme.test", "kv get a")), ("1".into(), "one".into()));
    assert_eq!(
        (say("acme.test", "counter add n 5"), say("bob.test", "counter add n 1")),
        ("5".into(), "1".into())
    );
    let calls = |plugin: &str| sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", plugin)]);
    assert_eq!((calls("acme/it"), calls("bob/it")), (3.0, 3.0));
}

#[test]
fn a_tenants_file_is_followed_and_a_mistake_in_it_changes_nothing() {
    let [app, acme, bob] = ["app", "acme", "bob"].map(Origin::named);
    let sandgate = setup("{}", [&app, &acme, &bob], ROUTE, None).start();
    let save = |text: String| {
        let (written, path) =
            (sandgate.folder().join("acme/.new"), sandgate.folder().join("acme/tenant.yaml"));
        fs::write(&written, text).unwrap();
        fs::rename(&written, path).unwrap();
    };
    let backend = |host| ask(&sandgate, host, "/", "").head.field("x-backend").map(str::to_owned);
    let mark = sandgate.log_mark();
    save(own(&bob, ROUTE));
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert_eq!(backend("acme.test").as_deref(), Some("bob"));
    let mark = sandgate.log_mark();
    save(own(&acme, "routes: [{ name: all, upstream: ap }]\n"));
    let refused =
        sandgate.log_line_after(mark, |line| line.message() == "configuration refused").text("error");
    assert!(
        refused.contains("acme/tenant.yaml:3:33") && refused.contains("did you mean `app`?"),
        "{refused}"
    );
    let backends = ["acme.test", "bob.test", "other.test"].map(backend);
    assert_eq!(
        backends.each_ref().map(|backend| backend.as_deref()),
        [Some("bob"), Some("bob"), Some("app")]
    );
    let mark = sandgate.log_mark();
    save(own(&acme, ROUTE));
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert_eq!(backend("acme.test").as_deref(), Some("acme"), "the next good one is applied");
}

#[test]
fn a_change_of_quotas_forgets_nothing_that_is_under_way() {
    let gate = Gate::default();
    let origin = held(&gate);
    let sandgate = setup("{}", [&origin; 3], ROUTE, None).start();
    let mut client = sandgate.client();
    client.send(request("acme.test", "/held", ""));
    origin.wait_for_requests(1);
    sandgate.reload(&config("{ concurrency: 1 }"));
    assert_eq!(status(&sandgate, "acme.test", ""), 503);
    gate.open();
    assert_eq!(client.response().status(), 200);
    wait_for("its end", PATIENCE, || status(&sandgate, "acme.test", "") == 200);
}

#[test]
fn plugins_are_held_to_quotas_that_came_later() {
    let gate = Gate::default();
    let origin = held(&gate);
    let sandgate = hostile("{}", &origin, "");
    let mut client = sandgate.client();
    client.send(request("acme.test", "/held", ""));
    origin.wait_for_requests(1);
    sandgate.reload(&config("{ guests: 1 }"));
    assert_eq!(status(&sandgate, "acme.test", ""), 503, "the guest that began before counts");
    sandgate.reload(&config("{ guests: 2 }"));
    assert_eq!(status(&sandgate, "acme.test", ""), 200);
    gate.open();
    assert_eq!(client.response().status(), 200);
}

/// An origin that answers what is below `/held` when the gate is open, and everything else at once.
fn held(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::answering(move |request| {
        if request.target().starts_with("/held") {
            gate.pass();
        }
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_vec()
    })
}

/// Ends what others do until then, also when the test fails: who waits for them would wait for ever.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A metric of the tenant `acme`.
fn tenant(sandgate: &Sandgate, name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels: Vec<_> = labels.iter().copied().chain([("tenant", "acme")]).collect();
    sandgate.metrics().sum(&format!("sandgate_tenant_{name}"), &labels)
}
