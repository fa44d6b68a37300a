//! What plugin authors' commands do without a sandbox: the folder of a new plugin, its build by the language's own tool, and
//! an origin to try it with. It knows languages and their tools, and no proxy; whether what was built would load is
//! for others to say.

pub mod blank;
pub mod build;
pub mod component;
pub mod contract;
mod kind;
mod language;
pub mod origin;
mod project;

pub use kind::Kind;
pub use language::Language;
pub use project::{Project, ProjectError};
