//! Trailers that modules of http-wasm read and write, over HTTP/1.1 and HTTP/2 on both sides.

use http::{HeaderMap, Method};
use sandgate_tests::{Http2Client, Http2Origin, Origin, Response, Sandgate, Setup, guest};

/// What an origin ends its answer with.
const ANSWER: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum, x-gone\r\n\r\n\
                      5\r\nhello\r\n0\r\nx-sum: 7\r\nx-gone: soon\r\n\r\n";

#[test]
fn trailers_of_requests_are_read() {
    for isolation in ["resident", "exchange"] {
        let app = Origin::replying(200, "app");
        let sandgate = start(&app, isolation);
        assert_eq!(ask(&sandgate, "trailers", true).text(), "app");
        let seen = app.only_request();
        assert_eq!(seen.field("x-trailers"), Some("x-sum=7; x-gone=soon;"), "{isolation}");
        assert_eq!((seen.body.as_slice(), seen.trailers.len()), (&b"up"[..], 2), "and go on as they were");
        ask(&sandgate, "trailers", false);
        assert_eq!(app.requests()[1].field("x-trailers"), Some(""), "there are none");
    }
}

#[test]
fn trailers_of_requests_are_changed_and_none_that_means_something_in_a_head_is_written() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "resident");
    assert_eq!(ask(&sandgate, "change-trailers", true).text(), "app");
    let seen = app.only_request();
    let changed = [("x-sum", "7"), ("x-sum", "more"), ("x-set", "new")].map(pair);
    assert_eq!((seen.body.as_slice(), sorted(&seen.trailers)), (&b"up"[..], sorted(&changed)));
    assert_eq!((seen.field("content-length"), seen.field("host")), (None, Some("test.example")));
    assert_eq!(seen.field("trailer"), Some("x-sum, x-set"));
    // A request without a body gets one, which is empty.
    ask(&sandgate, "change-trailers", false);
    let seen = &app.requests()[1];
    assert_eq!((seen.method(), seen.body.len()), ("GET", 0));
    assert_eq!(sorted(&seen.trailers), sorted(&[("x-sum", "more"), ("x-set", "new")].map(pair)));
}

#[test]
fn trailers_of_responses_are_read_and_changed() {
    for isolation in ["resident", "exchange"] {
        let app = trailing();
        let sandgate = start(&app, isolation);
        let response = ask(&sandgate, "response-trailers", false);
        assert_eq!(response.field("x-trailers"), Some("x-sum=7; x-gone=soon;"), "{isolation}");
        assert_eq!(response.text(), "hello");
        assert_eq!(response.trailers, [("x-sum", "7"), ("x-gone", "soon")].map(pair), "{isolation}");
        let response = ask(&sandgate, "response-change-trailers", false);
        let changed = [("x-sum", "7"), ("x-sum", "more"), ("x-set", "new")].map(pair);
        assert_eq!((response.text().as_str(), sorted(&response.trailers)), ("hello", sorted(&changed)));
        assert_eq!(response.field("content-length"), None);
    }
}

#[test]
fn trailers_are_written_of_responses_that_have_none() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, "resident");
    let response = ask(&sandgate, "response-change-trailers", false);
    assert_eq!((response.text().as_str(), response.field("content-length")), ("app", None));
    assert_eq!(sorted(&response.trailers), sorted(&[("x-sum", "more"), ("x-set", "new")].map(pair)));
    let response = ask(&sandgate, "early-trailers", false);
    assert_eq!(
        (response.text().as_str(), response.trailers.as_slice()),
        ("app", &[pair(("x-early", "yes"))][..])
    );
    let response = ask(&sandgate, "reply-with-trailers", false);
    assert_eq!(
        (response.text().as_str(), response.trailers.as_slice()),
        ("replied", &[pair(("x-end", "reply"))][..])
    );
    assert_eq!(app.requests().len(), 2, "it has answered itself");
}

