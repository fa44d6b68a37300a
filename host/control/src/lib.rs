//! The admin address: says over HTTP that the process serves, and what it counts.
//!
//! It runs on the control thread, never on a worker, and only looks at a running server through [`proxy::Monitor`]:
//! nothing here changes what a request gets. It has no access control, so it belongs on an address that only the
//! operator reaches.

mod metrics;
mod pages;
mod serve;

pub use serve::serve;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod testing;
