//! Bodies and trailers that modules of proxy-wasm look at while they stream.

use sandgate_tests::{Gate, Origin, RawClient, Sandgate, Setup, guest};

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

#[test]
fn a_long_body_passes_through_a_module_that_lets_it_go() {
    let app = Origin::answering(|request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        [head.as_bytes(), &request.body].concat()
    });
    for isolation in ["resident", "exchange"] {
        let sandgate = start(&app, &format!("isolation: {isolation}"));
        let long = "0123456789".repeat(20_000);
        let mut client = sandgate.client();
        begin(&mut client, "nothing", "content-length: 200000\r\n");
        let response = client.send(&long).response();
        assert_eq!((response.status(), response.field("content-length")), (200, Some("200000")));
        assert!(response.text() == long, "{isolation}");
        let seen = app.requests().pop().expect("a request");
        assert_eq!(seen.field("content-length"), Some("200000"));
    }
}

#[test]
fn a_part_goes_on_as_the_module_made_it_before_the_next_is_here() {
    for (framing, parts) in
        [(CHUNKED, ["3\r\none\r\n", "3\r\ntwo\r\n0\r\n\r\n"]), ("content-length: 6\r\n", ["one", "two"])]
    {
        let app = Origin::scripted(|mut connection| {
            connection.request_head();
            assert_eq!(connection.wire.receive(9).expect("a chunk"), b"4\r\n[one\r\n");
            connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
            assert_eq!(connection.wire.receive(14).expect("the rest"), b"4\r\n[two\r\n0\r\n\r\n");
            connection.send("HTTP/1.1 204 No Content\r\n\r\n");
            connection.hold();
        });
        let sandgate = start(&app, "");
        let mut client = sandgate.client();
        begin(&mut client, "mark", framing);
        client.send(parts[0]);
        assert_eq!(client.head().status(), 103, "the first part is there");
        assert_eq!(client.send(parts[1]).response().status(), 204);
        assert_eq!(app.only_request().field("content-length"), None);
    }
}

#[test]
fn what_a_module_holds_it_sees_as_a_whole() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "gather", CHUNKED);
    for part in ["3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"] {
        client.send(part);
    }
    assert_eq!(client.response().text(), "app");
    let seen = app.only_request();
    let body = String::from_utf8_lossy(&seen.body).into_owned();
    assert!(body.ends_with(" onetwo"), "{body}");
    assert_eq!(seen.field("content-length"), Some(body.len().to_string().as_str()));
}

#[test]
fn more_than_a_module_may_hold_is_too_much() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "gather", "content-length: 9000\r\n");
    assert_eq!(client.send("x".repeat(9000)).response().status(), 413);
    assert_eq!(app.requests().len(), 0);
    let open = start(&app, "on_failure: open");
    let mut client = open.client();
    begin(&mut client, "gather", "content-length: 9000\r\n");
    assert_eq!(client.send("x".repeat(9000)).response().text(), "app");
    assert_eq!(app.only_request().body, "x".repeat(9000).as_bytes(), "as if it were not there");
}

#[test]
fn the_answer_to_a_callout_releases_what_is_held() {
    let auth = Origin::replying(200, "yes");
    let app = Origin::scripted(|mut connection| {
        connection.request_head();
        assert_eq!(connection.wire.receive(8).expect("a chunk"), b"3\r\none\r\n");
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        assert_eq!(connection.wire.receive(13).expect("the rest"), b"3\r\ntwo\r\n0\r\n\r\n");
        connection.send("HTTP/1.1 204 No Content\r\n\r\n");
        connection.hold();
    });
    for isolation in ["resident", "exchange"] {
        let plugin = format!("grants: {{ callout: [auth] }}, isolation: {isolation}");
        let sandgate = setup(&plugin).origins("app", &[&app]).origins("auth", &[&auth]).start();
        let mut client = sandgate.client();
        begin(&mut client, "hold auth", CHUNKED);
        client.send("3\r\none\r\n");
        assert_eq!(client.head().status(), 103, "no more was needed for that");
        assert_eq!(client.send("3\r\ntwo\r\n0\r\n\r\n").response().status(), 204);
    }
}

