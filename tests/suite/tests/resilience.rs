//! What becomes of failures: retries, budgets, back-off, the breaker, limits of concurrency, fallbacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sandgate_tests::{Connection, Gate, Origin, PATIENCE, Sandgate, get, wait_for, yaml};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

mod retries {
    use super::*;

    #[test]
    fn a_status_that_is_asked_for_is_tried_again_elsewhere() {
        let (bad, good) = (Origin::replying(503, "busy"), Origin::replying(200, "fine"));
        let sandgate = by("retries: { on: [\"503\"] }", &[&bad, &good]);
        for _ in 0..10 {
            assert_eq!(get(sandgate.web(), "/").status(), 200);
        }
        assert!(!bad.requests().is_empty(), "it was asked, and its answer discarded");
        assert_eq!(bad.connections(), 1, "a discarded answer keeps its connection");
        assert!(sandgate.metrics().sum("sandgate_retries_total", &[("reason", "status")]) >= 1.0);
    }

    #[test]
    fn a_status_that_is_not_asked_for_is_the_answer() {
        let (bad, good) = (Origin::replying(500, "broken"), Origin::replying(200, "fine"));
        let sandgate = by("retries: { on: [gateway-error] }", &[&bad, &good]);
        let statuses: Vec<_> = (0..4).map(|_| get(sandgate.web(), "/").status()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 2, "{statuses:?}");
    }

    #[test]
    fn where_no_other_endpoint_is_left_the_answer_is_the_last_one() {
        let (one, two) = (Origin::replying(503, "busy one"), Origin::replying(503, "busy two"));
        let sandgate = by("retries: { attempts: 5, on: [5xx] }", &[&one, &two]);
        let response = get(sandgate.web(), "/");
        assert_eq!(response.status(), 503);
        assert!(response.text().starts_with("busy"), "the origin's own words: {}", response.text());
        assert_eq!(sandgate.access_line(1)["attempts"], 2);
    }

    #[test]
    fn a_post_is_not_sent_again_after_an_answer() {
        let (bad, other) = (Origin::replying(503, "busy"), Origin::replying(503, "busy"));
        let sandgate = by("retries: { on: [5xx] }", &[&bad, &other]);
        assert_eq!(sandgate.client().send("POST / HTTP/1.1\r\nhost: a\r\n\r\n").response().status(), 503);
        assert_eq!(bad.requests().len() + other.requests().len(), 1, "RFC 9110 section 9.2.2");
    }

    #[test]
    fn a_post_is_sent_again_where_the_configuration_says_that_it_does_no_harm() {
        let (one, two) = (Origin::replying(503, "busy"), Origin::replying(503, "busy"));
        let sandgate = by("retries: { on: [5xx], non_idempotent: true }", &[&one, &two]);
        assert_eq!(sandgate.client().send("POST / HTTP/1.1\r\nhost: a\r\n\r\n").response().status(), 503);
        assert_eq!((one.requests().len(), two.requests().len()), (1, 1));
    }

    #[test]
    fn a_body_that_was_kept_is_sent_again() {
        let bad = Origin::scripted(|mut connection| {
            connection.request();
            connection.reset();
        });
        let good = Origin::echo();
        let sandgate = by("retries: { replay: 64KiB }", &[&bad, &good]);
        for _ in 0..2 {
            let put = "PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
            let response = sandgate.client().send(put).response();
            assert!(response.status() == 200 && response.text().contains("abc"), "{}", response.text());
        }
        assert_eq!(bad.only_request().body, b"abcdef", "it had the whole of it before");
        assert_eq!(good.requests()[0].body, b"abcdef");
    }

