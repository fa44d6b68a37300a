//! What `wit/` says, as Rust: made by wasmtime's macro from the same files that guests are built with.
//!
//! The world exports every hook. No component has to: which of them one exports is looked up by
//! [`crate::hooks`], and only the types and import traits made here are used.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "everything",
    imports: {
        // The guest is suspended until the answer is here.
        "sandgate:proxy/callout.call": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});

pub(crate) use exports::sandgate::proxy::{on_log::Outcome, picker, plugin, reroute, router, weigher};
pub(crate) use sandgate::proxy::{
    callout, clock, counter, exchange, kv, log, metrics, random, rate_limit, trace, types,
};
