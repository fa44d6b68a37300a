//! Rust's standard library for the guests' target: there, or brought in.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::say::say;

/// What brings it in, from the root.
const SCRIPT: &str = "host/xtask/wasm-std.sh";

/// Makes sure that the library is there. What was `built` with one that has gone is removed: cargo does not notice that
/// the library is another, and the compiler refuses to mix the two (E0463).
pub(super) fn ensure(root: &Path, target: &str, built: &Path) -> Result {
    if is_installed(&sysroot()?, target) {
        return Ok(());
    }
    say(format_args!("guests: Rust's standard library for {target} is missing; {SCRIPT} installs it"));
    say("guests: (by rustup where it can, else from source, which takes a minute or two)");
    let status = Command::new("bash").arg(SCRIPT).arg(target).current_dir(root).status();
    match status {
        Ok(status) if status.success() && is_installed(&sysroot()?, target) => forget(built),
        Ok(_) => Err(missing(target, "the script failed: see its messages above")),
        Err(source) => Err(missing(target, &format!("can't start bash: {source}"))),
    }
}

fn forget(built: &Path) -> Result {
    match std::fs::remove_dir_all(built) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Failed(format!("can't remove {}: {error}", built.display())))
        }
        _ => Ok(()),
    }
}

fn missing(target: &str, why: &str) -> Error {
    Error::Failed(format!(
        "no standard library for {target} ({why})\n  run `rustup target add {target}` and try again"
    ))
}

fn sysroot() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output();
    let output =
        output.map_err(|e| Error::Failed(format!("can't start rustc: {e}; install Rust and try again")))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn is_installed(sysroot: &Path, target: &str) -> bool {
    let folder = sysroot.join("lib/rustlib").join(target).join("lib");
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_installed_when_its_std_is() {
        let sysroot = tempfile::tempdir().unwrap();
        let folder = sysroot.path().join("lib/rustlib/some-target/lib");
        std::fs::create_dir_all(&folder).unwrap();
        assert!(!is_installed(sysroot.path(), "some-target"));
        std::fs::write(folder.join("libstd-0123.rlib"), "").unwrap();
        assert!(is_installed(sysroot.path(), "some-target"));
    }
}
