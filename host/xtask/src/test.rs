//! `cargo xtask test [-- ARGUMENT...]`: builds what tests need, and runs every test there is.
//!
//! The runner comes last, so that its summary closes the output. The arguments are the runner's.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::error::{Error, Result};
use crate::product;
use crate::say::{say, step};

/// What runs the tests.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Runner {
    /// One process a test, side by side, and one summary. It leaves doctests out.
    Nextest,
    /// What comes with cargo; it runs doctests too.
    Cargo,
}

/// Builds, runs doctests where the runner leaves them out, then everything else.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result {
    let arguments = of_the_runner(arguments);
    let runner = installed(root);
    step("test: building the guests");
    product::build_guests(root, &[])?;
    step("test: building the examples in other languages");
    product::build_guests(root, &["--language", "all"])?;
    step("test: building the proxy and the tests");
    product::run(build(root), "the tests don't compile")?;
    if runner == Runner::Nextest {
        step("test: doctests");
        product::run(doctests(root), "doctests failed")?;
    }
    step(format_args!("test: everything else, by {}", runner.name()));
    ended(&mut runner.command(root, arguments))
}

impl Runner {
    fn name(self) -> &'static str {
        match self {
            Runner::Nextest => "cargo nextest",
            Runner::Cargo => "cargo test",
        }
    }

    fn command(self, root: &Path, arguments: &[String]) -> Command {
        let mut cargo = product::cargo(root);
        match self {
            Runner::Nextest => cargo.args(["nextest", "run", "--workspace"]),
            Runner::Cargo => cargo.args(["test", "--workspace", "--no-fail-fast"]),
        };
        cargo.args(arguments);
        cargo
    }
}

/// Without the `--` that sets them apart from our own.
fn of_the_runner(arguments: &[String]) -> &[String] {
    match arguments {
        [dashes, rest @ ..] if dashes == "--" => rest,
        all => all,
    }
}

fn installed(root: &Path) -> Runner {
    let mut cargo = product::cargo(root);
    cargo.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if cargo.status().is_ok_and(|status| status.success()) {
        return Runner::Nextest;
    }
    say("test: cargo-nextest is not installed; cargo test does as well, with longer output");
    Runner::Cargo
}

/// One call for the binary and all tests: the dependencies are compiled once, with the features of both.
fn build(root: &Path) -> Command {
    let mut cargo = product::cargo(root);
    cargo.args(["build", "--workspace", "--bin", "sandgate", "--tests"]);
    cargo
}

fn doctests(root: &Path) -> Command {
    let mut cargo = product::cargo(root);
    cargo.args(["test", "--quiet", "--doc", "--workspace"]);
    cargo
}

/// The runner's own exit code; its summary stays the last that is said.
fn ended(command: &mut Command) -> Result {
    let status = command.status().map_err(|source| product::cannot_start(command, &source))?;
    if status.success() { Ok(()) } else { Err(Error::Told(code(status))) }
}

/// A runner that was ended by a signal has no exit code: that is a failure like another.
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::ffi::OsStr;

    fn owned(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|&argument| argument.to_owned()).collect()
    }

    #[test]
    fn arguments_are_the_runners_with_dashes_and_without() {
        assert_eq!(of_the_runner(&owned(&["--", "-E", "all()"])), owned(&["-E", "all()"]));
        assert_eq!(of_the_runner(&owned(&["reload"])), owned(&["reload"]));
        let command = Runner::Nextest.command(crate::root(), &owned(&["reload"]));
        assert_eq!(command.get_args().last(), Some(OsStr::new("reload")));
    }
}
