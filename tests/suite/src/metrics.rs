//! Metrics in Prometheus' text form, read strictly: what a scraper would refuse is a panic here.

/// One reading of all metrics.
#[derive(Debug)]
pub struct Metrics(Vec<Sample>);

#[derive(Debug)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Metrics {
    /// Reads the text of `/metrics`.
    pub fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample);
        Metrics(samples.collect())
    }

    /// The sum of the series of that name which have all these labels; 0 if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.with(name, labels).map(|sample| sample.value).sum()
    }

    /// How many series of that name have all these labels.
    pub fn matching(&self, name: &str, labels: &[(&str, &str)]) -> usize {
        self.with(name, labels).count()
    }

    fn with(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &Sample> {
        let has = |sample: &Sample| {
            labels.iter().all(|l| sample.labels.iter().any(|(n, v)| (n.as_str(), v.as_str()) == *l))
        };
        self.0.iter().filter(move |sample| sample.name == name && has(sample))
    }

    /// Whether there is a series of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|sample| sample.name == name)
    }

    /// How many series there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value in {line:?}"));
    let value = value.parse().unwrap_or_else(|_| panic!("not a number in {line:?}"));
    let Some((name, rest)) = series.split_once('{') else {
        return Sample { name: checked(series, line), labels: Vec::new(), value };
    };
    let labels = rest.strip_suffix('}').unwrap_or_else(|| panic!("labels don't end in {line:?}"));
    Sample { name: checked(name, line), labels: pairs(labels, line), value }
}

fn pairs(text: &str, line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label in {line:?}"));
        let end = closing_quote(after).unwrap_or_else(|| panic!("a value doesn't end in {line:?}"));
        pairs.push((checked(name, line), after[..end].replace("\\\"", "\"").replace("\\\\", "\\")));
        rest = after[end + 1..].trim_start_matches(',');
    }
    pairs
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| match (c, escaped) {
        ('"', false) => Some(at),
        ('\\', false) => {
            escaped = true;
            None
        }
        _ => {
            escaped = false;
            None
        }
    })
}

fn checked(name: &str, line: &str) -> String {
    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
    assert!(good, "{name:?} is no name, in {line:?}");
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_added_up_by_their_labels() {
        let text = "# TYPE a counter\na_total{x=\"1\",y=\"q\\\"}\"} 2\na_total{x=\"2\"} 3\nb 1.5\n# EOF\n";
        let metrics = Metrics::parse(text);
        assert_eq!(metrics.sum("a_total", &[]), 5.0);
        assert_eq!(metrics.sum("a_total", &[("y", "q\"}")]), 2.0);
        assert_eq!(metrics.sum("b", &[]), 1.5);
        assert!(!metrics.has("c"));
    }
}
