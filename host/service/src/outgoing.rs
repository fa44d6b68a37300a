//! Requests that a guest of `wasi:http` sends: to upstreams that its plugin is granted, and nowhere else.
//!
//! An upstream is meant by the authority of the request: its own name, or the host and port of one of its endpoints. The rest is
//! the interface `callout`'s: the same way, and the same limits.

use std::sync::Arc;
use std::time::Duration;

use accounts::{CalloutResult, Refusal};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use model::{Callout, CalloutError, Reply, RequestHead};
use sandbox::Shared;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::serving::Of;

/// How much a guest may write of a body at a time; twice that is held for each.
const CHUNK: usize = 64 << 10;

/// What a guest's requests go out by.
pub(crate) struct Outgoing {
    plugin: Arc<Shared>,
    of: Of,
    /// Requests that it may still send.
    left: u32,
}

/// An answer, with what is left to be done for it.
type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl Outgoing {
    /// For the exchange that a guest works for.
    pub(crate) fn new(plugin: &Arc<Shared>, of: Of) -> Self {
        Outgoing { plugin: Arc::clone(plugin), of, left: plugin.spec.limits.callouts }
    }

    /// The request to send, without its body, if the guest may send it.
    fn prepare(
        &mut self,
        request: &Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Callout, Error> {
        let of = self.of;
        let (upstream, is_name) = self.upstream(request).ok_or(Error::HttpRequestDenied)?;
        let stats = self.plugin.stats.of(of.worker);
        let Some(left) = self.left.checked_sub(1) else {
            stats.refused(Refusal::Callouts);
            return Err(Error::ConnectionLimitReached);
        };
        if self.plugin.tenant().is_some_and(|tenant| !tenant.may_call_out()) {
            stats.refused(Refusal::TenantCallouts);
            return Err(Error::ConnectionLimitReached);
        }
        self.left = left;
        let limits = &self.plugin.spec.limits;
        let wish = options.and_then(|options| options.first_byte_timeout);
        Ok(Callout {
            exchange: of.exchange,
            worker: of.worker,
            client: of.client,
            upstream,
            request: head(request, is_name)?,
            body: Bytes::new(),
            timeout: wish.map_or(limits.callout_timeout, |wish: Duration| wish.min(limits.callout_timeout)),
            body_limit: limits.callout_body,
            talk: None,
        })
    }

    /// The upstream that a request is for, if it is granted, and whether the request calls it by its name.
    fn upstream(&self, request: &Request<WasiBody>) -> Option<(Arc<str>, bool)> {
        let uri = request.uri();
        let authority = uri.authority()?.as_str();
        let grants = &self.plugin.spec.grants;
        let granted = grants.callout.iter().flatten();
        if let Some(upstream) = granted.into_iter().find(|name| self.plugin.spec.own_name(name) == authority)
        {
            return Some((Arc::clone(upstream), true));
        }
        let origin = origin(uri.scheme_str()?, authority)?;
        let known = grants.origins.iter().find(|known| known.origin == origin)?;
        Some((Arc::clone(&known.upstream), false))
    }
}

/// Scheme, host and port, as `https://api.example.com:443`: how endpoints are told apart.
fn origin(scheme: &str, authority: &str) -> Option<String> {
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let has_port =
        authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    match (scheme.as_str(), has_port) {
        (_, true) => Some(format!("{scheme}://{authority}")),
        ("http", false) => Some(format!("{scheme}://{authority}:80")),
        ("https", false) => Some(format!("{scheme}://{authority}:443")),
        _ => None,
    }
}

/// The head as it goes out. Where the request calls its upstream by the name it has here, the Host is the endpoint's.
fn head(request: &Request<WasiBody>, is_name: bool) -> Result<RequestHead, Error> {
    if request.method() == Method::CONNECT {
        return Err(Error::HttpRequestMethodInvalid);
    }
    let path = request.uri().path_and_query().cloned().ok_or(Error::HttpRequestUriInvalid)?;
    let mut fields = HeaderMap::new();
    for (name, value) in request.headers() {
        if name == CONTENT_LENGTH || name == HOST {
            continue;
        }
        model::append_field(&mut fields, name.as_str(), value.as_bytes().to_vec())
            .map_err(|_| Error::HttpRequestDenied)?;
    }
    if let Some(host) = request.headers().get(HOST).filter(|_| !is_name) {
        fields.insert(HOST, host.clone());
    }
    // A version that needs no Host: where the guest names none, the endpoint's is written.
    Ok(RequestHead { method: request.method().clone(), uri: path.into(), version: Version::HTTP_10, fields })
}

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _io: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let prepared = self.prepare(&request, options);
        let plugin = Arc::clone(&self.plugin);
        Box::new(async move { send(&plugin, prepared?, request.into_body()).await })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }
}

async fn send(plugin: &Shared, mut callout: Callout, body: WasiBody) -> Sent {
    let stats = plugin.stats.of(callout.worker);
    let Some(caller) = &plugin.caller else { return Err(Error::DestinationUnavailable) };
    let Some(body) = whole(body, callout.body_limit).await? else {
        stats.refused(Refusal::CalloutBody);
        return Err(Error::HttpRequestBodySize(u64::try_from(callout.body_limit).ok()));
    };
    callout.body = body;
    let answer = caller.call(callout).await;
    stats.called_out(CalloutResult::of(&answer));
    Ok((answered(answer.map_err(failed)?.reply), Box::new(std::future::ready(Ok(())))))
}

/// The body, if it is no longer than it may be.
async fn whole(mut body: WasiBody, limit: usize) -> Result<Option<Bytes>, Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > limit {
            return Ok(None);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Some(bytes.freeze()))
}

fn answered(reply: Reply) -> Response<WasiBody> {
    let Reply { status, fields, body } = reply;
    let mut response = Response::new(Full::new(body).map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

fn failed(failed: CalloutError) -> Error {
    match failed {
        CalloutError::Late => Error::HttpResponseTimeout,
        CalloutError::TooLarge => Error::HttpResponseBodySize(None),
        CalloutError::Failed(kind) => {
            tracing::debug!(fault = kind.name(), "a request of a guest's failed");
            Error::DestinationUnavailable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_a_port_whether_it_is_written_or_not() {
        let of = |scheme, authority| origin(scheme, authority).unwrap();
        assert_eq!(of("http", "Api.Example"), "http://api.example:80");
        assert_eq!(of("HTTPS", "api.example"), "https://api.example:443");
        assert_eq!(of("http", "[::1]:8080"), "http://[::1]:8080");
        assert_eq!(of("http", "[::1]"), "http://[::1]:80");
        assert_eq!(origin("ftp", "api.example"), None);
    }
}
