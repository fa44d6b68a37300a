//! What guests may call: the imports of `wit/`, and the WASI that language runtimes need.
//!
//! Nothing outside this folder is reachable from a guest.

mod clock;
mod exchange;
mod log;
mod request;
mod response;
mod wasi;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings;
use crate::context::Context;
pub(crate) use wasi::Wasi;

/// Names of the interfaces a component may import, up to their version.
pub(crate) const GRANTED: [&str; 4] =
    ["sandgate:proxy/types", "sandgate:proxy/exchange", "sandgate:proxy/log", "sandgate:proxy/clock"];

/// Makes all imports known.
pub(crate) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    bindings::types::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::exchange::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::log::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    bindings::clock::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

impl bindings::types::Host for Context {}

impl Context {
    /// The exchange at hand; outside of its hooks a trap.
    fn exchange(&mut self) -> wasmtime::Result<&mut model::Exchange> {
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
