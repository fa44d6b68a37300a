//! What the client asked for, as it was before the route rewrote it.

use http::{HeaderValue, Method, Uri};

use crate::Exchange;

/// The parts of a request that a route may rewrite, as they were.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The target.
    pub uri: Uri,
    /// The Host field.
    pub host: Option<HeaderValue>,
}

impl Exchange {
    /// Remembers what was asked for, before it is rewritten.
    pub fn remember_asked(&mut self) {
        if self.asked.is_some() {
            return;
        }
        let request = &self.request;
        let host = request.fields.get(http::header::HOST).cloned();
        self.asked = Some(Box::new(Asked { method: request.method.clone(), uri: request.uri.clone(), host }));
    }

    /// The method that was asked for.
    pub fn asked_method(&self) -> &Method {
        self.asked.as_ref().map_or(&self.request.method, |asked| &asked.method)
    }

    /// The target that was asked for.
    pub fn asked_uri(&self) -> &Uri {
        self.asked.as_ref().map_or(&self.request.uri, |asked| &asked.uri)
    }

    /// Path and query that were asked for, `/` at least.
    pub fn asked_path_and_query(&self) -> &str {
        self.asked_uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// The authority that was asked for.
    pub fn asked_authority(&self) -> &str {
        let asked = self.asked.as_ref().and_then(|asked| asked.host.as_ref());
        asked.and_then(|host| host.to_str().ok()).unwrap_or_else(|| self.request.authority())
    }
}
