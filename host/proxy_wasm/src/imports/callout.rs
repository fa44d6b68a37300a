//! `proxy_http_call`: requests to upstreams that the plugin is granted. The answer is told when it is here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use accounts::Refusal;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Version};
use model::{Callout, ExchangeId, RequestHead};
use sandbox::{Context, GuestState, parse_authority, parse_path};
use wasmtime::{Caller, Linker};

use super::ENV;
use super::fields::{Change, field, method};
use super::shared::not_granted;
use crate::abi::{ROOT, Status};
use crate::guest_memory::{Done, Module, Span, VmMemory, part, span, told};
use crate::state::VmState;
use crate::state::{CalloutKind, UnderWay};
use crate::talk::{Hearing, talk};
use crate::{pairs, timer};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_http_call",
        |caller: Caller<'_, Context>,
         upstream: u32,
         upstream_length: u32,
         head: u32,
         head_length: u32,
         body: u32,
         body_length: u32,
         trailers: u32,
         trailers_length: u32,
         timeout_ms: u32,
         to: u32| {
            let mut module = Module::calls(caller)?;
            let wanted = Wanted {
                upstream: span(upstream, upstream_length),
                head: span(head, head_length),
                body: span(body, body_length),
                trailers: span(trailers, trailers_length),
                timeout: Duration::from_millis(timeout_ms.into()),
            };
            told(call(&mut module, &wanted, to))
        },
    )?;
    Ok(())
}

/// What a module asks for.
struct Wanted {
    upstream: Span,
    head: Span,
    body: Span,
    trailers: Span,
    timeout: Duration,
}

fn call(module: &mut Module<'_>, wanted: &Wanted, to: u32) -> Done {
    // That there is a place for the number is seen before anything is sent.
    module.write_number(to, 0)?;
    let (bytes, context) = module.bytes()?;
    let callout = prepare(context, bytes, wanted)?;
    let token = send(context, callout, CalloutKind::Http)?;
    module.write_number(to, token)
}

fn prepare(context: &mut Context, bytes: &[u8], wanted: &Wanted) -> Result<Callout, Status> {
    let upstream = granted(context, part(bytes, wanted.upstream)?)?;
    let (head, body) = (part(bytes, wanted.head)?, part(bytes, wanted.body)?);
    // A callout has no trailers; what is no list of them is an error all the same.
    pairs::read(part(bytes, wanted.trailers)?).ok_or(Status::BadArgument)?;
    let request = request(head)?;
    callout(context, upstream, request, body, wanted.timeout)
}

/// A request to an upstream, if it is no longer than it may be.
pub(super) fn callout(
    context: &mut Context,
    upstream: Arc<str>,
    request: RequestHead,
    body: &[u8],
    timeout: Duration,
) -> Result<Callout, Status> {
    let limits = context.plugin.spec.limits;
    if body.len() > limits.callout_body {
        context.stats().refused(Refusal::CalloutBody);
        return Err(Status::InternalFailure);
    }
    let exchange = context.exchange.as_deref();
    let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    Ok(Callout {
        exchange: exchange.map_or(ExchangeId(0), |exchange| exchange.id),
        worker: context.own.any().map(GuestState::worker).unwrap_or_default(),
        client: exchange.map_or(nobody, |exchange| exchange.client),
        upstream,
        request,
        body: Bytes::copy_from_slice(body),
        timeout: timeout.min(limits.callout_timeout),
        body_limit: limits.callout_body,
        talk: None,
    })
}

/// The upstream of that name, if the plugin may send it anything.
pub(super) fn granted(context: &Context, name: &[u8]) -> Result<Arc<str>, Status> {
    let mut granted = context.plugin.spec.grants.callout.iter().flatten();
    match granted.find(|upstream| context.plugin.spec.own_name(upstream).as_bytes() == name) {
        Some(upstream) => Ok(Arc::clone(upstream)),
        None => {
            let name =
                String::from_utf8_lossy(name.get(..64.min(name.len())).unwrap_or_default()).into_owned();
            not_granted(context, "a callout", &format!("callout: [{}]", name.escape_debug()));
            Err(Status::BadArgument)
        }
    }
}

fn request(pairs: &[u8]) -> Result<RequestHead, Status> {
    let mut request = RequestHead { version: Version::HTTP_10, ..RequestHead::default() };
    let (mut has_method, mut has_path, mut has_host, mut fields) = (false, false, false, HeaderMap::new());
    for (name, value) in pairs::read(pairs).ok_or(Status::BadArgument)? {
        let text = || std::str::from_utf8(value).map_err(|_| Status::BadArgument);
        match name {
            b":method" => (request.method, has_method) = (method(value)?, true),
            b":path" => {
                let uri = parse_path(text()?.to_owned()).map_err(|_| Status::BadArgument)?;
                (request.uri, has_path) = (uri, true);
            }
            // One of nothing is that of the endpoint.
            b":authority" | b"host" if value.is_empty() => has_host = true,
            b":authority" | b"host" => {
                fields.insert(HOST, parse_authority(text()?).map_err(|_| Status::BadArgument)?);
                has_host = true;
            }
            b":scheme" => {}
            name => field(&mut fields, name, Change::Add(value))?,
        }
    }
    if !has_method || !has_path || !has_host {
        return Err(Status::BadArgument);
    }
    request.fields = fields;
    Ok(request)
}

/// Sends it, if there may be another; its number.
pub(super) fn send(context: &mut Context, mut callout: Callout, kind: CalloutKind) -> Result<u32, Status> {
    let limit = context.plugin.spec.limits.callouts;
    let vm = context.own.get_mut::<VmState>().ok_or(Status::InternalFailure)?;
    let owner = vm.context();
    let under_way = vm.callouts.values().filter(|call| call.of == owner).count();
    let sent = vm.stream().map_or(u32::try_from(under_way).unwrap_or(u32::MAX), |stream| stream.callouts);
    if sent >= limit {
        context.stats().refused(Refusal::Callouts);
        return Err(Status::InternalFailure);
    }
    if context.tenant().is_some_and(|tenant| !tenant.may_call_out()) {
        context.stats().refused(Refusal::TenantCallouts);
        return Err(Status::InternalFailure);
    }
    let caller = context.plugin.caller.clone();
    let vm = context.own.get_mut::<VmState>().ok_or(Status::InternalFailure)?;
    vm.note_bound("it sends a callout when it starts");
    vm.newest_callout = vm.newest_callout.wrapping_add(1).max(ROOT);
    let token = vm.newest_callout;
    if let Some(stream) = vm.stream() {
        stream.callouts += 1;
    }
    // A VM that is only tried sends nothing, and hears nothing.
    let (Some(place), Some(caller)) = (vm.place.upgrade(), caller) else { return Ok(token) };
    let (task, say) = match kind {
        CalloutKind::Http | CalloutKind::Grpc => {
            (timer::answer(&place, vm.number, token, caller.call(callout)), None)
        }
        CalloutKind::GrpcStream => {
            let (talk, ours) = talk();
            callout.talk = Some(talk);
            let limit = callout.body_limit;
            let (hearing, say) = Hearing::new(caller.call(callout), ours, limit);
            (timer::hear(&place, vm.number, token, hearing), Some(say))
        }
    };
    let task = task.ok_or(Status::InternalFailure)?;
    vm.callouts.insert(token, UnderWay { of: owner, kind, task, say });
    Ok(token)
}
