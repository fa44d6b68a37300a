//! Write Sandgate plugins in Rust.
//!
//! A plugin is a type, a trait for what it does ([`Filter`], [`Router`], [`Picker`] or [`Weigher`]) and a macro that exports the
//! hooks it has. A hook that is not named is not exported and costs nothing.
//!
//! ```
//! use sandgate_sdk::{Filter, Request, Result, Verdict, filter};
//!
//! #[derive(Default)]
//! struct AddHeader;
//!
//! impl Filter for AddHeader {
//!     fn on_request(&mut self, request: &mut Request) -> Result {
//!         request.set_header("x-served-by", "sandgate")?;
//!         Ok(Verdict::Continue)
//!     }
//! }
//!
//! filter!(AddHeader: on_request);
//!
//! // Tests need no WebAssembly.
//! let mut request = Request::get("/");
//! assert_eq!(AddHeader.on_request(&mut request), Ok(Verdict::Continue));
//! assert_eq!(request.header("x-served-by").as_deref(), Some("sandgate"));
//! ```
//!
//! Build with `crate-type = ["cdylib"]` for `wasm32-unknown-unknown` and turn the module into a component (`cargo
//! xtask guests` does, and so does `wasm-tools component new`), or for `wasm32-wasip2`, which makes one at once.
//!
//! A hook that gives back an error, or panics, writes a line to the host's log and traps; the plugin's `on_failure`
//! says what becomes of the exchange. A fresh instance serves each exchange unless the configuration says `resident`:
//! what a plugin keeps in `self` is there for the later hooks of the same exchange, and then gone.

#[cfg(any(test, all(target_arch = "wasm32", target_os = "unknown", feature = "allocator")))]
#[expect(unsafe_code, reason = "an allocator is unsafe by nature")]
mod arena;
#[rustfmt::skip]
#[allow(unsafe_code, missing_docs, unreachable_pub, unused_qualifications, reason = "generated")]
#[allow(clippy::pedantic, clippy::restriction, clippy::allow_attributes_without_reason, reason = "generated")]
#[doc(hidden)]
pub mod bindings;
pub mod callout;
pub mod clock;
pub mod counter;
pub mod exchange;
mod failure;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[expect(unsafe_code, reason = "the one instance of the plugin is a static that hooks change")]
pub mod glue;
mod hooks;
mod host;
pub mod kv;
pub mod log;
mod macros;
pub mod metrics;
pub mod random;
pub mod rate_limit;
mod reply;
mod request;
mod response;
#[expect(unsafe_code, reason = "memory that generated code and the host hand to each other")]
mod runtime;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
pub mod trace;

pub use bindings::imports::sandgate::proxy::types::{BodyVerdict, HeaderError, Reply, Verdict};
pub use bindings::with_on_log::exports::sandgate::proxy::on_log::Outcome;
pub use bindings::with_picker::exports::sandgate::proxy::picker::{Choice, Endpoint};
pub use bindings::with_reroute::exports::sandgate::proxy::reroute::{Detour, Failure as UpstreamFailure};
pub use bindings::with_router::exports::sandgate::proxy::router::Decision;
pub use failure::{Failure, Result};
pub use hooks::{Attempts, Candidates, Configure, Filter, Loads, Picker, Router, Weigher};
pub use request::Request;
pub use response::Response;
