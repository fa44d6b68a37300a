//! Lints that are switched off say why.

use crate::tidy::Breach;
use crate::tidy::files::File;

/// What switches lints off.
const EXCEPTIONS: [&str; 2] = ["allow(", "expect("];

/// The exceptions without `reason = "..."`.
pub(super) fn without_reason(file: &File) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut lines = file.lines();
    while let Some((number, line)) = lines.next() {
        if !begins(line) {
            continue;
        }
        let mut attribute = line.to_owned();
        while is_open(&attribute) {
            let Some((_, line)) = lines.next() else { break };
            attribute.push_str(line);
        }
        if is_exception(&attribute) && !attribute.contains("reason =") {
            found.push(Breach::new(&file.path, number, "an exception to a lint without `reason = \"...\"`"));
        }
    }
    found
}

fn begins(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[") || line.starts_with("#![")
}

/// Whether the attribute goes on in the next line.
fn is_open(attribute: &str) -> bool {
    attribute.matches('[').count() > attribute.matches(']').count()
}

fn is_exception(attribute: &str) -> bool {
    let is_one =
        |word: &str| attribute.contains(&format!("[{word}")) || attribute.contains(&format!(" {word}"));
    EXCEPTIONS.iter().any(|word| is_one(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
        without_reason(&file).iter().map(|breach| breach.line).collect()
    }

    #[test]
    fn an_exception_needs_a_reason() {
        assert_eq!(lines("#[allow(dead_code)]\n#![expect(missing_docs)]\nfn f() {}\n"), [1, 2]);
        assert_eq!(lines("#[cfg_attr(not(test), allow(dead_code))]\n"), [1]);
        assert_eq!(lines("#[expect(unsafe_code, reason = \"an allocator\")]\n"), Vec::<usize>::new());
    }

    #[test]
    fn an_attribute_may_have_many_lines() {
        assert_eq!(lines("#[expect(\n    unsafe_code,\n    reason = \"x\"\n)]\n"), Vec::<usize>::new());
        assert_eq!(lines("#[expect(\n    unsafe_code,\n)]\n#[test]\n"), [1]);
    }

    #[test]
    fn other_attributes_need_none() {
        assert_eq!(lines("#[derive(Debug)]\n#[should_panic(expected = \"x\")]\nx.expect(\"y\");\n"), [0; 0]);
    }
}
