//! Modules of http-wasm: the handler ABI as Traefik has it, over real connections.

use sandgate_tests::{Gate, Origin, PATIENCE, RawClient, Response, Sandgate, Setup, guest, wait_for};

/// Enough time for a test that is held up.
const LIMITS: &str = "limits: { cpu: 10ms, wall: 20s, body: 4KiB }";

#[test]
fn a_module_sees_the_request_and_changes_its_head() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "settings: text");
    let mut client = sandgate.client();
    assert_eq!(ask(&mut client, "facts", "", b"").text(), "app");
    let seen = app.only_request();
    assert_eq!(seen.field("x-facts"), Some("GET /?q=1 HTTP/1.1 text 1"));
    assert!(seen.field("x-source").unwrap().starts_with("127.0.0.1:"));
    ask(&mut client, "uri /elsewhere?a=b", "", b"");
    assert_eq!(app.requests()[1].head.start, "GET /elsewhere?a=b HTTP/1.1");
    ask(&mut client, "method DELETE", "", b"");
    assert_eq!(app.requests()[2].head.start, "DELETE /?q=1 HTTP/1.1");
    ask(&mut client, "host other.example", "", b"");
    assert_eq!(app.requests()[3].field("host"), Some("other.example"));
    ask(&mut client, "features", "", b"");
    assert_eq!(app.requests()[4].field("x-features"), Some("3"));
}

#[test]
fn a_module_answers_in_place_of_the_upstream() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    let response = ask(&mut client, "reply 429", "", b"");
    assert_eq!((response.status(), response.text().as_str()), (429, "no further"));
    assert_eq!((response.field("x-from"), app.requests().len()), (Some("probe"), 0));
    client.send("HEAD / HTTP/1.1\r\nhost: test.example\r\nx-do: reply 403\r\n\r\n");
    assert_eq!(client.response_to_head().status(), 403);
    assert_eq!(client.get("/").text(), "app", "and the connection goes on");
    let response = ask(&mut client, "read-and-reply", "", &[b'x'; 1000]);
    assert_eq!((response.status(), response.text().as_str()), (200, "1000"));
}

#[test]
fn bodies_of_requests_are_read_and_replaced() {
    let app = echo();
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    assert_eq!(ask(&mut client, "upper", "", b"hello").text(), "HELLO");
    let long = "a".repeat(4000);
    assert_eq!(ask(&mut client, "look", "", long.as_bytes()).text(), long, "it is only looked at");
    assert_eq!(app.requests()[1].field("x-length"), Some("4000"));
    assert_eq!(ask(&mut client, "take 2", "", b"hello").text(), "llo", "what it took is gone");
    assert_eq!(ask(&mut client, "write instead", "", b"hello").text(), "instead");
    assert_eq!(ask(&mut client, "write added", "", b"").text(), "added");
    assert_eq!(app.requests()[4].field("content-length"), Some("5"));
    let chunked = "transfer-encoding: chunked\r\n";
    client.send(format!("POST / HTTP/1.1\r\nhost: a\r\nx-do: upper\r\n{chunked}\r\n3\r\nabc\r\n0\r\n\r\n"));
    assert_eq!(client.response().text(), "ABC");
}

#[test]
fn a_body_that_is_not_read_streams_however_long_it_is() {
    let app = echo();
    let sandgate = start(&app, "");
    let long = "x".repeat(20_000);
    assert_eq!(ask(&mut sandgate.client(), "nothing", "", long.as_bytes()).text(), long);
    let refused = ask(&mut sandgate.client(), "look", "", long.as_bytes());
    assert_eq!(refused.status(), 413);
    assert_eq!(sandgate.access_line(2)["fault"], "body_too_large");
}

#[test]
fn a_body_that_comes_late_is_waited_for_and_others_go_on() {
    for isolation in ["resident", "exchange"] {
        let app = echo();
        let sandgate = start(&app, &format!("isolation: {isolation}"));
        let mut slow = sandgate.client();
        slow.send("POST / HTTP/1.1\r\nhost: test.example\r\nx-do: upper\r\ncontent-length: 6\r\n\r\nabc");
        assert_eq!(ask(&mut sandgate.client(), "upper", "", b"fast").text(), "FAST");
        slow.send("def");
        assert_eq!(slow.response().text(), "ABCDEF", "{isolation}");
    }
}

