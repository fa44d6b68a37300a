//! Heads of answers: read, parsed, and where their bodies end (RFC 9112 sections 4 to 6).

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version};
use httparse::{ParserConfig, Status};
use tokio::io::{AsyncRead, ReadBuf};

use super::{Broken, Framing};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// Bytes of a head; more, and the answer is no good.
const HEAD_BYTES: usize = 256 << 10;
/// Bytes of an interim response; more, and the answer is no good.
const INTERIM_BYTES: usize = 16 << 10;
/// Fields of a head; more, and the answer is no good.
pub(super) const FIELDS: usize = 128;
/// How much is read at a time.
const PIECE: usize = 8 << 10;

/// The head of an answer, final or not.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) fields: HeaderMap,
    /// Where its body ends.
    pub(crate) framing: Framing,
    /// Whether the connection may carry another request.
    pub(crate) is_kept: bool,
    /// How long the endpoint says that it keeps connections.
    pub(crate) patience: Option<Duration>,
}

/// Reads heads, and remembers what came behind them.
#[derive(Default)]
pub(crate) struct HeadReader {
    /// What came behind the last head.
    rest: Bytes,
    /// An incomplete head.
    held: Vec<u8>,
    /// Whether answers have no bodies, whatever they say.
    to_head: bool,
}

impl HeadReader {
    /// For answers to a request, which was HEAD or not.
    pub(crate) fn new(to_head: bool) -> Self {
        HeadReader { to_head, ..HeadReader::default() }
    }

    /// What came behind the last head.
    pub(crate) fn into_rest(self) -> Bytes {
        self.rest
    }

    /// Reads until there is a whole head.
    pub(crate) fn poll<R: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
    ) -> Poll<Result<Head, Broken>> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            if let Some(head) = self.take_head(rest)? {
                return Poll::Ready(Ok(head));
            }
        }
        let mut space = [MaybeUninit::uninit(); PIECE];
        loop {
            let mut piece = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut *reader).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Err(Broken::Closed));
            }
            if let Some(head) = self.take_piece(piece.filled())? {
                return Poll::Ready(Ok(head));
            }
        }
    }

    /// Takes what was read. A head that comes whole, as nearly all do, is copied once.
    fn take_piece(&mut self, piece: &[u8]) -> Result<Option<Head>, Broken> {
        if self.held.is_empty() {
            return self.take_head(Bytes::copy_from_slice(piece));
        }
        let seen = self.held.len().saturating_sub(LONGEST_END - 1);
        self.held.extend_from_slice(piece);
        if self.held.len() > HEAD_BYTES {
            return Err(Broken::Answer("a head that is too long"));
        }
        if !has_end(self.held.get(seen..).unwrap_or_default()) {
            return Ok(None);
        }
        let held = std::mem::take(&mut self.held);
        self.take_head(Bytes::from(held))
    }

    /// Takes a head from the bytes, if it is whole.
    fn take_head(&mut self, bytes: Bytes) -> Result<Option<Head>, Broken> {
        let bytes = with_known_minor(bytes);
        match parse(&bytes, self.to_head).map_err(Broken::Answer)? {
            Some((head, size)) => {
                self.rest = bytes.slice(size..);
                Ok(Some(head))
            }
            None => {
                self.held = bytes.into();
                Ok(None)
            }
        }
    }
}

/// The longest of what may end a head.
const LONGEST_END: usize = 4;

/// Whether a head may end here: with an empty line, whose CR and that of the line before may be missing (RFC 9112 section
/// 2.2).
fn has_end(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes).any(|at| {
        let behind = bytes.get(at + 1..).unwrap_or_default();
        behind.starts_with(b"\n") || behind.starts_with(b"\r\n")
    })
}

