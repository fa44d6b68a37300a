//! The admin listener: health and metrics.

use std::fs;
use std::path::Path;

use sandgate_tests::{Origin, PATIENCE, Sandgate, get, wait_for, yaml};
use serde_json::Value;

/// Targets that would end a line or a value of it, were they not escaped.
const FORGERIES: [&str; 4] =
    ["/%0a%22,%22status%22:1?%22%7d", "/%7b%3c%3e%5c%22", "/a'b:c@d,e", "/\",\"status\":1,\"b\":\"}{\"?\\\\"];
/// Targets with bytes that must be escaped there (RFC 3986 sections 3.3 and 3.4).
const UNESCAPED: [&str; 6] = ["/a<b", "/a>b", "/a`b", "/?a=\"b\"", "/?a=<b", "/?\",\"status\":1,\"b\":\""];

#[test]
fn health_is_ok() {
    let refusing = Origin::refusing();
    let sandgate = Sandgate::before(&[&refusing]);
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
    for (done, path) in FORGERIES.into_iter().enumerate() {
        assert_eq!(get(sandgate.web(), path).status(), 200, "{path}");
        let line = sandgate.access_line(done + 1);
        assert_eq!((line["path"].as_str(), line["status"].as_u64()), (Some(path), Some(200)));
    }
    assert_eq!(get(sandgate.web(), "/next").status(), 200);
    assert_eq!(sandgate.access_line(FORGERIES.len() + 1)["path"], "/next");
}

#[test]
fn a_target_with_bytes_that_must_be_escaped_is_refused_and_in_the_log() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    for (done, path) in UNESCAPED.into_iter().enumerate() {
        assert_eq!(get(sandgate.web(), path).status(), 400, "{path}");
        let lines = sandgate.access_log(done + 1);
        assert_eq!(lines.len(), done + 1, "{path}");
        let line = &lines[done];
        assert_eq!(
            (line["status"].as_u64(), line["fault"].as_str()),
            (Some(400), Some("bad_request")),
            "{path}"
        );
    }
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn an_access_log_in_a_file_is_beside_the_configuration_and_appended_to() {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::forwarding() + "log: { access: { path: access.log } }\n";
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let path = sandgate.folder().join("access.log");
    for number in 1..=3 {
        assert_eq!(get(sandgate.web(), &format!("/{number}")).status(), 200);
    }
    wait_for("three lines in the file", PATIENCE, || logged_paths(&path).len() >= 3);
    assert_eq!(logged_paths(&path), ["/1", "/2", "/3"]);
    assert_eq!(sandgate.access_log(0).len(), 0, "nothing is on standard output");
}

#[test]
fn an_access_log_moves_with_the_configuration() {
    let origin = Origin::replying(200, "hello");
    let to = |name: &str| yaml::forwarding() + &format!("log: {{ access: {{ path: {name} }} }}\n");
    let sandgate = Sandgate::with_config(to("one.log")).origins("app", &[&origin]).start();
    assert_eq!(get(sandgate.web(), "/1").status(), 200);
    wait_for("a line in the first file", PATIENCE, || {
        logged_paths(&sandgate.folder().join("one.log")) == ["/1"]
    });
    sandgate.reload(&to("two.log"));
    assert_eq!(get(sandgate.web(), "/2").status(), 200);
    wait_for("a line in the second file", PATIENCE, || {
        logged_paths(&sandgate.folder().join("two.log")) == ["/2"]
    });
    assert_eq!(logged_paths(&sandgate.folder().join("one.log")), ["/1"]);
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

/// The paths of the whole lines of an access log in a file; none while there is no file.
fn logged_paths(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines = whole.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
    lines.map(|line: Value| line["path"].as_str().unwrap_or_default().to_owned()).collect()
}
