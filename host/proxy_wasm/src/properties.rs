//! Properties: facts by Envoy's names, in the form in which Envoy gives them. Text is bytes, numbers are 64 bits, least byte
//! first, times are nanoseconds, and a map is pairs.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Version, header};
use model::{Address, Exchange};
use sandbox::Context;

use super::pairs;
use super::stream::Stage;
use crate::state::VmState;

/// Writes the property of that path, segments of which are separated by zeros. Whether there is one.
pub(super) fn write(context: &mut Context, path: &[u8], into: &mut Vec<u8>) -> bool {
    let path = path.strip_suffix(b"\0").unwrap_or(path);
    let mut segments = path.splitn(3, |byte| *byte == 0);
    let parts = (segments.next().unwrap_or_default(), segments.next(), segments.next());
    let stage = context.own.get::<VmState>().map(|vm| vm.stage);
    let own = context.own.get_mut::<VmState>().and_then(|vm| vm.stream()?.property(path));
    if let Some(own) = own {
        into.extend_from_slice(own);
        return true;
    }
    let fact = match parts {
        (name, None, _) => of_plugin(context, name),
        (group, Some(name), key) => context.exchange.as_deref().and_then(|exchange| match group {
            b"request" => of_request(exchange, name, key),
            b"response" if stage != Some(Stage::Request) => of_response(exchange, name, key),
            b"source" => of_address(Some(exchange.client), name),
            b"destination" => of_address(exchange.local, name),
            b"connection" => of_connection(exchange, name),
            b"upstream" => of_upstream(exchange, name),
            _ => None,
        }),
    };
    fact.map(|fact| fact.write(into)).is_some()
}

/// A fact in one of the forms.
enum Fact<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Owned(String),
    Number(i64),
    Truth(bool),
    Fields(&'a HeaderMap),
}

impl Fact<'_> {
    fn write(self, into: &mut Vec<u8>) {
        match self {
            Fact::Text(text) => into.extend_from_slice(text.as_bytes()),
            Fact::Bytes(bytes) => into.extend_from_slice(bytes),
            Fact::Owned(text) => into.extend_from_slice(text.as_bytes()),
            Fact::Number(number) => into.extend_from_slice(&number.to_le_bytes()),
            Fact::Truth(truth) => into.push(u8::from(truth)),
            Fact::Fields(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.as_ref(), value.as_bytes()));
                pairs::write(&fields.collect::<Vec<_>>(), into);
            }
        }
    }
}

fn of_plugin<'a>(context: &'a Context, name: &[u8]) -> Option<Fact<'a>> {
    let spec = &context.plugin.spec;
    let exchange = context.exchange.as_deref();
    match name {
        b"plugin_name" => Some(Fact::Text(&spec.name)),
        b"plugin_root_id" => Some(Fact::Text(&spec.proxy_wasm.root_id)),
        b"plugin_vm_id" => Some(Fact::Text(&spec.proxy_wasm.vm_id)),
        b"route_name" => exchange?.route.as_ref().map(|route| Fact::Text(&route.name)),
        b"cluster_name" => exchange?.upstream.as_deref().map(Fact::Text),
        // Of traffic: inbound.
        b"listener_direction" => exchange.map(|_| Fact::Number(1)),
        _ => None,
    }
}

fn of_request<'a>(exchange: &'a Exchange, name: &[u8], key: Option<&[u8]>) -> Option<Fact<'a>> {
    let head = &exchange.request;
    let field = |name| head.fields.get(name).map(|value: &http::HeaderValue| Fact::Bytes(value.as_bytes()));
    match name {
        b"headers" => fields(&head.fields, key),
        b"path" => Some(Fact::Text(head.path_and_query())),
        b"url_path" => Some(Fact::Text(head.uri.path())),
        b"query" => Some(Fact::Text(head.uri.query().unwrap_or_default())),
        b"host" => Some(Fact::Text(head.authority())),
        b"scheme" => Some(Fact::Text(exchange.scheme.as_str())),
        b"method" => Some(Fact::Text(head.method.as_str())),
        b"referer" => field(header::REFERER),
        b"useragent" => field(header::USER_AGENT),
        b"id" => Some(Fact::Owned(exchange.id.to_string())),
        b"protocol" => Some(Fact::Text(protocol(head.version))),
        b"time" => Some(Fact::Number(wall_clock(exchange.began))),
        b"duration" => Some(Fact::Number(nanos(exchange.began.elapsed().as_nanos()))),
        b"size" => Some(Fact::Number(length(&head.fields))),
        b"total_size" => Some(Fact::Number(length(&head.fields).saturating_add(bytes_of(&head.fields)))),
        _ => None,
    }
}

