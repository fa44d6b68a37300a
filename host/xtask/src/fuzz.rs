//! `cargo xtask fuzz [--for TIME] [TARGET...]`: runs the targets of tests/fuzz, each for that time.
//!
//! It takes a nightly toolchain and cargo-fuzz. All targets run, whatever one of them finds; what was found is said last. What a run
//! has learnt stays in tests/fuzz/corpus for the next one; what it begins with is in tests/fuzz/seeds.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::product;
use crate::say::{say, step};

/// The targets' own workspace, from the root.
const FOLDER: &str = "tests/fuzz";
/// How long each runs when nothing is said.
const DEFAULT_TIME: Duration = Duration::from_secs(60);
/// One input may take so many seconds, as a clock on the wall tells them: what takes longer is a finding too, and a busy machine is none.
const INPUT_LIMIT_S: u64 = 60;

/// What is to be run.
#[derive(Debug, PartialEq)]
struct Wanted {
    time: Duration,
    /// All, when empty.
    targets: Vec<String>,
}

/// Runs them one after the other.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result {
    let wanted = wanted(arguments)?;
    let targets = chosen(&targets(root)?, &wanted.targets)?;
    step("fuzz: building the targets");
    let mut build = cargo_fuzz(root, "build");
    build.args(["--fuzz-dir", FOLDER]);
    product::run(build, "the targets don't compile; are a nightly toolchain and cargo-fuzz installed?")?;
    let mut found = Vec::new();
    for target in targets {
        step(format_args!("fuzz: {target} for {:?}", wanted.time));
        if let Err(error) = product::run(session(root, &target, wanted.time)?, "it found something") {
            say(format_args!("{target}: {error}"));
            found.push(target);
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!("inputs that break {} are in {FOLDER}/artifacts", found.join(", "))))
}

fn wanted(arguments: &[String]) -> Result<Wanted> {
    let (time, targets) = match arguments {
        [option, time, targets @ ..] if option == "--for" => (humantime::parse_duration(time).ok(), targets),
        targets => (Some(DEFAULT_TIME), targets),
    };
    match time {
        Some(time) if !targets.iter().any(|target| target.starts_with('-')) => {
            Ok(Wanted { time, targets: targets.to_vec() })
        }
        _ => Err(Error::Usage("usage: cargo xtask fuzz [--for TIME] [TARGET...], with TIME as 60s or 10m")),
    }
}

/// Every file of the folder is one.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join(FOLDER).join("fuzz_targets");
    let failed = |e| Error::file("read", &folder, &e);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn chosen(known: &[String], wanted: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|target| !known.contains(target)) {
        let known = known.join(", ");
        return Err(Error::Failed(format!("no target has the name {unknown:?}; there are {known}")));
    }
    Ok(if wanted.is_empty() { known } else { wanted }.to_vec())
}

fn session(root: &Path, target: &str, time: Duration) -> Result<Command> {
    let [corpus, seeds] = ["corpus", "seeds"].map(|kind| format!("{FOLDER}/{kind}/{target}"));
    for folder in [&corpus, &seeds] {
        fs::create_dir_all(root.join(folder)).map_err(|e| Error::file("create", Path::new(folder), &e))?;
    }
    let mut cargo = cargo_fuzz(root, "run");
    cargo.args(["--fuzz-dir", FOLDER, target, corpus.as_str(), seeds.as_str(), "--"]);
    cargo.arg(format!("-max_total_time={}", time.as_secs().max(1))).arg(format!("-timeout={INPUT_LIMIT_S}"));
    cargo.args(["-print_final_stats=1", "-verbosity=0"]);
    Ok(cargo)
}

/// By rustup, as the cargo that runs us is of another toolchain; what cargo said to us of itself is not for that one.
fn cargo_fuzz(root: &Path, command: &str) -> Command {
    let mut cargo = Command::new("rustup");
    cargo.current_dir(root).args(["run", "nightly", "cargo", "fuzz", command]);
    for told in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "CARGO_TARGET_DIR"] {
        cargo.env_remove(told);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn time_and_targets_are_optional() {
        let all = Wanted { time: DEFAULT_TIME, targets: Vec::new() };
        assert_eq!(wanted(&[]).unwrap(), all);
        let some = Wanted { time: Duration::from_secs(5), targets: words("path cookies") };
        assert_eq!(wanted(&words("--for 5s path cookies")).unwrap(), some);
        for wrong in ["--for soon", "--fast", "path --for 5s", "--for"] {
            assert_eq!(wanted(&words(wrong)).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }

    #[test]
    fn every_target_is_in_the_manifest_and_an_unknown_one_is_an_error() {
        let known = targets(crate::root()).unwrap();
        let manifest = fs::read_to_string(crate::root().join(FOLDER).join("Cargo.toml")).unwrap();
        for target in &known {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        }
        assert_eq!(known.len(), manifest.matches("[[bin]]").count());
        assert!(chosen(&known, &words("nothing")).unwrap_err().to_string().contains("path"));
        assert_eq!(chosen(&known, &[]).unwrap(), known);
    }
}
