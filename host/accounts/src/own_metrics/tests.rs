use super::*;

/// A label's name and its values.
type Label = (String, Vec<String>);

fn label(name: &str, values: &[&str]) -> Label {
    (name.into(), values.iter().map(|value| (*value).to_owned()).collect())
}

fn metric(name: &str, kind: MetricKind, labels: Vec<Label>) -> MetricDeclaration {
    MetricDeclaration { name: name.into(), help: "Help.".into(), kind, labels }
}

fn counter(name: &str, labels: Vec<Label>) -> MetricDeclaration {
    metric(name, MetricKind::Counter, labels)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn each_combination_of_labels_is_a_series_of_its_own() {
    let labels = vec![label("kind", &["a", "b"]), label("size", &["s", "m", "l"])];
    let own = OwnMetrics::new(check_metrics(vec![counter("hits", labels)], 6).unwrap());
    own.change("hits", &words(&["b", "m"]), Change::Increment(2)).unwrap();
    let series: Vec<_> = own.iter().flat_map(OwnMetric::series).collect();
    assert_eq!(series.len(), 6);
    let counted: Vec<_> = series.iter().filter(|series| series.value != SeriesValue::Count(0)).collect();
    let expected = Series { labels: vec![("kind", "b"), ("size", "m")], value: SeriesValue::Count(2) };
    assert_eq!(counted, [&expected]);
}

#[test]
fn what_was_not_declared_is_not_counted() {
    let declared =
        vec![counter("hits", vec![label("kind", &["a", "b"])]), metric("level", MetricKind::Gauge, vec![])];
    let own = OwnMetrics::new(check_metrics(declared, 100).unwrap());
    let change = |name, labels: &[&str], change| own.change(name, &words(labels), change);
    assert_eq!(change("other", &[], Change::Increment(1)), Err(ChangeError::Undeclared));
    assert_eq!(change("hits", &["c"], Change::Increment(1)), Err(ChangeError::WrongLabel));
    assert_eq!(change("hits", &[], Change::Increment(1)), Err(ChangeError::WrongLabel));
    assert_eq!(change("hits", &["a"], Change::Set(1.0)), Err(ChangeError::WrongKind));
    assert_eq!(change("level", &[], Change::Set(f64::NAN)), Err(ChangeError::InvalidNumber));
    assert_eq!(change("level", &[], Change::Set(2.5)), Ok(()));
    assert_eq!(change("level", &[], Change::Adjust(-1.0)), Ok(()));
    let values: Vec<_> = own.iter().flat_map(OwnMetric::series).map(|series| series.value).collect();
    assert_eq!(values, [SeriesValue::Count(0), SeriesValue::Count(0), SeriesValue::Level(1.5)]);
}

#[test]
fn a_number_is_in_the_class_whose_bound_it_does_not_pass() {
    let kind = MetricKind::Histogram(vec![1.0, 2.0]);
    let own = OwnMetrics::new(check_metrics(vec![metric("sizes", kind, vec![])], 4).unwrap());
    for value in [0.5, 1.0, 1.5, 9.0] {
        own.change("sizes", &[], Change::Observe(value)).unwrap();
    }
    let series = own.iter().next().unwrap().series().next().unwrap();
    assert_eq!(series.value, SeriesValue::Distribution { sum: 12.0, classes: vec![2, 1, 1] });
}

#[test]
fn declarations_are_held_to_their_rules() {
    let histogram = |bounds: &[f64]| MetricKind::Histogram(bounds.to_vec());
    let loud = MetricDeclaration { help: "a\nb".into(), ..counter("a", vec![]) };
    let bad = [
        (vec![counter("", vec![])], "is no name"),
        (vec![counter("Hits", vec![])], "is no name"),
        (vec![counter("hits_total", vec![])], "`_total`"),
        (vec![loud], "control character"),
        (vec![counter("a", vec![]), counter("a", vec![])], "two metrics"),
        (vec![counter("a", vec![label("plugin", &["x"])])], "the host's"),
        (vec![counter("a", vec![label("b", &[])])], "no values"),
        (vec![counter("a", vec![label("b", &["x", "x"])])], "one twice"),
        (vec![counter("a", vec![label("b", &["\""])])], "no value of a label"),
        (vec![counter("a", vec![label("b", &["x"]), label("b", &["y"])])], "one name"),
        (vec![metric("a", histogram(&[]), vec![])], "bounds"),
        (vec![metric("a", histogram(&[2.0, 1.0]), vec![])], "bounds"),
        (vec![metric("a", histogram(&[f64::NAN]), vec![])], "bounds"),
        (vec![counter("a", vec![label("b", &["x", "y", "z"])])], "metrics: { series: 3 }"),
    ];
    for (declared, words) in bad {
        let problem = check_metrics(declared, 2).unwrap_err();
        assert!(problem.contains(words), "{words} in {problem}");
    }
}
