//! The body of an answer, as it comes off the connection (RFC 9112 sections 6 and 7.1).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use guard::Chunks;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use httparse::Status;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use super::Framing;
use super::head::{FIELDS, fields_of};

/// Bytes of a trailer section; more, and the answer is no good.
const TRAILER_BYTES: usize = 16 << 10;
/// How much is read at a time: this at first, more as long as there is more.
const LEAST_PIECE: usize = 16 << 10;
/// As much as this, which is also what is held of an answer whose client is slow.
const MOST_PIECE: usize = 256 << 10;

/// The body ends before its end, or breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Truncated;

/// Reads a body.
pub(crate) struct Decoder {
    place: Place,
    /// What was read and not passed on.
    held: Bytes,
    buffer: BytesMut,
    /// How much to read next.
    piece: usize,
}

/// What comes next.
enum Place {
    /// So many bytes.
    Length(u64),
    /// A chunk, or the rest of one.
    Chunks(Chunks),
    /// The trailer section, of which this has come.
    Trailers(Vec<u8>),
    /// Whatever comes until the connection closes.
    Close,
    /// Nothing.
    End,
}

impl Decoder {
    /// For a body that begins with what came behind its head.
    pub(crate) fn new(framing: Framing, held: Bytes) -> Self {
        let place = match framing {
            Framing::None | Framing::Length(0) => Place::End,
            Framing::Length(length) => Place::Length(length),
            Framing::Chunked => Place::Chunks(Chunks::default()),
            Framing::Close => Place::Close,
        };
        Decoder { place, held, buffer: BytesMut::new(), piece: LEAST_PIECE }
    }

    /// Whether nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.place, Place::End)
    }

    /// Whether it is over and nothing has come behind it, which nobody has asked for.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_over() && self.held.is_empty()
    }

    /// The whole body, if it is here already.
    pub(crate) fn take_whole(&mut self) -> Option<Bytes> {
        match self.place {
            Place::End => Some(Bytes::new()),
            Place::Length(length) if length <= self.held.len() as u64 => self.take_known(length),
            _ => None,
        }
    }

    /// What was read and belongs to no body.
    pub(crate) fn into_held(self) -> Bytes {
        self.held
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.place {
            Place::Length(left) => SizeHint::with_exact(left),
            Place::End => SizeHint::with_exact(0),
            Place::Chunks(_) | Place::Trailers(_) | Place::Close => SizeHint::default(),
        }
    }

    /// The next part.
    pub(crate) fn poll_frame<R: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
    ) -> Poll<Option<Result<Frame<Bytes>, Truncated>>> {
        loop {
            if self.is_over() {
                return Poll::Ready(None);
            }
            match self.take_held() {
                Ok(None) if self.is_over() => {}
                Ok(None) => match ready!(self.poll_more(cx, reader)) {
                    Ok(()) => {}
                    Err(truncated) => return Poll::Ready(Some(Err(truncated))),
                },
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Err(truncated) => return Poll::Ready(Some(Err(truncated))),
            }
        }
    }

    fn poll_more<R: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
    ) -> Poll<Result<(), Truncated>> {
        self.buffer.reserve(self.next_piece());
        let room = self.buffer.capacity();
        let count = ready!(poll_read_buf(Pin::new(reader), cx, &mut self.buffer)).map_err(|_| Truncated)?;
        if count == room {
            self.piece = (self.piece * 2).min(MOST_PIECE);
        }
        match (count, &self.place) {
            (0, Place::Close) => self.place = Place::End,
            (0, _) => return Poll::Ready(Err(Truncated)),
            (_, _) => self.held = self.buffer.split().freeze(),
        }
        Poll::Ready(Ok(()))
    }

    fn next_piece(&self) -> usize {
        match self.place {
            Place::Length(left) => usize::try_from(left).unwrap_or(usize::MAX).min(self.piece),
            _ => self.piece,
        }
    }

    /// The next part of what was read.
    fn take_held(&mut self) -> Result<Option<Frame<Bytes>>, Truncated> {
        if self.held.is_empty() {
            return Ok(None);
        }
        match &mut self.place {
            Place::Length(left) => {
                let left = *left;
                Ok(self.take_known(left).map(Frame::data))
            }
            Place::Chunks(_) => self.take_chunk(),
            Place::Trailers(section) => {
                section.extend_from_slice(&std::mem::take(&mut self.held));
                self.take_trailers()
            }
            Place::Close => Ok(Some(Frame::data(std::mem::take(&mut self.held)))),
            Place::End => Ok(None),
        }
    }

    fn take_known(&mut self, left: u64) -> Option<Bytes> {
        let there = usize::try_from(left).unwrap_or(usize::MAX).min(self.held.len());
        let left = left.saturating_sub(there as u64);
        self.place = if left == 0 { Place::End } else { Place::Length(left) };
        Some(self.split(there))
    }

    fn take_chunk(&mut self) -> Result<Option<Frame<Bytes>>, Truncated> {
        let Place::Chunks(chunks) = &mut self.place else { return Ok(None) };
        let stretch = chunks.stretch(&self.held).map_err(|_| Truncated)?;
        self.split(stretch.syntax);
        if stretch.is_last {
            self.place = Place::Trailers(Vec::new());
            return self.take_held();
        }
        let data = self.split(stretch.data);
        Ok(Some(Frame::data(data)).filter(|_| stretch.data > 0))
    }

    /// The beginning of what is held. Nothing is shared where all of it is taken.
    fn split(&mut self, count: usize) -> Bytes {
        if count >= self.held.len() { std::mem::take(&mut self.held) } else { self.held.split_to(count) }
    }

    fn take_trailers(&mut self) -> Result<Option<Frame<Bytes>>, Truncated> {
        let Place::Trailers(section) = &mut self.place else { return Ok(None) };
        let section = Bytes::from(std::mem::take(section));
        let Some((fields, size)) = read_trailers(&section)? else {
            if section.len() > TRAILER_BYTES {
                return Err(Truncated);
            }
            self.place = Place::Trailers(section.into());
            return Ok(None);
        };
        self.held = section.slice(size..);
        self.place = Place::End;
        Ok(if fields.is_empty() { None } else { Some(Frame::trailers(fields)) })
    }
}

/// A trailer section and how long it is, if it is whole.
fn read_trailers(section: &Bytes) -> Result<Option<(HeaderMap, usize)>, Truncated> {
    // An empty one is what nearly all are.
    if section.starts_with(b"\r\n") {
        return Ok(Some((HeaderMap::new(), 2)));
    }
    let mut space = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(section, &mut space) {
        Ok(Status::Complete((size, parsed))) => {
            let fields = fields_of(section, parsed).map_err(|_| Truncated)?;
            Ok(Some((fields, size)))
        }
        Ok(Status::Partial) => Ok(None),
        Err(_) => Err(Truncated),
    }
}

#[cfg(test)]
mod tests;