#[test]
fn a_module_answers_in_place_of_a_request_whose_body_it_has_seen() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "deny", "content-length: 3\r\n");
    let response = client.send("one").response();
    assert_eq!((response.status(), response.text().as_str()), (403, "not this"));
    assert_eq!(app.connections(), 0);
}

#[test]
fn a_module_answers_while_the_request_is_on_its_way() {
    let app = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        connection.hold();
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "deny-late", CHUNKED);
    assert_eq!(client.send("3\r\none\r\n").head().status(), 103);
    let response = client.send("3\r\ntwo\r\n").response();
    assert_eq!((response.status(), response.text().as_str()), (403, "no more of this"));
}

#[test]
fn a_length_that_was_promised_is_kept_or_the_request_is_given_up() {
    let app = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        let rest = connection.wire.receive_rest().unwrap_or_default();
        assert!(rest.len() <= 6, "more than was promised: {rest:?}");
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "lengthen-late", "content-length: 6\r\n");
    assert_eq!(client.send("one").head().status(), 103);
    assert_eq!(client.send("two").response().status(), 500);
    assert_eq!(sandgate.access_line(1)["fault"], "plugin_invalid");
}

#[test]
fn a_response_goes_on_part_by_part() {
    let gate = Gate::default();
    let open = gate.clone();
    let app = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none");
        gate.pass();
        connection.send("two");
        connection.hold();
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "mark-response", "");
    let head = client.head();
    assert_eq!((head.status(), head.field("content-length")), (200, None));
    assert_eq!(client.bytes(9), b"4\r\n[one\r\n");
    open.open();
    assert_eq!(client.bytes(14), b"4\r\n[two\r\n0\r\n\r\n");
}

#[test]
fn the_head_of_events_does_not_wait_for_the_first() {
    let gate = Gate::default();
    let open = gate.clone();
    let app = Origin::scripted(move |mut connection| {
        connection.request();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.send(head);
        gate.pass();
        connection.send("5\r\ndata:\r\n0\r\n\r\n");
        connection.hold();
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "mark-response", "");
    assert_eq!(client.head().status(), 200);
    open.open();
    assert_eq!(client.bytes(16), b"6\r\n[data:\r\n0\r\n\r\n");
}

#[test]
fn a_response_that_is_held_is_made_into_another() {
    let app = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\netag: \"a\"\r\n\r\n3\r\none\r\n");
        connection.send("3\r\ntwo\r\n0\r\n\r\n");
        connection.hold();
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(&mut client, "gather-response", "");
    assert_eq!(client.response().text(), "ONETWO");
}

#[test]
fn trailers_are_seen_and_changed_both_ways() {
    let app = Origin::scripted(|mut connection| {
        connection.request_head();
        let rest = connection.wire.receive(35).expect("the body");
        assert_eq!(String::from_utf8_lossy(&rest), "3\r\none\r\n0\r\nx-sum: 1\r\nx-count: 1\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n");
        connection.send("3\r\ntwo\r\n0\r\nx-sum: 2\r\n\r\n");
        connection.hold();
    });
    let sandgate = start(&app, "");
    let mut client = sandgate.client();
    begin(
        &mut client,
        "nothing",
        "te: trailers\r\ntransfer-encoding: chunked\r\ntrailer: x-sum, x-count\r\n",
    );
    client.send("3\r\none\r\n0\r\nx-sum: 1\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    assert_eq!(String::from_utf8_lossy(&client.bytes(28)), "3\r\ntwo\r\n0\r\nx-sum: 2 seen\r\n\r\n");
}

#[test]
fn a_trap_in_a_body_costs_its_exchange_or_nothing_where_it_may_fail() {
    let app = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        if connection.wire.receive(6).is_ok_and(|body| body == b"onetwo") {
            connection.send("HTTP/1.1 204 No Content\r\n\r\n");
        }
        connection.hold();
    });
    for (on_failure, status) in [("closed", 500), ("open", 204)] {
        let sandgate = start(&app, &format!("on_failure: {on_failure}"));
        let mut client = sandgate.client();
        begin(&mut client, "trap-in-body", "content-length: 6\r\n");
        assert_eq!(client.send("one").head().status(), 103);
        assert_eq!(client.send("two").response().status(), status, "{on_failure}");
    }
}