    #[test]
    fn a_body_that_is_longer_than_what_is_kept_is_sent_once_and_whole() {
        let (bad, good) = (Origin::replying(503, "busy"), Origin::echo());
        let sandgate = by("retries: { on: [5xx], replay: 1KiB }", &[&bad, &good]);
        let long = "x".repeat(3000);
        for declared in [true, false] {
            let head = match declared {
                true => format!("content-length: {}\r\n\r\n{long}", long.len()),
                false => format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n", long.len()),
            };
            let mut statuses = [0; 2].map(|_| {
                let mut client = sandgate.client();
                client.send(format!("PUT / HTTP/1.1\r\nhost: a\r\n{head}")).response().status()
            });
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 503]);
        }
        assert!(good.requests().iter().chain(&bad.requests()).all(|request| request.body == long.as_bytes()));
    }

    #[test]
    fn a_timeout_is_tried_again_only_where_it_is_asked_for() {
        for (on, statuses) in [("[connect, reset]", [200, 504]), ("[timeout]", [200, 200])] {
            let (slow, good) = (Origin::hanging(), Origin::replying(200, ""));
            let sandgate = by(&format!("retries: {{ on: {on}, per_try_timeout: 1s }}"), &[&slow, &good]);
            let mut found = [get(sandgate.web(), "/").status(), get(sandgate.web(), "/").status()];
            found.sort_unstable();
            assert_eq!(found, statuses, "{on}");
        }
    }

    #[test]
    fn a_try_that_can_not_even_connect_in_time_is_over() {
        let full = Backlog::full();
        let good = Origin::replying(200, "");
        let endpoints = format!("[\"http://{}\", \"{}\"]", full.address(), good.url());
        let route = "retries: { on: [timeout, connect], per_try_timeout: 1s }";
        let sandgate = Sandgate::with_config(patient_to_connect(route)).value("app", &endpoints).start();
        let began = Instant::now();
        for _ in 0..2 {
            assert_eq!(get(sandgate.web(), "/").status(), 200);
        }
        assert!(began.elapsed() < CONNECT_TIMEOUT, "less than `connect_timeout`");
    }

    #[test]
    fn the_total_covers_connecting_too() {
        let full = Backlog::full();
        let endpoints = format!("[\"http://{}\"]", full.address());
        let route = "timeouts: { response: 200ms, total: 200ms }";
        let sandgate = Sandgate::with_config(patient_to_connect(route)).value("app", &endpoints).start();
        let began = Instant::now();
        assert_eq!(get(sandgate.web(), "/").status(), 504);
        assert!(began.elapsed() < CONNECT_TIMEOUT, "less than `connect_timeout`");
    }

    #[test]
    fn a_grpc_status_is_tried_again() {
        let unavailable = Origin::answering(|_| {
            b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 14\r\ncontent-length: 0\r\n\r\n".to_vec()
        });
        let good = Origin::answering(|_| {
            b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 0\r\ncontent-length: 0\r\n\r\n".to_vec()
        });
        let sandgate = by("retries: { on: [grpc-unavailable] }", &[&unavailable, &good]);
        for _ in 0..4 {
            assert_eq!(get(sandgate.web(), "/").field("grpc-status"), Some("0"));
        }
        assert!(!unavailable.requests().is_empty());
    }

    #[test]
    fn a_budget_keeps_a_failing_upstream_from_being_asked_again_and_again() {
        let failing = [0; 3].map(|_| Origin::replying(503, "busy"));
        let sandgate = by("retries: { attempts: 2, on: [5xx], budget: 0% }", &failing.each_ref());
        let mut client = sandgate.client();
        for _ in 0..30 {
            assert_eq!(client.get("/").status(), 503);
        }
        let asked: usize = failing.iter().map(|origin| origin.requests().len()).sum();
        assert_eq!(asked, 30 + 10, "the requests, and as many retries as a window always has");
        let exhausted = || sandgate.metrics().sum("sandgate_retry_budget_exhausted_total", &[]);
        wait_for("the budget in the metrics", PATIENCE, || exhausted() >= 20.0);
    }

    #[test]
    fn a_wait_before_a_retry_ends_with_the_total() {
        let (one, two) = (Origin::refusing(), Origin::refusing());
        let route =
            "retries: { backoff: { base: 1h, max: 1h } }, timeouts: { response: 300ms, total: 300ms }";
        let sandgate = by(route, &[&one, &two]);
        let began = Instant::now();
        assert!([502, 504].contains(&get(sandgate.web(), "/").status()));
        assert!(began.elapsed() < CONNECT_TIMEOUT, "far less than `base`");
    }

    #[test]
    fn a_long_answer_is_discarded_by_closing_its_connection() {
        let endless = Origin::scripted(|mut connection| {
            connection.request();
            connection.send("HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            while connection.wire.send(&chunk).is_ok() {}
        });
        let good = Origin::replying(200, "");
        let sandgate = by("retries: { on: [5xx] }", &[&endless, &good]);
        for _ in 0..4 {
            assert_eq!(get(sandgate.web(), "/").status(), 200);
        }
        assert!(endless.connections() >= 2, "one for each answer that was discarded");
    }
}

