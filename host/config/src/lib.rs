//! The configuration file, or folder of files, as the user wrote it, parsed into types that cannot be wrong.
//!
//! A file goes one way: text, a tree of nodes with spans, `raw` types by serde, checks, [`Config`]. Every stage reports
//! all it finds as [`Diagnostic`]s that point into the text. Nothing here opens a socket or loads a component: later
//! stages that find fault with a part of the configuration say so through [`Config::complain`].

mod check;
mod deserialize;
mod field;
mod folder;
#[cfg(fuzzing)]
pub mod fuzzing;
mod later;
mod load;
mod names;
mod raw;
mod repair;
mod report;
mod scalar;
mod schema;
mod source;
mod tree;
mod types;
mod variables;

pub use folder::{FILES_LIMIT, FOLDER_LIMIT, listing};
pub use load::{FILE_LIMIT, Loaded, load, parse};
pub use names::{list, suggestion};
pub use report::{Colour, Diagnostic, ERROR_LIMIT, Report, Severity};
pub use schema::schema;
pub use source::Span;
pub use tree::{DEPTH_LIMIT, NODE_LIMIT};
pub use types::*;