#[test]
fn a_trap_costs_all_that_are_paused_in_its_vm_and_nobody_else() {
    const PAUSED: usize = 50;
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "");
    let mut paused: Vec<RawClient> = (0..PAUSED).map(|_| sandgate.client()).collect();
    paused.iter_mut().for_each(|client| begin(client, "forever", ""));
    let labels = [("plugin", "it"), ("hook", "on-request")];
    let seen = || sandgate.metrics().sum("sandgate_plugin_calls_total", &labels);
    sandgate_tests::wait_for("all to be paused", sandgate_tests::PATIENCE, || seen() == 50.0);
    let mut trapping = sandgate.client();
    begin(&mut trapping, "trap", "");
    assert_eq!(trapping.response().status(), 500);
    assert!(paused.iter_mut().all(|client| client.response().status() == 500));
    let faults = |line: &serde_json::Value| line["fault"] == "plugin_trap";
    assert_eq!(sandgate.access_log(PAUSED + 1).iter().filter(|line| faults(line)).count(), PAUSED + 1);
    assert_eq!(sandgate.client().get("/").text(), "app");
}

fn file(plugin: &str) -> String {
    format!(
        "version: 1\nserver: {{ workers: 1, shutdown_grace: 5s }}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nadmin: {{ address: \"127.0.0.1:0\" }}\n\
         plugins: {{ it: {{ wasm: it.wasm, limits: {{ cpu: 10ms, wall: 20s, callout_timeout: 10s, body: 4KiB }}, \
         circuit: {{ failures: 0 }}, {plugin} }} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }}, auth: {{ endpoints: @auth@ }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], upstream: app }}]\n"
    )
}

fn setup(plugin: &str) -> Setup {
    Sandgate::with_config(file(plugin)).file("it.wasm", &guest("proxy-wasm-probe"))
}

fn start(app: &Origin, plugin: &str) -> Sandgate {
    setup(plugin).origins("app", &[app]).origins("auth", &[app]).start()
}

/// Sends the head of a request with a wish.
fn begin(client: &mut RawClient, wish: &str, fields: &str) {
    let method = if fields.is_empty() { "GET" } else { "POST" };
    client.send(format!("{method} / HTTP/1.1\r\nhost: test.example\r\nx-do: {wish}\r\n{fields}\r\n"));
}

#[test]
fn a_body_that_breaks_off_while_a_module_holds_some_of_it_costs_that_exchange() {
    for isolation in ["resident", "exchange"] {
        let app = Origin::replying(200, "app");
        let sandgate = start(&app, &format!("isolation: {isolation}"));
        let mut client = sandgate.client();
        begin(&mut client, "gather", CHUNKED);
        client.send("3\r\none\r\n").send("no chunk\r\n");
        assert_eq!(client.response().status(), 400);
        let line = sandgate.access_line(1);
        assert_eq!((&line["status"], &line["fault"]), (&400.into(), &"bad_request".into()), "{line}");
        assert_eq!(app.requests().len(), 0);
        let mut next = sandgate.client();
        begin(&mut next, "nothing", "content-length: 2\r\n");
        assert_eq!(next.send("hi").response().text(), "app", "{isolation}: nobody else is hurt");
    }
}

#[test]
fn a_response_that_breaks_off_while_a_module_holds_some_of_it_costs_that_exchange() {
    let breaking = [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n5\r\nha",
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none",
    ];
    for isolation in ["resident", "exchange"] {
        for beginning in breaking {
            let app = Origin::scripted(move |mut connection| {
                while let Some(request) = connection.request() {
                    if request.field("x-do") == Some("gather-response") {
                        connection.send(beginning);
                        return;
                    }
                    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\napp");
                }
            });
            let sandgate = start(&app, &format!("isolation: {isolation}"));
            let mut client = sandgate.client();
            begin(&mut client, "gather-response", "");
            assert_eq!(client.response().status(), 502, "nothing had gone to the client");
            let line = sandgate.access_line(1);
            let told = (&line["status"], &line["fault"]);
            assert_eq!(told, (&502.into(), &"upstream_truncated".into()), "{line}");
            let mut next = sandgate.client();
            begin(&mut next, "nothing", "");
            assert_eq!(next.response().text(), "app", "{isolation}: nobody else is hurt");
        }
    }
}
