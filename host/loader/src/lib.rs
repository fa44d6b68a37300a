//! From the configuration file, or folder of files, as the user wrote it, to a [`config::Config`].
//!
//! A file goes one way: text and tree (`document`), the types of `raw` by serde, checks, [`config::Config`]. Every stage reports
//! all it finds as diagnostics that point into the text. Nothing here opens a socket or loads a component: later
//! stages that find fault with a part of the configuration say so through [`config::Config::complain`].

mod check;
#[cfg(fuzzing)]
pub mod fuzzing;
mod load;
mod tenants;
mod variables;

pub use load::{Loaded, load, load_for, parse};
