//! What a plugin must do, written as cases and tried in a Sandgate of their own.
//!
//! A file of cases ([`Book`]) is about a configuration ([`Scene`]). The binary is started with that configuration, origins stand
//! in for its endpoints ([`Endpoints`]), requests go over sockets ([`Stage`]), and what came of each is held against what the case
//! says ([`Outcome`]). Of Sandgate it knows what anybody can see: the configuration, the logs and the metrics. So what
//! a case shows holds in production.

mod case;
mod endpoints;
mod form;
mod lines;
mod process;
mod read;
mod report;
mod scene;
mod stage;
mod tree;
mod wire;

pub use case::Case;
pub use endpoints::Endpoints;
pub use process::ProcessError;
pub use read::{Book, DELAY_LIMIT, REPEAT_LIMIT};
pub use report::Tally;
pub use scene::Scene;
pub use stage::{Mismatch, Origin, Outcome, Said, Stage};
pub use tree::Tree;
