//! How endpoints stand among the others: sticky clients, priority tiers, slow start, drain and maintenance.

use std::collections::BTreeSet;

use sandgate_tests::{Origin, RawClient, Response, Sandgate, get, yaml};
use serde_json::Value;

const ADMIN_THAT_CHANGES: &str = "admin: { address: \"127.0.0.1:0\", allow_changes: true }";

#[test]
fn a_sticky_client_stays_with_its_endpoint() {
    let (_origins, sandgate) = three("sticky: { cookie: sg }");
    let (first, cookie) = new_client(&sandgate);
    let mut client = sandgate.client();
    for _ in 0..10 {
        let response = client.get_with("/", "cookie", &format!("other=1; {cookie}"));
        assert_eq!(backend(&response), first);
        assert_eq!(response.field("set-cookie"), None, "it has its cookie");
    }
    let others: BTreeSet<_> = (0..3).map(|_| new_client(&sandgate).0).collect();
    assert_eq!(others.len(), 3, "new clients are balanced");
}

#[test]
fn a_sticky_cookie_is_as_configured_and_names_no_address() {
    let cookie = "{ cookie: sg, ttl: 1h, path: /app, secure: true, same_site: strict, secret: x }";
    let (origins, sandgate) = three(&format!("balance: least_requests, sticky: {cookie}"));
    let response = get(sandgate.web(), "/");
    let field = response.field("set-cookie").expect("a cookie");
    let (value, attributes) = field.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/app; Max-Age=3600; Secure; HttpOnly; SameSite=Strict");
    let token = value.strip_prefix("sg=").expect("its name");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    assert!(origins.iter().all(|origin| !token.contains(&origin.address().port().to_string())));
}

#[test]
fn a_sticky_client_whose_endpoint_is_gone_gets_another_and_stays_there() {
    let (origins, sandgate) = three("sticky: { cookie: sg }");
    let (first, cookie) = new_client(&sandgate);
    origins.iter().find(|origin| !origin.requests().is_empty()).expect("one was asked").kill();
    let mut client = sandgate.client();
    let moved = client.get_with("/", "cookie", &cookie);
    let second = backend(&moved);
    assert_ne!(second, first);
    let cookie = cookie_of(&moved);
    assert!((0..5).all(|_| backend(&client.get_with("/", "cookie", &cookie)) == second));
}

#[test]
fn a_cookie_that_nobody_gave_is_replaced() {
    let (_origins, sandgate) = three("sticky: { cookie: sg }");
    let mut client = sandgate.client();
    for forged in ["sg=", "sg=0", "sg=ffffffffffffffffffffffffffffffffff", "sg=http://127.0.0.1"] {
        assert!(client.get_with("/", "cookie", forged).field("set-cookie").is_some(), "{forged}");
    }
}

#[test]
fn a_sticky_cookie_holds_after_a_restart() {
    let origins = ["a", "b", "c"].map(Origin::named);
    let start = || {
        let yaml = yaml::forwarding_to("sticky: { cookie: sg }");
        Sandgate::with_config(yaml).origins("app", &origins.each_ref()).start()
    };
    let (first, cookie) = new_client(&start());
    let sandgate = start();
    assert!((0..5).all(|_| backend(&sandgate.client().get_with("/", "cookie", &cookie)) == first));
}

#[test]
fn a_lower_tier_is_used_for_what_the_first_can_not_take() {
    let [one, two, spare, backup] = ["one", "two", "spare", "backup"].map(Origin::named);
    let marked = "max_fails: 1, fail_timeout: 1h";
    let endpoints = format!(
        "[{{ address: \"{}\", {marked} }}, {{ address: \"{}\", {marked} }}, {{ address: \"{}\", priority: 1, {marked} }}, \
         {{ address: \"{}\", backup: true }}]",
        one.url(),
        two.url(),
        spare.url(),
        backup.url()
    );
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", &endpoints).start();
    let used =
        |requests: usize| (0..requests).map(|_| backend(&get(sandgate.web(), "/"))).collect::<BTreeSet<_>>();
    assert_eq!(used(20), names(&["one", "two"]));
    one.kill();
    // 70 % go to the one that is left: that 100 requests all do has a probability of 3e-16.
    let after = used(100);
    assert_eq!(after, names(&["two", "spare"]));
    two.kill();
    assert_eq!(used(20), names(&["spare"]));
    spare.kill();
    assert_eq!(used(5), names(&["backup"]));
}

#[test]
fn an_endpoint_that_joins_starts_slowly() {
    let (old, new) = (Origin::named("old"), Origin::named("new"));
    let yaml = |endpoints: &str| yaml::forwarding_to("slow_start: 1h").replace("@app@", endpoints);
    let both = yaml(&format!("[\"{}\", \"{}\"]", old.url(), new.url()));
    let sandgate = Sandgate::with_config(yaml(&format!("[\"{}\"]", old.url()))).start();
    assert_eq!(backend(&get(sandgate.web(), "/")), "old");
    sandgate.reload(&both);
    let news = (0..110).filter(|_| backend(&get(sandgate.web(), "/")) == "new").count();
    assert_eq!(news, 10, "a tenth of a share");
}

