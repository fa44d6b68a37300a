//! Services: components of `wasi:http` that answer in an upstream's place, well and badly.

use std::fs;

use http::{Method, Request};
use sandgate_tests::{
    Http2Client, Origin, PATIENCE, RawClient, Sandgate, Setup, guest, sandgate_command, wait_for, yaml,
};

/// What a component may need that is not in a hurry, on a machine that is busy.
const LIMITS: &str = "limits: { wall: 10s, cpu: 2s, callout_timeout: 5s }";

#[test]
fn a_component_answers_in_an_upstreams_place() {
    let sandgate = start(LIMITS, "");
    let mut client = sandgate.client();
    for _ in 0..3 {
        let answer = client.get("/");
        assert_eq!((answer.status(), answer.text().as_str()), (200, "answered"), "on one connection");
        assert_eq!(answer.field("x-by"), Some("answerer"));
    }
    let line = sandgate.access_line(3);
    assert_eq!((&line["status"], &line["route"]), (&200.into(), &"all".into()), "{line}");
    let calls = sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", "serve")]);
    assert_eq!(calls, 3.0);
}

#[test]
fn it_answers_on_the_worker_as_well_as_in_the_slow_lane() {
    for limits in ["limits: { wall: 10s }", "limits: { wall: 10s, cpu: 50ms }"] {
        let sandgate = start(limits, "");
        assert_eq!(sandgate.client().get("/").text(), "answered", "{limits}");
        assert_eq!(sandgate.client().post("/echo", "back").text(), "back", "{limits}");
    }
}

#[test]
fn it_is_told_what_was_asked_and_nothing_of_the_connection() {
    let sandgate = start(LIMITS, "");
    let mut client = sandgate.client();
    client.send(
        "PUT /facts?a=b HTTP/1.1\r\nhost: some.example:81\r\nx-mine: 1\r\nkeep-alive: 5\r\nconnection: x-hop\r\n\
         x-hop: 1\r\ncontent-length: 0\r\n\r\n",
    );
    let said = client.response().text();
    assert!(
        said.starts_with("Method::Put Some(Scheme::Http) Some(\"some.example:81\") Some(\"/facts?a=b\")"),
        "{said}"
    );
    assert!(said.contains("x-mine: 1\n") && said.contains("x-forwarded-for: 127.0.0.1\n"), "{said}");
    assert!(!said.contains("x-hop") && !said.contains("keep-alive"), "{said}");
    client.send("GET /facts HTTP/1.0\r\n\r\n");
    assert!(client.response().text().contains("Some(\"localhost\")"), "HTTP/1.0 needs no Host");
}

