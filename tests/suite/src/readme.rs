//! READMEs as tests: their fenced blocks are run as they are written, and must give what they show.
//!
//! A block's info string says what it is. `sh run` is run by a shell in the repository's root; a line that begins
//! with `sandgate run` starts it and waits until it is ready, and it lives until the next one or the README's end.
//! `text output` is what the block before it prints: `...` alone stands for any lines, at a line's end for any rest.
//! `json log` is a part of the last line of the access log: fields that it shows must be there, with the same value
//! unless time or chance decides it; `null` stands for a field that is absent. Blocks with other info strings are left alone.
//!
//! Not run are lines that whoever runs the tests has done already: `cargo build ...`, `cargo install ...`,
//! `cargo xtask guests ...`, `git clone ...` and `cd ...`. A path to the binary means the binary under test.
//! `cargo xtask demo` starts what it starts once all is built, before the origins of the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::command::{binary, run_to_end};
use crate::lines::{Lines, LogLine};

/// Fields of the access log whose values nobody can write down beforehand.
const VOLATILE: [&str; 4] = ["time", "id", "client", "duration_ms"];
/// What has been done by whoever runs the tests.
const DONE: [&str; 5] = ["cargo build", "cargo install", "cargo xtask guests", "git clone", "cd "];
/// What `cargo xtask demo` does once all is built.
const DEMO: (&str, &str) = ("cargo xtask demo", "run examples-wasm/add-header/sandgate.yaml");
/// The ways in which a README may call the binary.
const CALLS: [&str; 5] = [
    "cargo run --release -- ",
    "cargo run -- ",
    "./target/release/sandgate ",
    "target/release/sandgate ",
    "sandgate ",
];

/// A README, taken apart.
#[derive(Debug)]
pub struct Readme {
    /// Where it is.
    pub path: PathBuf,
    /// The blocks that are run or compared, in their order.
    pub blocks: Vec<Block>,
}

/// A block that is run or compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Commands.
    Run(String),
    /// What the commands before it print.
    Output(String),
    /// A part of the access log's last line.
    Log(String),
}

impl Readme {
    /// Reads a README.
    pub fn read(path: &Path) -> Self {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("no README {}: {error}", path.display()));
        Readme { path: path.to_owned(), blocks: blocks(&text) }
    }

    /// The README of the repository and those of the examples.
    pub fn all() -> Vec<Self> {
        let mut paths = vec![root().join("README.md")];
        let examples = fs::read_dir(root().join("examples-wasm")).expect("the examples");
        let mut folders: Vec<_> =
            examples.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        folders.sort();
        paths.extend(folders.iter().map(|folder| folder.join("README.md")));
        paths.iter().map(|path| Readme::read(path)).collect()
    }
}

/// Runs a README's blocks one after another; panics where one doesn't give what the README shows.
pub fn play(readme: &Readme) {
    let mut stage = Stage { running: None, output: String::new() };
    for block in &readme.blocks {
        match block {
            Block::Run(commands) => stage.run(commands),
            Block::Output(expected) => assert!(
                is_like(expected, &stage.output),
                "{}: expected\n{expected}\nfound\n{}",
                readme.path.display(),
                stage.output
            ),
            Block::Log(expected) => stage.compare_log(expected, &readme.path),
        }
    }
}

/// What the blocks before left behind.
struct Stage {
    running: Option<Running>,
    output: String,
}

/// The `sandgate` that a README started.
struct Running {
    child: Child,
    stdout: Lines,
}

impl Stage {
    fn run(&mut self, commands: &str) {
        let mut script = String::new();
        for line in joined(commands) {
            let line = line.trim_end_matches(" &");
            match call(line) {
                _ if line == DEMO.0 => self.start(DEMO.1),
                _ if DONE.iter().any(|done| line.starts_with(done)) => {}
                Some(arguments) if arguments.starts_with("run ") => self.start(arguments),
                Some(arguments) => script.push_str(&format!("'{}' {arguments}\n", binary().display())),
                None => script.push_str(&format!("{line}\n")),
            }
        }
        if !script.is_empty() {
            self.output = run_to_end(Command::new("sh").arg("-ec").arg(script).current_dir(root())).stdout;
        }
    }

    fn start(&mut self, arguments: &str) {
        // The one before must give its ports back first.
        self.running = None;
        let mut command = Command::new(binary());
        command.args(arguments.split_whitespace()).current_dir(root());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("sandgate starts");
        let stdout = Lines::of(child.stdout.take().expect("a piped output"));
        let stderr = Lines::of(child.stderr.take().expect("a piped output"));
        self.running = Some(Running { child, stdout });
        let ready = |lines: &[String]| {
            lines.iter().filter_map(|l| LogLine::parse(l)).find(|l| l.message() == "ready")
        };
        assert!(stderr.find(ready).is_some(), "sandgate {arguments} is not ready: {:#?}", stderr.all());
    }