mod breaker {
    use super::*;

    const BREAKER: &str = "breaker: { error_rate: 50%, min_requests: 5, open: 1500ms, half_open: 1 }";

    #[test]
    fn it_opens_answers_at_once_and_closes_when_the_upstream_is_well() {
        let well = Arc::new(AtomicBool::new(false));
        let is_well = Arc::clone(&well);
        let origin = Origin::answering(move |_| match is_well.load(Ordering::SeqCst) {
            true => OK.to_vec(),
            false => b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n".to_vec(),
        });
        let sandgate = Sandgate::with_config(yaml::forwarding_to(BREAKER)).origins("app", &[&origin]).start();
        let mut client = sandgate.client();
        for _ in 0..5 {
            assert_eq!(client.get("/").status(), 500);
        }
        assert_eq!(client.get("/").status(), 503);
        assert_eq!(sandgate.access_line(6)["fault"], "breaker_open");
        assert_eq!(origin.requests().len(), 5, "an open breaker asks nobody");
        sandgate.log_line(|line| line.message() == "breaker opened" && line.text("upstream") == "app");
        well.store(true, Ordering::SeqCst);
        wait_for("the breaker to close", PATIENCE, || client.get("/").status() == 200);
        assert_eq!(client.get("/").status(), 200);
        sandgate.log_line(|line| line.message() == "breaker closed");
        let metrics = sandgate.metrics();
        assert_eq!(metrics.sum("sandgate_breaker_opened_total", &[("upstream", "app")]), 1.0);
        assert_eq!(metrics.sum("sandgate_breaker_state", &[("upstream", "app"), ("state", "closed")]), 1.0);
        assert!(metrics.sum("sandgate_breaker_refused_total", &[("upstream", "app")]) >= 1.0);
    }

    #[test]
    fn it_stays_open_as_long_as_the_trials_fail() {
        let origin = Origin::replying(500, "");
        let sandgate = Sandgate::with_config(yaml::forwarding_to(BREAKER)).origins("app", &[&origin]).start();
        let mut client = sandgate.client();
        for _ in 0..5 {
            client.get("/");
        }
        let opened = || sandgate.metrics().sum("sandgate_breaker_opened_total", &[]);
        wait_for("the breaker to open a third time", PATIENCE, || {
            client.get("/");
            opened() >= 3.0
        });
        assert!(origin.requests().len() <= 5 + 4, "one trial each time");
    }

    #[test]
    fn its_state_outlives_a_reload() {
        let yaml = yaml::forwarding_to("breaker: { min_requests: 1, open: 1h }");
        let origin = Origin::replying(500, "");
        let sandgate = Sandgate::with_config(&yaml).origins("app", &[&origin]).start();
        assert_eq!(get(sandgate.web(), "/").status(), 500);
        sandgate.reload(&format!("{yaml}log: {{ level: info }}\n"));
        assert_eq!(get(sandgate.web(), "/").status(), 503);
        assert_eq!(origin.requests().len(), 1);
    }
}

mod concurrency {
    use super::*;

    /// An origin whose answers wait for a gate.
    fn gated() -> (Origin, Gate) {
        let gate = Gate::default();
        let opened = gate.clone();
        let origin = Origin::scripted(move |mut connection: Connection| {
            while connection.request().is_some() {
                opened.pass();
                connection.send(OK);
            }
        });
        (origin, gate)
    }

    fn limited(limits: &str, origin: &Origin) -> Sandgate {
        let yaml = yaml::forwarding_to(&format!("concurrency: {{ {limits} }}"));
        Sandgate::with_config(yaml).origins("app", &[origin]).start()
    }

    fn ask(sandgate: &Sandgate) -> sandgate_tests::RawClient {
        let mut client = sandgate.client();
        client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        client
    }

