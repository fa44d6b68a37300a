//! Retry-After: when clients are told to come again, and when endpoints' wishes are heeded.

use std::time::{Duration, Instant};

use sandgate_tests::{Gate, Origin, Sandgate, get, yaml};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn an_open_breaker_says_when_its_trial_begins() {
    let origin = Origin::replying(500, "");
    let yaml = yaml::forwarding_to("breaker: { min_requests: 1, open: 1h }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let failed = get(sandgate.web(), "/");
    assert_eq!((failed.status(), failed.field("retry-after")), (500, None), "the origin's own answer");
    let refused = get(sandgate.web(), "/");
    let wait: u32 = refused.field("retry-after").expect("RFC 9110 section 10.2.3").parse().unwrap();
    assert_eq!((refused.status(), wait.div_ceil(60)), (503, 60), "{wait}");
}

#[test]
fn a_full_line_and_a_late_turn_say_how_long_the_line_takes() {
    for (limits, fault) in [
        ("requests: 1, queue_timeout: 20s", "queue_full"),
        ("requests: 1, queue: 1, queue_timeout: 100ms", "queue_timeout"),
    ] {
        let gate = Gate::default();
        let opened = gate.clone();
        let origin = Origin::scripted(move |mut connection| {
            while connection.request().is_some() {
                opened.pass();
                connection.send(OK);
            }
        });
        let yaml = yaml::forwarding_to(&format!("concurrency: {{ {limits} }}"));
        let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
        let mut inside = sandgate.client();
        inside.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        origin.wait_for_requests(1);
        let refused = get(sandgate.web(), "/");
        let secs = if fault == "queue_full" { "20" } else { "1" };
        assert_eq!((refused.status(), refused.field("retry-after")), (503, Some(secs)));
        assert_eq!(sandgate.access_line(1)["fault"], fault);
        gate.open();
        assert_eq!(inside.response().status(), 200);
    }
}

#[test]
fn an_error_page_leaves_it_in_place() {
    let origin = Origin::replying(500, "");
    let yaml = yaml::forwarding_to("breaker: { min_requests: 1, open: 1h }")
        .replace("server: {", "server: { error_pages: [{ status: [503], body: later }],");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    get(sandgate.web(), "/");
    let refused = get(sandgate.web(), "/");
    assert_eq!((refused.status(), refused.text().as_str()), (503, "later"));
    assert!(refused.field("retry-after").is_some());
}

#[test]
fn an_endpoints_wish_is_waited_for_before_the_next_is_asked() {
    let (busy, good) = (wishing("1"), Origin::replying(200, "fine"));
    let sandgate = by("retries: { on: [\"503\"], retry_after: 2s }", &[&busy, &good]);
    assert!(slowest_of_two(&sandgate) >= Duration::from_secs(1));
    assert_eq!(busy.requests().len(), 1);
}

#[test]
fn a_date_is_a_wish_too() {
    // One that is over is no reason to wait, one in the far future is one to pass the answer on.
    for (wish, served) in [("Sun, 06 Nov 1994 08:49:37 GMT", 2), ("Wed, 06 Nov 2999 08:49:37 GMT", 1)] {
        let (busy, good) = (wishing(wish), Origin::replying(200, "fine"));
        let sandgate = by("retries: { on: [\"503\"], retry_after: 10s }", &[&busy, &good]);
        for _ in 0..2 {
            get(sandgate.web(), "/");
        }
        assert_eq!((busy.requests().len(), good.requests().len()), (1, served), "{wish}");
    }
}

#[test]
fn a_wish_for_more_than_is_waited_for_is_the_clients_to_heed() {
    for (keys, wish) in [
        ("retries: { on: [\"503\"], retry_after: 2s }", "3"),
        ("retries: { on: [\"503\"], retry_after: 2s }", "99999999999999999999999"),
        ("retries: { on: [\"503\"], retry_after: 1h }, timeouts: { total: 5s, response: 5s }", "60"),
    ] {
        let (busy, good) = (wishing(wish), Origin::replying(200, "fine"));
        let sandgate = by(keys, &[&busy, &good]);
        let answers = [get(sandgate.web(), "/"), get(sandgate.web(), "/")];
        let refused = answers.iter().find(|answer| answer.status() == 503).expect("one of each");
        assert_eq!(refused.field("retry-after"), Some(wish));
        assert_eq!(good.requests().len(), 1);
    }
}

#[test]
fn without_the_key_the_next_endpoint_is_asked_at_once() {
    let (busy, good) = (wishing("3600"), Origin::replying(200, "fine"));
    let sandgate = by("retries: { on: [\"503\"] }", &[&busy, &good]);
    assert!(slowest_of_two(&sandgate) < Duration::from_secs(10));
    assert_eq!((busy.requests().len(), good.requests().len()), (1, 2));
}

/// An origin that is busy, and asks for time.
fn wishing(retry_after: &str) -> Origin {
    let answer = format!("HTTP/1.1 503 X\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\n\r\n");
    Origin::answering(move |_| answer.clone().into_bytes())
}

/// Two requests, one of which meets the first endpoint: how long the slower one took until it went well.
fn slowest_of_two(sandgate: &Sandgate) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..2 {
        let began = Instant::now();
        assert_eq!(get(sandgate.web(), "/").status(), 200);
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

fn by(route: &str, origins: &[&Origin]) -> Sandgate {
    Sandgate::with_config(yaml::forwarding_by(route)).origins("app", origins).start()
}
