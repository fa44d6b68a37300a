//! Services of tenants, by `wasi:http` 0.2 and 0.3: values, upstreams and quotas of their own.

use std::fs;

use sandgate_tests::{Origin, PATIENCE, Response, Sandgate, guest, wait_for, yaml};

/// The components by either version.
const BOTH: [&str; 2] = ["answerer", "streamer"];
/// What a tenant's file says beside its plugin.
const ROUTES: &str = "routes: [{ name: all, service: { plugin: it } }]\n";

/// `acme`, with these quotas, and `bob`: either has a service with these keys, made of this component, and an upstream `api`.
fn start(component: &str, quotas: &str, keys: &str, [acme, bob]: [&Origin; 2]) -> Sandgate {
    let config = yaml::entry()
        + &format!(
            "routes: [{{ name: rest, match: {{ hosts: [rest.test] }}, respond: {{ status: 204 }} }}]\n\
             tenants:\n  acme: {{ hosts: [acme.test], config: acme/tenant.yaml, quotas: {quotas} }}\n  \
             bob: {{ hosts: [bob.test], config: bob/tenant.yaml }}\n"
        );
    let mut setup = Sandgate::with_config(config);
    for (name, origin) in [("acme", acme), ("bob", bob)] {
        fs::create_dir(setup.folder().join(name)).unwrap();
        let own = format!(
            "version: 1\nupstreams: {{ api: {{ endpoints: ['{}'] }} }}\n\
             plugins: {{ it: {{ wasm: it.wasm, {keys} }} }}\n{ROUTES}",
            origin.url()
        );
        setup = setup.content(&format!("{name}/tenant.yaml"), own);
        setup = setup.file(&format!("{name}/it.wasm"), &guest(component));
    }
    setup.start()
}

fn ask(sandgate: &Sandgate, host: &str, path: &str) -> Response {
    let mut client = sandgate.client();
    client.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"));
    client.response()
}

#[test]
fn a_service_asks_its_tenants_own_upstreams_and_no_others() {
    let (acme, bob) = (Origin::replying(200, "acme's"), Origin::replying(200, "bob's"));
    let keys = "grants: { callout: [api] }, limits: { wall: 10s, cpu: 2s, callout_timeout: 5s }";
    for component in BOTH {
        let sandgate = start(component, "{}", keys, [&acme, &bob]);
        for (host, said) in [("acme.test", "200 acme's"), ("bob.test", "200 bob's")] {
            assert_eq!(ask(&sandgate, host, "/ask?http://api/").text(), said, "{component}");
        }
        for url in [format!("http://{}/", bob.address()), "http://bob%2Fapi/".into(), "http://rest/".into()] {
            let said = ask(&sandgate, "acme.test", &format!("/ask?{url}")).text();
            assert!(!said.contains("bob's") && !said.starts_with("200"), "{component} {url}: {said}");
        }
    }
    assert_eq!((acme.requests().len(), bob.requests().len()), (2, 2));
}

#[test]
fn what_services_of_two_tenants_keep_is_apart() {
    let origin = Origin::replying(200, "hello");
    let keys = "grants: { kv: { quota: 64KiB } }, limits: { wall: 10s, cpu: 2s }";
    let sandgate = start("settled", "{ kv: 1MiB }", keys, [&origin, &origin]);
    assert!(ask(&sandgate, "acme.test", "/kv?tea").text().starts_with("Some(\"tea\")"));
    let seen = |host: &str| ask(&sandgate, host, "/kv2?rum").text();
    assert!(seen("acme.test").starts_with("Some(\"tea\")"), "its own");
    assert!(seen("bob.test").starts_with("None"), "and nobody else's");
}

#[test]
fn a_tenant_whose_services_are_at_their_quotas_is_refused_and_the_other_is_served() {
    let origin = Origin::replying(200, "hello");
    for component in BOTH {
        let keys = "limits: { wall: 60s, cpu: 10s }";
        let sandgate = start(component, "{ guests: 1 }", keys, [&origin, &origin]);
        let mut waiting = sandgate.client();
        waiting.send("GET /wait HTTP/1.1\r\nhost: acme.test\r\n\r\n");
        let guests = || sandgate.metrics().sum("sandgate_tenant_guests", &[("tenant", "acme")]);
        wait_for("its guest", PATIENCE, || guests() == 1.0);
        assert_eq!(ask(&sandgate, "acme.test", "/").status(), 503, "{component}");
        assert_eq!(sandgate.access_line(1)["fault"], "tenant_guests", "{component}");
        assert_eq!(ask(&sandgate, "bob.test", "/").text(), "answered", "{component}");
        drop(waiting);
        wait_for("its end", PATIENCE, || guests() == 0.0);
        assert_eq!(ask(&sandgate, "acme.test", "/").text(), "answered", "{component}");
    }
}
