//! Health of endpoints: active checks, ejection of outliers, shares that may be out, panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sandgate_tests::{Connection, Metrics, Origin, PATIENCE, Sandgate, get, wait_for, yaml};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const BROKEN: &[u8] = b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n";

/// An origin with a name, whose checks and whose requests go well or not as switches say.
struct Switched {
    origin: Origin,
    is_well: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    served: Arc<AtomicUsize>,
}

impl Switched {
    fn new(name: &'static str) -> Self {
        let (is_well, asked, served) =
            (Arc::new(AtomicBool::new(true)), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (well, checks, requests) = (Arc::clone(&is_well), Arc::clone(&asked), Arc::clone(&served));
        let origin = Origin::answering(move |request| {
            if request.target() != "/healthz" {
                requests.fetch_add(1, Ordering::SeqCst);
                let head = format!("HTTP/1.1 200 OK\r\nx-backend: {name}\r\ncontent-length: 0\r\n\r\n");
                return head.into_bytes();
            }
            checks.fetch_add(1, Ordering::SeqCst);
            if well.load(Ordering::SeqCst) { OK.to_vec() } else { BROKEN.to_vec() }
        });
        Switched { origin, is_well, asked, served }
    }

    fn turn(&self, is_well: bool) {
        self.is_well.store(is_well, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

mod active {
    use super::*;

    const CHECKS: &str = "health: { path: /healthz, interval: 20ms, timeout: 5s }";

    fn two(upstream: &str) -> (Switched, Switched, Sandgate) {
        let (one, two) = (Switched::new("one"), Switched::new("two"));
        let sandgate = Sandgate::with_config(yaml::forwarding_to(upstream))
            .origins("app", &[&one.origin, &two.origin])
            .start();
        (one, two, sandgate)
    }

    fn healthy(metrics: &Metrics, origin: &Origin) -> f64 {
        metrics.sum("sandgate_endpoint_healthy", &[("upstream", "app"), ("endpoint", &origin.url())])
    }

    #[test]
    fn an_endpoint_that_fails_its_checks_gets_no_request_until_it_passes_them() {
        let (bad, good, sandgate) = two(CHECKS);
        bad.turn(false);
        let line = sandgate.log_line(|line| line.message() == "endpoint found unhealthy");
        assert_eq!((line.text("endpoint"), line.text("reason")), (bad.origin.url(), "status 500".to_owned()));
        wait_for("the metrics to say so", PATIENCE, || healthy(&sandgate.metrics(), &bad.origin) == 0.0);
        let before = bad.served();
        for _ in 0..10 {
            assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("two"));
        }
        assert_eq!(bad.served(), before);
        bad.turn(true);
        sandgate.log_line(|line| line.message() == "endpoint found healthy");
        wait_for("requests again", PATIENCE, || {
            get(sandgate.web(), "/");
            bad.served() > before
        });
        assert_eq!(healthy(&sandgate.metrics(), &bad.origin), 1.0);
        let checks = |origin: &Origin, result: &str| {
            let labels = [("endpoint", origin.url()), ("result", result.to_owned())];
            let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
            sandgate.metrics().sum("sandgate_endpoint_checks_total", &labels)
        };
        assert!(checks(&bad.origin, "failed") >= 3.0 && checks(&good.origin, "failed") == 0.0);
    }

    #[test]
    fn each_endpoint_is_asked_once_an_interval_however_many_workers_there_are() {
        let origin = Switched::new("a");
        let yaml = yaml::entry_with("{ workers: 4 }")
            + "upstreams:\n  app: { endpoints: @app@, health: { path: /healthz, interval: 1h } }\n\
               routes: [{ name: all, upstream: app }]\n";
        // Of an hour's jitter nobody waits for the first: `jitter: 0%`.
        let yaml = yaml.replace("interval: 1h", "interval: 1h, jitter: 0%");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin.origin]).start();
        wait_for("the first check", PATIENCE, || origin.asked() >= 1);
        let passed = || sandgate.metrics().sum("sandgate_endpoint_checks_total", &[("result", "passed")]);
        wait_for("its result", PATIENCE, || passed() == 1.0);
        assert_eq!(origin.asked(), 1);
    }

    #[test]
    fn an_endpoint_that_has_to_prove_itself_gets_nothing_before_it_has() {
        let unproven = Switched::new("one");
        unproven.turn(false);
        let two = Switched::new("two");
        let yaml = yaml::forwarding_to("health: { path: /healthz, interval: 20ms, initial: unhealthy }");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&unproven.origin, &two.origin]).start();
        wait_for("the other to be proven", PATIENCE, || healthy(&sandgate.metrics(), &two.origin) == 1.0);
        for _ in 0..10 {
            assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("two"));
        }
        assert_eq!(unproven.served(), 0);
        unproven.turn(true);
        wait_for("one check to be enough", PATIENCE, || {
            healthy(&sandgate.metrics(), &unproven.origin) == 1.0
        });
    }

    #[test]
    fn a_reload_keeps_what_is_known_and_asks_no_endpoint_that_is_gone() {
        let (bad, good) = (Switched::new("one"), Switched::new("two"));
        bad.turn(false);
        let yaml = yaml::forwarding_to(CHECKS);
        let sandgate = Sandgate::with_config(&yaml)
            .origins("app", &[&bad.origin, &good.origin])
            .value("good", &format!("[\"{}\"]", good.origin.url()))
            .start();
        sandgate.log_line(|line| line.message() == "endpoint found unhealthy");
        let mark = sandgate.log_mark();
        sandgate.reload(&format!("{yaml}log: {{ level: info }}\n"));
        for _ in 0..5 {
            assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("two"));
        }
        sandgate.reload(&yaml.replace("@app@", "@good@"));
        let (asked, other) = (bad.asked(), good.asked());
        wait_for("more checks of the one that stayed", PATIENCE, || good.asked() >= other + 10);
        assert!(bad.asked() <= asked + 1, "at most the one that was under way");
        let found = sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
        assert_eq!(found.number("generation"), 2, "nothing was found anew");
    }

    #[test]
    fn checks_that_are_taken_out_of_the_file_say_nothing_any_more() {
        let bad = Switched::new("one");
        bad.turn(false);
        let two = Switched::new("two");
        let sandgate = Sandgate::with_config(yaml::forwarding_to(CHECKS))
            .origins("app", &[&bad.origin, &two.origin])
            .start();
        sandgate.log_line(|line| line.message() == "endpoint found unhealthy");
        sandgate.reload(&yaml::forwarding());
        let backends: Vec<_> =
            (0..4).map(|_| get(sandgate.web(), "/").field("x-backend").map(str::to_owned)).collect();
        assert!(backends.contains(&Some("one".to_owned())), "{backends:?}");
    }

    #[test]
    fn a_port_and_a_body_can_be_asked_for() {
        let (serving, admin) = (Origin::named("serving"), Origin::replying(200, "status: fine"));
        for (expected, healthy_as) in [("fine", 1.0), ("well", 0.0)] {
            let health = format!(
                "health: {{ path: /, port: {}, interval: 20ms, unhealthy_after: 1, expect: {{ body: {expected} }} }}",
                admin.address().port()
            );
            let sandgate =
                Sandgate::with_config(yaml::forwarding_to(&health)).origins("app", &[&serving]).start();
            let counted =
                |result| sandgate.metrics().sum("sandgate_endpoint_checks_total", &[("result", result)]);
            let result = if healthy_as == 1.0 { "passed" } else { "failed" };
            wait_for("checks", PATIENCE, || counted(result) >= 2.0);
            assert_eq!(healthy(&sandgate.metrics(), &serving), healthy_as, "{expected}");
        }
        assert!(
            admin
                .requests()
                .iter()
                .all(|request| request.head.field("host") == Some(&serving.address().to_string()))
        );
        assert!(serving.requests().is_empty());
    }

    #[test]
    fn a_tcp_check_wants_a_connection_and_no_more() {
        let (open, closed) = (Origin::hanging(), Origin::refusing());
        let yaml = yaml::forwarding_to("health: { type: tcp, interval: 20ms }");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&open, &closed]).start();
        wait_for("the closed one to be found", PATIENCE, || healthy(&sandgate.metrics(), &closed) == 0.0);
        assert_eq!(healthy(&sandgate.metrics(), &open), 1.0);
    }

    #[test]
    fn a_check_that_hangs_is_a_failed_one() {
        let origin = Origin::hanging();
        let yaml = yaml::forwarding_to("health: { interval: 20ms, timeout: 50ms, unhealthy_after: 2 }");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
        let line = sandgate.log_line(|line| line.message() == "endpoint found unhealthy");
        assert_eq!(line.text("reason"), "no answer within 50ms");
    }

    #[test]
    fn a_grpc_check_asks_the_health_service() {
        for (status, healthy_as) in [(1, 1.0), (2, 0.0)] {
            let origin = grpc_health(status);
            let yaml = yaml::forwarding_to(
                "health: { type: grpc, service: shop.Cart, interval: 20ms, unhealthy_after: 1 }",
            );
            let endpoints = format!("[\"http://{}\"]", origin.address);
            let sandgate = Sandgate::with_config(yaml).value("app", &endpoints).start();
            let result = if status == 1 { "passed" } else { "failed" };
            let counted = || sandgate.metrics().sum("sandgate_endpoint_checks_total", &[("result", result)]);
            wait_for("checks", PATIENCE, || counted() >= 2.0);
            assert_eq!(sandgate.metrics().sum("sandgate_endpoint_healthy", &[]), healthy_as);
            assert_eq!(*origin.asked.lock().unwrap(), b"\0\0\0\0\x0b\x0a\x09shop.Cart");
        }
    }

    struct GrpcHealth {
        address: std::net::SocketAddr,
        asked: Arc<std::sync::Mutex<Vec<u8>>>,
    }

    /// A server of `grpc.health.v1.Health` that gives this status.
    fn grpc_health(status: u8) -> GrpcHealth {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<std::sync::Mutex<Vec<u8>>>::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, status, Arc::clone(&seen)));
                }
            });
        });
        GrpcHealth { address, asked }
    }

    async fn answer(stream: tokio::net::TcpStream, status: u8, seen: Arc<std::sync::Mutex<Vec<u8>>>) {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
                let mut body = request.into_body();
                let mut message = Vec::new();
                while let Some(Ok(data)) = body.data().await {
                    message.extend_from_slice(&data);
                }
                *seen.lock().unwrap() = message;
                let head = http::Response::builder().header("content-type", "application/grpc");
                let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
                stream.send_data(bytes::Bytes::from(vec![0, 0, 0, 0, 2, 8, status]), false).unwrap();
                let trailers = http::HeaderMap::from_iter([(
                    http::HeaderName::from_static("grpc-status"),
                    http::HeaderValue::from_static("0"),
                )]);
                stream.send_trailers(trailers).unwrap();
            });
        }
    }
}

