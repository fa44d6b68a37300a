//! A host for tests, outside of WebAssembly: requests and responses that are built, an exchange that is set, and a
//! log that is read.
//!
//! Each thread, so each test, has an exchange of its own. The rules are the host's: what may not be set is refused
//! here with the same error.
//!
//! ```
//! use sandgate_sdk::{exchange, log, testing};
//!
//! testing::set_route("blog");
//! testing::set_request_header("x-tenant", "acme");
//! assert_eq!(exchange::route().as_deref(), Some("blog"));
//! assert_eq!(exchange::request_header("X-Tenant").as_deref(), Some("acme"));
//!
//! log::warn("odd");
//! assert_eq!(testing::logged(), [(log::Level::Warn, "odd".to_owned())]);
//! ```

mod builders;
mod fields;
pub(crate) mod host;
mod state;
mod tls;

use std::time::Duration;

use crate::callout::{Answer, CalloutError, Question};
use crate::log::Level;
use state::with;
pub use tls::{ClientCertificate, Tls};

/// One number that a plugin counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The metric's name.
    pub name: String,
    /// The values of its labels.
    pub labels: Vec<String>,
    /// What was added, set or observed.
    pub number: f64,
}

/// Sets the client's address and port; at first `192.0.2.1:50000`.
pub fn set_client_address(address: &str) {
    with(|state| address.clone_into(&mut state.client_address));
}

/// Sets what is known of the client's TLS connection; at first it came in the clear.
pub fn set_tls(tls: Tls) {
    with(|state| state.tls = Some(tls));
}

/// Sets the route's name; at first there is none.
pub fn set_route(name: &str) {
    with(|state| state.route = Some(name.to_owned()));
}

/// Sets the tenant that the route belongs to; at first it is nobody's.
pub fn set_tenant(name: &str) {
    with(|state| state.tenant = Some(name.to_owned()));
}

/// Sets how long the exchange may still take; at first there is no route that would say.
pub fn set_deadline_left(left: Duration) {
    with(|state| state.deadline_left = Some(left));
}

/// Sets a field of the request that hooks see which are not given one.
pub fn set_request_header(name: &str, value: impl AsRef<[u8]>) {
    with(|state| state.request_fields.replace(name, value.as_ref()));
}

/// Sets the path that hooks see which are not given the request; at first `/`.
pub fn set_request_path(path: &str) {
    with(|state| path.clone_into(&mut state.request_path));
}

/// Sets both clocks, which stand still.
pub fn set_clock(now: Duration) {
    with(|state| state.now = now);
}

/// Sets the trace that the request is part of; at first it is part of none.
pub fn set_trace_id(trace: &str) {
    with(|state| state.trace_id = Some(trace.to_owned()));
}

/// Sets how many bytes the values may take that are kept by [`kv`](crate::kv); at first 1 MiB.
pub fn set_kv_quota(bytes: u64) {
    with(|state| state.kv_quota = bytes);
}

/// What was counted by [`metrics`](crate::metrics), oldest first.
pub fn counted() -> Vec<Counted> {
    with(|state| state.counted.clone())
}

/// Answers callouts, each with what this gives; at first no upstream is granted.
pub fn answer_callouts(answer: impl FnMut(&Question) -> Result<Answer, CalloutError> + 'static) {
    with(|state| state.callouts = Some(Box::new(answer)));
}

/// The notes that were kept, oldest first.
pub fn notes() -> Vec<(String, String)> {
    with(|state| state.notes.clone())
}

/// The lines that were logged, oldest first.
pub fn logged() -> Vec<(Level, String)> {
    with(|state| state.logged.clone())
}

#[cfg(test)]
mod tests;
