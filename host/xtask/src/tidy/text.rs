//! Rules for every text file: nothing left over from work, nothing of one machine.

use super::Breach;
use super::files::File;

/// Words of unfinished work. In two parts, so that this file has none.
const UNFINISHED: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
/// Folders of one machine.
const PLACES: [&str; 2] = [concat!("/wo", "rk/"), concat!("/tmp/", "bash")];
/// Hosts of package registries: which one is used is for the machine's own settings to say.
const REGISTRIES: [&str; 8] = [
    concat!("crates", ".io"),
    concat!("static.rust-", "lang.org"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("proxy.", "golang.org"),
    concat!("gh", "cr.io"),
];

/// What is wrong with a file, whatever it is.
pub(super) fn breaches(file: &File) -> Vec<Breach> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        found.extend(of_line(line).into_iter().map(|rule| Breach::new(&file.path, number, rule)));
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        found.push(Breach::new(&file.path, file.text.lines().count(), "the last line has no end"));
    }
    found
}

fn of_line(line: &str) -> Vec<String> {
    let mut rules = Vec::new();
    if line.ends_with([' ', '\t', '\r']) {
        rules.push("white space at the line's end".to_owned());
    }
    let mut forbid = |words: &[&str], why: &str| {
        let words = words.iter().filter(|word| line.contains(**word));
        rules.extend(words.map(|word| format!("`{word}` {why}")));
    };
    forbid(&UNFINISHED, "is for unfinished work: finish it, or say what is absent");
    forbid(&PLACES, "is a path of one machine");
    forbid(&REGISTRIES, "is a registry's host name: leave it to the machine's settings");
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(usize, String)> {
        let file = File { path: "a.md".to_owned(), text: text.to_owned() };
        breaches(&file).into_iter().map(|breach| (breach.line, breach.rule)).collect()
    }

    #[test]
    fn what_is_left_over_is_found_with_its_line() {
        let text = format!("fine\n{} later\nsee {}main\n", UNFINISHED[0], PLACES[0]);
        let found = rules(&text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
        assert!(found[0].1.contains("unfinished") && found[1].1.contains("one machine"));
    }

    #[test]
    fn white_space_and_a_missing_end_are_found() {
        assert_eq!(rules("a \nb").len(), 2);
        assert_eq!(rules("a\nb\n").len(), 0);
        assert_eq!(rules("").len(), 0);
    }
}
