//! All errors of a file, not the first: deserialize, repair the tree where it failed, and again.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::deserialize::{Cursor, Fault, Repair};
use crate::dialect::Dialect;
use crate::report::{Diagnostic, ERROR_LIMIT, Report};
use crate::source::{Part, Source, Span};
use crate::tree::{self, Tree};

/// What became of a document.
#[derive(Debug)]
pub struct Parsed<T> {
    /// Its value, to be used only if there are no problems; none when they are too many, or it is wrong as a whole.
    pub value: Option<T>,
    /// The place of all of it.
    pub root: Span,
    /// All that is wrong.
    pub problems: Vec<Diagnostic>,
}

/// Reads a document as the types of a format; without a tree, as after an error of syntax, there is nothing but the report.
pub fn parse<T: DeserializeOwned>(source: &Arc<Source>, dialect: &Dialect) -> Result<Parsed<T>, Report> {
    parse_part(source, &source.whole(), dialect)
}

/// Reads one of several documents that are in a source.
pub fn parse_part<T: DeserializeOwned>(
    source: &Arc<Source>,
    part: &Part,
    dialect: &Dialect,
) -> Result<Parsed<T>, Report> {
    let (tree, mut problems) = tree::read(source, part).map_err(Report::new)?;
    let root = tree.node(tree.root()).span;
    let (value, repaired) = deserialize(source, tree, dialect);
    problems.extend(repaired);
    Ok(Parsed { value, root, problems })
}

/// The value, and what had to be repaired.
fn deserialize<T: DeserializeOwned>(
    source: &Arc<Source>,
    mut tree: Tree,
    dialect: &Dialect,
) -> (Option<T>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    while problems.len() < ERROR_LIMIT {
        let fault = match T::deserialize(Cursor::root(&tree, dialect)) {
            Ok(value) => return (Some(value), problems),
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