#[test]
fn both_bodies_stream() {
    let sandgate = start(LIMITS, "");
    let mut client = sandgate.client();
    client.send("POST /begin HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    assert_eq!(client.head().status(), 200, "before there is any body");
    assert_eq!(client.bytes(11), b"6\r\nready\n\r\n");
    for word in ["one", "two"] {
        client.send(format!("3\r\n{word}\r\n"));
        assert_eq!(client.bytes(8), format!("3\r\n{word}\r\n").as_bytes(), "before the next is sent");
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.bytes(5), b"0\r\n\r\n");
    assert_eq!(client.get("/").text(), "answered", "and the connection goes on");
}

#[test]
fn trailers_go_both_ways() {
    let sandgate = start(LIMITS, "");
    let mut client = sandgate.client();
    client.send("GET /trailers HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n");
    let answer = client.response();
    assert_eq!(
        (answer.text().as_str(), answer.trailers.as_slice()),
        ("body", [("x-sum".to_owned(), "4".to_owned())].as_slice())
    );
    client.send(
        "POST /echo HTTP/1.1\r\nhost: a\r\nte: trailers\r\ntrailer: x-end\r\ntransfer-encoding: chunked\r\n\r\n\
         2\r\nhi\r\n0\r\nx-end: yes\r\n\r\n",
    );
    let answer = client.response();
    assert_eq!(
        (answer.text().as_str(), answer.trailers.as_slice()),
        ("hi", [("x-end".to_owned(), "yes".to_owned())].as_slice()),
        "those of the request, by way of the guest"
    );
}

#[test]
fn a_client_that_waits_for_a_100_gets_it_when_the_guest_reads() {
    let sandgate = start(LIMITS, "");
    let mut client = sandgate.client();
    client.send("POST /count HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    client.send("body");
    assert_eq!(client.response().text(), "4");
}

#[test]
fn a_body_of_100_megabytes_goes_through_in_bounded_memory() {
    const PART: usize = 1 << 20;
    const PARTS: usize = 100;
    let sandgate = start("limits: { wall: 60s, cpu: 60s }", "limits: { body: 0 }");
    assert_eq!(sandgate.client().post("/echo", vec![b'x'; PART]).body.len(), PART);
    let before = resident_kib(&sandgate);
    let mut client = RawClient::connect(sandgate.web());
    let mut sender = client.wire().other_hand();
    let sending = std::thread::spawn(move || {
        let length = PART * PARTS;
        let head = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        sender.send(head).unwrap();
        let part = vec![b'x'; PART];
        (0..PARTS).for_each(|_| sender.send(&part).unwrap());
    });
    let answer = client.response();
    sending.join().unwrap();
    assert_eq!(answer.body.len(), PART * PARTS);
    let grown = resident_kib(&sandgate).saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB more than before");
}

#[test]
fn clients_of_http2_are_answered() {
    let sandgate = start(LIMITS, "");
    let client = Http2Client::connect(sandgate.web());
    assert_eq!(client.get("/").body, b"answered");
    let body = vec![b'y'; 300_000];
    let answer = client.post("/echo", &body);
    assert!(answer.body == body && answer.is_complete);
    let answers = client.get_all(&vec!["/".to_owned(); 20]);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == b"answered"));
    let web = sandgate.web();
    let broken = std::thread::spawn(move || Http2Client::connect(web).get("/trap-in-body")).join();
    // The reset may come before the client has looked at the head.
    assert!(broken.is_err() || broken.is_ok_and(|answer| !answer.is_complete), "the stream is reset");
    assert_eq!(sandgate.access_line(23)["fault"], "plugin_trap");
}

#[test]
fn a_head_is_answered_without_a_body() {
    let sandgate = start(LIMITS, "");
    let mut client = sandgate.client();
    client.send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
    let answer = client.response_to_head();
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    assert_eq!(client.get("/status?204").body.len(), 0);
    assert_eq!(client.get("/").text(), "answered");
    assert_eq!(sandgate.access_line(3)["fault"], serde_json::Value::Null);
    assert_eq!(faults(&sandgate), 0.0, "the guest could write what nobody wanted");
}

#[test]
fn what_goes_wrong_before_the_head_is_a_500_with_its_name() {
    let sandgate = start("limits: { wall: 20s, cpu: 200ms }, circuit: { failures: 0 }", "");
    let deeds = [
        ("/trap", "plugin_trap"),
        ("/nothing", "plugin_invalid"),
        ("/error", "plugin_invalid"),
        ("/loop", "plugin_cpu"),
        ("/memory", "plugin_memory"),
        ("/status?101", "plugin_invalid"),
        ("/status?600", "plugin_invalid"),
    ];
    for (number, (path, fault)) in deeds.into_iter().enumerate() {
        assert_eq!(sandgate.client().get(path).status(), 500, "{path}");
        let line = sandgate.access_line(number + 1);
        assert_eq!(
            (line["fault"].as_str(), line["status"].as_u64()),
            (Some(fault), Some(500)),
            "{path}: {line}"
        );
    }
    assert_eq!(sandgate.client().get("/").text(), "answered", "a trapped guest costs one request");
    assert_eq!(faults(&sandgate), deeds.len() as f64);
}

