//! Machine code: what components and modules are compiled to, ahead of the first request.
//!
//! Each content is compiled once ([`Compiler`]), kept in a folder from one start to the next ([`AotCache`]), and shared by all plugins
//! that have the same ([`Code`]).

mod cache;
mod compile;
mod machine_code;

pub use cache::{AotCache, Source};
pub use compile::{Code, Compilations, Compiler, Urgency};
pub use machine_code::MachineCode;
