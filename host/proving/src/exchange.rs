//! Exchanges that no client began.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use http::{HeaderMap, Method, Uri};
use model::{Exchange, ExchangeId, RequestHead, WholeBody, WorkerId};

/// The request of each exchange.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: Uri,
    /// The fields, Host among them.
    pub fields: HeaderMap,
    /// The body, of the request and of its response.
    pub body: WholeBody,
}

impl Default for Asked {
    fn default() -> Self {
        let body = WholeBody::new(Vec::new());
        Asked { method: Method::GET, target: Uri::from_static("/"), fields: HeaderMap::new(), body }
    }
}

impl Asked {
    /// An exchange whose request it is, and whose response is 200 without fields.
    pub(crate) fn exchange(&self) -> Box<Exchange> {
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 49152));
        let head = RequestHead {
            method: self.method.clone(),
            uri: self.target.clone(),
            fields: self.fields.clone(),
            ..RequestHead::default()
        };
        Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), head))
    }
}
