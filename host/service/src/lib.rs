//! wasi:http: components, 0.2 or 0.3, that answer requests in an upstream's place ([`PluginService`]), or stand around the rest of the
//! way ([`Middleware`]).
//!
//! Each exchange has a guest of its own, which runs beside it: on the worker as long as the plugin is quick, else in the slow
//! lane. It may go on when the head of its answer is sent, as long as somebody wants the body; and after that for as long as
//! it may take to answer.

mod answer;
mod calling;
mod codes;
mod concurrent;
mod direct;
mod handler;
mod heard;
mod incoming;
mod link;
mod middleware;
mod next;
mod outgoing;
mod run;
mod service;
mod serving;
mod upload;

pub use handler::{Handler, Role, is_handler, known};
pub use link::{add_concurrent_to_linker, add_to_linker};
pub use middleware::Middleware;
pub use service::PluginService;
