//! How long functions are. No parser: rustfmt puts a function's last brace below its `fn`, at the same indent.

use crate::tidy::Breach;
use crate::tidy::files::File;

/// What may come before `fn`.
const MODIFIERS: [&str; 5] = ["pub", "const", "async", "unsafe", "extern"];

/// The functions with more lines than that.
pub(super) fn longer_than(file: &File, max: usize) -> Vec<Breach> {
    let lines: Vec<(usize, &str)> = file.lines().collect();
    let mut found = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        let Some(name) = name(line) else { continue };
        let length = length(lines.iter().skip(at).map(|(_, line)| *line));
        if length > max {
            let rule = format!("`{name}` has {length} lines; a function has at most {max}");
            found.push(Breach::new(&file.path, *number, rule));
        }
    }
    found
}

/// The function's name, if one begins in this line.
fn name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| is_modifier(word));
    if words.next() != Some("fn") {
        return None;
    }
    words.next()?.split(['(', '<']).next()
}

fn is_modifier(word: &str) -> bool {
    MODIFIERS.contains(&word) || word.starts_with("pub(") || (word.starts_with('"') && word.ends_with('"'))
}

/// From the first of the lines to the closing brace, or to the `;` of a function without a body.
fn length<'a>(mut lines: impl Iterator<Item = &'a str>) -> usize {
    let first = lines.next().unwrap_or_default();
    if first.ends_with(['}', ';']) {
        return 1;
    }
    let indent = indent(first);
    let is_last = |line: &str| {
        let rest = line.trim_start();
        self::indent(line) == indent && (rest.starts_with('}') || rest.ends_with(';'))
    };
    lines.position(is_last).map_or(1, |inner| inner + 2)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(text: &str, max: usize) -> Vec<String> {
        let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
        longer_than(&file, max).iter().map(Breach::to_string).collect()
    }

    #[test]
    fn functions_are_found_with_their_names_whatever_comes_before() {
        assert_eq!(name("    pub(crate) async fn a_b<T>(x: T) {"), Some("a_b"));
        assert_eq!(name("pub unsafe extern \"C\" fn f() {"), Some("f"));
        assert_eq!(name("// fn f"), None);
        assert_eq!(name("    let f = fn_pointer;"), None);
    }

    #[test]
    fn a_function_ends_at_its_brace() {
        let text = "impl A {\n    fn one(\n        self,\n    ) -> u8 {\n        if x {\n        }\n        1\n    }\n}\n";
        assert_eq!(long(text, 7), Vec::<String>::new());
        assert_eq!(long(text, 6), ["a.rs:2: `one` has 7 lines; a function has at most 6"]);
    }

    #[test]
    fn a_declaration_has_no_body() {
        assert_eq!(
            long("fn a();\nfn b() {}\nfn c(\n    x: X,\n) -> Y;\nfn d() {\n}\n", 3),
            Vec::<String>::new()
        );
    }
}