mod outliers {
    use super::*;

    fn failing(name: &'static str) -> (Origin, Arc<AtomicUsize>) {
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let origin = Origin::answering(move |request| {
            if request.target() == "/healthz" {
                return OK.to_vec();
            }
            counted.fetch_add(1, Ordering::SeqCst);
            format!("HTTP/1.1 500 X\r\nx-backend: {name}\r\ncontent-length: 0\r\n\r\n").into_bytes()
        });
        (origin, asked)
    }

    #[test]
    fn one_that_answers_5xx_in_a_row_is_ejected() {
        let ((bad, asked), good) = (failing("bad"), Origin::named("good"));
        let yaml =
            yaml::forwarding_to("outlier: { consecutive_5xx: 3, base_ejection: 1h, max_ejection: 1h }");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&bad, &good]).start();
        for _ in 0..20 {
            get(sandgate.web(), "/");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        let line = sandgate.log_line(|line| line.message() == "endpoint ejected");
        assert_eq!((line.text("endpoint"), line.text("reason")), (bad.url(), "consecutive_5xx".to_owned()));
        let metrics = sandgate.metrics();
        let of_bad = ("endpoint", bad.url());
        let of_bad = (of_bad.0, of_bad.1.as_str());
        assert_eq!(metrics.sum("sandgate_endpoint_ejected", &[of_bad]), 1.0);
        let why = ("reason", "consecutive_5xx");
        assert_eq!(metrics.sum("sandgate_endpoint_ejections_total", &[of_bad, why]), 1.0);
        assert_eq!(metrics.sum("sandgate_endpoint_usable", &[of_bad]), 0.0);
    }

    #[test]
    fn an_ejection_ends_with_its_time() {
        let ((bad, asked), good) = (failing("bad"), Origin::named("good"));
        let yaml =
            yaml::forwarding_to("outlier: { consecutive_5xx: 3, base_ejection: 50ms, interval: 20ms }");
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&bad, &good]).start();
        wait_for("a second ejection", PATIENCE, || {
            get(sandgate.web(), "/");
            asked.load(Ordering::SeqCst) >= 6
        });
        sandgate
            .log_line(|line| line.message() == "endpoint readmitted" && line.text("reason") == "time is up");
    }

    #[test]
    fn a_passed_check_ends_an_ejection() {
        let ((bad, asked), good) = (failing("bad"), Origin::named("good"));
        let yaml = yaml::forwarding_to(
            "outlier: { consecutive_5xx: 3, base_ejection: 1h, max_ejection: 1h }, \
             health: { path: /healthz, interval: 20ms }",
        );
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&bad, &good]).start();
        wait_for("requests after an ejection", PATIENCE, || {
            get(sandgate.web(), "/");
            asked.load(Ordering::SeqCst) > 3
        });
        sandgate.log_line(|line| {
            line.message() == "endpoint readmitted" && line.text("reason") == "check passed"
        });
    }

    #[test]
    fn no_more_are_ejected_than_the_share_allows() {
        let ((one, first), (two, second)) = (failing("one"), failing("two"));
        let yaml = yaml::forwarding_to(
            "outlier: { consecutive_5xx: 1, base_ejection: 1h, max_ejection: 1h, max_ejected: 50% }",
        );
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&one, &two]).start();
        for _ in 0..10 {
            assert_eq!(get(sandgate.web(), "/").status(), 500);
        }
        let mut asked = [&first, &second].map(|asked| asked.load(Ordering::SeqCst));
        asked.sort_unstable();
        assert_eq!(asked, [1, 9], "one is out, the other has to stay");
    }

    #[test]
    fn one_whose_share_of_good_answers_is_far_below_the_others_is_ejected() {
        let good: Vec<_> = (0..5).map(|_| Origin::named("good")).collect();
        let count = AtomicUsize::new(0);
        let flaky = Origin::answering(move |_| match count.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => OK.to_vec(),
            _ => BROKEN.to_vec(),
        });
        let rate = "success_rate: { min_requests: 2, min_hosts: 5 }";
        let yaml = yaml::forwarding_to(&format!(
            "outlier: {{ consecutive_5xx: 0, interval: 300ms, base_ejection: 1h, max_ejection: 1h, {rate} }}"
        ));
        let origins: Vec<&Origin> = good.iter().chain([&flaky]).collect();
        let sandgate = Sandgate::with_config(yaml).origins("app", &origins).start();
        let mut client = sandgate.client();
        let reason = [("reason", "success_rate")];
        wait_for("the flaky one to be ejected", PATIENCE, || {
            (0..60).for_each(|_| drop(client.get("/")));
            sandgate.metrics().sum("sandgate_endpoint_ejections_total", &reason) == 1.0
        });
        let line = sandgate.log_line(|line| line.message() == "endpoint ejected");
        assert_eq!((line.text("endpoint"), line.text("reason")), (flaky.url(), "success_rate".to_owned()));
    }
}

