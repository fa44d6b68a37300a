//! Modules of proxy-wasm that call services by gRPC.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue, Request, Response};
use sandgate_tests::{
    Http2Client, Http2Exchange, Http2Origin, Origin, PATIENCE, Sandgate, Setup, guest, wait_for,
};

const LIMITS: &str = "limits: { cpu: 10ms, wall: 20s, callout_timeout: 10s }";

fn setup(keys: &str) -> Setup {
    let config = format!(
        "version: 1\nserver: {{ workers: 1, shutdown_grace: 5s }}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nadmin: {{ address: \"127.0.0.1:0\" }}\n\
         plugins: {{ it: {{ wasm: it.wasm, {keys} }} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }}, auth: {{ endpoints: @auth@ }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, filters: [{{ plugin: it }}], upstream: app }}]\n"
    );
    Sandgate::with_config(config).file("it.wasm", &guest("proxy-wasm-probe"))
}

fn before(app: &Origin, auth: &str, keys: &str) -> Sandgate {
    let keys = format!("{LIMITS}, grants: {{ callout: [auth] }}{keys}");
    setup(&keys).origins("app", &[app]).value("auth", &format!("[\"{auth}\"]")).start()
}

/// What the module tells of the answer to its call.
fn told(sandgate: &Sandgate, app: &Origin, wish: &str) -> String {
    let mut client = sandgate.client();
    client.send(format!("GET / HTTP/1.1\r\nhost: test.example\r\nx-do: {wish}\r\n\r\n"));
    assert_eq!(client.response().text(), "app");
    app.requests().pop().unwrap().field("x-answer").unwrap().to_owned()
}

fn trailers(fields: &[(&'static str, &'static str)]) -> Option<HeaderMap> {
    Some(
        fields.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect(),
    )
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

/// A service whose answers are all this.
fn answering(body: Vec<u8>, fields: &'static [(&'static str, &'static str)]) -> Http2Origin {
    Http2Origin::scripted(move |mut exchange: Http2Exchange| {
        let body = body.clone();
        async move {
            exchange.read().await;
            exchange.answer(Response::new(()), body, trailers(fields));
        }
    })
}

/// A service that takes everything and says nothing.
fn mute() -> Http2Origin {
    Http2Origin::scripted(|exchange: Http2Exchange| async move {
        let _unanswered = exchange;
        std::future::pending::<()>().await;
    })
}

#[test]
fn a_module_is_told_the_message_of_the_service_that_it_calls() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    let auth = Http2Origin::scripted(move |mut exchange| {
        let requests = Arc::clone(&requests);
        async move {
            let (body, _) = exchange.read().await;
            let head = &exchange.request;
            let field = |name| head.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let fields = ["content-type", "te", "x-meta", "grpc-timeout"].map(field);
            requests.lock().unwrap().push((format!("{} {}", head.method(), head.uri().path()), fields, body));
            let answer = framed(b"ann");
            exchange.answer(Response::new(()), answer, trailers(&[("grpc-status", "0"), ("x-sum", "3")]));
        }
    });
    for isolation in ["resident", "exchange"] {
        let app = Origin::replying(200, "app");
        let sandgate = before(&app, &auth.url(), &format!(", isolation: {isolation}"));
        for wish in ["call auth", "call-proto auth"] {
            assert_eq!(told(&sandgate, &app, wish), "0 [] [ann] [3] 200", "{isolation}");
            let (start, fields, body) = seen.lock().unwrap().pop().unwrap();
            assert_eq!((start.as_str(), body), ("POST /test.Auth/Check", framed(b"who")));
            let fields = fields.map(Option::unwrap);
            assert_eq!(fields, ["application/grpc", "trailers", "one", "5000m"], "the host says these");
        }
    }
}

#[test]
fn a_module_is_told_why_there_is_no_message() {
    let app = Origin::replying(200, "app");
    let of = |auth: &str| told(&before(&app, auth, ""), &app, "call auth");
    let denied = answering(vec![], &[("grpc-status", "7"), ("grpc-message", "not%20you")]);
    assert_eq!(of(&denied.url()), "7 [not you] [] [] 200");
    let only_head = Http2Origin::scripted(|mut exchange| async move {
        exchange.read().await;
        let head = Response::builder().header("grpc-status", "5").body(()).unwrap();
        exchange.answer(head, vec![], None);
    });
    assert_eq!(of(&only_head.url()), "5 [] [] [] 200");
    let two = answering([framed(b"a"), framed(b"b")].concat(), &[("grpc-status", "0")]);
    assert_eq!(of(&two.url()), "13 [the answer is not one message] [] [] 200");
    let no_grpc = Origin::replying(404, "no such page");
    assert_eq!(of(&no_grpc.url()), "12 [no grpc-status, and the status 404] [] [] 404");
    assert!(of("h2c://127.0.0.1:1").starts_with("14 [connect_failed]"));
}

#[test]
fn calls_are_held_to_the_limits_of_callouts() {
    let app = Origin::replying(200, "app");
    let large = answering(framed(&[b'x'; 2000]), &[("grpc-status", "0")]);
    let start = |limits: &str, auth: &Http2Origin| {
        let keys = format!("limits: {{ cpu: 10ms, wall: 20s, {limits} }}, grants: {{ callout: [auth] }}");
        setup(&keys).origins("app", &[&app]).value("auth", &format!("[\"{}\"]", auth.url())).start()
    };
    let sandgate = start("callout_body: 1KiB, callout_timeout: 10s", &large);
    assert_eq!(told(&sandgate, &app, "call auth"), "8 [the answer is too large] [] []");
    let sandgate = start("callout_body: 7, callout_timeout: 10s", &large);
    assert_eq!(told(&sandgate, &app, "call auth"), "InternalFailure", "five bytes of frame, and three");
    let mute = mute();
    let sandgate = start("callout_timeout: 50ms", &mute);
    assert_eq!(told(&sandgate, &app, "call auth"), "4 [it took too long] [] []");
}

