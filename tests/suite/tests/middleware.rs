//! Middleware: components of `wasi:http` 0.3 that stand around the rest of the way as filters, well and badly.

use std::fs;

use sandgate_tests::{
    Ending, Http2Client, Origin, PATIENCE, RawClient, Sandgate, Setup, guest, wait_for, yaml,
};

/// What a component may need that is not in a hurry, on a machine that is busy.
const LIMITS: &str = "limits: { wall: 10s, cpu: 2s }";
/// A part of a long body, and how many there are.
const PART: usize = 1 << 20;
const PARTS: usize = 100;

#[test]
fn a_component_stands_around_the_rest_of_the_way() {
    let origin = Origin::replying(201, "from upstream");
    let sandgate = start(&origin, LIMITS, "");
    let mut client = sandgate.client();
    for _ in 0..3 {
        let answer = client.get("/some/path?q=1");
        assert_eq!((answer.status(), answer.text().as_str()), (201, "from upstream"), "on one connection");
        assert_eq!(answer.field("x-out"), Some("yes"));
    }
    let seen = &origin.requests()[0];
    assert_eq!((seen.method(), seen.target()), ("GET", "/some/path?q=1"));
    assert_eq!(seen.field("x-in"), Some("yes"));
    assert_eq!(seen.field("host"), Some("test.example"), "as without it");
    assert!(seen.field("x-forwarded-for").is_some() && seen.body.is_empty());
    assert_eq!(seen.field("transfer-encoding"), None, "no body is no body");
    let line = sandgate.access_line(3);
    assert_eq!((&line["status"], &line["upstream"]), (&201.into(), &"main".into()), "{line}");
    wait_for("the guests to end", PATIENCE, || calls(&sandgate) == 3.0);
    assert_eq!(faults(&sandgate), 0.0);
}

#[test]
fn it_changes_both_bodies_as_they_come() {
    let origin = Origin::echo();
    for limits in ["limits: { wall: 10s }", "limits: { wall: 10s, cpu: 50ms }"] {
        let sandgate = start(&origin, limits, "");
        let mut client = sandgate.client();
        client.send("POST / HTTP/1.1\r\nhost: a\r\nx-deed: capitals\r\ncontent-length: 3\r\n\r\nabc");
        let answer = client.response();
        assert!(answer.text().contains("ABC"), "{}", answer.text());
        assert_eq!(answer.field("x-out"), Some("changed"));
    }
}

#[test]
fn clients_of_http2_pass_it_too() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, LIMITS, "");
    let client = Http2Client::connect(sandgate.web());
    let body = vec![b'y'; 300_000];
    assert_eq!(client.post("/", &body).body, b"yes");
    assert_eq!(origin.only_request().body, body);
}

#[test]
fn it_may_answer_by_itself() {
    let origin = Origin::replying(200, "no");
    let sandgate = start(&origin, LIMITS, "");
    let answer = ask(&sandgate, "answer");
    assert_eq!((answer.status(), answer.text().as_str()), (203, "mine"));
    assert_eq!(origin.requests().len(), 0);
    let answer = ask(&sandgate, "instead");
    assert_eq!((answer.status(), answer.text().as_str()), (203, "mine"), "in place of the upstream's");
    assert_eq!(origin.requests().len(), 1);
    assert_eq!(faults(&sandgate), 0.0);
}

#[test]
fn it_calls_on_the_rest_of_the_way_once() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, LIMITS, "");
    let answer = ask(&sandgate, "twice");
    assert_eq!((answer.status(), answer.text().as_str()), (200, "yes"));
    assert!(answer.field("x-out").unwrap().contains("HttpRequestDenied"), "{answer:?}");
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn it_may_change_what_is_asked_but_not_what_the_client_has_asked() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, LIMITS, "");
    let mut client = sandgate.client();
    client.send("HEAD /asked HTTP/1.1\r\nhost: a\r\nx-deed: post\r\n\r\n");
    assert_eq!(client.response_to_head().status(), 200);
    assert_eq!(client.get("/").text(), "yes", "on the same connection");
    let seen = &origin.requests()[0];
    assert_eq!((seen.method(), seen.target()), ("POST", "/posted"));
    assert_eq!(seen.field("host"), Some("other.example"));
    assert_eq!(sandgate.access_line(1)["method"], "HEAD");
}

