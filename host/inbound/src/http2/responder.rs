//! Where an exchange's answer goes: once the final one, before it any interim ones.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::{Response, StatusCode};
use message::{Interim, InterimWriter, strip_response_fields};

/// The sending side of a stream, until its answer begins.
pub(super) struct Responder {
    stream: RefCell<Option<SendResponse<Bytes>>>,
    /// Whether the client was told to continue, by the upstream or by us: once is enough.
    has_continued: Cell<bool>,
}

impl Responder {
    pub(super) fn new(stream: SendResponse<Bytes>) -> Self {
        Responder { stream: RefCell::new(Some(stream)), has_continued: Cell::new(false) }
    }

    /// Ready when nobody waits for the answer any more.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.stream.borrow_mut().as_mut().map_or(Poll::Ready(()), |stream| stream.poll_reset(cx).map(drop))
    }

    /// Begins the answer, and ends it if there is no more to it. None: nobody waits for it.
    pub(super) fn answer(&self, head: Response<()>, end: End) -> Option<SendStream<Bytes>> {
        let mut stream = self.stream.borrow_mut().take()?;
        match stream.send_response(head, end == End::Now) {
            Ok(stream) => Some(stream),
            Err(error) => {
                tracing::debug!(%error, "an answer could not be sent");
                stream.send_reset(Reason::INTERNAL_ERROR);
                None
            }
        }
    }
}

/// Whether a message ends with its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Now,
    Later,
}

impl InterimWriter for Responder {
    fn write(&self, interim: Interim) {
        let Interim { status, mut fields } = interim;
        // 101 belongs to HTTP/1.1 (RFC 9113 section 8.6).
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return;
        }
        if status == StatusCode::CONTINUE && self.has_continued.replace(true) {
            return;
        }
        strip_response_fields(&mut fields);
        let mut head = Response::new(());
        *head.status_mut() = status;
        *head.headers_mut() = fields;
        if let Some(stream) = self.stream.borrow_mut().as_mut()
            && let Err(error) = stream.send_informational(head)
        {
            tracing::debug!(%error, "an interim response could not be sent");
        }
    }
}
