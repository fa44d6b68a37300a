//! Why a node can't be what the raw types ask for, in words for the user.

use std::fmt::{self, Display};

use serde::de::{Error, Expected, Unexpected};

use crate::dialect::{Owner, refusal};
use crate::names;
use crate::report::quoted;
use crate::source::Span;
use crate::tree::{Node, NodeId};

/// What to do to the tree so that this error doesn't come again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repair {
    /// Mark a node as wrong.
    Poison(NodeId),
    /// Take an entry out of a map.
    Remove { map: NodeId, key: NodeId },
    /// Take an entry for the one that was meant, so that nobody misses that.
    Rename { map: NodeId, key: NodeId, meant: &'static str },
}

/// An error of one attempt.
#[derive(Debug)]
pub(crate) struct Fault {
    reason: Reason,
    pub(crate) help: Option<String>,
    place: Option<(Span, Repair)>,
}

#[derive(Debug)]
enum Reason {
    /// Reported before.
    Silent,
    Said(String),
    /// "found ..." is added with the place.
    Expected(String),
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    UnknownVariant {
        word: String,
        known: &'static [&'static str],
    },
}

impl Fault {
    fn new(reason: Reason) -> Self {
        Fault { reason, help: None, place: None }
    }

    pub(crate) fn silent() -> Self {
        Fault::new(Reason::Silent)
    }

    /// Of a variable where none has a meaning; `help` says where they have one.
    pub(crate) fn variable(help: &str) -> Self {
        Fault {
            help: Some(help.to_owned()),
            ..Fault::new(Reason::Said("variables have no meaning here".to_owned()))
        }
    }

    pub(crate) fn expected(expected: &dyn Expected) -> Self {
        Fault::new(Reason::Expected(plain(&expected.to_string())))
    }

    /// What to say and where; `None` when it has been said.
    pub(crate) fn said(&self) -> Option<(Span, &str)> {
        let (span, _) = self.place?;
        match &self.reason {
            Reason::Said(message) => Some((span, message)),
            _ => None,
        }
    }

    /// `None` only for an error that came from no node.
    pub(crate) fn repair(&self) -> Option<Repair> {
        self.place.map(|(_, repair)| repair)
    }

    /// The place of an error that has none yet.
    pub(super) fn or_at(self, node: &Node, repair: Repair) -> Self {
        self.or_of(node, repair, Owner::nobody())
    }

    /// An unknown variant that is a word alone: what is expected may well be no word.
    pub(super) fn or_word(self, expected: &str, node: &Node, repair: Repair, owner: Owner<'_>) -> Self {
        let Reason::UnknownVariant { word, known } = &self.reason else {
            return self.or_of(node, repair, owner);
        };
        let message = if owner.plans(word) {
            refusal(word)
        } else {
            let suggestion = names::suggestion(word, known.iter().copied());
            format!("expected {expected}, found {}{suggestion}", quoted(word))
        };
        Fault { reason: Reason::Said(message), help: None, place: Some((node.span, repair)) }
    }

    /// The same, within the struct or enum `owner`, which decides what it means that a word isn't known.
    pub(super) fn or_of(self, node: &Node, repair: Repair, owner: Owner<'_>) -> Self {
        if self.place.is_some() {
            return self;
        }
        let place = Some((node.span, repair));
        let Fault { reason, help, .. } = self;
        match reason {
            Reason::Silent | Reason::Said(_) => Fault { reason, help, place },
            Reason::Expected(expected) => Fault {
                reason: Reason::Said(format!("expected {expected}, found {}", node.describe())),
                help,
                place,
            },
            Reason::UnknownKey { key: word, known } | Reason::UnknownVariant { word, known } => {
                unknown_key(owner, &word, known, node, repair)
            }
        }
    }
}

fn unknown_key(
    owner: Owner<'_>,
    key: &str,
    known: &'static [&'static str],
    node: &Node,
    repair: Repair,
) -> Fault {
    let is_planned = owner.plans(key);
    let near = names::nearest(key, known.iter().copied());
    let meant = if is_planned { owner.key_for(key) } else { near };
    let repair = match (repair, meant) {
        (Repair::Remove { map, key }, Some(meant)) => Repair::Rename { map, key, meant },
        _ => repair,
    };
    let place = Some((node.span, repair));
    if is_planned {
        return Fault { reason: Reason::Said(refusal(key)), help: None, place };
    }
    let suggestion = names::suggestion(key, known.iter().copied());
    let message = format!("unknown key {}{suggestion}", quoted(key));
    let help = format!("known keys: {}", names::list(known.iter().copied()));
    Fault { reason: Reason::Said(message), help: Some(help), place }
}

/// Rust's names of types, in words.
fn plain(expected: &str) -> String {
    match expected {
        "u16" => "a whole number up to 65535",
        "u32" => "a whole number up to 4294967295",
        "u64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        other => other,
    }
    .to_owned()
}

impl Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Fault::new(Reason::Said(message.to_string()))
    }

    fn invalid_type(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::expected(expected)
    }

    fn invalid_value(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::expected(expected)
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Fault::new(Reason::UnknownKey { key: key.to_owned(), known })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Fault::new(Reason::UnknownVariant { word: word.to_owned(), known })
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said().map_or("an error without a place", |(_, message)| message))
    }
}

impl std::error::Error for Fault {}
