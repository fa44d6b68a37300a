//! Heads as the maps that modules see: fields, with what HTTP/2 has as pseudo-fields among them.
//!
//! What belongs to the connection or the framing is read like any other field. To write it does nothing: filters that change a
//! body remove its length as a matter of course, which the host does by itself.

use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, Method};
use model::{BodyOf, Exchange, FieldError, Reply, RequestHead, ResponseHead};
use sandbox::{Context, change_status, parse_authority, parse_method, parse_path};

use crate::abi::{Map, Status};
use crate::pairs::Pair;
use crate::prepared::Prepared;
use crate::state::VmState;
use crate::stream::Stage;

/// Pairs to be read more than once.
pub(super) type Pairs<'a> = Vec<Pair<'a>>;

/// A head that can be read.
pub(super) enum Head<'a> {
    Request(&'a Exchange),
    Response(&'a ResponseHead, [u8; 3]),
    Answer(&'a Reply, [u8; 3]),
    Trailers(&'a HeaderMap),
}

/// The head behind a map, if it is there now.
pub(super) fn head(context: &mut Context, map: Map) -> Option<Head<'_>> {
    match map {
        Map::RequestHead => context.exchange.as_deref().map(Head::Request),
        Map::ResponseHead => {
            let vm = context.own.get_mut::<VmState>()?;
            let stage = vm.stage;
            vm.stream()?;
            let exchange = context.exchange.as_deref().filter(|_| stage != Stage::Request)?;
            Some(Head::Response(&exchange.response, digits(exchange.response.status)))
        }
        Map::AnswerHead => {
            let answer = &context.own.get::<VmState>()?.answer.as_ref()?.reply;
            Some(Head::Answer(answer, digits(answer.status)))
        }
        Map::AnswerTrailers => Some(Head::Trailers(&context.own.get::<VmState>()?.answer.as_ref()?.trailers)),
        Map::GrpcHead => {
            let answer = &context.own.get::<VmState>()?.grpc.as_ref()?.answer.as_ref()?.reply;
            Some(Head::Answer(answer, digits(answer.status)))
        }
        Map::GrpcTrailers => {
            let answer = context.own.get::<VmState>()?.grpc.as_ref()?.answer.as_ref()?;
            Some(Head::Trailers(&answer.trailers))
        }
        Map::RequestTrailers => trailers(context, BodyOf::Request).map(|trailers| Head::Trailers(trailers)),
        Map::ResponseTrailers => trailers(context, BodyOf::Response).map(|trailers| Head::Trailers(trailers)),
    }
}

fn trailers(context: &mut Context, of: BodyOf) -> Option<&mut HeaderMap> {
    context.own.get_mut::<VmState>()?.stream()?.way(of).trailers.as_deref_mut()
}

impl Head<'_> {
    /// The first value of a field.
    pub(super) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        match self {
            Head::Request(exchange) => {
                pseudo(exchange, name).or_else(|| first(&exchange.request.fields, name))
            }
            Head::Response(_, status) | Head::Answer(_, status) if name == b":status" => Some(status),
            Head::Response(head, _) => first(&head.fields, name),
            Head::Answer(reply, _) => first(&reply.fields, name),
            Head::Trailers(fields) => first(fields, name),
        }
    }

    /// All fields.
    pub(super) fn pairs(&self) -> Pairs<'_> {
        match self {
            Head::Request(exchange) => {
                let fields = exchange.request.fields.iter().filter(|(name, _)| *name != HOST);
                let names: [&[u8]; 4] = [b":authority", b":path", b":method", b":scheme"];
                let pseudo = names.into_iter().filter_map(|name| Some((name, pseudo(exchange, name)?)));
                pseudo.chain(fields.map(|(name, value)| (name.as_ref(), value.as_bytes()))).collect()
            }
            Head::Response(ResponseHead { fields, .. }, status)
            | Head::Answer(Reply { fields, .. }, status) => {
                let status: Pair<'_> = (b":status", status);
                let fields = fields.iter().map(|(name, value)| (name.as_ref(), value.as_bytes()));
                std::iter::once(status).chain(fields).collect()
            }
            Head::Trailers(fields) => {
                fields.iter().map(|(name, value)| (name.as_ref(), value.as_bytes())).collect()
            }
        }
    }
}