#[test]
fn a_guest_that_takes_too_long_to_answer_is_no_more() {
    let sandgate = start("limits: { wall: 1500ms }", "");
    assert_eq!(sandgate.client().get("/wait").status(), 500);
    assert_eq!(sandgate.access_line(1)["fault"], "plugin_wall");
    let mut client = sandgate.client();
    client.send("POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(sandgate.client().get("/wait").status(), 500, "so that more time has gone by than it has");
    client.send("body");
    assert_eq!(client.response().text(), "4", "what the client takes is not its");
}

#[test]
fn what_goes_wrong_in_the_body_cuts_the_answer_short() {
    let limits = "limits: { wall: 20s, cpu: 200ms }, circuit: { failures: 0 }";
    let sandgate = start(limits, "timeouts: { response: 20s, read: 15s }");
    let deeds = [
        ("/trap-in-body", "plugin_trap"),
        ("/loop-in-body", "plugin_cpu"),
        ("/wait-in-body", "plugin_wall"),
        ("/short", "plugin_invalid"),
        ("/long", "plugin_invalid"),
    ];
    for (number, (path, fault)) in deeds.into_iter().enumerate() {
        let mut client = sandgate.client();
        client.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n"));
        let came = client.rest_or_break();
        let text = String::from_utf8_lossy(&came);
        // Where it goes wrong at once, the head may not have been sent yet.
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 200"), "{path}: {text}");
        assert!(!text.ends_with("0\r\n\r\n"), "{path}: {text}");
        let line = sandgate.access_line(number + 1);
        assert_eq!(
            (line["fault"].as_str(), line["status"].as_u64()),
            (Some(fault), Some(200)),
            "{path}: {line}"
        );
    }
    assert_eq!(sandgate.client().get("/").text(), "answered");
}

#[test]
fn a_guest_that_fails_after_its_answer_has_given_it() {
    let sandgate = start("limits: { wall: 10s, cpu: 2s }, circuit: { failures: 0 }", "");
    assert_eq!(sandgate.client().get("/trap-at-end").text(), "whole");
    wait_for("its failure to be counted", PATIENCE, || faults(&sandgate) == 1.0);
}

#[test]
fn a_component_that_always_fails_is_left_alone() {
    let sandgate = start("limits: { wall: 10s }, circuit: { failures: 3, wait: 60s }", "");
    for _ in 0..3 {
        assert_eq!(sandgate.client().get("/trap").status(), 500);
    }
    assert_eq!(sandgate.client().get("/").status(), 503);
    assert_eq!(sandgate.access_line(4)["fault"], "plugin_circuit");
}

#[test]
fn a_guest_that_computes_holds_nobody_up() {
    let sandgate = start("limits: { wall: 20s, cpu: 10s }", "");
    let mut slow = sandgate.client();
    slow.send("GET /loop HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut waiting = sandgate.client();
    waiting.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n");
    for _ in 0..20 {
        assert_eq!(sandgate.client().get("/").text(), "answered", "by the same plugin, on the same worker");
    }
    assert!(sandgate.access_log(20).iter().all(|line| line["status"] == 200), "those two are not over");
}

#[test]
fn a_client_that_leaves_takes_the_guest_along() {
    let (api, other) = (Origin::hanging(), Origin::replying(200, "no"));
    let sandgate = asking(&api, &other, "");
    let mut client = sandgate.client();
    client.send("GET /ask?http://api/ HTTP/1.1\r\nhost: a\r\n\r\n");
    api.wait_for_requests(1);
    drop(client);
    let mut client = sandgate.client();
    client.send("GET /wait-in-body HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    drop(client);
    assert!(sandgate.access_log(2).iter().all(|line| line["fault"] == "client_gone"));
    let calls =
        || sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", "serve")]);
    wait_for("both guests to be gone", PATIENCE, || calls() == 2.0);
    assert_eq!(faults(&sandgate), 0.0, "the plugin is not to blame");
}

#[test]
fn an_upload_that_breaks_off_is_the_clients_fault() {
    let sandgate = start("limits: { wall: 10s }", "limits: { body: 10 }");
    assert_eq!(sandgate.client().post("/count", "0123456789").text(), "10");
    assert_eq!(sandgate.client().post("/count", "0123456789x").status(), 413, "and it was not asked");
    let mut client = sandgate.client();
    client.send(
        "POST /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nb\r\n0123456789x\r\n0\r\n\r\n",
    );
    assert_eq!(client.response().status(), 400, "as the guest answers");
    assert_eq!(faults(&sandgate), 0.0);
}

#[test]
fn it_may_not_touch_fields_of_the_connection() {
    let said = start(LIMITS, "").client().get("/forbidden").text();
    for name in ["connection", "transfer-encoding", "upgrade", "host", "keep-alive"] {
        assert!(said.contains(&format!("{name}: HeaderError::Forbidden")), "{said}");
    }
    assert!(said.contains("x-fine: yes") && said.contains("bad name: HeaderError::InvalidSyntax"), "{said}");
}

#[test]
fn it_asks_upstreams_that_it_is_granted_and_nobody_else() {
    let (api, other) = (Origin::replying(201, "yes"), Origin::replying(200, "no"));
    let sandgate = asking(&api, &other, "");
    let asked = |url: &str| sandgate.client().get(&format!("/ask?{url}")).text();
    assert_eq!(asked("http://api/some/path?q=1"), "201 yes", "by the upstream's name");
    let seen = api.only_request();
    assert_eq!((seen.method(), seen.target()), ("GET", "/some/path?q=1"));
    assert_eq!(seen.field("host"), Some(api.address().to_string().as_str()));
    assert_eq!(seen.field("x-from"), Some("answerer"));
    assert_eq!(asked(&format!("http://{}/", api.address())), "201 yes", "by where it is");
    for url in [format!("http://{}/", other.address()), "http://other/".into(), "https://example.com/".into()]
    {
        assert!(asked(&url).contains("HttpRequestDenied"), "{url}");
    }
    assert!(asked(&format!("https://{}/", api.address())).contains("HttpRequestDenied"), "another scheme");
    assert_eq!((api.requests().len(), other.requests().len()), (2, 0));
    let answered =
        sandgate.metrics().sum("sandgate_plugin_callouts_total", &[("plugin", "it"), ("result", "answered")]);
    assert_eq!(answered, 2.0);
}

#[test]
fn what_it_asks_is_held_to_limits() {
    let (api, other) = (Origin::replying(200, "yes"), Origin::replying(200, "no"));
    let sandgate = asking(&api, &other, "callouts: 2, callout_body: 1KiB,");
    assert_eq!(sandgate.client().get("/tell?http://api/").text(), "200 yes");
    assert_eq!(api.only_request().body.len(), 100);
    assert_eq!(sandgate.client().get("/ask-much?http://api/").text(), "200 yes");
    assert_eq!(api.requests()[1].body.len(), 100_000, "what streams is held to no length");
    let often = sandgate.client().get("/ask-often?http://api/").text();
    assert!(often.starts_with("200 yes, 200 yes, ") && often.contains("ConnectionLimitReached"), "{often}");
    let refused = |limit| {
        sandgate.metrics().sum("sandgate_plugin_refused_total", &[("plugin", "it"), ("limit", limit)])
    };
    assert_eq!((refused("callouts"), refused("callout_body")), (1.0, 0.0));
}

#[test]
fn settings_values_and_log_lines_are_there_by_wasis_own_interfaces() {
    let plugin =
        "settings: { greeting: hello, times: 3 }, grants: { kv: { quota: 64KiB } }, limits: { wall: 10s }";
    let sandgate = settled(plugin).start();
    let said = |path: &str| sandgate.client().get(path).text();
    assert_eq!(said("/config?greeting"), r#"Some(Some("hello")) Some(Some("hello"))"#);
    assert_eq!(said("/config?times"), r#"Some(Some("3")) Some(Some("3"))"#);
    assert_eq!(said("/config?secret"), "Some(None) Some(None)");
    assert!(said("/all").starts_with(r#"Some([("greeting", "hello"), ("times", "3")]) true"#));
    assert_eq!(
        said("/kv?tea"),
        r#"Some("tea") None 2 [Some("1"), None] true ["a", "sum", "word"] None"#,
        "by the draft of wasmtime"
    );
    assert_eq!(
        said("/kv2?rum"),
        r#"Some("tea") true Some("rum") 1 ["sum", "word"]"#,
        "the same values by the draft of Spin; what was changed meanwhile is not overwritten"
    );
    assert!(said("/open?elsewhere").contains("NoSuchStore"));
    assert_eq!(said("/log?heard"), "said");
    let line = sandgate.log_line(|line| line.message() == "plugin says");
    assert_eq!((line.text("plugin").as_str(), line.text("text").as_str()), ("it", "settled: heard"));
    let refused = settled("limits: { wall: 10s }").command("check", &[]);
    assert!(refused.stderr.contains("`grants: { kv: { quota: 1MiB } }`"), "{refused:?}");
}

#[test]
fn filters_and_rewrites_are_for_services_too() {
    let route = "rewrite: { strip_prefix: /app }, filters: [{ response_headers: { set: { x-seen: \"1\" } } }, \
                 { request_headers: { set: { x-set: \"2\" } } }]";
    let sandgate = start(LIMITS, route);
    let answer = sandgate.client().get("/app/facts");
    assert_eq!(answer.field("x-seen"), Some("1"));
    assert!(answer.text().contains("\"/facts\"") && answer.text().contains("x-set: 2"), "{}", answer.text());
}

#[test]
fn what_a_service_cant_be_is_said_with_its_place() {
    let refused = |yaml: String| {
        let setup = Sandgate::with_config(yaml).value("wasm", &guest("answerer").display().to_string());
        let setup = setup.value("filter", &guest("add-header").display().to_string());
        let finished = setup.command("check", &[]);
        assert!(!finished.status.success());
        finished.stderr
    };
    let said = refused(config("isolation: resident, on_failure: open", "fallback: { status: 200 }"));
    assert!(said.contains("this is for routes with an `upstream`"), "{said}");
    let said = refused(config("isolation: resident, on_failure: open", ""));
    assert!(said.contains("can't be `isolation: resident`"), "{said}");
    assert!(said.contains("expected `on_failure: closed`"), "{said}");
    let said = refused(config("", "").replace("@wasm@", "@filter@"));
    assert!(said.contains("it exports neither `wasi:http/incoming-handler`"), "{said}");
    let said = refused(config("", "respond: { status: 200 }"));
    assert!(said.contains("only one of `upstream`, `split`, `redirect`, `respond` and `service`"), "{said}");
    let said = refused(config("", "").replace("plugin: it }", "plugin: its }"));
    assert!(said.contains("its") && said.contains("`it`"), "{said}");
}

#[test]
fn a_reload_changes_the_service_for_requests_to_come() {
    let sandgate = start(LIMITS, "");
    let mut old = sandgate.client();
    old.send("POST /begin HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    assert_eq!(old.head().status(), 200);
    assert_eq!(old.bytes(11), b"6\r\nready\n\r\n");
    sandgate.reload(&config(LIMITS, "").replace("service: { plugin: it }", "respond: { status: 204 }"));
    assert_eq!(sandgate.client().get("/").status(), 204);
    old.send("2\r\nhi\r\n0\r\n\r\n");
    assert_eq!(old.bytes(12), b"2\r\nhi\r\n0\r\n\r\n", "what was begun goes on");
}

#[test]
fn inspect_names_the_contract() {
    let finished = sandgate_command(&["inspect", &guest("answerer").display().to_string()]);
    assert!(finished.status.success() && finished.stdout.contains("wasi:http@0.2.12"), "{finished:?}");
}

#[test]
fn an_http2_request_for_a_tunnel_is_refused() {
    let sandgate = start(LIMITS, "");
    let client = Http2Client::connect(sandgate.web());
    let request =
        Request::builder().method(Method::OPTIONS).uri("http://test.example/facts").body(()).unwrap();
    assert_eq!(client.send(request, b"").status, 200);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert_eq!(client.response().status(), 200, "it is answered as any other request");
}

/// Everything goes to the plugin `it`, by a route with these further keys.
fn config(plugin: &str, route: &str) -> String {
    yaml::entry()
        + &format!(
            "plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, service: {{ plugin: it }}, {route} }}\n"
        )
}

fn setup(yaml: String) -> Setup {
    Sandgate::with_config(yaml).value("wasm", &guest("answerer").display().to_string())
}

fn settled(plugin: &str) -> Setup {
    Sandgate::with_config(config(plugin, "")).value("wasm", &guest("settled").display().to_string())
}

fn start(plugin: &str, route: &str) -> Sandgate {
    setup(config(plugin, route)).start()
}

/// The plugin is granted the upstream `api`, and there is another.
fn asking(api: &Origin, other: &Origin, limits: &str) -> Sandgate {
    let plugin = format!(
        "grants: {{ callout: [api] }}, limits: {{ {limits} wall: 10s, cpu: 2s, callout_timeout: 5s }}"
    );
    let yaml =
        config(&plugin, "") + "upstreams:\n  api: { endpoints: @api@ }\n  other: { endpoints: @other@ }\n";
    setup(yaml).origins("api", &[api]).origins("other", &[other]).start()
}

fn faults(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")])
}

fn resident_kib(sandgate: &Sandgate) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", sandgate.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
