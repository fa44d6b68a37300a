//! The least that a filter of proxy-wasm does: it reads a header of the request and sets one, and sets one of the response.

#![allow(missing_docs, reason = "the macro of the SDK writes a function without")]

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Header) });
}}

struct Header;

impl Context for Header {}

impl HttpContext for Header {
    fn on_http_request_headers(&mut self, _fields: usize, _end_of_stream: bool) -> Action {
        let agent = self.get_http_request_header("user-agent");
        self.set_http_request_header("x-agent", Some(agent.as_deref().unwrap_or("none")));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _fields: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header("x-proxy-wasm", Some("1"));
        Action::Continue
    }
}