fn of_response<'a>(exchange: &'a Exchange, name: &[u8], key: Option<&[u8]>) -> Option<Fact<'a>> {
    let head = &exchange.response;
    match name {
        b"headers" => fields(&head.fields, key),
        b"code" => Some(Fact::Number(head.status.as_u16().into())),
        b"code_details" => {
            Some(Fact::Text(exchange.fault.as_ref().map_or("via_upstream", |fault| fault.kind.name())))
        }
        b"flags" => Some(Fact::Number(0)),
        b"grpc_status" => {
            let status = head.fields.get("grpc-status")?.to_str().ok()?;
            status.parse().ok().map(Fact::Number)
        }
        b"size" => Some(Fact::Number(match exchange.body_bytes {
            0 => length(&head.fields),
            sent => i64::try_from(sent).unwrap_or(i64::MAX),
        })),
        b"total_size" => Some(Fact::Number(length(&head.fields).saturating_add(bytes_of(&head.fields)))),
        b"backend_latency" => {
            let (sent, answered) = (exchange.timing.sent?, exchange.timing.answered?);
            Some(Fact::Number(nanos(answered.saturating_duration_since(sent).as_nanos())))
        }
        _ => None,
    }
}

fn of_address(address: Option<SocketAddr>, name: &[u8]) -> Option<Fact<'static>> {
    let address = address?;
    match name {
        b"address" => Some(Fact::Owned(address.to_string())),
        b"port" => Some(Fact::Number(address.port().into())),
        _ => None,
    }
}

fn of_connection<'a>(exchange: &'a Exchange, name: &[u8]) -> Option<Fact<'a>> {
    let tls = exchange.tls.as_deref();
    let client = tls.and_then(|tls| tls.client.as_ref());
    match name {
        b"mtls" => Some(Fact::Truth(client.is_some())),
        b"requested_server_name" => tls?.server_name.as_deref().map(Fact::Text),
        b"tls_version" => tls.map(|tls| Fact::Text(tls.version)),
        b"subject_peer_certificate" => client.map(|client| Fact::Text(&client.subject)),
        b"sha256_peer_certificate_digest" => client.map(|client| Fact::Text(&client.fingerprint)),
        _ => None,
    }
}

fn of_upstream<'a>(exchange: &'a Exchange, name: &[u8]) -> Option<Fact<'a>> {
    let address = &exchange.endpoint.as_ref()?.address;
    match (name, address) {
        (b"address", address) => Some(Fact::Owned(address.to_string())),
        (b"port", Address::Tcp { port, .. }) => Some(Fact::Number((*port).into())),
        _ => None,
    }
}

fn fields<'a>(fields: &'a HeaderMap, key: Option<&[u8]>) -> Option<Fact<'a>> {
    let Some(key) = key else { return Some(Fact::Fields(fields)) };
    let value = fields.get(std::str::from_utf8(key).ok()?)?;
    Some(Fact::Bytes(value.as_bytes()))
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

/// Nanoseconds since 1970.
fn wall_clock(then: Instant) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    nanos(now.saturating_sub(then.elapsed()).as_nanos())
}

fn nanos(nanos: u128) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

/// How long the body is, as far as the head says.
fn length(fields: &HeaderMap) -> i64 {
    let told = fields.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    told.and_then(|told| told.parse().ok()).unwrap_or_default()
}

fn bytes_of(fields: &HeaderMap) -> i64 {
    let bytes: usize = fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
