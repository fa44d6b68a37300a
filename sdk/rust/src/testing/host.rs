//! The host's functions, with the signatures that the generated bindings have.

pub(crate) mod callout;
pub(crate) mod clock;
pub(crate) mod counter;
pub(crate) mod exchange;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod random;
pub(crate) mod rate_limit;
mod request;
mod response;
pub(crate) mod trace;

pub(crate) use request::Request;
pub(crate) use response::Response;
