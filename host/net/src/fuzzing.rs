//! Doors for `tests/fuzz`: the judges of bytes from clients, without a connection around them.
//!
//! Compiled for a fuzzer only, which sets `cfg(fuzzing)`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};

use crate::guard::{Guard, Judgement, Limits};
use crate::http1::{Broken, Decoder, HeadReader};
use crate::http2::{Http2Settings, gate_verdict, lists_of};
use crate::proxy_protocol::{Announcement, Parsed, ProxyVersion, Told, parse};

/// What became of bytes that came on an HTTP/1 connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    /// Those that went on to the parser.
    pub passed: Vec<u8>,
    /// Why nothing may follow them, if nothing may.
    pub refused: Option<String>,
}

/// Judges bytes that come in pieces, as a connection does: what is held is judged again with what comes after it. Whoever asks for
/// another protocol is told that there is none.
pub fn judge_http1<'a>(limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Judged {
    let (mut guard, mut held, mut passed) = (Guard::new(limits), Vec::new(), Vec::new());
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        held.extend_from_slice(piece);
        while !held.is_empty() {
            let (count, fault) = match guard.judge(&held) {
                Judgement::Pass => (held.len(), None),
                Judgement::Hold(count) => (count, None),
                Judgement::Reject(count, fault) | Judgement::BadBody(count, fault) => (count, Some(fault)),
            };
            let mut accepted: Vec<u8> = held.drain(..count).collect();
            guard.rewrite(&mut accepted);
            passed.append(&mut accepted);
            if let Some(fault) = fault {
                return Judged { passed, refused: Some(format!("{fault:?}")) };
            }
            if !guard.is_undecided() {
                break;
            }
            guard.stay();
        }
    }
    Judged { passed, refused: None }
}

/// An answer as an HTTP/1 endpoint gives it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AnswerRead {
    /// The statuses of its heads: the interim ones, and the final one.
    pub statuses: Vec<u16>,
    /// What of its body was passed on.
    pub body: Vec<u8>,
    /// How many trailers it has.
    pub trailers: usize,
    /// Whether the connection may carry another request.
    pub is_kept: bool,
    /// Whether it broke off, or broke a rule.
    pub is_broken: bool,
}

/// Reads the answer to one request, which was HEAD or not, in pieces, and then the end of the connection.
pub fn read_answer<'a>(to_head: bool, pieces: impl Iterator<Item = &'a [u8]> + Unpin) -> AnswerRead {
    let mut connection = Pieces(pieces.filter(|piece| !piece.is_empty()));
    let mut cx = Context::from_waker(Waker::noop());
    let (mut reader, mut read) = (HeadReader::new(to_head), AnswerRead::default());
    let head = loop {
        match reader.poll(&mut cx, &mut connection) {
            Poll::Ready(Ok(head)) => {
                read.statuses.push(head.status.as_u16());
                if !head.status.is_informational() || head.status == http::StatusCode::SWITCHING_PROTOCOLS {
                    break head;
                }
            }
            Poll::Ready(Err(Broken::Closed | Broken::Answer(_))) => {
                return AnswerRead { is_broken: true, ..read };
            }
            other => unreachable!("pieces are always there: {other:?}"),
        }
    };
    let mut decoder = Decoder::new(head.framing, reader.into_rest());
    while let Poll::Ready(Some(frame)) = decoder.poll_frame(&mut cx, &mut connection) {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => read.body.extend_from_slice(&data),
            Ok(Err(frame)) => read.trailers += frame.into_trailers().map_or(0, |fields| fields.len()),
            Err(_) => return AnswerRead { is_broken: true, ..read },
        }
    }
    AnswerRead { is_kept: head.is_kept, ..read }
}

/// A connection on which each read gives a piece.
struct Pieces<I>(I);

impl<'a, I: Iterator<Item = &'a [u8]> + Unpin> AsyncRead for Pieces<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(piece) = self.0.next() {
            buffer.put_slice(piece);
        }
        Poll::Ready(Ok(()))
    }
}

/// Looks at what comes on an HTTP/2 connection, in pieces: how many frames ended, and the code that it ends with, if it does.
pub fn judge_http2<'a>(
    settings: Http2Settings,
    head_limit: usize,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (u64, Option<u32>) {
    gate_verdict(settings, head_limit, pieces)
}

/// Reads the header blocks of an HTTP/2 connection, each in pieces of this size, until one is broken, which is a `None`: how long
/// the list of each is, as SETTINGS_MAX_HEADER_LIST_SIZE counts it, and whether a pseudo-field is in it.
pub fn read_hpack(blocks: &[&[u8]], piece: usize) -> Vec<Option<(usize, bool)>> {
    lists_of(blocks, piece)
}

/// What a connection begins with, where the PROXY protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Part of a header.
    Incomplete,
    /// No header.
    Malformed,
    /// A header of so many bytes, and whom it names.
    Header(Option<Announcement>, usize),
}

/// Reads a header of the PROXY protocol.
pub fn read_proxy_header(bytes: &[u8]) -> Beginning {
    match parse(bytes) {
        Ok(Parsed::Incomplete) => Beginning::Incomplete,
        Ok(Parsed::Header(Told::Addresses { source, destination }, length)) => {
            Beginning::Header(Some(Announcement { source, destination }), length)
        }
        Ok(Parsed::Header(Told::Own | Told::Unknown, length)) => Beginning::Header(None, length),
        Err(_) => Beginning::Malformed,
    }
}

/// Writes one.
pub fn write_proxy_header(version: ProxyVersion, announced: Announcement) -> Vec<u8> {
    version.header_for(announced)
}
