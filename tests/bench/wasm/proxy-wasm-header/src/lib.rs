//! The benchmark's filter for Envoy, as its users would write it: with the proxy-wasm Rust SDK.
//!
//! It does what `../../../guest` does in Sandgate: reads one header, sets one on the request unless that is there, and one
//! on the response. The host's cost alone, without an SDK, is what `../../header.wat` shows.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Header));
}}

struct Header;

impl Context for Header {}

impl HttpContext for Header {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.get_http_request_header("x-bench-skip").is_none() {
            self.set_http_request_header("x-bench-req", Some("1"));
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-bench-resp", Some("1"));
        Action::Continue
    }
}
