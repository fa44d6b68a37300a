//! The answer to a request that a guest of `wasi:http` has sent, as it comes: the next part is read when the guest has taken the last.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame};
use model::{CalloutError, CalloutFuture, CalloutPart, FaultKind, Parts, Pauses, Talk};
use tokio::sync::mpsc;
use wasmtime_wasi_http::Error;

use super::codes;
use super::direct::{direct, tell};
use super::run::End;

/// How many parts wait to be taken.
const QUEUE: usize = 1;

/// Both directions, with the guest's end of what comes.
pub(super) fn talk(say: Option<Box<dyn Parts>>, pauses: Pauses) -> (Talk, mpsc::Receiver<CalloutPart>) {
    let (tell, parts) = mpsc::channel(QUEUE);
    let talk = Talk {
        say,
        hear: Box::new(move |part| {
            let tell = tell.clone();
            // Who is gone hears nothing.
            Box::pin(async move { drop(tell.send(part).await) })
        }),
        pauses: Some(pauses),
    };
    (talk, parts)
}

/// An answer. Dropped before its end, the request is given up.
pub(super) struct Heard {
    /// None when it is over.
    call: Option<CalloutFuture>,
    parts: mpsc::Receiver<CalloutPart>,
    /// What it ended with, until that is told.
    ended: Option<Result<HeaderMap, CalloutError>>,
    end: Arc<End>,
}

impl Heard {
    pub(super) fn new(call: CalloutFuture, parts: mpsc::Receiver<CalloutPart>, end: Arc<End>) -> Self {
        Heard { call: Some(call), parts, ended: None, end }
    }

    /// Its head.
    pub(super) async fn head(&mut self) -> Result<(StatusCode, HeaderMap), CalloutError> {
        match poll_fn(|cx| self.poll_next(cx)).await {
            Some(CalloutPart::Head(status, fields)) => Ok((status, fields)),
            Some(CalloutPart::Data(_)) => Err(CalloutError::Failed(FaultKind::BadResponse)),
            None => Err(self
                .ended
                .take()
                .and_then(Result::err)
                .unwrap_or(CalloutError::Failed(FaultKind::BadResponse))),
        }
    }

    /// The next part, or none when it has ended.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<CalloutPart>> {
        loop {
            // What was heard comes before how it ended.
            if let Poll::Ready(part) = self.parts.poll_recv(cx)
                && (part.is_some() || self.call.is_none())
            {
                return Poll::Ready(part);
            }
            let Some(call) = &mut self.call else { return Poll::Pending };
            let ended = ready!(call.as_mut().poll(cx));
            self.ended = Some(ended.map(|answer| answer.trailers));
            self.call = None;
        }
    }

    fn end(&mut self) -> Option<Result<Frame<Bytes>, Error>> {
        match self.ended.take()? {
            Ok(trailers) if trailers.is_empty() => None,
            Ok(trailers) => Some(Ok(Frame::trailers(trailers))),
            Err(failed) => {
                self.end.note_lost(failed.kind());
                Some(Err(codes::of_callout(failed)))
            }
        }
    }
}

impl Body for Heard {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        tell();
        if let Some(way) = direct() {
            self.end.note_passed(way);
        }
        loop {
            match ready!(self.poll_next(cx)) {
                Some(CalloutPart::Data(data)) if !data.is_empty() => {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(_) => {}
                None => return Poll::Ready(self.end()),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.call.is_none() && self.ended.is_none()
    }
}
