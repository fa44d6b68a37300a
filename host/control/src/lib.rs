//! The admin address: says over HTTP that the process serves, and what it counts; and takes what operators change.
//!
//! It runs on the control thread, never on a worker, and only looks at a running server through [`server::Monitor`]. What
//! can be changed is the state of endpoints, and only where `admin.allow_changes` says so. It has no access control, so
//! it belongs on an address that only the operator reaches.

mod metrics;
mod pages;
mod serve;
mod upstreams;

pub use serve::serve;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod testing;
