//! What goes out to an endpoint.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::{BodyError, ClientBody};
use crate::buffer::BufferedBody;
use crate::progress::Progress;
use crate::replay::ReplayBody;

/// What goes out to an endpoint.
pub enum OutgoingBody {
    /// Nothing.
    Empty,
    /// What the client sends, as it comes.
    Client(Box<ClientBody>),
    /// The same, kept so that it can be sent again.
    Replay(ReplayBody),
    /// What the client has sent.
    Buffered(BufferedBody),
    /// What was sent before, to an endpoint that has not looked at it, and the rest.
    Again(Box<Again>),
}

/// A body whose beginning has been read, and kept.
pub struct Again {
    /// Its beginning.
    pub kept: VecDeque<Piece>,
    /// What has not been read.
    pub rest: OutgoingBody,
}

/// A part of a body that can be sent twice.
#[derive(Clone)]
pub enum Piece {
    /// Of its content.
    Data(Bytes),
    /// What comes behind that.
    Trailers(HeaderMap),
}

impl OutgoingBody {
    /// How far it is on its way; none where there is nothing to send.
    pub fn progress(&self) -> Option<Rc<Progress>> {
        match self {
            OutgoingBody::Empty => None,
            OutgoingBody::Client(body) => Some(Rc::clone(body.progress())),
            OutgoingBody::Replay(body) => Some(body.progress()),
            OutgoingBody::Buffered(body) => Some(Rc::clone(body.progress())),
            OutgoingBody::Again(body) => body.rest.progress(),
        }
    }

    /// Whether the client sends it only when it is asked to.
    pub fn is_asked_for(&self) -> bool {
        match self {
            OutgoingBody::Client(body) => body.is_asked_for(),
            OutgoingBody::Replay(body) => body.is_asked_for(),
            OutgoingBody::Empty | OutgoingBody::Buffered(_) | OutgoingBody::Again(_) => false,
        }
    }
}

impl fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutgoingBody::Empty => "Empty",
            OutgoingBody::Client(_) => "Client",
            OutgoingBody::Replay(_) => "Replay",
            OutgoingBody::Buffered(_) => "Buffered",
            OutgoingBody::Again(_) => "Again",
        })
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            OutgoingBody::Empty => Poll::Ready(None),
            OutgoingBody::Client(body) => Pin::new(body).poll_frame(cx),
            OutgoingBody::Replay(body) => Pin::new(body).poll_frame(cx),
            OutgoingBody::Buffered(body) => Pin::new(body).poll_frame(cx),
            OutgoingBody::Again(body) => match body.kept.pop_front() {
                Some(Piece::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Piece::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                None => Pin::new(&mut body.rest).poll_frame(cx),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            OutgoingBody::Empty => true,
            OutgoingBody::Client(body) => body.is_end_stream(),
            OutgoingBody::Replay(body) => body.is_end_stream(),
            OutgoingBody::Buffered(body) => body.is_end_stream(),
            OutgoingBody::Again(body) => body.kept.is_empty() && body.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            OutgoingBody::Empty => SizeHint::with_exact(0),
            OutgoingBody::Client(body) => body.size_hint(),
            OutgoingBody::Replay(body) => body.size_hint(),
            OutgoingBody::Buffered(body) => body.size_hint(),
            OutgoingBody::Again(_) => SizeHint::default(),
        }
    }
}
