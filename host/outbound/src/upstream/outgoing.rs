//! A request as it goes out.

use std::borrow::Cow;

use http::header::{self, HeaderValue};
use http::{HeaderMap, Request};
use message::OutgoingBody;
use model::{Fault, RequestHead};

use super::SendFailure;
use crate::pool::http1::Client;
use crate::websocket::WebSocketKey;

/// A request as it goes out.
///
/// Its head stays the exchange's: what a connection uses up is made when there is one, and again if that turns out to
/// be stale.
pub struct Outgoing<'a> {
    /// The head.
    pub head: &'a RequestHead,
    /// What takes the place of its Host, if anything does.
    pub host: Option<HeaderValue>,
    /// The protocol that the endpoint is asked to change to, if it is.
    pub upgrade: Option<HeaderValue>,
    /// What proves to the endpoint that WebSocket is meant, where the client has not.
    pub key: Option<&'a WebSocketKey>,
    /// Whose it is, where endpoints are told: then only connections may carry it that carry no other client's.
    pub client: Client,
    /// The body.
    pub body: OutgoingBody,
}

impl Outgoing<'_> {
    /// Its head, as HTTP/2 is given it, with its body, which is not here any more then.
    pub(super) fn take(&mut self) -> Request<OutgoingBody> {
        let mut request = Request::new(self.take_body());
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        let mut fields = self.fields().into_owned();
        if let Some(host) = &self.host {
            fields.insert(header::HOST, host.clone());
        }
        *request.headers_mut() = fields;
        request
    }

    /// It fails with this, before any of it was sent.
    pub(super) fn unsent(&mut self, fault: Fault) -> Box<SendFailure> {
        SendFailure::unsent(fault, self.take_body())
    }

    pub(super) fn take_body(&mut self) -> OutgoingBody {
        std::mem::replace(&mut self.body, OutgoingBody::Empty)
    }

    /// Its fields but for the host.
    pub(super) fn fields(&self) -> Cow<'_, HeaderMap> {
        if self.upgrade.is_none() && self.key.is_none() {
            return Cow::Borrowed(&self.head.fields);
        }
        let mut fields = self.head.fields.clone();
        if let Some(upgrade) = &self.upgrade {
            fields.insert(header::UPGRADE, upgrade.clone());
        }
        if let Some(key) = self.key {
            key.write(&mut fields);
        }
        Cow::Owned(fields)
    }
}
