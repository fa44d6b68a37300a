//! A plugin in Go: a module of its own, with the SDK's module in it.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Blank, File, sdk};
use crate::kind::Kind;
use crate::project::SDK;

/// The SDK's module.
static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/go");

pub(super) fn files(blank: &Blank) -> Vec<File> {
    let (source, test) = match blank.kind {
        Kind::Filter => {
            (include_str!("../../templates/go/filter.go"), include_str!("../../templates/go/filter_test.go"))
        }
        Kind::Router => {
            (include_str!("../../templates/go/router.go"), include_str!("../../templates/go/router_test.go"))
        }
        Kind::Picker => {
            (include_str!("../../templates/go/picker.go"), include_str!("../../templates/go/picker_test.go"))
        }
        Kind::Weigher => (
            include_str!("../../templates/go/weigher.go"),
            include_str!("../../templates/go/weigher_test.go"),
        ),
    };
    let mut files = vec![
        blank.filled("go.mod", include_str!("../../templates/go/module.txt")),
        blank.filled("main.go", source),
        blank.filled("main_test.go", test),
        blank.filled(".gitignore", include_str!("../../templates/go/ignore.txt")),
        blank.filled("README.md", include_str!("../../templates/go/readme.md")),
    ];
    let folder = Path::new(SDK);
    sdk::add(&mut files, folder, &SOURCES);
    sdk::add_contract(&mut files, &folder.join("wit"));
    files
}
