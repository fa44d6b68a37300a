//! The host's side of every call: the real one in a guest, and elsewhere the one of `testing`.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::imports::sandgate::proxy::{
    callout, clock, counter, exchange, kv, log, metrics, random, rate_limit, trace,
    types::{Request, Response},
};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::{
    Request, Response, callout, clock, counter, exchange, kv, log, metrics, random, rate_limit, trace,
};
