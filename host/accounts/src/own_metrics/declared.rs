//! What a plugin declares of its metrics, held to the rules of `wit/plugin.wit`.

/// Metrics that a plugin may declare.
const METRICS_LIMIT: usize = 64;
/// Bytes of a metric's name.
pub(super) const NAME_LIMIT: usize = 64;
/// Bytes of what is said of it.
const HELP_LIMIT: usize = 256;
/// Labels of a metric.
const LABELS_LIMIT: usize = 4;
/// Bytes of a label's name.
const LABEL_LIMIT: usize = 32;
/// Bytes of a label's value.
const VALUE_LIMIT: usize = 64;
/// Bounds of a histogram.
const BOUNDS_LIMIT: usize = 32;
/// What the text format adds to names.
pub(super) const SUFFIXES: [&str; 6] = ["_total", "_bucket", "_sum", "_count", "_created", "_info"];
/// Labels that others write.
const TAKEN: [&str; 2] = ["plugin", "le"];

/// A metric, as the plugin says.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricDeclaration {
    /// Its name, without what is put before all of them.
    pub name: String,
    /// A sentence on it.
    pub help: String,
    /// What kind of number it is.
    pub kind: MetricKind,
    /// Its labels beside the plugin's, with all values of each.
    pub labels: Vec<(String, Vec<String>)>,
}

/// What kind of number a metric is.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricKind {
    /// One that only grows.
    Counter,
    /// One that goes up and down.
    Gauge,
    /// How numbers are distributed over classes with these upper bounds, and one more.
    Histogram(Vec<f64>),
}

impl MetricKind {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram(_) => "histogram",
        }
    }

    /// How many numbers a series is made of: a histogram's are its sum, and each class.
    pub(super) fn cells(&self) -> usize {
        match self {
            MetricKind::Counter | MetricKind::Gauge => 1,
            MetricKind::Histogram(bounds) => bounds.len() + 2,
        }
    }
}

impl MetricDeclaration {
    /// How many combinations of values of labels there are.
    pub(super) fn combinations(&self) -> usize {
        self.labels.iter().fold(1, |product: usize, (_, values)| product.saturating_mul(values.len()))
    }

    /// The number of a combination, if it is one.
    pub(super) fn number_of(&self, values: &[String]) -> Option<usize> {
        if values.len() != self.labels.len() {
            return None;
        }
        let mut number = 0;
        for ((_, known), value) in self.labels.iter().zip(values) {
            number = number * known.len() + known.iter().position(|known| known == value)?;
        }
        Some(number)
    }

    /// The combination of that number.
    pub(super) fn labels_of(&self, mut number: usize) -> Vec<(&str, &str)> {
        let mut labels = Vec::with_capacity(self.labels.len());
        for (name, values) in self.labels.iter().rev() {
            let count = values.len().max(1);
            labels.push((name.as_str(), values.get(number % count).map(String::as_str).unwrap_or_default()));
            number /= count;
        }
        labels.reverse();
        labels
    }
}

/// What was declared, if all of it is sound and there are no more series than that.
pub fn check_metrics(declared: Vec<MetricDeclaration>, limit: u64) -> Result<Vec<MetricDeclaration>, String> {
    if declared.len() > METRICS_LIMIT {
        return Err(format!("{} metrics; a plugin may have {METRICS_LIMIT}", declared.len()));
    }
    let mut metrics: Vec<MetricDeclaration> = Vec::with_capacity(declared.len());
    for metric in declared {
        let name = metric.name.clone();
        let metric = one(metric).map_err(|problem| format!("metric {name:?}: {problem}"))?;
        if metrics.iter().any(|other| other.name == name) {
            return Err(format!("two metrics have the name {name:?}"));
        }
        metrics.push(metric);
    }
    let cells = |metric: &MetricDeclaration| metric.combinations().saturating_mul(metric.kind.cells());
    let series = metrics.iter().map(cells).fold(0, usize::saturating_add);
    if u64::try_from(series).unwrap_or(u64::MAX) > limit {
        return Err(format!(
            "its metrics have {series} series, and may have {limit}; grant more by `metrics: {{ series: {series} }}`"
        ));
    }
    Ok(metrics)
}

fn one(metric: MetricDeclaration) -> Result<MetricDeclaration, String> {
    let MetricDeclaration { name, help, kind, labels } = metric;
    check_name(&name, NAME_LIMIT)?;
    if let Some(suffix) = SUFFIXES.iter().find(|suffix| name.ends_with(**suffix)) {
        return Err(format!("a name does not end with `{suffix}`, which the text format adds"));
    }
    if help.len() > HELP_LIMIT || help.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err(format!("help has at most {HELP_LIMIT} bytes, and no control character, `\"` or `\\`"));
    }
    let kind = match kind {
        MetricKind::Histogram(bounds) => MetricKind::Histogram(check_bounds(bounds)?),
        kind => kind,
    };
    if labels.len() > LABELS_LIMIT {
        return Err(format!("{} labels; a metric may have {LABELS_LIMIT}", labels.len()));
    }
    let labels = labels.into_iter().map(label).collect::<Result<Vec<_>, _>>()?;
    let names: std::collections::BTreeSet<&str> = labels.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() < labels.len() {
        return Err("two labels have one name".to_owned());
    }
    Ok(MetricDeclaration { name, help, kind, labels })
}

fn label((name, values): (String, Vec<String>)) -> Result<(String, Vec<String>), String> {
    check_name(&name, LABEL_LIMIT)?;
    if TAKEN.contains(&name.as_str()) {
        return Err(format!("the label {name:?} is the host's"));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_.:/".contains(&byte);
    let is_value = |value: &&String| (1..=VALUE_LIMIT).contains(&value.len()) && value.bytes().all(plain);
    if let Some(bad) = values.iter().find(|value| !is_value(value)) {
        return Err(format!("{bad:?} is no value of a label: 1 to {VALUE_LIMIT} letters, digits, ` -_.:/`"));
    }
    let distinct: std::collections::BTreeSet<&String> = values.iter().collect();
    if values.is_empty() || distinct.len() < values.len() {
        return Err(format!("the label {name:?} has no values, or one twice"));
    }
    Ok((name, values))
}

fn check_name(name: &str, limit: usize) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name =
        name.len() <= limit && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(plain);
    is_name.then_some(()).ok_or_else(|| {
        format!("{name:?} is no name: at most {limit} lower-case letters, digits and `_`, a letter first")
    })
}

fn check_bounds(bounds: Vec<f64>) -> Result<Vec<f64>, String> {
    let ascending = bounds.is_sorted_by(|a, b| a < b) && bounds.iter().all(|bound| bound.is_finite());
    if !(1..=BOUNDS_LIMIT).contains(&bounds.len()) || !ascending {
        return Err(format!("a histogram has 1 to {BOUNDS_LIMIT} bounds, finite and ascending"));
    }
    Ok(bounds)
}
