//! A document: text of the user's, read into typed values that know their place in it, with reports of all that is wrong.
//!
//! It goes one way: text ([`Source`]), a tree of nodes with spans, the caller's types by serde ([`parse`]). Types that want to know
//! where their values stand are made of [`Field`], [`Spanned`] and their like. What the keys mean, and of what a
//! format consists, is the caller's business: nothing here knows what a proxy is. The folder's files are one document; a source may have several ([`Part`]).

mod deserialize;
mod dialect;
mod field;
mod folder;
pub mod names;
mod parse;
mod report;
mod source;
mod text;
mod tree;

pub use deserialize::{TEMPLATE, TEXT};
pub use dialect::{Dialect, refusal};
pub use field::{Either, Field, List, Map, Several, Spanned};
pub use folder::{FILES_LIMIT, FOLDER_LIMIT, listing};
pub use parse::{Parsed, parse, parse_part};
pub use report::{Colour, Diagnostic, ERROR_LIMIT, Report, Severity, quoted};
pub use source::{Part, Source, Span};
pub use text::FILE_LIMIT;
pub use tree::{DEPTH_LIMIT, NODE_LIMIT};
