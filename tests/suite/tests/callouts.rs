//! Callouts: a plugin asks upstreams that it is granted, and no others, within its limits; and nobody waits for it.

use http::Response;
use sandgate_tests::{Gate, Http2Origin, Origin, PATIENCE, Sandgate, Setup, guest, wait_for, yaml};

const LIMITS: &str = "limits: { wall: 8s, callout_timeout: 5s, callout_body: 1KiB }";

#[test]
fn a_plugin_is_answered_by_the_upstream_that_it_asks() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(403, "no"));
    let sandgate = start(&app, &auth, LIMITS);
    assert_eq!(ask(&sandgate, "get auth /check?user=ann"), "403 no");
    let asked = auth.only_request();
    assert_eq!(asked.head.start, "GET /check?user=ann HTTP/1.1");
    assert_eq!(asked.field("host"), Some(auth.address().to_string().as_str()), "its own, not the client's");
    assert_eq!(
        (asked.field("x-from"), asked.field("x-ask")),
        (Some("caller"), None),
        "nothing of the client's"
    );
    assert_eq!(ask(&sandgate, "host auth auth.example"), "403 no");
    assert_eq!(auth.requests()[1].field("host"), Some("auth.example"));
    assert_eq!(auth.connections(), 1, "by the worker's pool");
    assert_eq!(sandgate.client().get("/").text(), "app");
    assert_eq!(counted(&sandgate, "answered"), 2.0);
    assert!(app.requests().iter().all(|request| request.field("x-from").is_none()));
}

#[test]
fn a_body_goes_out_whole_and_is_held_to_its_limit_both_ways() {
    let auth = Origin::answering(|request| {
        let body = if request.body.is_empty() { "x".repeat(2000) } else { request.body.len().to_string() };
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, &auth, LIMITS);
    assert_eq!(ask(&sandgate, "post auth 1024"), "200 1024");
    assert_eq!(auth.requests()[0].field("content-length"), Some("1024"));
    assert!(ask(&sandgate, "post auth 1025").contains("TooLarge"));
    assert_eq!(auth.requests().len(), 1, "it was not sent");
    assert!(ask(&sandgate, "get auth /").contains("TooLarge"), "an answer of 2000 bytes");
    assert_eq!((counted(&sandgate, "too_large"), refused(&sandgate, "callout_body")), (1.0, 1.0));
    assert_eq!(ask(&sandgate, "post auth 3"), "200 3", "the upstream is none the worse for it");
}

#[test]
fn what_is_not_granted_or_breaks_a_rule_is_not_sent() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(200, "yes"));
    let sandgate = start(&app, &auth, LIMITS);
    assert!(ask(&sandgate, "get app /").contains("NotGranted"), "an upstream of somebody else's");
    assert!(ask(&sandgate, "get 127.0.0.1 /").contains("NotGranted"));
    assert!(ask(&sandgate, "get auth nowhere").contains("Invalid"));
    assert!(ask(&sandgate, "smuggle auth").contains("Invalid"));
    assert!(ask(&sandgate, "host auth a/b").contains("Invalid"));
    assert_eq!((app.requests().len(), auth.requests().len()), (0, 0));
}

#[test]
fn an_exchange_has_its_number_of_callouts() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(200, "yes"));
    let sandgate = start(&app, &auth, "limits: { wall: 30s, callout_timeout: 5s, callouts: 2 }");
    for _ in 0..2 {
        let said = ask(&sandgate, "often auth 3");
        assert!(said.starts_with("200 yes, 200 yes, ") && said.contains("TooMany"), "{said}");
    }
    assert_eq!((auth.requests().len(), refused(&sandgate, "callouts")), (4, 2.0));
}

#[test]
fn who_waits_for_an_answer_holds_up_nobody() {
    let gate = Gate::default();
    let open = gate.clone();
    let auth = Origin::answering(move |_| {
        gate.pass();
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate".to_vec()
    });
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, &auth, LIMITS);
    let mut waiting: Vec<_> = (0..4).map(|_| sandgate.client()).collect();
    for client in &mut waiting {
        client.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-ask: get auth /\r\n\r\n");
    }
    auth.wait_for_requests(4);
    for _ in 0..20 {
        assert_eq!(sandgate.client().get("/").text(), "app", "on the same worker, through the same plugin");
    }
    open.open();
    for client in &mut waiting {
        assert_eq!(client.response().text(), "200 late");
    }
}

#[test]
fn an_answer_that_does_not_come_is_an_error_in_time() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::hanging());
    let sandgate = start(&app, &auth, "limits: { wall: 30s, callout_timeout: 50ms }");
    assert_eq!(ask(&sandgate, "get auth /"), "CalloutError::Timeout");
    assert_eq!(ask(&sandgate, "hurry auth 1"), "CalloutError::Timeout");
    assert_eq!(counted(&sandgate, "timeout"), 2.0);
    let sandgate = start(&app, &auth, "limits: { wall: 100ms, callout_timeout: 5s }");
    let response = sandgate.client().get_with("/", "x-ask", "get auth /");
    assert_eq!(response.status(), 500, "but the plugin's own time is up first");
    assert_eq!(sandgate.access_line(1)["fault"], "plugin_wall");
}

