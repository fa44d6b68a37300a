use std::collections::HashSet;

use crate::testing::{Running, value};

#[tokio::test]
async fn requests_are_counted_by_route_and_class() {
    let running = Running::start().await;
    for _ in 0..3 {
        assert_eq!(running.visit("/good").await.status, 200);
    }
    assert_eq!(running.visit("/bad").await.status, 502);
    assert_eq!(running.visit("/else").await.status, 404);
    let metrics = running.stop().await.admin.metrics().await;
    let requests = |labels: &str| value(&metrics, &format!("sandgate_requests_total{{{labels}}}"));
    assert_eq!(requests(r#"route="good",code="2xx""#), 3.0);
    assert_eq!(requests(r#"route="good",code="5xx""#), 0.0);
    assert_eq!(requests(r#"route="bad",code="5xx""#), 1.0);
    assert_eq!(requests(r#"route="(none)",code="4xx""#), 1.0);
    assert_eq!(value(&metrics, r#"sandgate_faults_total{kind="connect_failed"}"#), 1.0);
    assert_eq!(value(&metrics, r#"sandgate_faults_total{kind="no_route"}"#), 1.0);
    assert_eq!(value(&metrics, r#"sandgate_faults_total{kind="internal"}"#), 0.0);
}

#[tokio::test]
async fn durations_add_up_to_infinity() {
    let running = Running::start().await;
    for _ in 0..3 {
        running.visit("/good").await;
    }
    let metrics = running.stop().await.admin.metrics().await;
    let of = |suffix: &str, labels: &str| {
        value(&metrics, &format!("sandgate_request_duration_seconds_{suffix}{{{labels}}}"))
    };
    assert_eq!(of("count", r#"route="good""#), 3.0);
    assert_eq!(of("bucket", r#"le="+Inf",route="good""#), 3.0);
    assert!(of("bucket", r#"le="0.0005",route="good""#) <= of("bucket", r#"le="10.0",route="good""#));
    assert!(of("sum", r#"route="good""#) > 0.0);
    assert_eq!(of("sum", r#"route="bad""#), 0.0);
}

#[tokio::test]
async fn an_endpoint_marked_as_failed_is_not_usable() {
    let running = Running::start().await;
    let endpoint = |upstream: &str, url: &str| format!(r#"{{upstream="{upstream}",endpoint="{url}"}}"#);
    let (good, bad) = (endpoint("good", &running.good), endpoint("bad", &running.bad));
    assert_eq!(value(&running.admin.metrics().await, &format!("sandgate_endpoint_usable{bad}")), 1.0);
    running.visit("/bad").await;
    let metrics = running.stop().await.admin.metrics().await;
    assert_eq!(value(&metrics, &format!("sandgate_endpoint_usable{bad}")), 0.0);
    assert_eq!(value(&metrics, &format!("sandgate_endpoint_usable{good}")), 1.0);
    assert!(value(&metrics, &format!("sandgate_endpoint_failures_total{bad}")) >= 1.0);
    assert_eq!(value(&metrics, &format!("sandgate_endpoint_failures_total{good}")), 0.0);
    assert_eq!(value(&metrics, &format!("sandgate_endpoint_active_requests{good}")), 0.0);
}

#[tokio::test]
async fn what_the_process_is_can_be_read() {
    let metrics = Running::start().await.admin.metrics().await;
    let build = format!(r#"sandgate_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&metrics, &build), 1.0);
    assert_eq!(value(&metrics, "sandgate_generation"), 1.0);
    assert_eq!(value(&metrics, r#"sandgate_reloads_total{result="applied"}"#), 0.0);
    assert_eq!(value(&metrics, r#"sandgate_retries_total{reason="reset"}"#), 0.0);
    let of_hook = |name: &str, kind: &str| format!(r#"{name}{{plugin="weigher",hook="weigh"{kind}}}"#);
    for name in ["sandgate_plugin_circuit_open", "sandgate_plugin_circuit_opened_total"] {
        assert_eq!(value(&metrics, &of_hook(name, "")), 0.0);
    }
    let traps = of_hook("sandgate_plugin_faults_total", r#",kind="plugin_trap""#);
    assert_eq!(value(&metrics, &traps), 0.0);
    assert_eq!(value(&metrics, r#"sandgate_plugin_log_dropped_total{plugin="idle"}"#), 0.0);
    let tenants = r#"sandgate_plugin_calls_total{plugin="acme/weigher",tenant="acme",hook="weigh"}"#;
    assert_eq!(value(&metrics, tenants), 0.0);
}

#[tokio::test]
async fn the_text_is_as_a_scraper_wants_it() {
    let running = Running::start().await;
    let reply = running.admin.get("/metrics").await;
    assert!(
        reply.head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{}",
        reply.head
    );
    assert!(reply.body.ends_with("\n# EOF\n"));
    let mut series = HashSet::new();
    for line in reply.body.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.insert(name), "twice: {line}");
    }
}
