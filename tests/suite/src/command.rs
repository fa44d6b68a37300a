//! The binary as a command: where it is, and running it to its end.

use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::wait::{PATIENCE, wait_for};

/// How long a command may take that may compile a plugin.
pub const BUILD_PATIENCE: Duration = Duration::from_secs(120);

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// The binary under test: `SANDGATE_BIN`, or the one that Cargo built beside the tests.
pub fn binary() -> PathBuf {
    let path = env::var_os("SANDGATE_BIN").map_or_else(|| profile_folder().join("sandgate"), PathBuf::from);
    assert!(
        path.is_file(),
        "no binary at {}: run `cargo build -p sandgate`, or name one in SANDGATE_BIN",
        path.display()
    );
    path
}

/// Runs `sandgate` with these arguments to its end.
pub fn sandgate_command(arguments: &[&str]) -> Finished {
    run_to_end(Command::new(binary()).args(arguments))
}

/// Runs `sandgate` with these arguments in a folder to its end; `vary` may change its environment.
pub fn sandgate_in(folder: &Path, arguments: &[&str], vary: impl FnOnce(&mut Command)) -> Finished {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder);
    vary(&mut command);
    run_patiently(&mut command, BUILD_PATIENCE)
}

/// The folder of Cargo's profile that this test was built into: `target/debug`.
pub(crate) fn profile_folder() -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    test.parent().and_then(Path::parent).expect("tests are built into target/PROFILE/deps").to_owned()
}

/// Runs a command to its end, or panics at the deadline.
pub(crate) fn run_to_end(command: &mut Command) -> Finished {
    run_patiently(command, PATIENCE)
}

/// As [`run_to_end`], with a deadline of one's own.
fn run_patiently(command: &mut Command, patience: Duration) -> Finished {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("can't run {command:?}: {error}"));
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let status = wait_until_exit(&mut child, patience);
    Finished { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// How a process ended; one that doesn't end is killed.
pub(crate) fn wait_for_exit(child: &mut Child) -> ExitStatus {
    wait_until_exit(child, PATIENCE)
}

fn wait_until_exit(child: &mut Child, patience: Duration) -> ExitStatus {
    let mut status = None;
    let kill_late = KillLate(child);
    wait_for("the process's end", patience, || {
        status = kill_late.0.try_wait().expect("a child of ours");
        status.is_some()
    });
    status.expect("the wait ended with a status")
}

fn collect(output: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _cut = output.map(|mut output| output.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Kills the process when the wait for its end panics, so that a failed test leaves none behind.
struct KillLate<'a>(&'a mut Child);

impl Drop for KillLate<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ended = self.0.kill();
        }
    }
}
