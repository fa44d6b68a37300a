//! A Sandgate of our own: a child with a configuration that is written for it, and what it says.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::lines::{Lines, LogLine, Missing};

/// How long it may take to start or to reload: large components are compiled when they are loaded for the first time.
const LOADING: Duration = Duration::from_secs(300);
/// How long the configuration may take to be checked, which compiles what is not compiled yet: the largest components take minutes.
const CHECKING: Duration = Duration::from_secs(900);
/// How long an answer may take, and each part of it.
const ANSWER: Duration = Duration::from_secs(60);
/// How long the line of an exchange may take after its answer: what a guest does then has limits of its own.
const RECORD: Duration = Duration::from_secs(60);
/// The longest text of metrics.
const METRICS_LIMIT: u64 = 64 << 20;

/// The configuration's name in its folder.
const CONFIG: &str = "sandgate.yaml";

/// Runs a command that says no by its exit code and by what it writes, for so long at most.
fn check(mut command: Command, patience: Duration) -> Result<(), ProcessError> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().map(Lines::of).unwrap_or_default();
    // Its standard error ends with it. Nothing of what it says is picked.
    if let Err(Missing::Late) = said.take(patience, |_| None::<()>) {
        child.kill()?;
        child.wait()?;
        return Err(ProcessError::Unchecked(patience));
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(ProcessError::Refused(said.take_all().join("\n"))),
    }
}

/// A running Sandgate. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Where its configuration is, and nothing else.
    folder: TempDir,
    stdout: Lines,
    stderr: Lines,
    addresses: HashMap<String, SocketAddr>,
}

/// Why cases can't be run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started or asked.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It said no.
    #[error("Sandgate did not start:\n{0}")]
    Refused(String),
    /// It did not say whether it takes the configuration.
    #[error("Sandgate took more than {} s to check the configuration, and was ended; a component that large is compiled once with `sandgate check`, and is in the cache from then on", .0.as_secs())]
    Unchecked(Duration),
    /// It is gone.
    #[error("Sandgate has ended:\n{0}")]
    Ended(String),
    /// It didn't do what it was to do.
    #[error("Sandgate was not {0} in time")]
    Late(&'static str),
}

impl Process {
    /// Starts the binary with a configuration whose paths are relative to a folder, and waits until it is ready.
    pub(crate) fn start(binary: &Path, base: &Path, config: &str) -> Result<Process, ProcessError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(CONFIG);
        fs::write(&path, config)?;
        let command = |name| {
            let mut command = Command::new(binary);
            command.arg(name).arg(&path).arg("--folder").arg(base).stdin(Stdio::null());
            command
        };
        // Compiles what is not compiled yet: the process that serves finds it in the cache, as one in production does.
        check(command("check"), CHECKING)?;
        let mut child = command("run").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().map(Lines::of).unwrap_or_default();
        let stderr = child.stderr.take().map(Lines::of).unwrap_or_default();
        let mut process = Process { child, folder, stdout, stderr, addresses: HashMap::new() };
        process.wait_until_ready()?;
        Ok(process)
    }

    fn wait_until_ready(&mut self) -> Result<(), ProcessError> {
        let mut said = Vec::new();
        let is_ready = self.stderr.take(LOADING, |lines| {
            let is_ready =
                lines.iter().any(|line| LogLine::parse(line).is_some_and(|line| line.message() == "ready"));
            said.append(lines);
            is_ready.then_some(())
        });
        is_ready.map_err(|missing| match missing {
            Missing::Late => ProcessError::Late("ready"),
            Missing::Ended => ProcessError::Refused(said.join("\n")),
        })?;
        let lines = said.iter().filter_map(|line| LogLine::parse(line));
        let listening = lines.filter(|line| line.message() == "listening");
        let place =
            |line: LogLine| Some((line.text("listener").to_owned(), line.text("address").parse().ok()?));
        self.addresses = listening.filter_map(place).collect();
        Ok(())
    }

    /// Puts another configuration in the place of the one it has; the error, if it is refused.
    pub(crate) fn reload(&self, config: &str) -> Result<Result<(), String>, ProcessError> {
        self.save(config)?;
        let outcome = |line: &String| {
            let line = LogLine::parse(line)?;
            match line.message() {
                "configuration applied" => Some(Ok(())),
                "configuration refused" => Some(Err(line.text("error").to_owned())),
                _ => None,
            }
        };
        // What a plugin logs meanwhile stays for whoever looks for it.
        let take = |lines: &mut Vec<String>| {
            let (at, outcome) = lines.iter().enumerate().find_map(|(at, line)| Some((at, outcome(line)?)))?;
            lines.remove(at);
            Some(outcome)
        };
        self.stderr.take(LOADING, take).map_err(|missing| self.missing(missing, "done with a reload"))
    }

    /// By a rename, so that nobody reads half of it.
    fn save(&self, config: &str) -> io::Result<()> {
        let written = self.folder.path().join(".new");
        fs::write(&written, config)?;
        fs::rename(written, self.config())
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join(CONFIG)
    }

    /// A connection to a listener.
    pub(crate) fn connect(&self, listener: &str) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address(listener)?, ANSWER)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(stream)
    }

    /// The next line of the access log.
    pub(crate) fn record(&self) -> Result<Value, ProcessError> {
        let take = |lines: &mut Vec<String>| (!lines.is_empty()).then(|| lines.remove(0));
        let line = self.stdout.take(RECORD, take);
        let line = line.map_err(|missing| self.missing(missing, "done with an exchange"))?;
        serde_json::from_str(&line).map_err(|error| io::Error::other(format!("{error}: {line}")).into())
    }

    /// Takes lines of the process log.
    pub(crate) fn log(&self) -> &Lines {
        &self.stderr
    }

    /// What the metrics say now.
    pub(crate) fn metrics(&self) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address("admin")?, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        // By HTTP/1.0 the answer is what comes until the end.
        stream.write_all(b"GET /metrics HTTP/1.0\r\nhost: admin\r\n\r\n")?;
        let mut text = Vec::new();
        stream.take(METRICS_LIMIT).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn address(&self, listener: &str) -> io::Result<SocketAddr> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no listener `{listener}`"));
        self.addresses.get(listener).copied().ok_or_else(missing)
    }

    fn missing(&self, missing: Missing, what: &'static str) -> ProcessError {
        match missing {
            Missing::Late => ProcessError::Late(what),
            Missing::Ended => ProcessError::Ended(self.stderr.take_all().join("\n")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    #[test]
    fn a_check_that_does_not_end_is_ended_and_told() {
        let said = check(shell("exec sleep 600"), Duration::from_secs(1)).unwrap_err().to_string();
        assert!(said.starts_with("Sandgate took more than 1 s to check the configuration"), "{said}");
    }

    #[test]
    fn a_check_that_says_no_is_told_in_its_words() {
        check(shell("exit 0"), LOADING).unwrap();
        let said = check(shell("echo one >&2; echo two >&2; exit 78"), LOADING).unwrap_err().to_string();
        assert_eq!(said, "Sandgate did not start:\none\ntwo");
    }
}
