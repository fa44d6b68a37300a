//! Fields of heads. What belongs to the connection or the framing is read like any other field; to write it does nothing, since the
//! host does that by itself.

use http::header::{HOST, HeaderMap, HeaderName};
use model::FieldError;
use module::{Module, Span, span};
use sandbox::{Context, parse_authority};
use wasmtime::{Caller, Linker};

use super::{MODULE, before_next, before_next_or, bytes_of, exchange, size, stage, state};
use crate::abi::{BodyKind, Features, HeaderKind, pair};
use crate::state::Stage;

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "get_header_names",
        |caller: Caller<'_, Context>, kind: u32, at: u32, limit: u32| {
            let mut module = Module::calls(caller)?;
            names(&mut module, HeaderKind::of(kind)?, span(at, limit))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "get_header_values",
        |caller: Caller<'_, Context>, kind: u32, name: u32, length: u32, at: u32, limit: u32| {
            let mut module = Module::calls(caller)?;
            values(&mut module, HeaderKind::of(kind)?, span(name, length), span(at, limit))
        },
    )?;
    for (function, how) in [("set_header_value", How::Set), ("add_header_value", How::Add)] {
        linker.func_wrap(
            MODULE,
            function,
            move |caller: Caller<'_, Context>,
                  kind: u32,
                  name: u32,
                  name_length: u32,
                  value: u32,
                  value_length: u32| {
                let mut module = Module::calls(caller)?;
                let (name, value) = (span(name, name_length), span(value, value_length));
                edit(&mut module, HeaderKind::of(kind)?, name, value, how)
            },
        )?;
    }
    linker.func_wrap(
        MODULE,
        "remove_header",
        |caller: Caller<'_, Context>, kind: u32, name: u32, length: u32| {
            let mut module = Module::calls(caller)?;
            edit(&mut module, HeaderKind::of(kind)?, span(name, length), span(0, 0), How::Remove)
        },
    )?;
    Ok(())
}

/// Lists names.
pub(super) fn names(module: &mut Module<'_>, kind: HeaderKind, room: Span) -> wasmtime::Result<u64> {
    give(module, kind, &Wanted::Names, room)
}

/// Lists the values of a name.
pub(super) fn values(
    module: &mut Module<'_>,
    kind: HeaderKind,
    name: Span,
    room: Span,
) -> wasmtime::Result<u64> {
    let name = name_of(bytes_of(module.look_at_all()?.0, name)?)?;
    // What can't be a name is none of any field.
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return Ok(0) };
    give(module, kind, &Wanted::Values(name), room)
}

/// What is to be listed.
enum Wanted {
    Names,
    Values(HeaderName),
}

impl Wanted {
    fn each(&self, fields: &HeaderMap, mut take: impl FnMut(&[u8])) {
        match self {
            Wanted::Names => fields.keys().for_each(|name| take(name.as_ref())),
            Wanted::Values(name) => fields.get_all(name).iter().for_each(|value| take(value.as_bytes())),
        }
    }
}

/// Writes a list to memory, a zero behind each, if all of it fits; how many there are, and how many bytes.
fn give(module: &mut Module<'_>, kind: HeaderKind, wanted: &Wanted, room: Span) -> wasmtime::Result<u64> {
    let Some(fields) = fields(module.context(), kind)? else { return Ok(0) };
    let (mut count, mut length) = (0, 0);
    wanted.each(fields, |item| {
        count += 1;
        length += item.len() + 1;
    });
    let length = size(length);
    if length > 0
        && let Some(room) = room.beginning(length)
    {
        let (mut room, context) = module.room(room)?;
        let Some(fields) = super::fields::fields(context, kind)? else { return Ok(0) };
        wanted.each(fields, |item| {
            let Some((here, rest)) = std::mem::take(&mut room).split_at_mut_checked(item.len() + 1) else {
                return;
            };
            here.iter_mut().zip(item.iter().chain(&[0])).for_each(|(to, byte)| *to = *byte);
            room = rest;
        });
    }
    Ok(pair(count, length))
}

