//! The admin listener: health and metrics.

use sandgate_tests::{Origin, PATIENCE, Sandgate, get, wait_for, yaml};

#[test]
fn health_is_ok() {
    let sandgate = Sandgate::before(&[&Origin::refusing()]);
    let response = get(sandgate.admin(), "/health");
    assert_eq!((response.status(), response.text().as_str()), (200, "ok\n"));
}

#[test]
fn what_it_does_not_serve_is_not_found() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    assert_eq!(get(sandgate.admin(), "/else").status(), 404);
    assert_eq!(origin.requests().len(), 0, "nothing is forwarded from here");
}

#[test]
fn metrics_are_text_that_a_scraper_reads() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    get(sandgate.web(), "/");
    let response = get(sandgate.admin(), "/metrics");
    assert_eq!(response.status(), 200);
    let kind = response.field("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/plain") || kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(sandgate.metrics().count() > 0);
    assert_eq!(sandgate.metrics().sum("sandgate_generation", &[]), 1.0);
}

#[test]
fn requests_are_counted_by_route_over_all_workers() {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::forwarding_with("{ workers: 2 }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    for _ in 0..20 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
    let counted = || sandgate.metrics().sum("sandgate_requests_total", &[("route", "all")]);
    wait_for("twenty requests in the metrics", PATIENCE, || counted() == 20.0);
}

#[test]
fn an_exchange_has_one_line_with_all_that_is_known() {
    let origin = Origin::replying(201, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/a?b=c").status(), 201);
    let line = sandgate.access_line(1);
    let texts = ["method", "host", "path", "route", "upstream", "endpoint"].map(|name| line[name].as_str());
    let endpoint = origin.url();
    let expected = ["GET", "test.example", "/a?b=c", "all", "app", &endpoint];
    assert_eq!(texts, expected.map(Some), "{line}");
    let numbers = ["status", "attempts", "bytes"].map(|name| line[name].as_u64());
    assert_eq!(numbers, [201, 1, 5].map(Some), "{line}");
    assert!(line["client"].as_str().is_some_and(|it| client.address().to_string().starts_with(it)), "{line}");
    assert!(line["id"].as_str().is_some_and(|id| id.len() == 32), "{line}");
    assert!(line["duration_ms"].is_number() && line["time"].is_string(), "{line}");
    assert!(line.get("fault").is_none() && line.get("notes").is_none(), "{line}");
}

#[test]
fn a_path_cannot_forge_a_line() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/%0a%22,%22status%22:1?\"}").status(), 200);
    assert_eq!(client.get("/next").status(), 200);
    assert_eq!(sandgate.access_line(2)["path"], "/next");
}

#[test]
fn an_access_log_that_is_off_writes_nothing() {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::forwarding() + "log: { access: off }\n";
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    let counted = || sandgate.metrics().sum("sandgate_requests_total", &[]);
    wait_for("the request in the metrics", PATIENCE, || counted() == 1.0);
    assert_eq!(sandgate.access_log(0).len(), 0);
}
