//! Heads: what precedes a body, on the way in and on the way out.

use http::{HeaderMap, Method, StatusCode, Uri, Version};

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The target, in origin form for all but OPTIONS `*`; the authority, if the target had one, stands in `host`.
    pub uri: Uri,
    /// The version the client spoke.
    pub version: Version,
    /// The fields, without those of the connection.
    pub fields: HeaderMap,
}

impl RequestHead {
    /// Path and query, `/` at least.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// The authority the client asked for, as the Host field has it.
    pub fn authority(&self) -> &str {
        self.fields.get(http::header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Whether sending it twice has the effect of sending it once (RFC 9110 section 9.2.2).
    pub fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }
}

/// The head of a response.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// The status code.
    pub status: StatusCode,
    /// The fields, without those of the connection.
    pub fields: HeaderMap,
}
