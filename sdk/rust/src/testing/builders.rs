//! Requests and responses for tests: what a client or an upstream sent.

use std::cell::{Cell, RefCell};

use super::fields::Fields;
use super::host;
use crate::{Request, Response};

/// For tests, outside of WebAssembly.
impl Request {
    /// A request with that method (`GET`) and path (`/a?b=c`), for `localhost`, with no fields.
    pub fn new(method: &str, path: &str) -> Self {
        Request(host::Request {
            method: method.to_owned(),
            path: RefCell::new(path.to_owned()),
            authority: RefCell::new("localhost".to_owned()),
            fields: RefCell::new(Fields::default()),
        })
    }

    /// A GET request.
    pub fn get(path: &str) -> Self {
        Request::new("GET", path)
    }

    /// With one field more. No rule holds: clients send anything.
    #[must_use]
    pub fn with_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.fields.borrow_mut().put(name, value.as_ref());
        self
    }

    /// With that host and port.
    #[must_use]
    pub fn with_authority(self, authority: &str) -> Self {
        authority.clone_into(&mut self.0.authority.borrow_mut());
        self
    }
}

/// For tests, outside of WebAssembly.
impl Response {
    /// A response with that status and no fields.
    pub fn new(status: u16) -> Self {
        Response(host::Response { status: Cell::new(status), fields: RefCell::new(Fields::default()) })
    }

    /// With one field more. No rule holds: upstreams send anything.
    #[must_use]
    pub fn with_header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.fields.borrow_mut().put(name, value.as_ref());
        self
    }
}