/// A higher minor version counts as the highest that is known (RFC 9110 section 2.5).
fn with_known_minor(bytes: Bytes) -> Bytes {
    match bytes.get(..8) {
        Some([b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9']) => {
            let mut bytes = Vec::from(bytes);
            if let Some(minor) = bytes.get_mut(7) {
                *minor = b'1';
            }
            Bytes::from(bytes)
        }
        _ => bytes,
    }
}

/// The head that the bytes begin with and how long it is, if it is whole.
fn parse(bytes: &Bytes, to_head: bool) -> Result<Option<(Head, usize)>, &'static str> {
    let mut space = [const { MaybeUninit::uninit() }; FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut space);
    let size = match parsed {
        Ok(Status::Complete(size)) => size,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err("a head with too many fields"),
        Err(_) => return Err("a head that breaks the rules"),
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or("a bad status")?;
    let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    if status.is_informational() && size > INTERIM_BYTES {
        return Err("an interim response that is too long");
    }
    let mut fields = fields_of(bytes, response.headers)?;
    let said = Said::by(response.headers);
    let framing = framing(status, version, &mut fields, said, to_head)?;
    let is_kept = framing != Framing::Close && keeps(version, &fields, said);
    let patience = if said.patience { patience(&fields) } else { None };
    Ok(Some((Head { status, version, fields, framing, is_kept, patience }, size)))
}

/// Fields that others may add to an answer, for which there is room.
const MORE_FIELDS: usize = 4;

/// The fields, whose values share the bytes.
pub(super) fn fields_of(bytes: &Bytes, parsed: &[httparse::Header<'_>]) -> Result<HeaderMap, &'static str> {
    let mut fields = HeaderMap::with_capacity(parsed.len() + MORE_FIELDS);
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| "a bad field name")?;
        let value =
            HeaderValue::from_maybe_shared(bytes.slice_ref(field.value)).map_err(|_| "a bad field value")?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// Which of the fields that concern the connection are there: mostly one.
#[derive(Clone, Copy, Default)]
struct Said {
    length: bool,
    coding: bool,
    connection: bool,
    patience: bool,
}

impl Said {
    fn by(parsed: &[httparse::Header<'_>]) -> Self {
        let mut said = Said::default();
        for field in parsed {
            let is = |name| field.name.eq_ignore_ascii_case(name);
            match field.name.len() {
                10 if is("connection") => said.connection = true,
                10 if is("keep-alive") => said.patience = true,
                14 if is("content-length") => said.length = true,
                17 if is("transfer-encoding") => said.coding = true,
                _ => {}
            }
        }
        said
    }
}

/// Where the body ends (RFC 9112 section 6.3). The one transfer coding that can be taken off is `chunked`, once, in
/// HTTP/1.1, and not beside a length: with all else nobody knows where the body ends or what it is (section 6.1).
fn framing(
    status: StatusCode,
    version: Version,
    fields: &mut HeaderMap,
    said: Said,
    to_head: bool,
) -> Result<Framing, &'static str> {
    if status.is_informational() {
        return Ok(Framing::None);
    }
    let is_chunked = said.coding && is_chunked(version, fields)?;
    let length = if said.length { length(fields)? } else { None };
    let framing = match (is_chunked, length) {
        (true, Some(_)) => return Err("both a length and a transfer coding"),
        (true, None) => Framing::Chunked,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::Close,
    };
    let is_bodiless = to_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(if is_bodiless { Framing::None } else { framing })
}

fn is_chunked(version: Version, fields: &HeaderMap) -> Result<bool, &'static str> {
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(false) };
    let is_alone = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    if is_alone && version != Version::HTTP_10 {
        return Ok(true);
    }
    Err("a transfer coding that leaves the end of the body open")
}

/// The length. Said several times it is no error if it is the same, and is left once (RFC 9110 section 8.6).
fn length(fields: &mut HeaderMap) -> Result<Option<u64>, &'static str> {
    let mut said = None;
    let mut times = 0;
    for value in fields.get_all(header::CONTENT_LENGTH) {
        for member in value.as_bytes().split(|byte| *byte == b',') {
            let length = number(member.trim_ascii()).ok_or("a content-length that is no number")?;
            if said.is_some_and(|said| said != length) {
                return Err("lengths that differ");
            }
            said = Some(length);
            times += 1;
        }
    }
    if let Some(length) = said.filter(|_| times > 1) {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(said)
}

fn number(digits: &[u8]) -> Option<u64> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Whether the connection stays open (RFC 9112 section 9.3).
fn keeps(version: Version, fields: &HeaderMap, said: Said) -> bool {
    if !said.connection {
        return version == Version::HTTP_11;
    }
    let named = |wanted: &[u8]| {
        let all = fields.get_all(header::CONNECTION).iter();
        all.flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .any(|name| name.trim_ascii().eq_ignore_ascii_case(wanted))
    };
    !named(b"close") && (version == Version::HTTP_11 || named(b"keep-alive"))
}

/// What the endpoint says of how long it keeps connections (RFC 2068 section 19.7.1.1: `timeout=5`).
fn patience(fields: &HeaderMap) -> Option<Duration> {
    let value = fields.get(KEEP_ALIVE)?.to_str().ok()?;
    let parameters = value.split(',').filter_map(|parameter| parameter.trim().split_once('='));
    let timeouts = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"));
    timeouts.filter_map(|(_, seconds)| seconds.trim().parse().ok()).min().map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
