//! The cases of a new plugin: by its kind, as plugins of one kind do the same in every language.

use super::{Blank, File};
use crate::kind::Kind;

pub(super) fn file(blank: &Blank) -> File {
    let cases = match blank.kind {
        Kind::Filter => include_str!("../../templates/cases/filter.yaml"),
        Kind::Router => include_str!("../../templates/cases/router.yaml"),
        Kind::Picker => include_str!("../../templates/cases/picker.yaml"),
        Kind::Weigher => include_str!("../../templates/cases/weigher.yaml"),
    };
    blank.filled("cases.yaml", cases)
}
