//! The proxy as a child process: started, listened to, and ended by its pid.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Event;
use super::log_line::LogLine;
use crate::error::{Error, Result};
use crate::product;
use crate::say::say;

/// How long it may take to end: it answers what it has begun first.
const END_IN: Duration = Duration::from_secs(40);

/// A running proxy. Dropped, it is killed.
pub(super) struct Proxy {
    child: Child,
}

impl Proxy {
    /// Starts it. Its log is told line by line, and what happens to it as events.
    pub(super) fn start(root: &Path, binary: &Path, file: &Path, tell: Sender<Event>) -> Result<Self> {
        let mut command = Command::new(binary);
        command.arg("run").arg(file).current_dir(root).stdin(Stdio::null()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C is for us, and we end it.
        command.process_group(0);
        let mut child = command.spawn().map_err(|source| product::cannot_start(&command, &source))?;
        if let Some(log) = child.stderr.take() {
            thread::spawn(move || follow(log, &tell));
        }
        Ok(Proxy { child })
    }

    /// Ends it as an operator would, and waits for its end.
    pub(super) fn stop(mut self, events: &Receiver<Event>) -> Result {
        let pid = self.child.id();
        let mut kill = Command::new("kill");
        kill.arg("-TERM").arg(pid.to_string());
        product::run(kill, "the proxy can't be told to end")?;
        if !ends(events, Instant::now() + END_IN) {
            return Err(Error::Failed(format!(
                "the proxy (pid {pid}) did not end in {END_IN:?}; it is killed"
            )));
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::Failed(format!("the proxy ended with {status}"))),
            Err(error) => Err(Error::Failed(format!("can't wait for the proxy (pid {pid}): {error}"))),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // After `stop` it is gone already, and both are nothing.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Tells each line until the log ends, which it does with the process.
fn follow(log: impl Read, tell: &Sender<Event>) {
    for line in BufReader::new(log).lines().map_while(std::result::Result::ok) {
        let line = LogLine::parse(line);
        say(format_args!("sandgate: {}", line.readable()));
        if line.is_ready() {
            _ = tell.send(Event::Ready);
        }
    }
    _ = tell.send(Event::Ended);
}

fn ends(events: &Receiver<Event>, deadline: Instant) -> bool {
    loop {
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Ended) => return true,
            Ok(Event::Ready | Event::Stop) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::mpsc::channel;

    /// A stand-in that says it is ready, and ends when told to.
    const SCRIPT: &str = r#"
        tail -f /dev/null >/dev/null 2>&1 & trap 'kill $!; exit 0' TERM
        echo '{"message":"ready"}' >&2
        wait"#;

    #[test]
    fn a_proxy_is_ready_and_ends_when_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("run");
        std::fs::write(&script, SCRIPT).unwrap();
        let (tell, events) = channel();
        let proxy = Proxy::start(folder.path(), Path::new("bash"), Path::new("x"), tell).unwrap();
        assert_eq!(events.recv().unwrap(), Event::Ready);
        proxy.stop(&events).unwrap();
    }
}