#[test]
fn it_may_read_a_body_before_it_passes_it_on() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, LIMITS, "");
    let mut client = sandgate.client();
    client.send(
        "POST / HTTP/1.1\r\nhost: a\r\nx-deed: count\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    assert_eq!(client.head().status(), 100);
    client.send("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    assert_eq!(client.response().field("x-out"), Some("7"));
    assert_eq!(origin.only_request().body, b"abcdefg");
}

#[test]
fn bodies_that_it_passes_on_cost_it_nothing() {
    let origin = Origin::echo();
    let sandgate = start(
        &origin,
        "limits: { wall: 10s, cpu: 50ms, memory: 8MiB }",
        "limits: { body: 0 }, timeouts: { total: 60s }",
    );
    let post = |length: usize| {
        let mut client = RawClient::connect(sandgate.web());
        let mut sender = client.wire().other_hand();
        let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        let sending = std::thread::spawn(move || {
            sender.send(head).unwrap();
            let part = vec![b'x'; PART.min(length)];
            (0..length.div_ceil(PART)).for_each(|_| sender.send(&part).unwrap());
        });
        let answer = client.response();
        sending.join().unwrap();
        assert_eq!((answer.status(), answer.field("x-out")), (200, Some("yes")));
        answer.body.len()
    };
    post(5);
    wait_for("the guest to end", PATIENCE, || calls(&sandgate) == 1.0);
    let (short, before) = (cpu_seconds(&sandgate), resident_kib(&sandgate));
    assert!(post(PART * PARTS) > PART * PARTS);
    wait_for("the guest to end", PATIENCE, || calls(&sandgate) == 2.0);
    let long = cpu_seconds(&sandgate) - short;
    assert!(long < 0.02, "{short} s for 5 bytes, {long} s for 100 MiB there and back");
    assert!(resident_kib(&sandgate).saturating_sub(before) < 64 << 10);
}

#[test]
fn what_goes_wrong_before_the_head_is_a_500_with_its_name() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, "limits: { wall: 15s, cpu: 200ms }, circuit: { failures: 0 }", "");
    let deeds = [
        ("trap", "plugin_trap"),
        ("trap-after", "plugin_trap"),
        ("error", "plugin_invalid"),
        ("loop", "plugin_cpu"),
        ("never", "plugin_trap"),
        ("wait", "plugin_wall"),
    ];
    for (number, (deed, fault)) in deeds.into_iter().enumerate() {
        assert_eq!(ask(&sandgate, deed).status(), 500, "{deed}");
        let line = sandgate.access_line(number + 1);
        assert_eq!(line["fault"].as_str(), Some(fault), "{deed}: {line}");
    }
    assert_eq!(sandgate.client().get("/").text(), "yes", "a trapped guest costs one request");
    assert_eq!(faults(&sandgate), deeds.len() as f64);
}

#[test]
fn a_request_that_it_broke_off_is_not_taken_for_whole() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, "limits: { wall: 10s, cpu: 2s }, circuit: { failures: 0 }", "");
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: a\r\nx-deed: trap-with-request\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.response().status(), 500);
    assert_eq!(sandgate.access_line(1)["fault"], "plugin_trap");
    let requests = origin.requests();
    assert!(
        requests.iter().all(|request| request.ending != Some(Ending::Complete)),
        "none ended: {requests:?}"
    );
}

#[test]
fn an_answer_that_it_broke_off_is_cut_short() {
    let origin = Origin::replying(200, "yes");
    let sandgate = start(&origin, "limits: { wall: 10s, cpu: 2s }, circuit: { failures: 0 }", "");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: a\r\nx-deed: trap-with-answer\r\n\r\n");
    let came = client.rest_or_break();
    assert!(!String::from_utf8_lossy(&came).ends_with("0\r\n\r\n"));
    assert_eq!(sandgate.access_line(1)["fault"], "plugin_trap");
}

