//! A body that a filter looks at while it streams: what goes on of it, as the filter decides.
//!
//! It knows neither direction: [`parts`](super::parts) does.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use message::BodyError;
use model::{BodyPart, BodyWatch, Exchange, Fault, FaultKind, More, PartVerdict, Passed, PluginFault, Reply};
use smallvec::SmallVec;

/// What is here of a body: rarely more than some content, or its trailers.
pub(crate) type Frames = SmallVec<[Frame<Bytes>; 1]>;

/// A body, and who looks at it.
pub(crate) struct Watched<B> {
    body: B,
    watch: Box<dyn BodyWatch>,
    /// What goes on next.
    ready: Frames,
    /// What is left of a frame that is longer than the filter can hold.
    rest: Bytes,
    is_held: bool,
    /// Whether all of the body was shown.
    ends: bool,
    /// How many more bytes the head has promised, once it has.
    promised: Option<u64>,
    read: u64,
}

/// Why a body does not go on.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Something went wrong.
    Fault(Fault),
    /// The filter has an answer.
    Reply(Box<Reply>),
}

/// What is known of a body before its head goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// Whether it is whole.
    pub(crate) is_whole: bool,
    /// Whether it has another length than it had.
    pub(crate) is_other: bool,
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Watched<B> {
    pub(crate) fn new(body: B, watch: Box<dyn BodyWatch>) -> Self {
        let (ready, rest) = (Frames::new(), Bytes::new());
        Watched { body, watch, ready, rest, is_held: false, ends: false, promised: None, read: 0 }
    }

    pub(crate) fn lend(&mut self, exchange: Box<Exchange>) {
        self.watch.lend(exchange);
    }

    pub(crate) async fn take_back(&mut self) -> Option<Box<Exchange>> {
        self.watch.take_back().finish().await
    }

    /// How long the body will be, as its head says.
    pub(crate) fn promise(&mut self, length: Option<u64>) {
        self.promised = length;
    }

    /// Goes on until the filter lets some of it go, or all of it is here.
    pub(crate) async fn begin(&mut self) -> Result<Beginning, Stopped> {
        while self.is_held || (self.ready.is_empty() && !self.ends) {
            self.step().await?;
        }
        let gone: u64 = self.ready.iter().filter_map(Frame::data_ref).map(length).sum();
        let here = self.read - length(&self.rest);
        Ok(Beginning { is_whole: self.ends, is_other: gone != here })
    }

    /// What is here of it, and its trailers, if it is whole.
    pub(crate) fn into_whole(self) -> Frames {
        self.ready
    }

    /// What goes on next; nothing at the end.
    async fn next(&mut self) -> Result<Option<Frame<Bytes>>, Stopped> {
        loop {
            if !self.ready.is_empty() {
                let frame = self.ready.remove(0);
                self.keep_promise(frame.data_ref())?;
                return Ok(Some(frame));
            }
            if self.is_over() {
                return match self.promised {
                    Some(1..) => Err(broken("made a body shorter than its head has said")),
                    _ => Ok(None),
                };
            }
            self.step().await?;
        }
    }

    fn is_over(&self) -> bool {
        self.ends && !self.is_held && self.ready.is_empty()
    }

    fn keep_promise(&mut self, data: Option<&Bytes>) -> Result<(), Stopped> {
        let (Some(promised), Some(data)) = (self.promised, data) else { return Ok(()) };
        let left = promised.checked_sub(length(data));
        self.promised = Some(left.ok_or_else(|| broken("made a body longer than its head has said"))?);
        Ok(())
    }

    /// Shows the next part, or waits until what is held goes on.
    async fn step(&mut self) -> Result<(), Stopped> {
        let verdict = match self.event().await? {
            Event::Released(verdict) => verdict,
            Event::Part(part) => self.watch.show(part).finish().await.map_err(Stopped::Fault)?,
        };
        match verdict {
            PartVerdict::Hold(front) => {
                self.is_held = true;
                self.pass(Passed { data: front, trailers: None });
            }
            PartVerdict::Go(passed) => {
                self.is_held = false;
                self.pass(passed);
            }
            PartVerdict::Reply(reply) => return Err(Stopped::Reply(Box::new(reply))),
        }
        Ok(())
    }

    fn pass(&mut self, Passed { data, trailers }: Passed) {
        if !data.is_empty() {
            self.ready.push(Frame::data(data));
        }
        self.ready.extend(trailers.filter(|trailers| !trailers.is_empty()).map(Frame::trailers));
    }

    async fn event(&mut self) -> Result<Event, Stopped> {
        if !self.rest.is_empty() {
            return Ok(Event::Part(self.part_of_rest()));
        }
        if self.ends {
            return self.watch.released(More::Ended).await.map(Event::Released).map_err(Stopped::Fault);
        }
        let Watched { body, watch, is_held, .. } = self;
        let frame = match is_held {
            false => poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await,
            true => match either(watch.as_mut(), body).await {
                Either::Released(verdict) => {
                    return verdict.map(Event::Released).map_err(Stopped::Fault);
                }
                Either::Frame(frame) => frame,
            },
        };
        self.part(frame).map(Event::Part)
    }

    fn part(&mut self, frame: Option<Result<Frame<Bytes>, BodyError>>) -> Result<BodyPart, Stopped> {
        let Some(frame) = frame else {
            self.ends = true;
            return Ok(BodyPart::Data { bytes: Bytes::new(), ends: true });
        };
        let frame = frame.map_err(|BodyError(kind)| Stopped::Fault(kind.into()))?;
        match frame.into_data() {
            Ok(data) => {
                self.read += length(&data);
                self.rest = data;
                Ok(self.part_of_rest())
            }
            Err(frame) => {
                self.ends = true;
                Ok(frame
                    .into_trailers()
                    .map_or_else(|_| BodyPart::Data { bytes: Bytes::new(), ends: true }, BodyPart::Trailers))
            }
        }
    }

    fn part_of_rest(&mut self) -> BodyPart {
        let most = self.watch.limit().max(1).min(self.rest.len());
        let bytes = self.rest.split_to(most);
        self.ends = self.rest.is_empty() && self.body.is_end_stream();
        BodyPart::Data { bytes, ends: self.ends }
    }
}