#[test]
fn a_response_without_a_body_gets_no_trailers() {
    let app = Origin::answering(|_| b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let sandgate = start(&app, "resident");
    for wish in ["response-change-trailers", "early-trailers"] {
        let mut client = sandgate.client();
        for _ in 0..2 {
            client.send(format!("GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nx-do: {wish}\r\n\r\n"));
            let response = client.response();
            assert_eq!((response.status(), response.trailers.len()), (204, 0), "{wish}");
        }
        client.send(format!("HEAD / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nx-do: {wish}\r\n\r\n"));
        assert_eq!(client.response_to_head().status(), 204, "{wish}");
    }
}

#[test]
fn trailers_are_seen_and_changed_over_http2_on_both_sides() {
    let app = Http2Origin::echo();
    let sandgate = setup("resident").value("app", &format!("[\"{}\"]", app.url())).start();
    let client = Http2Client::connect(sandgate.web());
    let exchange = |wish: &str| {
        let trailers = [("x-sum", "7"), ("x-gone", "soon")];
        let trailers = trailers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let request = http::Request::builder().method(Method::POST).uri("http://test.example/");
        let request = request.header("x-do", wish).header("te", "trailers").body(()).unwrap();
        let (answer, trailers) = client.send_with_trailers(request, b"hello", HeaderMap::from_iter(trailers));
        assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (200, &b"hello"[..]), "{wish}");
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        let trailers = trailers.unwrap();
        let trailers: Vec<_> = trailers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        (answer.fields, sorted(&trailers))
    };
    let changed = sorted(&[("x-sum", "7"), ("x-sum", "more"), ("x-set", "new")].map(pair));
    assert_eq!(exchange("change-trailers").1, changed);
    assert_eq!(exchange("response-change-trailers").1, changed);
    let (fields, trailers) = exchange("response-trailers");
    assert_eq!(fields["x-trailers"], "x-sum=7; x-gone=soon;");
    assert_eq!(trailers, sorted(&[("x-sum", "7"), ("x-gone", "soon")].map(pair)));
}

#[test]
fn a_module_that_has_not_enabled_trailers_sees_none_and_may_not_write_any() {
    let app = trailing();
    let sandgate = setup_with("settings: plain").origins("app", &[&app]).start();
    ask(&sandgate, "trailers", true);
    let seen = app.only_request();
    assert_eq!((seen.field("x-trailers"), seen.trailers.len()), (Some(""), 2), "they pass");
    for wish in ["change-trailers", "response-change-trailers", "early-trailers"] {
        assert_eq!(ask(&sandgate, wish, true).status(), 500, "{wish}");
    }
    let line = sandgate.log_line(|line| !line.text("detail").is_empty());
    assert!(line.text("detail").contains("unless it has enabled trailers when it started"), "{line:?}");
}

fn setup_with(plugin: &str) -> Setup {
    let config = format!(
        "version: 1\nserver: {{ workers: 1, shutdown_grace: 5s }}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         plugins: {{ it: {{ wasm: it.wasm, limits: {{ cpu: 500ms, wall: 20s, body: 4KiB }}, {plugin} }} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], upstream: app }}]\n"
    );
    Sandgate::with_config(config).file("it.wasm", &guest("http-wasm-probe"))
}

/// The probe, which enables all features when it starts.
fn setup(isolation: &str) -> Setup {
    setup_with(&format!("settings: all, isolation: {isolation}"))
}

fn start(app: &Origin, isolation: &str) -> Sandgate {
    setup(isolation).origins("app", &[app]).start()
}

fn trailing() -> Origin {
    Origin::answering(|_| ANSWER.as_bytes().to_vec())
}

/// Sends a request with a wish, with trailers behind its body if it is to have them.
fn ask(sandgate: &Sandgate, wish: &str, has_trailers: bool) -> Response {
    let head = format!("/ HTTP/1.1\r\nhost: test.example\r\nte: trailers\r\nx-do: {wish}\r\n");
    let request = match has_trailers {
        false => format!("GET {head}\r\n"),
        true => format!(
            "POST {head}transfer-encoding: chunked\r\ntrailer: x-sum, x-gone\r\n\r\n\
             2\r\nup\r\n0\r\nx-sum: 7\r\nx-gone: soon\r\n\r\n"
        ),
    };
    sandgate.client().send(request).response()
}

fn pair((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn sorted(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let mut pairs = pairs.to_vec();
    pairs.sort();
    pairs
}
