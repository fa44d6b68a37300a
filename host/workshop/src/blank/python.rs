//! A plugin in Python: a module, with the SDK's package beside it, where Python finds it without being told.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Blank, File, sdk};
use crate::kind::Kind;

/// The SDK's package.
static PACKAGE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/python/sandgate");
/// Where it is in the new folder: by the name that it is imported by.
const FOLDER: &str = "sandgate";

pub(super) fn files(blank: &Blank) -> Vec<File> {
    let (source, test) = match blank.kind {
        Kind::Filter => (
            include_str!("../../templates/python/filter.py"),
            include_str!("../../templates/python/filter_test.py"),
        ),
        Kind::Router => (
            include_str!("../../templates/python/router.py"),
            include_str!("../../templates/python/router_test.py"),
        ),
        Kind::Picker => (
            include_str!("../../templates/python/picker.py"),
            include_str!("../../templates/python/picker_test.py"),
        ),
        Kind::Weigher => (
            include_str!("../../templates/python/weigher.py"),
            include_str!("../../templates/python/weigher_test.py"),
        ),
    };
    let mut files = vec![
        blank.filled("plugin.py", source),
        blank.filled("test_plugin.py", test),
        blank.filled("requirements.txt", include_str!("../../../../sdk/python/requirements.txt")),
        blank.filled(".gitignore", include_str!("../../templates/python/ignore.txt")),
        blank.filled("README.md", include_str!("../../templates/python/readme.md")),
    ];
    let folder = Path::new(FOLDER);
    sdk::add(&mut files, folder, &PACKAGE);
    sdk::add_contract(&mut files, &folder.join("wit"));
    files
}
