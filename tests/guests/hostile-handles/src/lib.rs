//! A filter below the SDK, which lets no plugin do this: it misuses the handles of heads, and tries to set what the host
//! must refuse, as the request's header `x-misbehave` says. Without that header it lets everything pass.
#![cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "handles are numbers below the SDK"))]

#[cfg(target_arch = "wasm32")]
mod raw;

#[cfg(not(target_arch = "wasm32"))]
use sandgate_sdk as _;