#[test]
fn an_upstream_that_fails_is_an_error_with_its_name() {
    let (app, refusing, auth) =
        (Origin::replying(200, "app"), Origin::refusing(), Origin::replying(200, "yes"));
    let sandgate = start(&app, &refusing, LIMITS);
    assert_eq!(ask(&sandgate, "get auth /"), "CalloutError::Failed(\"connect_failed\")");
    assert_eq!(counted(&sandgate, "failed"), 1.0);
    let both = setup(LIMITS).origins("app", &[&app]).origins("auth", &[&refusing, &auth]);
    let sandgate = both.start();
    for _ in 0..4 {
        assert_eq!(ask(&sandgate, "get auth /"), "200 yes", "another endpoint is tried");
    }
}

#[test]
fn an_upstream_that_speaks_http2_is_asked_in_it() {
    let auth = Http2Origin::scripted(|mut exchange| async move {
        let (body, _) = exchange.read().await;
        let seen = format!("{} {} {}", exchange.request.method(), exchange.request.uri(), body.len());
        exchange.answer(Response::new(()), seen.into_bytes(), None);
    });
    let app = Origin::replying(200, "app");
    let endpoint = format!("h2c://{}", auth.address());
    let sandgate = setup(LIMITS).origins("app", &[&app]).value("auth", &format!("[\"{endpoint}\"]")).start();
    assert_eq!(ask(&sandgate, "get auth /a"), format!("200 GET http://{}/a 0", auth.address()));
    assert_eq!(ask(&sandgate, "post auth 9"), format!("200 POST http://{}/ 9", auth.address()));
    assert_eq!(auth.connections(), 1);
}

#[test]
fn a_guest_in_the_slow_lane_is_answered_too() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(200, "yes"));
    let sandgate = start(&app, &auth, "limits: { cpu: 50ms, wall: 30s, callout_timeout: 5s, callouts: 20 }");
    let answers = vec!["200 yes"; 20].join(", ");
    assert_eq!(ask(&sandgate, "often auth 20"), answers);
    let quick = start(&app, &auth, "limits: { wall: 30s, callout_timeout: 5s, callouts: 20 }");
    assert_eq!(ask(&quick, "often auth 20"), answers, "and one on the worker, however often it waits");
}

#[test]
fn a_plugin_can_tell_what_became_of_an_exchange() {
    let (app, auth) = (Origin::replying(201, "app"), Origin::replying(200, "noted"));
    let sandgate = start(&app, &auth, LIMITS);
    assert_eq!(sandgate.client().get_with("/", "x-audit", "auth").status(), 201);
    let told = auth.wait_for_requests(1).remove(0);
    assert_eq!((told.method(), told.target(), told.body.as_slice()), ("POST", "/audit", b"201".as_slice()));
}

#[test]
fn a_client_that_leaves_ends_its_callouts() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::hanging());
    let sandgate = start(&app, &auth, LIMITS);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-ask: get auth /\r\n\r\n");
    auth.wait_for_requests(1);
    let active = || sandgate.metrics().sum("sandgate_endpoint_active_requests", &[("upstream", "auth")]);
    assert_eq!(active(), 1.0, "it counts at the endpoint");
    drop(client);
    wait_for("the callout to be given up", PATIENCE, || active() == 0.0);
    assert_eq!(sandgate.access_line(1)["fault"], "client_gone");
}

#[test]
fn a_reload_takes_a_grant_away_and_gives_it_back() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(200, "yes"));
    let sandgate = start(&app, &auth, LIMITS);
    assert_eq!(ask(&sandgate, "get auth /"), "200 yes");
    let refusal = sandgate.reload_in_vain(&config(""));
    assert!(refusal.contains("`grants: { callout: [UPSTREAM] }`"), "{refusal}");
    sandgate.reload(&config(&format!("grants: {{ callout: [app] }}, {LIMITS}")));
    assert!(ask(&sandgate, "get auth /").contains("NotGranted"));
    assert_eq!(ask(&sandgate, "get app /"), "200 app");
}

/// Everything goes by the plugin to `app`; `auth` is there to be asked.
fn config(plugin: &str) -> String {
    yaml::entry()
        + &format!("plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} }}\n")
        + "upstreams:\n  app: { endpoints: @app@ }\n  auth: { endpoints: @auth@ }\n\
           routes:\n  - { name: all, match: { path: { prefix: / } }, upstream: app, filters: [{ plugin: it }] }\n"
}

fn setup(plugin: &str) -> Setup {
    let yaml = config(&format!("grants: {{ callout: [auth] }}, {plugin}"));
    Sandgate::with_config(yaml).value("wasm", &guest("caller").display().to_string())
}

fn start(app: &Origin, auth: &Origin, plugin: &str) -> Sandgate {
    setup(plugin).origins("app", &[app]).origins("auth", &[auth]).start()
}

fn ask(sandgate: &Sandgate, what: &str) -> String {
    sandgate.client().get_with("/", "x-ask", what).text()
}

fn counted(sandgate: &Sandgate, result: &str) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_callouts_total", &[("plugin", "it"), ("result", result)])
}

fn refused(sandgate: &Sandgate, limit: &str) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_refused_total", &[("plugin", "it"), ("limit", limit)])
}
