//! A door for `tests/fuzz`: the reading of answers, without a connection around it.
//!
//! Compiled for a fuzzer only, which sets `cfg(fuzzing)`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};

use crate::http1::{Broken, Decoder, HeadReader};

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