#[test]
fn at_the_start_of_the_process_nobody_starts_slowly() {
    let (_origins, sandgate) = three("slow_start: 1h");
    let picks: Vec<_> = (0..6).map(|_| backend(&get(sandgate.web(), "/"))).collect();
    assert_eq!(picks, ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn an_endpoint_that_comes_back_starts_slowly() {
    let (origins, sandgate) = changeable("slow_start: 1h");
    let picks = |requests: usize| (0..requests).filter(|_| backend(&get(sandgate.web(), "/")) == "a").count();
    assert_eq!(picks(9), 3);
    assert_eq!(tell(&sandgate, &origins[0], "drain").status(), 200);
    assert_eq!(picks(9), 0);
    assert_eq!(tell(&sandgate, &origins[0], "up").status(), 200);
    let slow = picks(63);
    assert!((2..=4).contains(&slow), "a tenth of a share is 3 of 63: {slow}");
}

#[test]
fn an_endpoint_that_drains_keeps_its_own_and_gets_no_other() {
    let (origins, sandgate) = changeable("sticky: { cookie: sg }");
    let (first, cookie) = new_client(&sandgate);
    let at = ["a", "b", "c"].iter().position(|name| *name == first).expect("one of them");
    assert_eq!(tell(&sandgate, &origins[at], "drain").status(), 200);
    let mut client = sandgate.client();
    for _ in 0..6 {
        assert_ne!(backend(&get(sandgate.web(), "/")), first);
        assert_eq!(backend(&client.get_with("/", "cookie", &cookie)), first);
    }
    assert_eq!(tell(&sandgate, &origins[at], "maintenance").status(), 200);
    assert_ne!(backend(&client.get_with("/", "cookie", &cookie)), first);
    assert_eq!(state(&sandgate, &origins[at]), "maintenance");
    assert_eq!(tell(&sandgate, &origins[at], "up").status(), 200);
    assert_eq!(backend(&client.get_with("/", "cookie", &cookie)), first);
}

#[test]
fn a_state_survives_reloads_until_the_file_says_otherwise() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let with = |keys: &str| {
        let endpoints = format!("[{{ address: \"{}\"{keys} }}, \"{}\"]", one.url(), two.url());
        changing(&yaml::forwarding()).replace("@app@", &endpoints)
    };
    let sandgate = Sandgate::with_config(with("")).start();
    assert_eq!(tell(&sandgate, &one, "drain").status(), 200);
    sandgate.reload(&with(", weight: 2"));
    assert_eq!(state(&sandgate, &one), "drain");
    assert!((0..4).all(|_| backend(&get(sandgate.web(), "/")) == "two"));
    sandgate.reload(&with(", state: up"));
    assert_eq!(state(&sandgate, &one), "up");
    sandgate.reload(&with(", state: maintenance"));
    assert!((0..4).all(|_| backend(&get(sandgate.web(), "/")) == "two"));
    sandgate.reload(&with(""));
    assert_eq!(state(&sandgate, &one), "up");
}

#[test]
fn with_all_in_maintenance_there_is_no_endpoint() {
    let origin = Origin::named("a");
    let endpoints = format!("[{{ address: \"{}\", state: maintenance }}]", origin.url());
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", &endpoints).start();
    assert_eq!(get(sandgate.web(), "/").status(), 503);
    assert_eq!(sandgate.access_line(1)["fault"], "no_endpoint");
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn nothing_can_be_changed_unless_that_is_allowed() {
    let (origins, sandgate) = three("balance: round_robin");
    assert_eq!(tell(&sandgate, &origins[0], "drain").status(), 403);
    assert_eq!(state(&sandgate, &origins[0]), "up");
}

fn three(upstream: &str) -> ([Origin; 3], Sandgate) {
    before_three(&yaml::forwarding_to(upstream))
}

fn changeable(upstream: &str) -> ([Origin; 3], Sandgate) {
    before_three(&changing(&yaml::forwarding_to(upstream)))
}

fn before_three(yaml: &str) -> ([Origin; 3], Sandgate) {
    let origins = ["a", "b", "c"].map(Origin::named);
    let sandgate = Sandgate::with_config(yaml).origins("app", &origins.each_ref()).start();
    (origins, sandgate)
}

fn changing(yaml: &str) -> String {
    yaml.replace("admin: { address: \"127.0.0.1:0\" }", ADMIN_THAT_CHANGES)
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn backend(response: &Response) -> String {
    assert_eq!(response.status(), 200);
    response.field("x-backend").expect("an origin with a name").to_owned()
}

/// A client without a cookie: the endpoint that answered it, and the cookie it got.
fn new_client(sandgate: &Sandgate) -> (String, String) {
    let response = get(sandgate.web(), "/");
    (backend(&response), cookie_of(&response))
}

fn cookie_of(response: &Response) -> String {
    let field = response.field("set-cookie").expect("a cookie");
    field.split(';').next().unwrap_or_default().to_owned()
}

/// Tells an endpoint of the upstream `app` its state.
fn tell(sandgate: &Sandgate, origin: &Origin, state: &str) -> Response {
    let path = format!("/upstreams/app/endpoints/{}", origin.url());
    RawClient::connect(sandgate.admin()).post(&path, format!("{{\"state\": \"{state}\"}}"))
}

/// The state of an endpoint, as the admin address and the metrics both say.
fn state(sandgate: &Sandgate, origin: &Origin) -> String {
    let shown: Value = serde_json::from_str(&get(sandgate.admin(), "/upstreams/app").text()).expect("JSON");
    let endpoints = shown.as_array().expect("a list");
    let endpoint = endpoints.iter().find(|one| one["endpoint"] == origin.url()).expect("the endpoint");
    let state = endpoint["state"].as_str().expect("a name").to_owned();
    let labels = [("endpoint", origin.url()), ("state", state.clone())];
    let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(sandgate.metrics().sum("sandgate_endpoint_state", &labels), 1.0);
    state
}
