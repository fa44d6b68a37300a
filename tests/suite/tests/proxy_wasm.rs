//! Modules of proxy-wasm: those built with its Rust SDK run as they are, and do what they would do elsewhere.

use sandgate_tests::{Gate, Origin, PATIENCE, RawClient, Response, Sandgate, Setup, guest, wait_for};

/// Enough time for a test that is held up.
const LIMITS: &str = "limits: { cpu: 10ms, wall: 20s, callout_timeout: 10s, body: 4KiB }";

#[test]
fn a_header_filter_sees_heads_and_changes_them() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "settings: \"plain and more\"");
    let mut client = sandgate.client();
    let response = ask(&mut client, "pairs", "x-drop: 1\r\n", b"");
    assert_eq!((response.text().as_str(), response.field("x-configured")), ("app", Some("plain")));
    assert_eq!(response.field("x-response-ends"), Some("false"));
    let seen = app.only_request();
    assert_eq!((seen.field("x-pairs"), seen.field("x-drop")), (Some("all"), None));
    assert_eq!((seen.field("x-ends"), seen.field("host")), (Some("true"), Some("test.example")));
    assert_eq!(ask(&mut client, "teapot", "", b"").status(), 418);
    ask(&mut client, "path /elsewhere?a=b", "", b"");
    assert_eq!(app.requests()[2].head.start, "GET /elsewhere?a=b HTTP/1.1");
}

#[test]
fn the_end_of_a_stream_is_told_with_the_head() {
    let app = Origin::echo();
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    assert_eq!(ask(&mut client, "nothing", "", b"body").status(), 200);
    client.send("HEAD / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.response_to_head().field("x-response-ends"), Some("true"));
    assert_eq!(app.requests()[0].field("x-ends"), Some("false"));
    assert_eq!(app.requests()[1].field("x-ends"), Some("true"));
}

#[test]
fn settings_are_told_as_text_or_as_json() {
    let app = Origin::replying(200, "app");
    let configured = |plugin: &str| {
        let sandgate = start(&app, plugin);
        sandgate.client().get("/").field("x-configured").map(str::to_owned)
    };
    assert_eq!(configured("settings: text").as_deref(), Some("text"));
    assert_eq!(configured("settings: { a: [1, b] }").as_deref(), Some("{\"a\":[1,\"b\"]}"));
    assert_eq!(configured("").as_deref(), Some(""));
    let vm = "proxy_wasm: { vm_configuration: the-vm, root_id: root, vm_id: vm }";
    let sandgate = start(&app, vm);
    sandgate.log_line(|line| line.text("text").contains("the-vm"));
    assert_eq!(property(&sandgate, &app, "plugin_root_id"), "Some(\"root\")");
    assert_eq!(property(&sandgate, &app, "plugin_vm_id"), "Some(\"vm\")");
}

#[test]
fn a_module_that_refuses_its_settings_refuses_the_configuration() {
    let app = Origin::replying(200, "app");
    let finished =
        setup("settings: \"no\"").origins("app", &[&app]).origins("auth", &[&app]).command("check", &[]);
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    let said = format!("{finished:?}");
    assert!(said.contains("proxy_on_configure") && said.contains("this is no configuration"), "{said}");
}

#[test]
fn a_local_reply_keeps_the_request_from_the_upstream() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    let response = ask(&mut client, "reply 429", "", b"");
    assert_eq!((response.status(), response.text().as_str()), (429, "no further"));
    assert_eq!(response.field("x-from"), Some("probe"));
    assert_eq!(app.requests().len(), 0);
    assert_eq!(client.get("/").text(), "app", "and the connection goes on");
}

#[test]
fn bodies_are_seen_and_replaced_both_ways() {
    let app = Origin::answering(|request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        [head.as_bytes(), &request.body].concat()
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    let response = ask(&mut client, "upper", "", b"hello");
    assert_eq!((response.text().as_str(), response.field("content-length")), ("HELLO", Some("5")));
    assert_eq!(app.requests()[0].field("content-length"), Some("5"));
    let response = ask(&mut client, "wrap", "", b"hello");
    assert_eq!((response.text().as_str(), response.field("content-length")), ("<hello>", Some("7")));
    let without = start(&app, "proxy_wasm: { bodies: none }");
    let long = "x".repeat(5000);
    let response = ask(&mut without.client(), "upper", "", long.as_bytes());
    assert_eq!(response.text(), long, "it is given none");
}

#[test]
fn a_callout_pauses_the_request_until_its_answer_is_here() {
    ["resident", "exchange"].into_iter().for_each(a_callout_pauses_where_vms_are);
}

fn a_callout_pauses_where_vms_are(isolation: &str) {
    let gate = Gate::default();
    let open = gate.clone();
    let auth = Origin::answering(move |_| {
        gate.pass();
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nann".to_vec()
    });
    let app = Origin::replying(200, "app");
    let plugin = format!("grants: {{ callout: [auth] }}, isolation: {isolation}");
    let sandgate = setup(&plugin).origins("app", &[&app]).origins("auth", &[&auth]).start();
    let mut waiting = sandgate.client();
    waiting.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-do: ask auth\r\n\r\n");
    let asked = auth.wait_for_requests(1);
    assert_eq!(
        (asked[0].head.start.as_str(), asked[0].field("host")),
        ("GET /ask HTTP/1.1", Some("auth.example"))
    );
    assert_eq!(sandgate.client().get("/").text(), "app", "others go on meanwhile");
    assert_eq!(app.requests().len(), 1);
    open.open();
    assert_eq!(waiting.response().text(), "app");
    assert_eq!(app.requests()[1].field("x-answer"), Some("200 ann"), "{isolation}");
}

#[test]
fn the_answer_to_a_callout_may_end_the_request() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(401, "who are you"));
    let sandgate =
        setup("grants: { callout: [auth] }").origins("app", &[&app]).origins("auth", &[&auth]).start();
    let response = ask(&mut sandgate.client(), "ask auth", "", b"");
    assert_eq!((response.status(), response.text().as_str()), (403, "who are you"));
    assert_eq!((response.field("x-asked"), app.requests().len()), (Some("401"), 0));
}

