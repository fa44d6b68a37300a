//! Holds the documents beside this crate to what the program does: a name that is in one and not in the other is an
//! error of one of them.

use std::collections::{BTreeMap, BTreeSet};

use model::{Blame, FaultKind};

use crate::testing::Running;

const METRICS: &str = include_str!("../../docs/metrics.md");
const LOGGING: &str = include_str!("../../docs/logging.md");

/// A metric's type and the names of its labels.
type Shape = (String, BTreeSet<String>);

#[tokio::test]
async fn the_metrics_documented_are_those_exported() {
    let running = Running::start().await;
    // A latency is known of what was asked.
    running.visit("/good").await;
    let exported = exported(&running.admin.metrics().await);
    let documented: BTreeMap<String, Shape> =
        rows(METRICS, "## ").map(|row| (row[0].clone(), (row[1].clone(), words(&row[2])))).collect();
    assert_eq!(documented, exported);
}

#[test]
fn the_faults_documented_are_those_there_are() {
    let documented: Vec<[String; 3]> =
        rows(LOGGING, "## Faults").map(|row| [0, 1, 2].map(|at| row[at].clone())).collect();
    let kinds = FaultKind::ALL
        .map(|kind| [kind.name(), kind.status().as_str(), blame(kind.blame())].map(str::to_owned));
    assert_eq!(documented, kinds);
}

#[tokio::test]
async fn the_fields_documented_are_those_of_a_line() {
    let running = Running::start().await;
    running.visit("/good").await;
    running.visit("/bad").await;
    let log = running.stop().await.access_log;
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut seen: BTreeSet<String> =
        lines.flat_map(|line| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>()).collect();
    // Only plugins leave notes and cost something, and none is asked here; nor does any protocol change.
    seen.extend(["notes", "plugins", "protocol", "bytes_up"].map(str::to_owned));
    // Nor is any route a tenant's.
    seen.insert("tenant".to_owned());
    // No connection here is by TLS.
    seen.insert("tls".to_owned());
    // Nor does anybody trace.
    seen.insert("trace_id".to_owned());
    let documented: BTreeSet<_> = rows(LOGGING, "## Access log").map(|row| row[0].clone()).collect();
    assert_eq!(documented, seen);
}

/// The cells of each row that begins with a name in code, under the headings that begin so.
fn rows<'a>(document: &'a str, heading: &'a str) -> impl Iterator<Item = Vec<String>> + 'a {
    let mut inside = false;
    let lines = document.lines().filter(move |line| {
        if line.starts_with("## ") {
            inside = line.starts_with(heading);
        }
        inside && line.starts_with("| `")
    });
    lines.map(|line| line.split('|').skip(1).map(|cell| cell.trim().replace('`', "")).collect())
}

fn words(text: &str) -> BTreeSet<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn blame(blame: Blame) -> &'static str {
    match blame {
        Blame::Client => "client",
        Blame::Sandgate => "Sandgate",
        Blame::Upstream => "upstream",
        Blame::Plugin => "plugin",
    }
}

/// What a text of metrics holds, by the names that queries use.
fn exported(metrics: &str) -> BTreeMap<String, Shape> {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let shapes = types.map(|(name, kind)| {
        let (name, first) = match kind {
            "counter" => (format!("{name}_total"), format!("{name}_total")),
            "info" => (format!("{name}_info"), format!("{name}_info")),
            "histogram" => (name.to_owned(), format!("{name}_count")),
            _ => (name.to_owned(), name.to_owned()),
        };
        let lines = metrics.lines().filter(|line| line.split([' ', '{']).next() == Some(&first));
        // What is nobody's has no tenant.
        let labels: Vec<BTreeSet<String>> = lines.map(label_names).collect();
        assert!(!labels.is_empty(), "no series of {name} in {metrics}");
        (name, (kind.to_owned(), labels.into_iter().flatten().collect()))
    });
    shapes.collect()
}

/// No label's value has a quotation mark here.
fn label_names(line: &str) -> BTreeSet<String> {
    let labels =
        line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(labels, _)| labels);
    labels
        .split('"')
        .step_by(2)
        .map(|name| name.trim_matches([',', '=']).to_owned())
        .filter(|n| !n.is_empty())
        .collect()
}
