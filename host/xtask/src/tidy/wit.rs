//! Rules for the guest contract: each file is read at one look, and prose carries it.

use super::Breach;
use super::files::File;

/// How many lines a file may have.
const MAX_LINES: usize = 150;
/// Lines that only name what is explained where it is declared.
const WIRING: [&str; 6] = ["package ", "use ", "import ", "include ", "export ", "@since("];

/// What is wrong with a file of the contract.
///
/// A line of code is one that declares something: not a comment, not wiring, and with a letter, so that a lone brace
/// is none. There must be at least as many lines of comment.
pub(super) fn breaches(file: &File) -> Vec<Breach> {
    let mut found = Vec::new();
    let lines = file.lines().count();
    if lines >= MAX_LINES {
        found.push(Breach::new(
            &file.path,
            lines,
            format!("{lines} lines; a WIT file has under {MAX_LINES}"),
        ));
    }
    let trimmed = || file.lines().map(|(_, line)| line.trim());
    let comments = trimmed().filter(|line| line.starts_with("//")).count();
    let code = trimmed().filter(|line| declares(line)).count();
    if comments < code {
        let rule = format!("{comments} lines of comment for {code} of code; a WIT file has as many at least");
        found.push(Breach::new(&file.path, 1, rule));
    }
    found
}

fn declares(line: &str) -> bool {
    let is_code = !line.starts_with("//") && line.contains(|c: char| c.is_ascii_alphabetic());
    is_code && !WIRING.iter().any(|word| line.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        breaches(&File { path: "a.wit".to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn each_declaration_wants_a_line_of_comment() {
        let wiring = "package a:b;\nworld w {\n  import types;\n}\n";
        assert_eq!(count(wiring), 1);
        assert_eq!(count(&format!("/// A world.\n{wiring}")), 0);
    }

    #[test]
    fn a_file_has_an_end_in_sight() {
        assert_eq!(count(&"// a line\n".repeat(149)), 0);
        assert_eq!(count(&"// a line\n".repeat(150)), 1);
    }
}
