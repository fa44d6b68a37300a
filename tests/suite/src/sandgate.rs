//! A running `sandgate` with a folder, a configuration and logs of its own.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{RawClient, get};
use crate::command::{Finished, binary, run_to_end, wait_for_exit};
use crate::lines::{Lines, LogLine};
use crate::metrics::Metrics;
use crate::origin::Origin;
use crate::wait::PATIENCE;
use crate::yaml;

/// The configuration's name in its folder.
const CONFIG: &str = "sandgate.yaml";
/// How long a large component may take to be compiled, as those that bring a language's interpreter do.
const COMPILING: Duration = Duration::from_secs(300);

/// What a `sandgate` is to be started with.
pub struct Setup {
    folder: TempDir,
    yaml: String,
    values: Vec<(String, String)>,
    /// How long each line of the log may take.
    patience: Duration,
}

/// A running `sandgate`. Dropped, it is killed; and if the test has failed, its logs are shown.
pub struct Sandgate {
    setup: Setup,
    child: Child,
    stdout: Lines,
    stderr: Lines,
    addresses: HashMap<String, SocketAddr>,
}

/// What a process is told from outside.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// Read the configuration again.
    Hangup,
    /// Stop gracefully.
    Terminate,
    /// Open the access log's file anew.
    User1,
}

impl Setup {
    /// Puts the origins' addresses, as a list of endpoints, where the configuration has `@name@`.
    pub fn origins(self, name: &str, origins: &[&Origin]) -> Self {
        let urls: Vec<_> = origins.iter().map(|origin| format!("\"{}\"", origin.url())).collect();
        self.value(name, &format!("[{}]", urls.join(", ")))
    }

    /// Puts a value where the configuration, or one it is reloaded with, has `@name@`.
    pub fn value(mut self, name: &str, value: &str) -> Self {
        self.values.push((format!("@{name}@"), value.to_owned()));
        self
    }

    /// Puts a copy of a file beside the configuration.
    pub fn file(self, name: &str, source: &Path) -> Self {
        fs::copy(source, self.folder.path().join(name)).expect("a file to copy");
        self
    }