#[test]
fn a_client_that_leaves_while_its_body_is_waited_for_leaves_nothing_behind() {
    let app = echo();
    let sandgate = start(&app, "");
    let mut leaving = sandgate.client();
    leaving.send("POST / HTTP/1.1\r\nhost: test.example\r\nx-do: upper\r\ncontent-length: 6\r\n\r\nabc");
    // The other is answered after the first was begun with.
    assert_eq!(ask(&mut sandgate.client(), "upper", "", b"x").text(), "X");
    drop(leaving);
    wait_for("its record", PATIENCE, || sandgate.access_log(2).len() == 2);
    assert_eq!(ask(&mut sandgate.client(), "upper", "", b"y").text(), "Y");
    assert_eq!(app.requests().len(), 2);
}

#[test]
fn responses_are_seen_and_changed() {
    let app =
        Origin::answering(|_| b"HTTP/1.1 203 OK\r\nx-server: app\r\ncontent-length: 5\r\n\r\nhello".to_vec());
    let sandgate = start(&app, "isolation: exchange");
    let mut client = sandgate.client();
    let response = ask(&mut client, "response-facts", "", b"");
    assert_eq!(response.field("x-facts"), Some("1 0 203 app;"));
    let response = ask(&mut client, "response-upper", "", b"");
    assert_eq!((response.text().as_str(), response.field("content-length")), ("HELLO", Some("5")));
    let response = ask(&mut client, "response-write a longer one", "", b"");
    assert_eq!((response.status(), response.text().as_str()), (203, "a longer one"));
    assert_eq!(ask(&mut client, "response-status 404", "", b"").status(), 404);
    let response = ask(&mut client, "response-status 304", "", b"");
    assert_eq!((response.status(), response.text().as_str()), (304, ""));
    let response = ask(&mut client, "early", "", b"");
    assert_eq!((response.field("x-early"), response.text().as_str()), (Some("yes"), "early, hello"));
    client.send("HEAD / HTTP/1.1\r\nhost: test.example\r\nx-do: response-upper\r\n\r\n");
    assert_eq!(client.response_to_head().status(), 203);
    assert_eq!(ask(&mut client, "nothing", "", b"").text(), "hello", "and the connection goes on");
}

#[test]
fn a_fault_of_the_host_is_told_as_an_error() {
    let app = Origin::answering(|_| b"no HTTP at all\r\n\r\n".to_vec());
    let sandgate = start(&app, "");
    let response = ask(&mut sandgate.client(), "response-facts", "", b"");
    assert_eq!((response.status(), response.field("x-facts")), (502, Some("1 1 502")));
}

#[test]
fn what_would_split_a_head_ends_the_exchange() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    for what in ["inject", "inject-response"] {
        let response = ask(&mut sandgate.client(), what, "", b"");
        assert_eq!((response.status(), response.field("x-evil")), (500, None), "{what}");
    }
    assert_eq!(app.requests().len(), 0);
    let line = sandgate.log_line(|line| !line.text("detail").is_empty());
    assert!(line.text("detail").contains("not a field value"), "{line:?}");
}

#[test]
fn what_frames_messages_is_left_to_the_host() {
    let app = echo();
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    let response = ask(&mut client, "frame", "", b"hello");
    assert_eq!((response.text().as_str(), response.field("content-length")), ("hello", Some("5")));
    assert_eq!(app.only_request().field("content-length"), Some("5"));
    assert_eq!(ask(&mut client, "nothing", "", b"x").text(), "x");
}

#[test]
fn a_module_that_fails_costs_its_exchange() {
    let app = Origin::replying(200, "app");
    for isolation in ["resident", "exchange"] {
        let sandgate = start(&app, &format!("isolation: {isolation}"));
        for what in ["trap", "spin", "grow", "late", "response-trap"] {
            assert_eq!(ask(&mut sandgate.client(), what, "", b"").status(), 500, "{what}");
            assert_eq!(sandgate.client().get("/").text(), "app");
        }
        let lines = sandgate.access_log(10);
        let faults: Vec<_> = lines.iter().filter_map(|line| line["fault"].as_str()).collect();
        let expected = ["plugin_trap", "plugin_cpu", "plugin_memory", "plugin_trap", "plugin_trap"];
        assert_eq!(faults, expected, "{isolation}");
    }
}

