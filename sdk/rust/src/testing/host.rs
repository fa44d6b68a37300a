//! The host's functions, with the signatures that the generated bindings have.

pub(crate) mod clock;
pub(crate) mod exchange;
pub(crate) mod log;
mod request;
mod response;

pub(crate) use request::Request;
pub(crate) use response::Response;