/// What happens to a body next.
enum Event {
    Part(BodyPart),
    Released(PartVerdict),
}

/// What of two things has happened first.
enum Either {
    Released(Result<PartVerdict, Fault>),
    Frame(Option<Result<Frame<Bytes>, BodyError>>),
}

/// Waits until what is held is released, or more of the body is here.
async fn either<B>(watch: &mut dyn BodyWatch, body: &mut B) -> Either
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let mut released = pin!(watch.released(More::Comes));
    poll_fn(|cx| {
        if let Poll::Ready(verdict) = released.as_mut().poll(cx) {
            return Poll::Ready(Either::Released(verdict));
        }
        Pin::new(&mut *body).poll_frame(cx).map(Either::Frame)
    })
    .await
}

fn broken(detail: &'static str) -> Stopped {
    Stopped::Fault(Fault::new(FaultKind::Plugin(PluginFault::Invalid), detail))
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The same as a body. A reply, which comes when the head is gone, is left with who asks for it.
pub(crate) struct WatchedBody<B> {
    at: At<B>,
    /// The answer that the filter has, for who can still give it.
    pub(crate) reply: Option<Reply>,
}

enum At<B> {
    Idle(Box<Watched<B>>),
    Working(Work<B>),
    Over,
}

/// The next frame, and the body that it is of.
type Work<B> = Pin<Box<dyn Future<Output = (Box<Watched<B>>, Result<Option<Frame<Bytes>>, Stopped>)>>>;

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin + 'static> WatchedBody<B> {
    pub(crate) fn new(watched: Box<Watched<B>>) -> Self {
        WatchedBody { at: At::Idle(watched), reply: None }
    }

    /// Its next frame, or why there is none.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let mut work: Work<B> = match std::mem::replace(&mut self.at, At::Over) {
            At::Idle(mut watched) => Box::pin(async move {
                let next = watched.next().await;
                (watched, next)
            }),
            At::Working(work) => work,
            At::Over => return Poll::Ready(None),
        };
        let Poll::Ready((watched, next)) = work.as_mut().poll(cx) else {
            self.at = At::Working(work);
            return Poll::Pending;
        };
        match next {
            Ok(Some(frame)) => {
                self.at = At::Idle(watched);
                Poll::Ready(Some(Ok(frame)))
            }
            Ok(None) => Poll::Ready(None),
            Err(Stopped::Fault(fault)) => Poll::Ready(Some(Err(fault.kind))),
            Err(Stopped::Reply(reply)) => {
                self.reply = Some(*reply);
                Poll::Ready(Some(Err(FaultKind::Plugin(PluginFault::Invalid))))
            }
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match &self.at {
            At::Idle(watched) => watched.is_over() && !matches!(watched.promised, Some(1..)),
            At::Working(_) => false,
            At::Over => true,
        }
    }

    /// How much is still to come, as far as the head has said.
    pub(crate) fn hint(&self) -> SizeHint {
        match &self.at {
            At::Idle(watched) => watched.promised.map_or_else(SizeHint::default, SizeHint::with_exact),
            At::Working(_) => SizeHint::default(),
            At::Over => SizeHint::with_exact(0),
        }
    }
}
