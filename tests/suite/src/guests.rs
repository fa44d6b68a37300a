//! Where the guests are that `cargo xtask guests` builds.

use std::env;
use std::path::PathBuf;

use crate::command::profile_folder;

/// A guest's component: in `SANDGATE_GUESTS`, or in Cargo's `target/guests`. Panics with what to do when it isn't there.
pub fn guest(name: &str) -> PathBuf {
    let path = guests_folder().join(format!("{name}.wasm"));
    assert!(path.is_file(), "no guest at {}: run `cargo xtask guests {name}`", path.display());
    path
}

/// Where all of them are.
pub(crate) fn guests_folder() -> PathBuf {
    env::var_os("SANDGATE_GUESTS")
        .map_or_else(|| profile_folder().parent().expect("a target folder").join("guests"), PathBuf::from)
}