#[test]
fn it_sees_the_pages_of_errors() {
    let origin = Origin::replying(200, "yes");
    let address = origin.address();
    drop(origin);
    let yaml = config(LIMITS, "") + &format!("upstreams:\n  main: {{ endpoints: [\"http://{address}\"] }}\n");
    let sandgate = setup(yaml).start();
    let answer = sandgate.client().get("/");
    assert_eq!((answer.status(), answer.field("x-out")), (502, Some("yes")));
    let line = sandgate.access_line(1);
    assert_eq!(line["fault"], "connect_failed", "{line}");
}

#[test]
fn one_stands_around_another_and_around_services_and_other_filters() {
    let yaml = yaml::entry()
        + &format!(
            "plugins:\n  it: {{ wasm: \"@wasm@\", {LIMITS} }}\n  other: {{ wasm: \"@wasm@\", {LIMITS} }}\n  \
             service: {{ wasm: \"@service@\", {LIMITS} }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, service: {{ plugin: service }}, \
             filters: [{{ plugin: it }}, {{ request_headers: {{ set: {{ x-deed: capitals }} }} }}, {{ plugin: other }}] }}\n"
        );
    let sandgate = setup(yaml).value("service", &guest("streamer").display().to_string()).start();
    let mut client = sandgate.client();
    let answer = client.post("/echo", "there and back");
    assert_eq!(answer.text(), "THERE AND BACK");
    assert_eq!(answer.head.all("x-out"), ["changed", "yes"]);
    assert!(client.get("/facts").text().contains("X-IN: YES\nX-IN: YES"), "the service has seen both");
}

#[test]
fn a_client_that_leaves_takes_the_guest_along() {
    let origin = Origin::hanging();
    let sandgate = start(&origin, LIMITS, "");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    origin.wait_for_requests(1);
    drop(client);
    assert_eq!(sandgate.access_line(1)["fault"], "client_gone");
    wait_for("the guest to be gone", PATIENCE, || calls(&sandgate) == 1.0);
    assert_eq!(faults(&sandgate), 0.0, "the plugin is not to blame");
}

#[test]
fn no_tunnel_leads_past_it() {
    let origin = Origin::replying(200, "no tunnel");
    let sandgate = start(&origin, LIMITS, "upgrades: [websocket]");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    let answer = client.response();
    assert_eq!((answer.status(), answer.field("x-out")), (200, Some("yes")));
    assert_eq!(origin.only_request().field("upgrade"), None);
}

#[test]
fn what_it_cant_be_is_said_with_its_place() {
    let origin = Origin::replying(200, "yes");
    let refused = |plugin: &str, route: &str| {
        let setup = setup(config(plugin, route) + "upstreams:\n  main: { endpoints: @main@ }\n");
        let finished = setup.origins("main", &[&origin]).command("check", &[]);
        assert!(!finished.status.success());
        finished.stderr
    };
    let said = refused("isolation: resident, on_failure: open", "");
    assert!(said.contains("can't be `isolation: resident`"), "{said}");
    assert!(said.contains("expected `on_failure: closed`"), "{said}");
    let yaml = config("", "").replace("upstream: main", "service: { plugin: it }");
    let said = setup(yaml.replace("filters: [{ plugin: it }], ", "")).command("check", &[]).stderr;
    assert!(said.contains("then it is for `filters`"), "{said}");
}

fn ask(sandgate: &Sandgate, deed: &str) -> sandgate_tests::Response {
    let mut client = sandgate.client();
    client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nx-deed: {deed}\r\n\r\n"));
    client.response()
}

/// Everything goes through the plugin `it` to the upstream `main`, by a route with these further keys.
fn config(plugin: &str, route: &str) -> String {
    yaml::entry()
        + &format!(
            "plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], \
             upstream: main, {route} }}\n"
        )
}

fn setup(yaml: String) -> Setup {
    Sandgate::with_config(yaml).value("wasm", &guest("between").display().to_string())
}

fn start(origin: &Origin, plugin: &str, route: &str) -> Sandgate {
    let yaml = config(plugin, route) + "upstreams:\n  main: { endpoints: @main@ }\n";
    setup(yaml).origins("main", &[origin]).start()
}

fn faults(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")])
}

fn calls(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", "serve")])
}

fn cpu_seconds(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_cpu_seconds_total", &[("plugin", "it")])
}

fn resident_kib(sandgate: &Sandgate) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", sandgate.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
