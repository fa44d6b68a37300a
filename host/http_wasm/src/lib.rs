//! http-wasm: modules that were written for Traefik, Dapr and their kin, run as filters.
//!
//! The contract is the handler ABI of http-wasm.io: core modules that export `handle_request` and `handle_response`, and import the
//! functions of `http_handler`. An instance serves one request at a time, from its head to the response's; a `Pool`
//! keeps those that have served one for the next.
//!
//! A body is read only if the module asks for it: then its instance is suspended, and the exchange is handed out through a
//! `Hatch`, until the proxy has the body.
//!
//! Nothing of `sandgate:proxy` is reachable from here, and nothing of this from a component.

mod abi;
mod body;
mod exports;
mod filter;
mod hatch;
mod imports;
mod pool;
mod prepared;
mod run;
mod state;
mod trial;
mod vm;

pub use abi::{HANDLE_REQUEST, READ_BODY};
pub use filter::filter;
pub use prepared::{Prepared, Shown};
pub use trial::{first, try_out};
