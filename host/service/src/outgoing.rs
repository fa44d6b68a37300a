//! Requests that a guest of `wasi:http` sends: to upstreams that its plugin is granted, and nowhere else.
//!
//! An upstream is meant by the authority of the request: its own name, or the host and port of one of its endpoints. The way there is the
//! interface `callout`'s, but both bodies go part by part, so that none is held to a length.

use std::sync::Arc;
use std::time::Duration;

use accounts::{CalloutResult, Refusal};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TE, TRAILER};
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::BodyExt;
use model::{Callout, Pauses, RequestHead};
use sandbox::Shared;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::run::End;
use super::serving::Of;
use super::{codes, heard, upload};

/// How much a guest may write of a body at a time; twice that is held for each.
const CHUNK: usize = 64 << 10;

/// What a guest's requests go out by.
pub(crate) struct Outgoing {
    plugin: Arc<Shared>,
    of: Of,
    end: Arc<End>,
    /// Requests that it may still send.
    left: u32,
}

/// A request that may be sent.
struct Prepared {
    callout: Callout,
    pauses: Pauses,
    /// How long its body is, if the guest has told it.
    length: Option<u64>,
    end: Arc<End>,
}

/// An answer, with what is left to be done for it.
type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl Outgoing {
    /// For the exchange that a guest works for, which may be gone before its bodies are.
    pub(crate) fn new(plugin: &Arc<Shared>, of: Of, end: Arc<End>) -> Self {
        Outgoing { plugin: Arc::clone(plugin), of, end, left: plugin.spec.limits.callouts }
    }

    /// The request to send, without its body, if the guest may send it.
    fn prepare(
        &mut self,
        request: &Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Prepared, Error> {
        let (of, end) = (self.of, Arc::clone(&self.end));
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
        let (pauses, length) = (self.pauses(options), length(request.headers()));
        let callout = Callout {
            exchange: of.exchange,
            worker: of.worker,
            client: of.client,
            upstream,
            request: head(request, is_name)?,
            body: Bytes::new(),
            timeout: pauses.head,
            body_limit: 0,
            talk: None,
        };
        Ok(Prepared { callout, pauses, length, end })
    }

    /// How long the upstream may do nothing: as long as the plugin's limit says, or less where the guest says so.
    fn pauses(&self, options: Option<RequestOptions>) -> Pauses {
        let limit = self.plugin.spec.limits.callout_timeout;
        let within = |wish: Option<Duration>| wish.map_or(limit, |wish| wish.min(limit));
        let options = options.unwrap_or_default();
        Pauses { head: within(options.first_byte_timeout), part: within(options.between_bytes_timeout) }
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
        if name == TRAILER || (name == TE && value == "trailers") {
            // Of the connection, and yet for the guest to say: which trailers it sends, and that it takes some.
            fields.append(name, value.clone());
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

async fn send(plugin: &Shared, prepared: Prepared, body: WasiBody) -> Sent {
    let Prepared { mut callout, pauses, length, end } = prepared;
    let Some(caller) = &plugin.caller else { return Err(Error::DestinationUnavailable) };
    let say = upload::begin(body, &callout.request.method, length, Arc::clone(&end)).await?;
    let (talk, parts) = heard::talk(say, pauses);
    callout.talk = Some(talk);
    let stats = plugin.stats.of(callout.worker);
    let mut heard = heard::Heard::new(caller.call(callout), parts, end);
    let head = heard.head().await;
    stats.called_out(CalloutResult::of(&head));
    let (status, fields) = head.map_err(codes::of_callout)?;
    let mut response = Response::new(heard.boxed_unsync());
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    Ok((response, Box::new(std::future::ready(Ok(())))))
}

/// How long a body is said to be. That it is a number was seen before.
fn length(fields: &HeaderMap) -> Option<u64> {
    fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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
