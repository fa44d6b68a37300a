//! A plugin in C: a source and a Makefile, with the SDK's headers and sources beside them.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Blank, File, sdk};
use crate::kind::Kind;
use crate::project::SDK;

/// The SDK's headers.
static HEADERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/c/include");
/// The SDK's sources.
static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/c/src");

pub(super) fn files(blank: &Blank) -> Vec<File> {
    let (source, test) = match blank.kind {
        Kind::Filter => {
            (include_str!("../../templates/c/filter.c"), include_str!("../../templates/c/filter_test.c"))
        }
        Kind::Router => {
            (include_str!("../../templates/c/router.c"), include_str!("../../templates/c/router_test.c"))
        }
        Kind::Picker => {
            (include_str!("../../templates/c/picker.c"), include_str!("../../templates/c/picker_test.c"))
        }
        Kind::Weigher => {
            (include_str!("../../templates/c/weigher.c"), include_str!("../../templates/c/weigher_test.c"))
        }
    };
    let requirements = include_str!("../../../../sdk/c/requirements.txt");
    let mut files = vec![
        blank.filled("Makefile", include_str!("../../templates/c/makefile.txt")),
        blank.filled("plugin.c", source),
        blank.filled("test.c", test),
        blank.filled(".gitignore", include_str!("../../templates/c/ignore.txt")),
        blank.filled("README.md", include_str!("../../templates/c/readme.md")),
        blank.filled(&format!("{SDK}/requirements.txt"), requirements),
    ];
    let folder = Path::new(SDK);
    sdk::add(&mut files, &folder.join("include"), &HEADERS);
    sdk::add(&mut files, &folder.join("src"), &SOURCES);
    sdk::add_contract(&mut files, &folder.join("wit"));
    files
}