#[test]
fn what_is_not_granted_is_not_called() {
    let (app, auth) = (Origin::replying(200, "app"), Origin::replying(200, "yes"));
    let sandgate = setup("").origins("app", &[&app]).origins("auth", &[&auth]).start();
    assert_eq!(ask(&mut sandgate.client(), "ask auth", "", b"").text(), "app");
    assert_eq!(app.only_request().field("x-answer"), Some("BadArgument"));
    assert_eq!(auth.requests().len(), 0);
    let line = sandgate.log_line(|line| !line.text("grant").is_empty());
    assert_eq!(line.text("grant"), "callout: [auth]");
}

#[test]
fn a_client_that_leaves_a_paused_request_leaves_nothing_behind() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut leaving = sandgate.client();
    leaving.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-do: forever\r\n\r\n");
    let began =
        || sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", "on-request")]);
    wait_for("the request to be seen", PATIENCE, || began() == 1.0);
    drop(leaving);
    let line = sandgate.access_line(1);
    assert_eq!(line["status"], 0, "{line}");
    assert_eq!(sandgate.client().get("/").text(), "app");
}

#[test]
fn a_request_that_is_paused_for_too_long_fails() {
    let app = Origin::replying(200, "app");
    let sandgate =
        setup_with("limits: { wall: 50ms }", "").origins("app", &[&app]).origins("auth", &[&app]).start();
    assert_eq!(ask(&mut sandgate.client(), "forever", "", b"").status(), 500);
    assert_eq!(sandgate.access_line(1)["fault"], "plugin_wall");
}

#[test]
fn a_tick_wakes_a_paused_request() {
    for isolation in ["resident", "exchange"] {
        let app = Origin::replying(200, "app");
        let plugin = format!("settings: tick, grants: {{ kv: {{ quota: 1MiB }} }}, isolation: {isolation}");
        let sandgate = start(&app, &plugin);
        assert_eq!(ask(&mut sandgate.client(), "tick", "", b"").text(), "app", "{isolation}");
        assert_eq!(app.only_request().field("x-woken"), Some("by tick"));
        let labels = [("plugin", "it"), ("hook", "on-event")];
        assert!(sandgate.metrics().sum("sandgate_plugin_calls_total", &labels) > 0.0);
    }
}

#[test]
fn workers_count_together_in_shared_data_and_metrics() {
    let app = Origin::replying(200, "app");
    let plugin = "settings: count, grants: { kv: { quota: 1MiB }, metrics: { series: 4 } }";
    let sandgate = Sandgate::with_config(file("server: { workers: 2, shutdown_grace: 5s }", LIMITS, plugin))
        .file("it.wasm", &guest("proxy-wasm-probe"))
        .origins("app", &[&app])
        .origins("auth", &[&app])
        .start();
    for _ in 0..20 {
        assert_eq!(sandgate.client().get("/").text(), "app");
    }
    let counted = sandgate.metrics().sum("sandgate_plugin_custom_probe_requests_total", &[("plugin", "it")]);
    assert_eq!(counted, 20.0);
    let shared = ask(&mut sandgate.client(), "shared requests", "", b"");
    assert_eq!(shared.field("x-shared"), Some("21"));
}

#[test]
fn what_is_put_into_a_queue_is_told_to_who_registered_it() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "settings: queue, grants: { kv: { quota: 1MiB } }");
    let mut client = sandgate.client();
    ask(&mut client, "enqueue work", "", b"");
    assert_eq!(app.requests()[0].field("x-put"), Some("Ok(())"));
    wait_for("the job to be done", PATIENCE, || {
        ask(&mut client, "shared done", "", b"").field("x-shared") == Some("work")
    });
}

