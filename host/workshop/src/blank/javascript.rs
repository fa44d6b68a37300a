//! A plugin in JavaScript or TypeScript: a package of its own, which takes the SDK from the folder beside it.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Blank, File, sdk};
use crate::kind::Kind;
use crate::project::SDK;

/// The SDK's sources.
static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/js/src");
/// What builds.
static BUILD: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/js/build");

pub(super) fn in_javascript(blank: &Blank) -> Vec<File> {
    let source = match blank.kind {
        Kind::Filter => include_str!("../../templates/javascript/filter.js"),
        Kind::Router => include_str!("../../templates/javascript/router.js"),
        Kind::Picker => include_str!("../../templates/javascript/picker.js"),
        Kind::Weigher => include_str!("../../templates/javascript/weigher.js"),
    };
    let mut files = vec![
        blank.filled("package.json", include_str!("../../templates/javascript/package.json")),
        blank.filled("jsconfig.json", include_str!("../../templates/javascript/jsconfig.json")),
        blank.filled("index.js", source),
    ];
    add_common(&mut files, blank);
    files
}

pub(super) fn in_typescript(blank: &Blank) -> Vec<File> {
    let source = match blank.kind {
        Kind::Filter => include_str!("../../templates/typescript/filter.ts"),
        Kind::Router => include_str!("../../templates/typescript/router.ts"),
        Kind::Picker => include_str!("../../templates/typescript/picker.ts"),
        Kind::Weigher => include_str!("../../templates/typescript/weigher.ts"),
    };
    let mut files = vec![
        blank.filled("package.json", include_str!("../../templates/typescript/package.json")),
        blank.filled("tsconfig.json", include_str!("../../templates/typescript/tsconfig.json")),
        blank.filled("index.ts", source),
    ];
    add_common(&mut files, blank);
    files
}

/// What both have: tests, which bundle the plugin and so need no types, the README and the SDK.
fn add_common(files: &mut Vec<File>, blank: &Blank) {
    let test = match blank.kind {
        Kind::Filter => include_str!("../../templates/javascript/filter.test.js"),
        Kind::Router => include_str!("../../templates/javascript/router.test.js"),
        Kind::Picker => include_str!("../../templates/javascript/picker.test.js"),
        Kind::Weigher => include_str!("../../templates/javascript/weigher.test.js"),
    };
    files.extend([
        blank.filled("index.test.js", test),
        blank.filled(".gitignore", include_str!("../../templates/javascript/ignore.txt")),
        blank.filled("README.md", include_str!("../../templates/javascript/readme.md")),
        blank.filled(&format!("{SDK}/package.json"), include_str!("../../../../sdk/js/package.json")),
    ]);
    let folder = Path::new(SDK);
    sdk::add(files, &folder.join("src"), &SOURCES);
    sdk::add(files, &folder.join("build"), &BUILD);
    sdk::add_contract(files, &folder.join("wit"));
}
