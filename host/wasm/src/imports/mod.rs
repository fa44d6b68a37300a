//! What guests may call: the imports of `wit/`, and the WASI that language runtimes need.
//!
//! Nothing outside this folder is reachable from a guest. Which versions of the contract there are is in [`crate::contract`].

mod callout;
mod clock;
mod counter;
mod exchange;
mod kv;
mod log;
mod metrics;
mod random;
mod rate_limit;
mod request;
mod response;
mod trace;
mod wasi;
mod wasi_config;
mod wasi_http;
mod wasi_keyvalue;
mod wasi_logging;
mod wasi_output;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings;
use crate::context::Context;
pub(crate) use request::{parse_authority, parse_method, parse_path};
pub(crate) use response::change_status;
pub(crate) use wasi::Wasi;
pub(crate) use wasi_config::Values;

/// Names of the interfaces that every component may import, up to their version. What others need is a
/// [`Grant`](crate::grants::Grant).
pub(crate) const FREE: [&str; 6] = [
    "sandgate:proxy/types",
    "sandgate:proxy/exchange",
    "sandgate:proxy/log",
    "sandgate:proxy/clock",
    "sandgate:proxy/random",
    "sandgate:proxy/trace",
];

/// Makes all imports of the contract known, as `wit/` has them.
pub(crate) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    bindings::types::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::exchange::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::log::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::clock::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::random::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::trace::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::kv::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::counter::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::rate_limit::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::metrics::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::callout::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)
}

/// Makes WASI known: what language runtimes need, what components of `wasi:http` answer by, and what they find beside it.
pub(crate) fn add_wasi_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    wasi_config::add_to_linker(linker)?;
    wasi_logging::add_to_linker(linker)?;
    wasi_keyvalue::add_to_linker(linker)
}

/// Makes WASI 0.3 known, for components that answer by it.
pub(crate) fn add_concurrent_wasi_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    wasi_http::add_handler_to_linker(linker)
}

impl bindings::types::Host for Context {}

impl Context {
    /// The exchange at hand, for a call that asks of it; outside of its hooks a trap.
    fn exchange(&mut self) -> wasmtime::Result<&mut model::Exchange> {
        self.count_call()?;
        self.exchange.as_deref_mut().ok_or_else(|| wasmtime::format_err!("there is no exchange in this hook"))
    }
}

/// A refusal, as guests see it.
fn header_error(error: model::FieldError) -> bindings::types::HeaderError {
    use bindings::types::HeaderError;
    match error {
        model::FieldError::InvalidName => HeaderError::InvalidName,
        model::FieldError::InvalidValue => HeaderError::InvalidValue,
        model::FieldError::Forbidden => HeaderError::Forbidden,
        model::FieldError::TooMany => HeaderError::TooMany,
    }
}

/// The first value of a field.
fn first(fields: &http::HeaderMap, name: &str) -> Option<Vec<u8>> {
    fields.get(name).map(|value| value.as_bytes().to_vec())
}

/// All fields, in the form guests get them.
fn all(fields: &http::HeaderMap) -> Vec<bindings::types::Field> {
    fields.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
