//! A plugin in Rust: a package of its own, with the SDK beside it.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Blank, File, sdk};
use crate::kind::Kind;
use crate::project::SDK;

/// The SDK's sources.
static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/src");

pub(super) fn files(blank: &Blank) -> Vec<File> {
    let source = match blank.kind {
        Kind::Filter => include_str!("../../templates/rust/filter.rs"),
        Kind::Router => include_str!("../../templates/rust/router.rs"),
        Kind::Picker => include_str!("../../templates/rust/picker.rs"),
        Kind::Weigher => include_str!("../../templates/rust/weigher.rs"),
    };
    let mut files = vec![
        blank.filled("Cargo.toml", include_str!("../../templates/rust/package.toml")),
        blank.filled(".cargo/config.toml", include_str!("../../templates/rust/config.toml")),
        blank.filled(".gitignore", include_str!("../../templates/rust/ignore.txt")),
        blank.filled("README.md", include_str!("../../templates/rust/readme.md")),
        blank.filled("src/lib.rs", source),
        blank.filled(&format!("{SDK}/Cargo.toml"), include_str!("../../templates/rust/sdk.toml")),
    ];
    sdk::add(&mut files, &Path::new(SDK).join("src"), &SOURCES);
    files
}
