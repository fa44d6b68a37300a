//! What becomes of a request.
//!
//! Begin reading in `exchange.rs`: one function there is the whole way of a request. It goes by a generation, as a worker has made
//! it [`Local`]; who the workers are, and where records go, is `server`'s.

mod callout;
mod exchange;
mod local;

pub use callout::call_out;
pub use exchange::{AnswerBody, Budget, answer};
pub use local::{Local, LocalUpstream, Recorder};