#[test]
fn a_module_that_may_fail_is_as_if_it_were_not_there() {
    let app = echo();
    let sandgate = start(&app, "on_failure: open");
    let long = "x".repeat(5000);
    assert_eq!(ask(&mut sandgate.client(), "look", "", long.as_bytes()).text(), long);
    assert_eq!(ask(&mut sandgate.client(), "trap", "", b"hello").text(), "hello");
    assert_eq!(ask(&mut sandgate.client(), "response-trap", "", b"hello").text(), "hello");
}

#[test]
fn instances_are_kept_for_other_requests_or_made_for_each() {
    let app = Origin::replying(200, "app");
    for (isolation, second) in [("resident", "2"), ("exchange", "1")] {
        let sandgate = start(&app, &format!("isolation: {isolation}"));
        for count in ["1", second] {
            ask(&mut sandgate.client(), "facts", "", b"");
            let facts = app.requests().pop().unwrap();
            assert!(facts.field("x-facts").unwrap().ends_with(count), "{isolation}");
        }
        let calls =
            |hook| sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", hook)]);
        assert_eq!((calls("on-request"), calls("on-response")), (2.0, 2.0));
    }
}

#[test]
fn an_instance_waits_for_its_response_while_others_serve() {
    let gate = Gate::default();
    let open = gate.clone();
    let app = Origin::answering(move |request| {
        if request.head.start.contains("slow") {
            gate.pass();
        }
        b"HTTP/1.1 200 OK\r\nx-server: a\r\ncontent-length: 0\r\n\r\n".to_vec()
    });
    let sandgate = start(&app, "");
    let mut slow = sandgate.client();
    slow.send("GET /slow HTTP/1.1\r\nhost: test.example\r\nx-do: response-facts\r\n\r\n");
    app.wait_for_requests(1);
    let response = ask(&mut sandgate.client(), "response-facts", "", b"");
    assert_eq!(response.field("x-facts"), Some("1 0 200 a;"), "another instance");
    open.open();
    assert_eq!(slow.response().field("x-facts"), Some("1 0 200 a;"), "what it gave for its own request");
}

#[test]
fn a_module_that_refuses_its_settings_refuses_the_configuration() {
    let app = Origin::replying(200, "app");
    let finished = setup("settings: \"no\"").origins("app", &[&app]).command("check", &[]);
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    let said = format!("{finished:?}");
    assert!(said.contains("a first instance of it failed"), "{said}");
    assert!(said.contains("it said last: this is no configuration"), "{said}");
}

#[test]
fn inspect_says_what_a_module_is() {
    let module = guest("http-wasm-probe");
    let finished = sandgate_tests::sandgate_command(&["inspect", module.to_str().unwrap()]);
    let said = format!("{finished:?}");
    assert!(said.contains("a WebAssembly module") && said.contains("contract: http-wasm"), "{said}");
    assert!(said.contains("handle_request") && said.contains("http_handler.read_body"), "{said}");
    assert!(said.contains("would load: yes"), "{said}");
}

fn setup(plugin: &str) -> Setup {
    let comma = if plugin.is_empty() { "" } else { "," };
    let config = format!(
        "version: 1\nserver: {{ workers: 1, shutdown_grace: 5s }}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         admin: {{ address: \"127.0.0.1:0\" }}\n\
         plugins: {{ it: {{ wasm: it.wasm, {LIMITS}{comma} {plugin} }} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], upstream: app }}]\n"
    );
    Sandgate::with_config(config).file("it.wasm", &guest("http-wasm-probe"))
}

fn start(app: &Origin, plugin: &str) -> Sandgate {
    setup(plugin).origins("app", &[app]).start()
}

/// Answers with the body that it gets.
fn echo() -> Origin {
    Origin::answering(|request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        [head.as_bytes(), &request.body].concat()
    })
}

/// Sends a request with a wish, and a body if there is one.
fn ask(client: &mut RawClient, wish: &str, fields: &str, body: &[u8]) -> Response {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head =
        format!("{method} /?q=1 HTTP/1.1\r\nhost: test.example\r\nx-do: {wish}\r\n{fields}{length}\r\n");
    client.send([head.as_bytes(), body].concat()).response()
}
