//! All errors of a file, not the first: deserialize, repair the tree where it failed, and again.

use serde::Deserialize;

use crate::deserialize::{Cursor, Fault, Repair};
use crate::raw::File;
use crate::report::{Diagnostic, ERROR_LIMIT};
use crate::source::Source;
use crate::tree::Tree;
use std::sync::Arc;

/// The file, and what had to be repaired. No file when the errors are too many, or the file is wrong as a whole.
pub(crate) fn deserialize(source: &Arc<Source>, mut tree: Tree) -> (Option<File>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    while problems.len() < ERROR_LIMIT {
        let fault = match File::deserialize(Cursor::root(&tree)) {
            Ok(file) => return (Some(file), problems),
            Err(fault) => fault,
        };
        problems.extend(diagnostic(source, &fault));
        if !repair(&mut tree, &fault) {
            break;
        }
    }
    (None, problems)
}

fn diagnostic(source: &Arc<Source>, fault: &Fault) -> Option<Diagnostic> {
    let (span, message) = fault.said()?;
    Some(Diagnostic::at(source, span, message.to_owned(), fault.help.clone()))
}

/// False when there is nothing left to repair.
fn repair(tree: &mut Tree, fault: &Fault) -> bool {
    match fault.repair() {
        Some(Repair::Poison(id)) if id == tree.root() => false,
        Some(Repair::Poison(id)) => {
            tree.poison(id);
            true
        }
        Some(Repair::Remove { map, key }) => {
            tree.remove(map, key);
            true
        }
        Some(Repair::Rename { map, key, meant }) => {
            tree.rename(map, key, meant);
            true
        }
        None => false,
    }
}
