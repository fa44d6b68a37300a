//! A head as it was before a call, for an exchange that goes on as if the plugin were not there.

use accounts::Hook;
use model::{Exchange, RequestHead, ResponseHead};

/// A head, where it counts.
pub enum Before {
    /// A request's.
    Request(RequestHead),
    /// A response's.
    Response(ResponseHead),
    /// No hook changes any.
    Nothing,
}

impl Before {
    /// The head that a hook may change.
    pub fn of(hook: Hook, exchange: &Exchange) -> Before {
        match hook {
            Hook::OnRequest | Hook::OnRequestBody => Before::Request(exchange.request.clone()),
            Hook::OnResponse | Hook::OnResponseBody => Before::Response(exchange.response.clone()),
            _ => Before::Nothing,
        }
    }

    /// Puts it in the place of what it has become.
    pub fn restore(mut self, exchange: &mut Exchange) {
        self.exchange(exchange);
    }

    /// The same, and keeps what it has become.
    pub fn exchange(&mut self, exchange: &mut Exchange) {
        match self {
            Before::Request(head) => std::mem::swap(head, &mut exchange.request),
            Before::Response(head) => std::mem::swap(head, &mut exchange.response),
            Before::Nothing => {}
        }
    }
}