#[test]
fn a_service_that_is_not_granted_is_not_called() {
    let app = Origin::replying(200, "app");
    let sandgate = before(&app, "h2c://127.0.0.1:1", "");
    assert_eq!(told(&sandgate, &app, "call app"), "ParseFailure");
    let line = sandgate.log_line(|line| !line.text("grant").is_empty());
    assert_eq!(line.text("grant"), "callout: [app]");
}

#[test]
fn a_call_that_is_given_up_is_told_nothing() {
    let app = Origin::replying(200, "app");
    let auth = Http2Origin::scripted(|mut exchange: Http2Exchange| async move {
        exchange.read().await;
        if exchange.request.uri().path() == "/a.Slow/Do" {
            std::future::pending::<()>().await;
        }
        exchange.answer(Response::new(()), framed(b""), trailers(&[("grpc-status", "0")]));
    });
    let sandgate = before(&app, &auth.url(), "");
    assert_eq!(told(&sandgate, &app, "call-cancel auth"), "Err(NotFound)", "it is there no more");
    assert_eq!(told(&sandgate, &app, "call auth"), "0 [] [] [] 200");
    let answered = [("plugin", "it"), ("result", "answered")];
    wait_for("the call to be counted", PATIENCE, || {
        sandgate.metrics().sum("sandgate_plugin_callouts_total", &answered) == 1.0
    });
}

#[test]
fn a_client_of_grpc_gets_a_local_reply_that_it_understands() {
    let app = Origin::replying(200, "app");
    let sandgate = before(&app, "h2c://127.0.0.1:1", "");
    let request = Request::post("http://test.example/a.Service/Method").header("x-do", "reply-grpc");
    let client = Http2Client::connect(sandgate.web());
    let of_grpc = request.header("content-type", "application/grpc").body(()).unwrap();
    let answer = client.send(of_grpc, b"");
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    let fields = ["grpc-status", "grpc-message", "x-from"].map(|name| answer.fields[name].to_str().unwrap());
    assert_eq!(fields, ["10", "not now, 100%25", "probe"]);
    let other = Request::post("http://test.example/").header("x-do", "reply-grpc").body(()).unwrap();
    let answer = client.send(other, b"");
    assert_eq!((answer.body.as_slice(), answer.fields.get("grpc-status")), (&b"not now, 100%"[..], None));
}

/// A service that answers each message before it reads the next.
fn talking() -> Http2Origin {
    Http2Origin::scripted(|exchange: Http2Exchange| async move {
        let Http2Exchange { mut body, mut respond, .. } = exchange;
        assert_eq!(&*body.data().await.unwrap().unwrap(), framed(b"one"));
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data(framed(b"heard one").into(), false).unwrap();
        assert_eq!(&*body.data().await.unwrap().unwrap(), framed(b"two"));
        while body.data().await.is_some() {}
        stream.send_data([framed(b"heard two"), framed(b"")].concat().into(), false).unwrap();
        stream.send_trailers(trailers(&[("grpc-status", "0"), ("x-sum", "3")]).unwrap()).unwrap();
    })
}

#[test]
fn a_stream_is_a_talk() {
    let service = talking();
    for isolation in ["resident", "exchange"] {
        let app = Origin::replying(200, "app");
        let sandgate = before(&app, &service.url(), &format!(", isolation: {isolation}"));
        let heard = told(&sandgate, &app, "talk auth");
        assert_eq!(heard, "head true 200, heard one, heard two, , sum 3, closed 0", "{isolation}");
        let answered = [("plugin", "it"), ("result", "answered")];
        let counted = sandgate.metrics().sum("sandgate_plugin_callouts_total", &answered);
        assert_eq!(counted, 1.0);
    }
}

#[test]
fn a_stream_is_held_to_the_limits_of_callouts() {
    let app = Origin::replying(200, "app");
    let start = |limits: &str, auth: &Http2Origin| {
        let keys = format!("limits: {{ cpu: 10ms, wall: 20s, {limits} }}, grants: {{ callout: [auth] }}");
        setup(&keys).origins("app", &[&app]).value("auth", &format!("[\"{}\"]", auth.url())).start()
    };
    let mute = mute();
    let sandgate = start("callout_timeout: 50ms", &mute);
    assert_eq!(told(&sandgate, &app, "talk auth"), "closed 4 it took too long");
    let large = Http2Origin::scripted(|exchange: Http2Exchange| async move {
        let mut stream = exchange.begin(Response::new(()));
        let _gone = stream.send_data([&framed(b"")[..], &[0, 0, 0, 4, 1]].concat().into(), false);
        std::future::pending::<()>().await;
    });
    let sandgate = start("callout_body: 1KiB, callout_timeout: 10s", &large);
    assert_eq!(told(&sandgate, &app, "talk auth"), "head true 200, , closed 8 the answer is too large");
}

#[test]
fn a_stream_that_is_given_up_is_told_nothing() {
    let (app, service) = (Origin::replying(200, "app"), talking());
    let sandgate = before(&app, &service.url(), "");
    assert_eq!(told(&sandgate, &app, "talk-cancel auth"), "Err(NotFound)");
    let heard = told(&sandgate, &app, "talk auth");
    assert_eq!(heard, "head true 200, heard one, heard two, , sum 3, closed 0");
}
