//! Callouts whose bodies come part by part, both ways at the same time.
//!
//! Nothing is held of either but the part that is on its way, so that what is limited is how long an upstream may do nothing, and not how much
//! there is.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use generation::Timeouts;
use http::header::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use message::{BodyError, ClientBody, Expectation, Progress, Source};
use model::{
    CalloutAnswer, CalloutError, CalloutPart, Exchange, FaultKind, Hear, Part, Parts, Pauses, Reply, Talk,
};
use transport::{Alarm, Expired, Timers};

use crate::exchange::Upload;
use crate::local::Local;

/// A time that is never over, where another one is looked at.
const NEVER: Duration = Duration::from_hours(24);

/// Who waits for the answer.
pub(super) struct Hearing {
    hear: Hear,
    silence: Option<Silence>,
}

/// What goes out, and who waits for what comes.
pub(super) fn begin(local: &Local, talk: Talk) -> (Upload, Option<Hearing>) {
    let Talk { say, hear, pauses } = talk;
    let body = say.map(said);
    let progress = body.as_ref().map(|body| Rc::clone(body.progress()));
    let silence = pauses.map(|Pauses { part, .. }| Silence {
        timers: local.timers.clone(),
        alarm: local.timers.alarm(),
        since: local.timers.now(),
        allowed: part,
        progress: progress.unwrap_or_default(),
    });
    let timeouts = pauses.map(|Pauses { head, .. }| {
        Box::new(Timeouts { response: head, send: head, read: NEVER, total: head, tunnel: NEVER })
    });
    (Upload { body, timeouts, ..Upload::own(None) }, Some(Hearing { hear, silence }))
}

/// It can't be sent again.
fn said(say: Box<dyn Parts>) -> Box<ClientBody> {
    let left = say.length();
    let saying = Saying { say, left, is_over: left == Some(0) };
    Box::new(ClientBody::new(Box::new(saying), u64::MAX, Expectation::None))
}

impl Hearing {
    /// Hands the answer on as it comes. What is left in the end is its head, and its trailers. The exchange counts at the endpoint, and holds its place, until then.
    pub(super) async fn all(
        self,
        mut exchange: Box<Exchange>,
        body: impl Body<Data = Bytes, Error = BodyError>,
    ) -> Result<CalloutAnswer, CalloutError> {
        let Hearing { mut hear, mut silence } = self;
        let mut body = pin!(body);
        let head = std::mem::take(&mut exchange.response);
        hear(CalloutPart::Head(head.status, head.fields.clone())).await;
        let mut trailers = HeaderMap::new();
        loop {
            if let Some(silence) = &mut silence {
                silence.begin();
            }
            let frame = poll_fn(|cx| match (body.as_mut().poll_frame(cx), &mut silence) {
                (Poll::Pending, Some(silence)) => silence.poll(cx).map(|Expired| Err(CalloutError::Late)),
                (polled, _) => polled.map(Ok),
            });
            let Some(frame) = frame.await? else { break };
            match frame.map_err(|BodyError(kind)| CalloutError::Failed(kind))?.into_data() {
                Ok(data) => hear(CalloutPart::Data(data)).await,
                Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
            }
        }
        let reply = Reply { status: head.status, fields: head.fields, body: Bytes::new() };
        Ok(CalloutAnswer { reply, trailers })
    }
}

/// How long nothing has come.
struct Silence {
    timers: Timers,
    alarm: Alarm,
    since: u64,
    allowed: Duration,
    /// How far the request's body is: an upstream that waits for more of it may be silent.
    progress: Rc<Progress>,
}

impl Silence {
    fn begin(&mut self) {
        self.alarm.clear();
        self.since = self.timers.now();
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Expired> {
        self.progress.poll_silence(cx, &self.timers, &mut self.alarm, (self.since, self.allowed))
    }
}

/// A body that is said part by part.
struct Saying {
    say: Box<dyn Parts>,
    /// What is left of it, if its length is known.
    left: Option<u64>,
    is_over: bool,
}

impl Source for Saying {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.say.poll_part(cx).map(|part| match part {
            Some(Ok(Part::Data(data))) => {
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                self.left = self.left.map(|left| left.saturating_sub(length));
                Some(Ok(Frame::data(data)))
            }
            Some(Ok(Part::Trailers(trailers))) => {
                self.is_over = true;
                Some(Ok(Frame::trailers(trailers)))
            }
            Some(Err(kind)) => {
                self.is_over = true;
                Some(Err(kind))
            }
            None => {
                self.is_over = true;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn go_ahead(&mut self) {}
}
