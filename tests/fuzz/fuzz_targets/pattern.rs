//! Patterns of routes. What is told of two without running them is true when they run: what matches begins with the beginning, and
//! nothing matches two that exclude each other. A template matches what its parameters were taken from.
#![no_main]

use config::{Letters, PathMatch, Pattern, Template};
use libfuzzer_sys::fuzz_target;

/// Longer ones take time and show nothing else.
const LONGEST: usize = 48;

fuzz_target!(|data: &[u8]| {
    let Some([one, two, text]) = sandgate_fuzz::texts::<3>(data) else { return };
    if one.len() > LONGEST || two.len() > LONGEST {
        return;
    }
    for letters in [Letters::Exact, Letters::AnyCase] {
        if let (Ok(one), Ok(two)) = (Pattern::compile(one, letters), Pattern::compile(two, letters)) {
            hold(&one, &two, text);
        }
    }
    if let (Ok(template), true) = (Template::parse(one), text.starts_with('/')) {
        fill(&template, text);
    }
});

fn hold(one: &Pattern, two: &Pattern, text: &str) {
    assert_eq!(one.excludes(two), two.excludes(one), "{one} {two}");
    assert!(!one.excludes(two) || !one.is_match(text) || !two.is_match(text), "{one} {two} {text:?}");
    for pattern in [one, two] {
        assert!(!pattern.is_match(text) || text.starts_with(pattern.beginning()), "{pattern} {text:?}");
        assert_eq!(
            pattern.captures(text).next().is_some(),
            pattern.is_match(text) && pattern.captures(text).count() > 0
        );
    }
}

fn fill(template: &Template, text: &str) {
    let path = PathMatch::Template(template.clone());
    assert_eq!(path.is_match(text), template.is_match(text));
    if !template.is_match(text) {
        assert_eq!(template.captures(text).count(), 0, "{template} {text:?}");
        return;
    }
    assert!(text.starts_with(template.beginning()), "{template} {text:?}");
    assert_eq!(template.captures(text).count(), template.names().count(), "{template} {text:?}");
    for (name, value) in template.captures(text) {
        assert!(text.contains(value), "{template} {name} {value:?}");
    }
}