    fn compare_log(&self, expected: &str, readme: &Path) {
        let expected: Value = serde_json::from_str(expected).expect("a block of JSON");
        let running = self.running.as_ref().expect("a README starts sandgate before it shows its log");
        let found = |lines: &[String]| lines.iter().rev().find(|line| has_all(&expected, line)).cloned();
        let is_there = running.stdout.find(found).is_some();
        assert!(is_there, "{}: expected {expected} in {:#?}", readme.display(), running.stdout.all());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
        if thread::panicking() {
            eprintln!("its access log:\n{}", self.stdout.all().join("\n"));
        }
    }
}

fn root() -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR"));
    suite.ancestors().nth(2).expect("the suite is two folders deep").to_owned()
}

/// Whether a line of the log has every field that the README shows, with the same value where it can be known.
fn has_all(expected: &Value, line: &str) -> bool {
    let Ok(found) = serde_json::from_str::<Value>(line) else { return false };
    let fields = expected.as_object().expect("the block is a JSON object");
    fields.iter().all(|(name, value)| match found.get(name) {
        Some(actual) => VOLATILE.contains(&name.as_str()) || actual == value,
        None => value.is_null(),
    })
}

/// What follows the binary's name, if the line calls it.
fn call(line: &str) -> Option<&str> {
    CALLS.iter().find_map(|name| line.strip_prefix(name))
}

/// The commands, one a line, without comments.
fn joined(commands: &str) -> Vec<String> {
    let whole = commands.replace("\\\n", " ");
    whole.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect()
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut lines) = (Vec::new(), text.lines());
    while let Some(line) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let body: Vec<_> = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
        let body = body.join("\n");
        match info.trim() {
            "sh run" => blocks.push(Block::Run(body)),
            "text output" => blocks.push(Block::Output(body)),
            "json log" => blocks.push(Block::Log(body)),
            _ => {}
        }
    }
    blocks
}

/// Whether a text is what the README shows, line by line.
fn is_like(expected: &str, found: &str) -> bool {
    let expected: Vec<_> = expected.trim().lines().map(str::trim_end).collect();
    let found: Vec<_> = found.trim().lines().map(str::trim_end).collect();
    lines_match(&expected, &found)
}

fn lines_match(expected: &[&str], found: &[&str]) -> bool {
    match (expected, found) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=found.len()).any(|skipped| lines_match(rest, &found[skipped..])),
        ([first, rest @ ..], [line, lines @ ..]) => line_matches(first, line) && lines_match(rest, lines),
        _ => false,
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    match expected.strip_suffix("...") {
        Some(beginning) => found.starts_with(beginning),
        None => expected == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_that_are_run_or_compared_are_taken() {
        let text = "# A\n```sh run\necho a\n```\ntext\n```yaml\nversion: 1\n```\n```text output\na\n```\n```json log\n{}\n```\n";
        let expected = [Block::Run("echo a".into()), Block::Output("a".into()), Block::Log("{}".into())];
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn dots_stand_for_what_changes() {
        assert!(is_like(
            "HTTP/1.1 200 OK\n...\nx-a: 1\ndate: ...\n",
            "HTTP/1.1 200 OK\r\nvia: x\r\nx-a: 1\r\ndate: Sat\r\n\r\n"
        ));
        assert!(!is_like("a\n...\nb", "a\nc"));
        assert!(!is_like("a", "a\nb"));
    }

    #[test]
    fn a_log_line_may_have_more_than_is_shown() {
        let shown = serde_json::json!({ "time": "then", "status": 200 });
        assert!(has_all(&shown, r#"{"time":"now","status":200,"route":"all"}"#));
        assert!(!has_all(&shown, r#"{"time":"now","status":500}"#));
        assert!(!has_all(&shown, r#"{"status":200}"#));
        assert!(has_all(&serde_json::json!({ "fault": null }), r#"{"status":200}"#));
        assert!(!has_all(&serde_json::json!({ "fault": null }), r#"{"fault":"plugin_cpu"}"#));
    }

    #[test]
    fn commands_run_but_for_those_that_are_done_already() {
        let readme = "```sh run\ncargo build --release\n# a word\necho one \\\n  two\n```\n```text output\none two\n```\n";
        play(&Readme { path: PathBuf::from("test"), blocks: blocks(readme) });
    }
}
