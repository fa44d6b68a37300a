//! A guest's answer, held to the rules of HTTP before it goes on.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body, Frame};
use model::{FaultKind, Part, Parts, PluginFault, ResponseHead, ServiceAnswer};
use sandbox::{Failure, check_status};
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, WasiBody};

use super::codes::fault_of_others;
use super::direct::{Way, directly};
use super::incoming::Answer;
use super::run::{Run, within};

/// Whether a client is shown the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShowsBody {
    Yes,
    /// Only how long it would be (RFC 9110 section 9.3.2).
    No,
}

impl ShowsBody {
    /// By the request's method.
    pub(super) fn to(method: &Method) -> Self {
        if method == Method::HEAD { ShowsBody::No } else { ShowsBody::Yes }
    }

    /// By the answer's status as well (RFC 9110 sections 15.3.5 and 15.4.5).
    fn with(self, status: StatusCode) -> Self {
        match status {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => ShowsBody::No,
            _ => self,
        }
    }
}

/// The answer, if it is one that may be sent.
pub(super) fn answer(answer: Answer, shows_body: ShowsBody, run: Run) -> Result<ServiceAnswer, Failure> {
    let Answer { response, sent } = answer;
    let (mut parts, body) = response.into_parts();
    let status = parts.status;
    if check_status(status.as_u16()).is_none() {
        return Err(Failure::invalid(format!("answered with the status {status}, not one of 200 to 599")));
    }
    if status == StatusCode::NO_CONTENT {
        parts.headers.remove(CONTENT_LENGTH);
    }
    let told = told_length(&parts.headers)?;
    let head = ResponseHead { status, fields: parts.headers };
    let cost = run.meter.cpu.clone();
    let body: Box<dyn Parts> = match shows_body.with(status) {
        ShowsBody::Yes => {
            let left = if body.is_end_stream() { Some(0) } else { told };
            Box::new(AnswerBody { body, left, is_over: left == Some(0), run: Some(run), sent })
        }
        ShowsBody::No => {
            discard(body, run, sent);
            Box::new(Nothing)
        }
    };
    Ok(ServiceAnswer { head, body, cost })
}

/// How long the answer says that it is.
fn told_length(fields: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(value) = fields.get(CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| Failure::invalid(format!("answered with content-length {value:?}")))
}

/// Takes what the guest writes and nobody sees, so that it can write it.
fn discard(mut body: WasiBody, run: Run, sent: Option<oneshot::Sender<()>>) {
    let wall = run.plugin.spec.limits.wall;
    let taking = async move {
        while let Some(Ok(_)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
        told_sent(sent);
        run.ended().await;
    };
    within(wall, taking);
}

/// Tells the guest that all of its answer has gone out.
fn told_sent(sent: Option<oneshot::Sender<()>>) {
    if let Some(sent) = sent {
        // A guest that is gone does not care.
        let _ = sent.send(());
    }
}

/// A body that is none.
struct Nothing;

impl Parts for Nothing {
    fn poll_part(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Part, FaultKind>>> {
        Poll::Ready(None)
    }

    fn length(&self) -> Option<u64> {
        Some(0)
    }
}

/// What a guest writes, as it comes.
struct AnswerBody {
    body: WasiBody,
    /// What is left of it, if its length was told.
    left: Option<u64>,
    is_over: bool,
    run: Option<Run>,
    /// Tells the guest that it has gone out; dropped, that it has not.
    sent: Option<oneshot::Sender<()>>,
}

impl AnswerBody {
    fn checked(&mut self, frame: Frame<Bytes>) -> Result<Part, FaultKind> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.is_over = true;
                return frame.into_trailers().map(Part::Trailers).map_err(|_| FaultKind::Internal);
            }
        };
        let Some(left) = &mut self.left else { return Ok(Part::Data(data)) };
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        match left.checked_sub(length) {
            Some(rest) => *left = rest,
            None => return Err(self.invalid("its answer's body is longer than its content-length")),
        }
        self.is_over = self.left == Some(0);
        Ok(Part::Data(data))
    }

    /// It ended early: why.
    fn broken(&mut self, error: &Error) -> FaultKind {
        let is_passed = self.run.as_ref().is_some_and(|run| run.end.has_passed(Way::Back));
        if let Some(kind) = fault_of_others(error).filter(|_| is_passed) {
            self.is_over = true;
            self.sent = None;
            return kind;
        }
        self.end().unwrap_or_else(|| self.invalid("it gave its answer's body up"))
    }

    /// Nothing more comes: whether that is right.
    fn end(&mut self) -> Option<FaultKind> {
        self.is_over = true;
        if self.left == Some(0) {
            return None;
        }
        if let Some(fault) = self.run.as_ref().and_then(|run| run.end.fault(Way::Back)) {
            self.sent = None;
            return Some(FaultKind::Plugin(fault));
        }
        let is_short = self.left.is_some_and(|left| left > 0);
        is_short.then(|| self.invalid("its answer's body is shorter than its content-length"))
    }

    /// It is none that may go on; who has lost what the answer was to be made of is not to blame.
    fn invalid(&mut self, what: &str) -> FaultKind {
        self.sent = None;
        let Some(run) = &self.run else { return FaultKind::Plugin(PluginFault::Invalid) };
        if let Some(kind) = run.end.lost() {
            return kind;
        }
        run.report(&Failure::invalid(what));
        FaultKind::Plugin(PluginFault::Invalid)
    }
}

impl Parts for AnswerBody {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, FaultKind>>> {
        match directly(Way::Back, || Pin::new(&mut self.body).poll_frame(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.checked(frame))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(self.broken(&error)))),
            Poll::Ready(None) => Poll::Ready(self.end().map(Err)),
        }
    }

    fn length(&self) -> Option<u64> {
        self.left
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        let Some(run) = self.run.take().filter(|_| self.is_over) else { return };
        told_sent(self.sent.take());
        run.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_that_an_answer_tells_is_a_number() {
        let told = |value: &'static str| {
            told_length(&HeaderMap::from_iter([(CONTENT_LENGTH, http::HeaderValue::from_static(value))]))
        };
        assert_eq!(told("12").unwrap(), Some(12));
        assert!(told("-1").is_err() && told("x").is_err());
        assert_eq!(told_length(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn answers_to_head_and_some_statuses_show_no_body() {
        assert_eq!(ShowsBody::to(&Method::HEAD), ShowsBody::No);
        assert_eq!(ShowsBody::to(&Method::GET).with(StatusCode::OK), ShowsBody::Yes);
        assert_eq!(ShowsBody::to(&Method::GET).with(StatusCode::NO_CONTENT), ShowsBody::No);
        assert_eq!(ShowsBody::to(&Method::GET).with(StatusCode::NOT_MODIFIED), ShowsBody::No);
    }
}
