//! The nouns of Sandgate, and the traits of its extension points.
//!
//! Everything here is plain data and arithmetic: no I/O, no clock but the one handed in (and the calendar's, for
//! `${time.iso}`), no knowledge of the configuration's format, of wasmtime or of hyper. Every other crate speaks in these
//! words.

mod asked;
mod captures;
mod counters;
mod endpoint;
mod exchange;
mod extension;
mod fault;
mod fields;
mod head;
mod lookup;
mod notes;
mod scheme;
mod standing;
mod template;
mod tls;
mod variable;

pub use asked::Asked;
pub use captures::Captures;
pub use counters::{Counter, DURATION_BOUNDS_US, RouteLabel};
pub use endpoint::{Address, Endpoint, Health, InFlight, PassiveCheck};
pub use exchange::{Exchange, ExchangeId, Outcome, Timing};
pub use extension::{
    Balancer, Candidates, Choice, Decision, Filter, FilterCall, Hooks, Reply, RouteNames, Router, Step,
    Verdict, WorkerId,
};
pub use fault::{Blame, Fault, FaultKind, PluginFault};
pub use fields::{FieldError, append_field, check_name, check_value, remove_field, set_field};
pub use head::{RequestHead, ResponseHead};
pub use notes::Notes;
pub use scheme::Scheme;
pub use standing::{Course, Duty, Latency, PRIORITIES, SHARE, Standing, State, WarmUp};
pub use template::{Escape, FieldText, Template};
pub use tls::{ClientCertificate, TlsFacts};
pub use variable::{Fixed, Stage, Variable};
