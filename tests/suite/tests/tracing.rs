//! What follows a request across machines: its id, its trace, and how long each part of its way took.

use sandgate_tests::{Origin, Sandgate, get, yaml};
use serde_json::Value;

const UUID: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const DIGITS: &str = "6ba7b8109dad11d180b400c04fd430c8";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn upstreams_are_told_the_id_that_is_in_the_log() {
    let (id, line) = id_sent("request_id: {}", "x-request-id", UUID);
    assert_eq!(line["id"], id.as_str(), "that of an untrusted client is replaced");
    assert!(id.len() == 32 && id != DIGITS, "{id}");
    let (id, line) = id_sent("request_id: {}", "x-other", "1");
    assert_eq!(line["id"], id.as_str(), "one that is missing is made");
}

#[test]
fn a_trusted_proxys_id_is_taken_over_as_it_is_written() {
    let trusting = "trusted_proxies: [127.0.0.0/8], request_id: {}";
    for told in [UUID, DIGITS] {
        let (id, line) = id_sent(trusting, "x-request-id", told);
        assert_eq!((id.as_str(), &line["id"]), (told, &Value::from(DIGITS)));
    }
    for strange in ["short", "6ba7b8109dad11d180b400c04fd430cg", "a b"] {
        let (id, line) = id_sent(trusting, "x-request-id", strange);
        assert_eq!(line["id"], id.as_str(), "{strange:?} is no id");
    }
    let (id, line) =
        id_sent("trusted_proxies: [127.0.0.0/8], request_id: { trust: nobody }", "x-request-id", UUID);
    assert_eq!(line["id"], id.as_str(), "nobody's is");
}

#[test]
fn the_field_and_whom_to_trust_can_be_chosen() {
    let origin = Origin::echo();
    let server = "{ workers: 1, request_id: { header: x-correlation-id, trust: everyone } }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    sandgate.client().get_with("/", "x-correlation-id", DIGITS);
    let seen = origin.only_request();
    assert_eq!((seen.field("x-correlation-id"), seen.field("x-request-id")), (Some(DIGITS), None));
    assert_eq!(sandgate.access_line(1)["id"], DIGITS);
}

#[test]
fn without_the_key_the_clients_field_is_one_like_any_other() {
    let (id, line) = id_sent("forwarded: x_forwarded", "x-request-id", "whatever");
    assert_eq!(id, "whatever");
    assert_ne!(line["id"], DIGITS);
}

#[test]
fn a_valid_trace_context_goes_on_untouched_and_its_trace_is_in_the_log() {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let state = "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7";
    for tracing in ["", "tracing: { start: true }\n"] {
        let (seen, line) = traced(tracing, &format!("traceparent: {parent}\r\ntracestate: {state}\r\n"));
        assert_eq!(seen, [Some(parent.clone()), Some(state.to_owned())]);
        assert_eq!(line["trace_id"], TRACE);
    }
}

#[test]
fn a_malformed_trace_context_is_dropped() {
    let malformed = format!("traceparent: 00-{TRACE}-0-01\r\ntracestate: a=1\r\n");
    let (seen, line) = traced("", &malformed);
    assert_eq!(seen, [None, None]);
    assert_eq!(line.get("trace_id"), None);
    let twice = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n").repeat(2);
    assert_eq!(traced("", &twice).0, [None, None]);
}

#[test]
fn a_trace_begins_where_there_is_none_if_that_is_wanted() {
    assert_eq!(traced("", "").0, [None, None]);
    for (tracing, flags) in
        [("tracing: { start: true }\n", "01"), ("tracing: { start: true, sample: 0% }\n", "00")]
    {
        for fields in ["", "traceparent: nonsense\r\ntracestate: a=1\r\n"] {
            let ([parent, state], line) = traced(tracing, fields);
            let parent = parent.expect("a traceparent");
            let parts: Vec<&str> = parent.split('-').collect();
            assert_eq!((parts[0], parts[3], state), ("00", flags, None));
            assert_eq!((&line["trace_id"], &line["id"]), (&Value::from(parts[1]), &Value::from(parts[1])));
            assert!(parts[2].len() == 16 && parts[2] != "0000000000000000", "{parent}");
        }
    }
}

#[test]
fn the_parts_of_a_requests_way_are_in_the_log_and_in_the_metrics() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    for _ in 0..3 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
    let mut connected = 0.0;
    for line in sandgate.access_log(3) {
        connected += f64::from(line["connect_ms"].is_f64());
        let time = |name: &str| line[name].as_f64().unwrap_or_else(|| panic!("no {name} in {line}"));
        assert!(time("upstream_ms") > 0.0 && time("upstream_ms") <= time("upstream_total_ms"), "{line}");
        let sum = time("queue_ms") + time("upstream_total_ms");
        assert!((sum - time("duration_ms")).abs() < 0.01, "they add up: {line}");
    }
    assert!(connected > 0.0, "the first one opened a connection");
    let metrics = sandgate.metrics();
    let count = metrics.sum("sandgate_upstream_first_byte_duration_seconds_count", &[("upstream", "app")]);
    assert_eq!(count, 3.0);
    assert!(metrics.sum("sandgate_upstream_first_byte_duration_seconds_sum", &[]) > 0.0);
    let count = metrics.sum("sandgate_upstream_connect_duration_seconds_count", &[("upstream", "app")]);
    assert_eq!(count, connected, "as often as the log says");
}

/// What the upstream sees as the id, or under `x-request-id` at least, and the line of the log.
fn id_sent(server: &str, name: &str, value: &str) -> (String, Value) {
    let origin = Origin::echo();
    let yaml = yaml::forwarding_with(&format!("{{ workers: 1, {server} }}"));
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    assert_eq!(sandgate.client().get_with("/", name, value).status(), 200);
    let seen = origin.only_request().field("x-request-id").unwrap_or_default().to_owned();
    (seen, sandgate.access_line(1))
}

/// What the upstream sees of the trace, and the line of the log.
fn traced(tracing: &str, fields: &str) -> ([Option<String>; 2], Value) {
    let origin = Origin::echo();
    let sandgate = Sandgate::with_config(yaml::forwarding() + tracing).origins("app", &[&origin]).start();
    let response = sandgate.client().send(format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n")).response();
    assert_eq!(response.status(), 200);
    let seen = origin.only_request();
    let own = ["traceparent", "tracestate"].map(|name| seen.field(name).map(str::to_owned));
    (own, sandgate.access_line(1))
}