    #[test]
    fn so_many_are_under_way_so_many_wait_and_one_more_is_refused() {
        let (origin, gate) = gated();
        let sandgate = limited("requests: 2, queue: 1, queue_timeout: 10s", &origin);
        let mut inside = [ask(&sandgate), ask(&sandgate)];
        origin.wait_for_requests(2);
        let mut waiting = ask(&sandgate);
        let gauge = |name: &str| sandgate.metrics().sum(name, &[("upstream", "app")]);
        wait_for("one to wait", PATIENCE, || gauge("sandgate_queue_waiting") == 1.0);
        assert_eq!(get(sandgate.web(), "/").status(), 503);
        assert_eq!(sandgate.access_line(1)["fault"], "queue_full");
        assert_eq!(origin.requests().len(), 2, "the one that waits is not sent");
        gate.open();
        for client in inside.iter_mut().chain([&mut waiting]) {
            assert_eq!(client.response().status(), 200);
        }
        wait_for("all to be over", PATIENCE, || gauge("sandgate_queue_under_way") == 0.0);
        assert_eq!(gauge("sandgate_queue_full_total"), 1.0);
    }

    #[test]
    fn who_waits_too_long_is_refused() {
        let (origin, gate) = gated();
        let sandgate = limited("requests: 1, queue: 5, queue_timeout: 100ms", &origin);
        let mut inside = ask(&sandgate);
        origin.wait_for_requests(1);
        assert_eq!(get(sandgate.web(), "/").status(), 503);
        assert_eq!(sandgate.access_line(1)["fault"], "queue_timeout");
        gate.open();
        assert_eq!(inside.response().status(), 200);
        assert_eq!(sandgate.metrics().sum("sandgate_queue_timeouts_total", &[("upstream", "app")]), 1.0);
    }

    #[test]
    fn who_leaves_the_line_makes_room() {
        let (origin, gate) = gated();
        let sandgate = limited("requests: 1, queue: 1, queue_timeout: 10s", &origin);
        let mut inside = ask(&sandgate);
        origin.wait_for_requests(1);
        let leaving = ask(&sandgate);
        let waiting = || sandgate.metrics().sum("sandgate_queue_waiting", &[("upstream", "app")]);
        wait_for("one to wait", PATIENCE, || waiting() == 1.0);
        drop(leaving);
        wait_for("the line to be empty", PATIENCE, || waiting() == 0.0);
        let mut second = ask(&sandgate);
        gate.open();
        assert_eq!((inside.response().status(), second.response().status()), (200, 200));
    }

    #[test]
    fn a_place_is_held_to_the_end_of_the_body() {
        let gate = Gate::default();
        let opened = gate.clone();
        let origin = Origin::scripted(move |mut connection: Connection| {
            while connection.request().is_some() {
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
                opened.pass();
                connection.send("cd");
            }
        });
        let sandgate = limited("requests: 1", &origin);
        let mut inside = ask(&sandgate);
        assert_eq!(inside.head().status(), 200);
        assert_eq!(get(sandgate.web(), "/").status(), 503);
        gate.open();
        assert_eq!(inside.bytes(4), b"abcd");
        wait_for("the place to be free", PATIENCE, || get(sandgate.web(), "/").status() == 200);
    }

    #[test]
    fn workers_share_one_limit() {
        let (origin, gate) = gated();
        let yaml = yaml::entry_with("{ workers: 4 }")
            + "upstreams:\n  app: { endpoints: @app@, concurrency: { requests: 3, queue: 100, queue_timeout: 60s } }\n\
               routes: [{ name: all, upstream: app }]\n";
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
        let mut clients: Vec<_> = (0..40).map(|_| ask(&sandgate)).collect();
        let waiting = || sandgate.metrics().sum("sandgate_queue_waiting", &[("upstream", "app")]);
        wait_for("all others to wait", PATIENCE, || waiting() == 37.0);
        wait_for("the three that are let in to arrive", PATIENCE, || origin.requests().len() == 3);
        gate.open();
        for client in &mut clients {
            assert_eq!(
                client.response().status(),
                200,
                "those that wait are called, whatever worker they are on"
            );
        }
    }
}

mod fallback {
    use super::*;