#[test]
fn facts_have_their_names() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let of = |path: &str| property(&sandgate, &app, path);
    assert_eq!(of("request.path"), "Some(\"/?q=1\")");
    assert_eq!(of("request.url_path"), "Some(\"/\")");
    assert_eq!(of("request.query"), "Some(\"q=1\")");
    assert_eq!(of("request.host"), "Some(\"test.example\")");
    assert_eq!(of("request.method"), "Some(\"GET\")");
    assert_eq!(of("request.protocol"), "Some(\"HTTP/1.1\")");
    assert_eq!(of("request.headers.host"), "Some(\"test.example\")");
    assert_eq!((of("plugin_name"), of("route_name")), ("Some(\"it\")".into(), "Some(\"all\")".into()));
    assert_eq!(of("connection.mtls"), "Some(\"\\0\")");
    assert!(of("source.address").starts_with("Some(\"127.0.0.1:"));
    assert_eq!((of("response.code"), of("nothing.of.the.kind")), ("None".into(), "None".into()));
    let response = ask(&mut sandgate.client(), "set-property", "", b"");
    assert_eq!(response.field("x-mine"), Some("kept"), "what it has set itself");
}

#[test]
fn foreign_functions_are_refused_by_name() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    ask(&mut sandgate.client(), "foreign", "", b"");
    assert_eq!(app.only_request().field("x-foreign"), Some("Err(NotFound)"));
}

#[test]
fn a_trap_costs_its_exchange_and_the_next_has_a_new_vm() {
    let app = Origin::replying(200, "app");
    for isolation in ["resident", "exchange"] {
        let sandgate = start(&app, &format!("isolation: {isolation}"));
        for what in ["trap", "spin", "trap-late"] {
            assert_eq!(ask(&mut sandgate.client(), what, "", b"").status(), 500, "{what}");
            assert_eq!(sandgate.client().get("/").text(), "app");
        }
        let lines = sandgate.access_log(6);
        let faults: Vec<_> = lines.iter().filter_map(|line| line["fault"].as_str()).collect();
        assert_eq!(faults, ["plugin_trap", "plugin_cpu", "plugin_trap"], "{isolation}");
    }
}

#[test]
fn a_module_that_may_fail_is_as_if_it_were_not_there() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "on_failure: open");
    let response = ask(&mut sandgate.client(), "trap", "", b"");
    assert_eq!((response.text().as_str(), response.field("x-configured")), ("app", None));
    assert_eq!(app.only_request().field("x-fields"), None, "what it had changed is undone");
    assert_eq!(sandgate.client().get("/").field("x-configured"), Some(""));
}

#[test]
fn the_end_of_an_exchange_is_told_and_logged() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    ask(&mut sandgate.client(), "log", "", b"");
    sandgate.log_line(|line| line.text("text") == "done");
    sandgate.log_line(|line| line.text("text") == "log of a response with 200");
}

#[test]
fn inspect_says_what_a_module_is() {
    let module = guest("proxy-wasm-header");
    let finished = sandgate_tests::sandgate_command(&["inspect", module.to_str().unwrap()]);
    let said = format!("{finished:?}");
    assert!(said.contains("a WebAssembly module") && said.contains("contract: proxy-wasm 0.2.1"), "{said}");
    assert!(said.contains("would load: yes"), "{said}");
}

fn file(server: &str, limits: &str, plugin: &str) -> String {
    let comma = if plugin.is_empty() { "" } else { "," };
    format!(
        "version: 1\n{server}\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         admin: {{ address: \"127.0.0.1:0\" }}\n\
         plugins: {{ it: {{ wasm: it.wasm, {limits}{comma} {plugin} }} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }}, auth: {{ endpoints: @auth@ }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], upstream: app }}]\n"
    )
}

fn setup_with(limits: &str, plugin: &str) -> Setup {
    let server = "server: { workers: 1, shutdown_grace: 5s }";
    Sandgate::with_config(file(server, limits, plugin)).file("it.wasm", &guest("proxy-wasm-probe"))
}

fn setup(plugin: &str) -> Setup {
    setup_with(LIMITS, plugin)
}

fn start(app: &Origin, plugin: &str) -> Sandgate {
    setup(plugin).origins("app", &[app]).origins("auth", &[app]).start()
}

/// Sends a request with a wish, and a body if there is one.
fn ask(client: &mut RawClient, wish: &str, fields: &str, body: &[u8]) -> Response {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head =
        format!("{method} /?q=1 HTTP/1.1\r\nhost: test.example\r\nx-do: {wish}\r\n{fields}{length}\r\n");
    client.send([head.as_bytes(), body].concat()).response()
}

/// A property of a request, as the module shows it.
fn property(sandgate: &Sandgate, app: &Origin, path: &str) -> String {
    ask(&mut sandgate.client(), &format!("property {path}"), "", b"");
    app.requests().pop().unwrap().field("x-property").unwrap().to_owned()
}
