//! Whose modules of proxy-wasm are: those of tenants know nothing of each other and are held to their quotas, and a reload leaves
//! exchanges to the VM that they began in.

use std::fs;

use sandgate_tests::{Gate, Origin, PATIENCE, RawClient, Response, Sandgate, guest, wait_for, yaml};

const LIMITS: &str = "limits: { cpu: 10ms, wall: 20s, callout_timeout: 10s }";

/// Two tenants with a module each, of these keys, before one origin.
fn tenants(quotas: &str, keys: &str, origin: &Origin) -> Sandgate {
    let config = yaml::forwarding()
        + &format!(
            "tenants:
  acme: {{ hosts: [acme.test], config: acme/tenant.yaml, quotas: {quotas} }}
  bob: {{ hosts: [bob.test], config: bob/tenant.yaml }}
"
        );
    let mut setup = Sandgate::with_config(config).origins("app", &[origin]);
    for name in ["acme", "bob"] {
        fs::create_dir(setup.folder().join(name)).unwrap();
        let file = format!(
            "version: 1\nupstreams: {{ app: {{ endpoints: ['{}'] }} }}\n\
             plugins: {{ it: {{ wasm: it.wasm, {LIMITS}{keys} }} }}\n\
             routes: [{{ name: all, filters: [{{ plugin: it }}], upstream: app }}]\n",
            origin.url()
        );
        setup = setup
            .content(&format!("{name}/tenant.yaml"), file)
            .file(&format!("{name}/it.wasm"), &guest("proxy-wasm-probe"));
    }
    setup.start()
}

fn begin(client: &mut RawClient, host: &str, wish: &str) {
    client.send(format!("GET / HTTP/1.1\r\nhost: {host}\r\nx-do: {wish}\r\n\r\n"));
}

fn ask(sandgate: &Sandgate, host: &str, wish: &str) -> Response {
    let mut client = sandgate.client();
    begin(&mut client, host, wish);
    client.response()
}

#[test]
fn modules_of_tenants_share_nothing() {
    let app = Origin::replying(200, "app");
    let keys = ", settings: count, grants: { kv: { quota: 1MiB }, metrics: { series: 4 } }";
    let sandgate = tenants("{}", keys, &app);
    for _ in 0..3 {
        assert_eq!(ask(&sandgate, "acme.test", "nothing").text(), "app");
    }
    assert_eq!(ask(&sandgate, "bob.test", "shared requests").field("x-shared"), Some("1"));
    assert_eq!(ask(&sandgate, "acme.test", "shared requests").field("x-shared"), Some("4"));
}

#[test]
fn a_callout_of_a_tenants_module_goes_to_its_own_upstream() {
    let app = Origin::replying(200, "yes");
    let sandgate = tenants("{}", ", grants: { callout: [app] }", &app);
    assert_eq!(ask(&sandgate, "acme.test", "ask app").text(), "yes");
    let requests = app.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[0].target(), requests[1].field("x-answer")), ("/ask", Some("200 yes")));
}

#[test]
fn vms_of_a_tenants_exchanges_count_among_its_guests() {
    let app = Origin::replying(200, "app");
    let sandgate = tenants("{ guests: 1 }", ", isolation: exchange", &app);
    let mut paused = sandgate.client();
    begin(&mut paused, "acme.test", "forever");
    let guests = || sandgate.metrics().sum("sandgate_tenant_guests", &[("tenant", "acme")]);
    wait_for("the VM to be there", PATIENCE, || guests() == 1.0);
    assert_eq!(ask(&sandgate, "acme.test", "nothing").status(), 503);
    assert_eq!(sandgate.access_line(1)["fault"], "tenant_guests");
    assert_eq!(ask(&sandgate, "bob.test", "nothing").text(), "app");
    drop(paused);
    wait_for("its end", PATIENCE, || guests() == 0.0);
    assert_eq!(ask(&sandgate, "acme.test", "nothing").text(), "app");
}

#[test]
fn a_trap_in_a_tenants_vm_is_its_own() {
    let app = Origin::replying(200, "app");
    let sandgate = tenants("{}", "", &app);
    let mut paused = sandgate.client();
    begin(&mut paused, "bob.test", "forever");
    let seen = || sandgate.metrics().sum("sandgate_plugin_calls_total", &[("hook", "on-request")]);
    wait_for("it to be paused", PATIENCE, || seen() == 1.0);
    assert_eq!(ask(&sandgate, "acme.test", "trap").status(), 500);
    assert_eq!(ask(&sandgate, "acme.test", "nothing").text(), "app");
    assert_eq!(ask(&sandgate, "bob.test", "nothing").text(), "app");
    assert!(!paused.wire().has_input(), "bob's is paused as before");
}

/// One plugin with these settings, which may ask `auth`.
fn config(settings: &str, isolation: &str) -> String {
    format!(
        "version: 1\nserver: {{ workers: 1, shutdown_grace: 5s }}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nadmin: {{ address: \"127.0.0.1:0\" }}\n\
         plugins: {{ it: {{ wasm: it.wasm, {LIMITS}, settings: {settings}, isolation: {isolation}, \
         grants: {{ callout: [auth] }} }} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }}, auth: {{ endpoints: @auth@ }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], upstream: app }}]\n"
    )
}

#[test]
fn a_reload_leaves_exchanges_to_the_vm_they_began_in() {
    for isolation in ["resident", "exchange"] {
        let gate = Gate::default();
        let open = gate.clone();
        let auth = Origin::answering(move |_| {
            gate.pass();
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nann".to_vec()
        });
        let app = Origin::replying(200, "app");
        let sandgate = Sandgate::with_config(config("old", isolation))
            .file("it.wasm", &guest("proxy-wasm-probe"))
            .origins("app", &[&app])
            .origins("auth", &[&auth])
            .start();
        let mut waiting = sandgate.client();
        begin(&mut waiting, "test.example", "ask auth");
        auth.wait_for_requests(1);
        sandgate.reload(&config("new", isolation));
        let now = ask(&sandgate, "test.example", "nothing");
        assert_eq!((now.text().as_str(), now.field("x-configured")), ("app", Some("new")));
        open.open();
        let then = waiting.response();
        assert_eq!((then.text().as_str(), then.field("x-configured")), ("app", Some("old")), "{isolation}");
    }
}