    #[test]
    fn a_written_answer_takes_the_place_of_a_fault() {
        let route = "fallback: { status: 200, body: '{\"items\":[]}', content_type: application/json }";
        let sandgate = by(route, &[&Origin::refusing()]);
        let response = get(sandgate.web(), "/");
        assert_eq!((response.status(), response.text().as_str()), (200, "{\"items\":[]}"));
        assert_eq!(response.field("content-type"), Some("application/json"));
        let line = sandgate.access_line(1);
        assert_eq!((line["status"].as_u64(), line["fault"].as_str()), (Some(200), Some("connect_failed")));
        assert_eq!(sandgate.metrics().sum("sandgate_fallbacks_total", &[]), 1.0);
    }

    #[test]
    fn another_upstream_takes_the_place_of_one_that_is_down() {
        let (spare, down) = (Origin::echo(), Origin::refusing());
        let sandgate = with_spare("", &down, &spare);
        let response = sandgate.client().post("/", "precious");
        assert_eq!(response.status(), 200);
        assert!(response.text().ends_with("precious"), "with the body: {}", response.text());
        assert_eq!(sandgate.access_line(1)["upstream"], "spare");
    }

    #[test]
    fn what_the_first_may_have_acted_on_does_not_go_to_the_second() {
        let acted = Origin::scripted(|mut connection| {
            connection.request();
            connection.reset();
        });
        let spare = Origin::replying(200, "");
        let sandgate = with_spare("", &acted, &spare);
        assert_eq!(sandgate.client().post("/", "pay").status(), 502);
        assert!(spare.requests().is_empty(), "RFC 9110 section 9.2.2");
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }

    #[test]
    fn an_answer_of_the_upstream_is_no_fault() {
        let (first, spare) = (Origin::replying(500, "mine"), Origin::replying(200, ""));
        let sandgate = with_spare("", &first, &spare);
        assert_eq!(get(sandgate.web(), "/").text(), "mine");
    }

    #[test]
    fn it_stands_in_while_the_breaker_is_open() {
        let (failing, spare) = (Origin::replying(500, ""), Origin::replying(200, "spare"));
        let sandgate = with_spare("breaker: { min_requests: 1, open: 1h }", &failing, &spare);
        assert_eq!(get(sandgate.web(), "/").status(), 500);
        assert_eq!(get(sandgate.web(), "/").text(), "spare");
        assert_eq!(failing.requests().len(), 1);
    }

    fn with_spare(upstream: &str, first: &Origin, spare: &Origin) -> Sandgate {
        let yaml = yaml::entry()
            + &format!(
                "upstreams:\n  app: {{ endpoints: @app@, {upstream} }}\n  spare: {{ endpoints: @spare@ }}\n\
                 routes: [{{ name: all, upstream: app, fallback: {{ upstream: spare }} }}]\n"
            );
        Sandgate::with_config(yaml).origins("app", &[first]).origins("spare", &[spare]).start()
    }
}

fn by(route: &str, origins: &[&Origin]) -> Sandgate {
    Sandgate::with_config(yaml::forwarding_by(route)).origins("app", origins).start()
}

/// How long connecting may take by [`patient_to_connect`]: what takes less has ended for another reason.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Everything goes by a route with these further keys to an upstream that may take its time.
fn patient_to_connect(route: &str) -> String {
    let timeout = format!("endpoints: @app@, connect_timeout: {}s", CONNECT_TIMEOUT.as_secs());
    yaml::forwarding_by(route).replace("endpoints: @app@", &timeout)
}

/// A listener that accepts nobody and whose backlog is full, so that connecting to it takes for ever.
struct Backlog {
    listener: std::net::TcpListener,
    _waiting: Vec<socket2::Socket>,
}

impl Backlog {
    fn full() -> Self {
        use socket2::{Domain, Socket, Type};
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        socket.listen(0).expect("a listener");
        let address = socket.local_addr().expect("a bound socket");
        let connect = || {
            let waiting = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            waiting.connect_timeout(&address, Duration::from_millis(200)).map(|()| waiting)
        };
        let mut waiting = Vec::new();
        while let Ok(socket) = connect() {
            waiting.push(socket);
        }
        Backlog { listener: socket.into(), _waiting: waiting }
    }

    fn address(&self) -> std::net::SocketAddr {
        self.listener.local_addr().expect("a bound socket")
    }
}
