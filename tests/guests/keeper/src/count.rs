//! The plugin's own metrics.

use sandgate_sdk::metrics::{self, Metric, MetricsError};

pub(crate) fn metrics() -> Vec<Metric> {
    vec![
        Metric::counter("asked_for", "Things that were asked for.").with_label("thing", &["tea", "cake"]),
        Metric::gauge("level", "How full the pot is."),
        Metric::histogram("sizes", "How large the pieces were.", &[1.0, 10.0]),
    ]
}

pub(crate) fn count(words: &[&str]) -> String {
    let counted = match words {
        ["increment", name, label, by] => metrics::increment(name, &[label], by.parse().unwrap_or_default()),
        ["set", name, value] => metrics::set(name, &[], number(value)),
        ["adjust", name, by] => metrics::adjust(name, &[], number(by)),
        ["observe", name, value] => metrics::observe(name, &[], number(value)),
        _ => return "no such deed".to_owned(),
    };
    told(counted)
}

fn told(counted: Result<(), MetricsError>) -> String {
    counted.map_or_else(|error| format!("{error:?}"), |()| "ok".to_owned())
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}
