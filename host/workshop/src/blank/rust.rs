//! A plugin in Rust: a package of its own, with the SDK beside it.

use std::borrow::Cow;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Blank, File};
use crate::kind::Kind;

/// The SDK's sources.
static SDK: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/src");
/// Where they are in the new folder.
const SDK_FOLDER: &str = "sandgate-sdk";

pub(super) fn files(blank: &Blank) -> Vec<File> {
    let source = match blank.kind {
        Kind::Filter => include_str!("../../templates/rust/filter.rs"),
        Kind::Router => include_str!("../../templates/rust/router.rs"),
        Kind::Picker => include_str!("../../templates/rust/picker.rs"),
        Kind::Weigher => include_str!("../../templates/rust/weigher.rs"),
    };
    let own = [
        blank.filled("Cargo.toml", include_str!("../../templates/rust/package.toml")),
        blank.filled(".cargo/config.toml", include_str!("../../templates/rust/config.toml")),
        blank.filled(".gitignore", include_str!("../../templates/rust/ignore.txt")),
        blank.filled("README.md", include_str!("../../templates/rust/readme.md")),
        blank.filled("src/lib.rs", source),
        blank.filled(&format!("{SDK_FOLDER}/Cargo.toml"), include_str!("../../templates/rust/sdk.toml")),
    ];
    let mut files = Vec::from(own);
    add_all(&mut files, &SDK);
    files
}

fn add_all(files: &mut Vec<File>, folder: &'static Dir<'static>) {
    let target = |path: &Path| Path::new(SDK_FOLDER).join("src").join(path);
    files.extend(folder.files().map(|file| (target(file.path()), Cow::Borrowed(file.contents()))));
    folder.dirs().for_each(|folder| add_all(files, folder));
}