fn pseudo<'e>(exchange: &'e Exchange, name: &[u8]) -> Option<&'e [u8]> {
    match name {
        b":authority" | b"host" => exchange.request.fields.get(HOST).map(http::HeaderValue::as_bytes),
        b":path" => Some(exchange.request.path_and_query().as_bytes()),
        b":method" => Some(exchange.request.method.as_str().as_bytes()),
        b":scheme" => Some(exchange.scheme.as_str().as_bytes()),
        _ => None,
    }
}

fn first<'f>(fields: &'f HeaderMap, name: &[u8]) -> Option<&'f [u8]> {
    let name = std::str::from_utf8(name).ok()?;
    fields.get(name).map(http::HeaderValue::as_bytes)
}

fn digits(status: http::StatusCode) -> [u8; 3] {
    let digits = status.as_str().as_bytes();
    digits.try_into().unwrap_or(*b"000")
}

/// What is done with a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'a> {
    Add(&'a [u8]),
    Replace(&'a [u8]),
    Remove,
}

/// Changes a head, if it has not gone out yet: to one that has, nothing is done.
pub(super) fn change(
    context: &mut Context,
    map: Map,
    edit: impl FnOnce(Writable<'_>) -> Result<(), Status>,
) -> Result<(), Status> {
    let of_trailers = match map {
        Map::RequestTrailers => Some(BodyOf::Request),
        Map::ResponseTrailers => Some(BodyOf::Response),
        _ => None,
    };
    if let Some(of) = of_trailers {
        return edit(Writable::Trailers(trailers(context, of).ok_or(Status::BadArgument)?));
    }
    let stage = context.own.get_mut::<VmState>().and_then(|vm| vm.stream().is_some().then_some(vm.stage));
    let lengths = context.own.get::<VmState>().map(|vm| lengths(&vm.module));
    let (Some(stage), Some(lengths), Some(exchange)) = (stage, lengths, context.exchange.as_deref_mut())
    else {
        return Err(Status::BadArgument);
    };
    match (map, stage) {
        (Map::RequestHead, Stage::Request) => edit(Writable::Request(&mut exchange.request, lengths.0)),
        (Map::ResponseHead, Stage::Response) => edit(Writable::Response(&mut exchange.response, lengths.1)),
        (Map::RequestHead, _) | (Map::ResponseHead, Stage::Over) => Ok(()),
        _ => Err(Status::BadArgument),
    }
}

/// Whose a body's length is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// The host's, which knows the whole body before it says it.
    Hosts,
    /// The module's as well: where it says nothing of it any more, the body goes on without one.
    Shared,
}

/// The same for both ways.
fn lengths(module: &Prepared) -> (Length, Length) {
    let of = |sees_body: bool| if sees_body { Length::Shared } else { Length::Hosts };
    (of(module.hooks.request_parts), of(module.hooks.response_parts))
}

/// A head that can be changed.
pub(super) enum Writable<'a> {
    Request(&'a mut RequestHead, Length),
    Response(&'a mut ResponseHead, Length),
    Trailers(&'a mut HeaderMap),
}

impl Writable<'_> {
    /// Changes one field.
    pub(super) fn change(self, name: &[u8], change: Change<'_>) -> Result<(), Status> {
        match (self, change) {
            (Writable::Trailers(_), _) if name.starts_with(b":") => Err(Status::BadArgument),
            (Writable::Trailers(fields), change) => field(fields, name, change),
            (
                Writable::Request(RequestHead { fields, .. }, Length::Shared)
                | Writable::Response(ResponseHead { fields, .. }, Length::Shared),
                _,
            ) if name.eq_ignore_ascii_case(CONTENT_LENGTH.as_ref()) => {
                fields.remove(CONTENT_LENGTH);
                Ok(())
            }
            (Writable::Request(head, _), Change::Add(value) | Change::Replace(value)) if is_pseudo(name) => {
                set_request(head, name, value)
            }
            (Writable::Response(head, _), Change::Add(value) | Change::Replace(value))
                if name == b":status" =>
            {
                set_status(head, value)
            }
            (_, Change::Remove) if is_pseudo(name) => Ok(()),
            (Writable::Request(RequestHead { fields, .. }, _), change)
            | (Writable::Response(ResponseHead { fields, .. }, _), change) => field(fields, name, change),
        }
    }

    /// Puts pairs in the place of all fields.
    pub(super) fn replace_all(self, pairs: &[Pair<'_>]) -> Result<(), Status> {
        let (pseudo, plain): (Vec<_>, Vec<_>) = pairs.iter().partition(|(name, _)| is_pseudo(name));
        let (old, length) = match &self {
            Writable::Request(head, length) => (&head.fields, *length),
            Writable::Response(head, length) => (&head.fields, *length),
            Writable::Trailers(fields) => (&**fields, Length::Hosts),
        };
        let says_length = plain.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_LENGTH.as_ref()));
        let is_dropped = |name: &str| length == Length::Shared && !says_length && name == CONTENT_LENGTH;
        let is_ours = |name: &str| model::check_name(name) == Err(FieldError::Forbidden) && !is_dropped(name);
        let ours = old.iter().filter(|(name, _)| is_ours(name.as_str()));
        let mut fields: HeaderMap = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
        for (name, value) in plain {
            field(&mut fields, name, Change::Add(value))?;
        }
        match self {
            Writable::Request(head, _) => {
                head.fields = fields;
                pseudo.into_iter().try_for_each(|(name, value)| set_request(head, name, value))
            }
            Writable::Response(head, _) => {
                head.fields = fields;
                pseudo.into_iter().try_for_each(|(_, value)| set_status(head, value))
            }
            Writable::Trailers(trailers) => {
                *trailers = fields;
                Ok(())
            }
        }
    }
}

fn is_pseudo(name: &[u8]) -> bool {
    name.starts_with(b":") || name.eq_ignore_ascii_case(b"host")
}

fn set_request(head: &mut RequestHead, name: &[u8], value: &[u8]) -> Result<(), Status> {
    let text = std::str::from_utf8(value).map_err(|_| Status::BadArgument)?;
    let bad = |_: FieldError| Status::BadArgument;
    match name {
        b":path" => head.uri = parse_path(text.to_owned()).map_err(bad)?,
        b":method" => head.method = method(value)?,
        // What the client has spoken to us is nothing that could be changed.
        b":scheme" => {}
        name if name == b":authority" || name.eq_ignore_ascii_case(b"host") => {
            head.fields.insert(HOST, parse_authority(text).map_err(bad)?);
        }
        _ => return Err(Status::BadArgument),
    }
    Ok(())
}

/// A method that a request can go on with.
pub(super) fn method(value: &[u8]) -> Result<Method, Status> {
    parse_method(value).ok_or(Status::BadArgument)
}

fn set_status(head: &mut ResponseHead, value: &[u8]) -> Result<(), Status> {
    let status = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
    head.status =
        change_status(head.status, status.ok_or(Status::BadArgument)?).map_err(|_| Status::BadArgument)?;
    Ok(())
}

/// Changes a field that is none of the host's.
pub(super) fn field(fields: &mut HeaderMap, name: &[u8], change: Change<'_>) -> Result<(), Status> {
    let name = std::str::from_utf8(name).map_err(|_| Status::BadArgument)?;
    let changed = match change {
        Change::Add(value) => model::append_field(fields, name, value.to_vec()),
        Change::Replace(value) => model::set_field(fields, name, value.to_vec()),
        Change::Remove => model::remove_field(fields, name),
    };
    match changed {
        Ok(()) | Err(FieldError::Forbidden) => Ok(()),
        Err(FieldError::InvalidName | FieldError::InvalidValue) => Err(Status::BadArgument),
        Err(FieldError::TooMany) => Err(Status::InternalFailure),
    }
}