/// The fields of a kind; none where there are no such heads.
fn fields(context: &mut Context, kind: HeaderKind) -> wasmtime::Result<Option<&HeaderMap>> {
    match (kind, stage(context)?) {
        (HeaderKind::Trailers(of), _) => {
            let state = state(context)?;
            let has_a_say = state.features.has(Features::TRAILERS);
            Ok(has_a_say.then(|| &state.body(of).trailers.fields))
        }
        (HeaderKind::Request, _) => Ok(Some(&exchange(context)?.request.fields)),
        (HeaderKind::Response, Stage::Start | Stage::Request) => Ok(Some(&state(context)?.early)),
        (HeaderKind::Response, Stage::Response) => Ok(Some(&exchange(context)?.response.fields)),
    }
}

/// How a field is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Set,
    Add,
    Remove,
}

/// Changes a field.
pub(super) fn edit(
    module: &mut Module<'_>,
    kind: HeaderKind,
    name: Span,
    value: Span,
    how: How,
) -> wasmtime::Result<()> {
    let (bytes, context) = module.look_at_all()?;
    let (name, value) = (name_of(bytes_of(bytes, name)?)?, bytes_of(bytes, value)?);
    let fields = match kind {
        HeaderKind::Trailers(of) => return edit_trailers(context, of, name, value, how),
        HeaderKind::Request => {
            before_next(context, "change headers of the request")?;
            &mut exchange(context)?.request.fields
        }
        HeaderKind::Response => {
            match before_next_or(context, Features::BUFFER_RESPONSE, "change headers of the response")? {
                Stage::Start | Stage::Request => &mut state(context)?.early,
                Stage::Response => &mut exchange(context)?.response.fields,
            }
        }
    };
    if kind == HeaderKind::Request && name.eq_ignore_ascii_case(HOST.as_str()) {
        return set_host(fields, value, how);
    }
    let changed = match how {
        How::Set => model::set_field(fields, name, value.to_vec()),
        How::Add => model::append_field(fields, name, value.to_vec()),
        How::Remove => model::remove_field(fields, name),
    };
    done(changed, name, value)
}

/// Changes what ends a body. What may not stand there is left to the host, as what frames a message is (RFC 9110 section 6.5.1).
fn edit_trailers(
    context: &mut Context,
    of: BodyKind,
    name: &str,
    value: &[u8],
    how: How,
) -> wasmtime::Result<()> {
    match of {
        BodyKind::Request => before_next(context, "change trailers of the request")?,
        BodyKind::Response => {
            before_next_or(context, Features::BUFFER_RESPONSE, "change trailers of the response")?;
        }
    }
    let state = state(context)?;
    if !state.features.has(Features::TRAILERS) {
        wasmtime::bail!("it can't change trailers, unless it has enabled trailers when it started");
    }
    let trailers = &mut state.body(of).trailers;
    let changed = match how {
        How::Set => model::set_trailer(&mut trailers.fields, name, value.to_vec()),
        How::Add => model::append_trailer(&mut trailers.fields, name, value.to_vec()),
        How::Remove => model::remove_field(&mut trailers.fields, name),
    };
    trailers.is_changed |= changed.is_ok();
    done(changed, name, value)
}

fn done(changed: Result<(), FieldError>, name: &str, value: &[u8]) -> wasmtime::Result<()> {
    match changed {
        Ok(()) | Err(FieldError::Forbidden) => Ok(()),
        Err(error) => {
            let (name, value) = (name.escape_debug(), value.escape_ascii());
            Err(wasmtime::format_err!("the header `{name}: {value}`: {error}"))
        }
    }
}

/// The host is there once, whatever is added to it or removed.
fn set_host(fields: &mut HeaderMap, value: &[u8], how: How) -> wasmtime::Result<()> {
    if how == How::Remove {
        return Ok(());
    }
    let host = std::str::from_utf8(value).ok().and_then(|value| parse_authority(value).ok());
    let host = host.ok_or_else(|| wasmtime::format_err!("{} is no host", value.escape_ascii()))?;
    fields.insert(HOST, host);
    Ok(())
}

/// A field's name.
fn name_of(bytes: &[u8]) -> wasmtime::Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok("") => wasmtime::bail!("the name of a header can't be empty"),
        Ok(name) => Ok(name),
        Err(_) => wasmtime::bail!("{} is no name of a header", bytes.escape_ascii()),
    }
}