    /// Puts a file of this content beside the configuration.
    pub fn content(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), content).expect("a file to write");
        self
    }

    /// The folder that the configuration will be in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it is ready.
    pub fn start(self) -> Sandgate {
        let path = self.write();
        Sandgate::run(self, "run", &path)
    }

    /// Starts it with the configuration at a path inside its folder, which `place` has put there.
    pub fn start_from(self, place: impl FnOnce(&Path, &str) -> PathBuf) -> Sandgate {
        let path = place(self.folder.path(), &self.filled(&self.yaml));
        Sandgate::run(self, "run", &path)
    }

    /// Starts `sandgate dev` with a plugin's folder inside its own, which `place` has put there.
    pub fn start_dev(self, place: impl FnOnce(&Path, &str) -> PathBuf) -> Sandgate {
        let path = place(self.folder.path(), &self.filled(&self.yaml));
        Sandgate::run(self, "dev", &path)
    }

    /// Runs a subcommand with the configuration, and further arguments, to its end.
    pub fn command(&self, subcommand: &str, further: &[&str]) -> Finished {
        run_to_end(Command::new(binary()).arg(subcommand).arg(self.write()).args(further))
    }

    /// Waits longer for what it says: its components may be large, and are compiled when they are loaded.
    pub fn patient(self) -> Self {
        Setup { patience: COMPILING, ..self }
    }

    fn write(&self) -> PathBuf {
        let path = self.folder.path().join(CONFIG);
        fs::write(&path, self.filled(&self.yaml)).expect("a configuration to write");
        path
    }

    fn filled(&self, yaml: &str) -> String {
        self.values.iter().fold(yaml.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

impl Sandgate {
    /// Begins with a configuration in which `@name@` stands for what [`Setup`] is told of next.
    pub fn with_config(yaml: impl Into<String>) -> Setup {
        Setup {
            folder: TempDir::new().expect("a temporary folder"),
            yaml: yaml.into(),
            values: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// One that forwards everything to these origins, with the defaults of everything.
    pub fn before(origins: &[&Origin]) -> Self {
        Sandgate::with_config(yaml::forwarding()).origins("app", origins).start()
    }

    /// Where a listener listens.
    pub fn address(&self, listener: &str) -> SocketAddr {
        *self
            .addresses
            .get(listener)
            .unwrap_or_else(|| panic!("no listener `{listener}` in {:?}", self.addresses))
    }

    /// Where the listener `web` listens.
    pub fn web(&self) -> SocketAddr {
        self.address("web")
    }

    /// Where the admin listener listens.
    pub fn admin(&self) -> SocketAddr {
        self.address("admin")
    }

    /// A new connection to the listener `web`.
    pub fn client(&self) -> RawClient {
        RawClient::connect(self.web())
    }

    /// The folder of the configuration.
    pub fn folder(&self) -> &Path {
        self.setup.folder.path()
    }

    /// The configuration's file.
    pub fn config(&self) -> PathBuf {
        self.folder().join(CONFIG)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the metrics say now.
    pub fn metrics(&self) -> Metrics {
        Metrics::parse(&get(self.admin(), "/metrics").text())
    }

    /// The access log, once it has so many lines.
    pub fn access_log(&self, count: usize) -> Vec<Value> {
        let lines = self.stdout.find(|lines| (lines.len() >= count).then(|| lines.to_vec()));
        let lines =
            lines.unwrap_or_else(|| panic!("{count} lines in the access log: {:#?}", self.stdout.all()));
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
            .collect()
    }

    /// The lines of standard output, once there are so many, as they are.
    pub fn output_lines(&self, count: usize) -> Vec<String> {
        let lines = self.stdout.find(|lines| (lines.len() >= count).then(|| lines.to_vec()));
        lines.unwrap_or_else(|| panic!("{count} lines of output: {:#?}", self.stdout.all()))
    }

    /// The last of so many lines of the access log.
    pub fn access_line(&self, count: usize) -> Value {
        self.access_log(count).swap_remove(count - 1)
    }

    /// How many lines the log has: what [`Sandgate::log_line_after`] is to skip.
    pub fn log_mark(&self) -> usize {
        self.stderr.count()
    }

    /// Whether a line of standard error has these words.
    pub fn says(&self, words: &str) -> bool {
        self.stderr.all().iter().any(|line| line.contains(words))
    }

    /// The lines of the log as it is now.
    pub fn log_lines(&self) -> Vec<LogLine> {
        self.stderr.all().iter().filter_map(|line| LogLine::parse(line)).collect()
    }

    /// How many lines of the log there are for which the condition holds.
    pub fn log_count(&self, condition: impl Fn(&LogLine) -> bool) -> usize {
        self.stderr.all().iter().filter_map(|line| LogLine::parse(line)).filter(condition).count()
    }

    /// The first line of the log for which the condition holds.
    pub fn log_line(&self, condition: impl Fn(&LogLine) -> bool) -> LogLine {
        self.log_line_after(0, condition)
    }

    /// The first line of the log after a mark for which the condition holds.
    pub fn log_line_after(&self, mark: usize, condition: impl Fn(&LogLine) -> bool) -> LogLine {
        let look = |lines: &[String]| lines[mark..].iter().filter_map(|l| LogLine::parse(l)).find(&condition);
        let found = self.stderr.find_within(self.setup.patience, look);
        found.unwrap_or_else(|| panic!("no such line in the log: {:#?}", self.stderr.all()))
    }

    /// Replaces the configuration by a rename and waits until it is applied; returns the generation's number.
    pub fn reload(&self, yaml: &str) -> u64 {
        let mark = self.log_mark();
        self.save(yaml);
        self.log_line_after(mark, |line| line.message() == "configuration applied").number("generation")
    }

    /// Replaces the configuration by a rename and waits until it is refused; returns the error.
    pub fn reload_in_vain(&self, yaml: &str) -> String {
        let mark = self.log_mark();
        self.save(yaml);
        self.log_line_after(mark, |line| line.message() == "configuration refused").text("error")
    }

    /// Replaces the configuration by a rename.
    pub fn save(&self, yaml: &str) {
        self.put(CONFIG, self.filled(yaml).as_bytes());
    }

    /// A configuration with the values that it was started with in the place of `@name@`.
    pub fn filled(&self, yaml: &str) -> String {
        self.setup.filled(yaml)
    }

    /// Replaces a file of the configuration's folder by a rename.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let written = self.folder().join(format!(".{name}.new"));
        fs::write(&written, bytes).expect("a file to write");
        fs::rename(&written, self.folder().join(name)).expect("a file to replace");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let flag = match signal {
            Signal::Hangup => "-HUP",
            Signal::Terminate => "-TERM",
            Signal::User1 => "-USR1",
        };
        let status = Command::new("kill").arg(flag).arg(self.pid().to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "{signal:?} reaches sandgate");
    }

    /// Stops it gracefully and waits for its end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::Terminate);
        self.wait_for_exit()
    }

    /// How it ended, once it has.
    pub fn wait_for_exit(&mut self) -> ExitStatus {
        wait_for_exit(&mut self.child)
    }

    fn run(setup: Setup, subcommand: &str, path: &Path) -> Self {
        let mut command = Command::new(binary());
        command.arg(subcommand).arg(path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("can't run {command:?}: {error}"));
        let stdout = Lines::of(child.stdout.take().expect("a piped output"));
        let stderr = Lines::of(child.stderr.take().expect("a piped output"));
        let mut sandgate = Sandgate { setup, child, stdout, stderr, addresses: HashMap::new() };
        sandgate.addresses = sandgate.wait_until_ready();
        sandgate
    }

    fn wait_until_ready(&self) -> HashMap<String, SocketAddr> {
        self.log_line(|line| line.message() == "ready");
        let lines = self.stderr.all();
        let listening =
            lines.iter().filter_map(|l| LogLine::parse(l)).filter(|line| line.message() == "listening");
        listening
            .filter_map(|line| Some((line.text("listener"), line.text("address").parse().ok()?)))
            .collect()
    }
}

impl Drop for Sandgate {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
        if thread::panicking() {
            eprintln!("sandgate's log:\n{}", self.stderr.all().join("\n"));
            eprintln!("its access log:\n{}", self.stdout.all().join("\n"));
        }
    }
}