mod passive {
    use super::*;

    fn resetting() -> Origin {
        Origin::scripted(|mut connection: Connection| {
            connection.request();
            connection.reset();
        })
    }

    /// Endpoints of which a few reset what they are asked, marked by the first failure.
    fn marked_at_once(upstream: &str, bad: &[&Origin], good: &Origin) -> Sandgate {
        let one =
            |origin: &&Origin| format!("{{ address: \"{}\", max_fails: 1, fail_timeout: 1h }}", origin.url());
        let endpoints: Vec<_> = bad.iter().chain([&good]).map(one).collect();
        let yaml = yaml::forwarding_to(upstream);
        Sandgate::with_config(yaml).value("app", &format!("[{}]", endpoints.join(", "))).start()
    }

    #[test]
    fn no_more_are_marked_than_the_share_allows() {
        let (bad, good) = ([resetting(), resetting()], Origin::named("good"));
        let sandgate = marked_at_once("max_ejected: 40%", &bad.each_ref(), &good);
        for _ in 0..20 {
            assert_eq!(get(sandgate.web(), "/").status(), 200, "retried where it fails");
        }
        let mut asked = bad.each_ref().map(|origin| origin.requests().len());
        asked.sort_unstable();
        assert_eq!(asked[0], 1, "one of three is marked");
        assert!(asked[1] > 5, "the other is not: {asked:?}");
    }

    #[test]
    fn below_the_threshold_all_are_asked_whatever_their_health() {
        for (panic, still_asked) in [("50%", true), ("30%", false)] {
            let (bad, good) = ([resetting(), resetting()], Origin::named("good"));
            let sandgate = marked_at_once(&format!("panic: {panic}"), &bad.each_ref(), &good);
            for _ in 0..20 {
                assert_eq!(get(sandgate.web(), "/").status(), 200);
            }
            let asked: usize = bad.iter().map(|origin| origin.requests().len()).sum();
            assert_eq!(asked > 2, still_asked, "{panic}: {asked}");
            let picks = sandgate.metrics().sum("sandgate_panic_picks_total", &[]);
            assert_eq!(picks > 0.0, still_asked, "{panic}: {picks}");
        }
    }
}
