//! Modules of contracts that bring no suite of their own, loaded as plugins and called as filters.

mod http_wasm;
mod proxy_wasm;
mod setup;
