//! The product as tests and the demo need it: the proxy in the dev profile, and guests.
//!
//! All of it is built in `target/`, whatever `CARGO_TARGET_DIR` says: the examples' configurations name
//! `target/guests`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// Where everything is built, from the root.
const TARGET: &str = "target";

/// Cargo, at the root, building in `target/`.
pub(crate) fn cargo(root: &Path) -> Command {
    in_target(crate::cargo::command(root), root)
}

/// The proxy's binary once it is built.
pub(crate) fn binary(root: &Path) -> PathBuf {
    root.join(TARGET).join("debug").join("sandgate")
}

/// Builds the named guests, or all, as `cargo xtask guests` does: it is that command, in a process of its own since
/// the target folder is told by the environment.
pub(crate) fn build_guests(root: &Path, names: &[&str]) -> Result {
    let xtask =
        std::env::current_exe().map_err(|e| Error::Failed(format!("can't find xtask itself: {e}")))?;
    let mut guests = in_target(Command::new(xtask), root);
    guests.arg("guests").args(names);
    run(guests, "the guests were not built")
}

/// Runs a command to its end; `failure` says what it means when it fails. Its own messages have been seen by then.
pub(crate) fn run(mut command: Command, failure: &str) -> Result {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::Failed(format!("{failure} ({status}): see the messages above"))),
        Err(source) => Err(cannot_start(&command, &source)),
    }
}

/// The error of a command that could not even be started.
pub(crate) fn cannot_start(command: &Command, source: &std::io::Error) -> Error {
    Error::Failed(format!("can't start {}: {source}", command.get_program().display()))
}

fn in_target(mut command: Command, root: &Path) -> Command {
    command.current_dir(root).env("CARGO_TARGET_DIR", root.join(TARGET));
    command
}
