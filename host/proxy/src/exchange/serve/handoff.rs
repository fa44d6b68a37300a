//! The way of a request's body to a service: one part at a time, and none before the first is asked for.
//!
//! The client's body belongs to its worker, and the guest that reads it may be on another thread. So whoever waits for the
//! answer drives a pump, which puts one part where the guest takes it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use message::BodyError;
use model::{FaultKind, Part, Parts};

/// The place between them.
#[derive(Default)]
struct Place {
    part: Option<Result<Part, FaultKind>>,
    /// Whether a part was asked for.
    is_begun: bool,
    /// Whether nothing more comes.
    is_over: bool,
    /// Whether nobody takes anything any more.
    is_left: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

type Shared = Arc<Mutex<Place>>;

/// A body that comes part by part.
type Coming = Pin<Box<dyn Body<Data = Bytes, Error = BodyError>>>;

/// Both ends of the way, if there is anything to hand over.
pub(crate) fn maybe<B>(body: Option<B>) -> (Option<Pump>, Option<Box<dyn Parts>>)
where
    B: Body<Data = Bytes, Error = BodyError> + 'static,
{
    let Some(body) = body else { return (None, None) };
    let (pump, parts) = between(Box::pin(body));
    (Some(pump), Some(Box::new(parts)))
}

/// Both ends of the way.
fn between(body: Coming) -> (Pump, impl Parts) {
    let place = Shared::default();
    let length = body.size_hint().exact();
    let pump = Pump { body, place: Arc::clone(&place), waits_for_client: false };
    (pump, Taker { place, length })
}

/// The client's end.
pub(crate) struct Pump {
    body: Coming,
    place: Shared,
    waits_for_client: bool,
}

impl Pump {
    /// Goes on as far as it can, and is gone when there is nothing more to do.
    pub(crate) fn drive(pump: &mut Option<Pump>, cx: &mut Context<'_>) {
        if pump.as_mut().is_some_and(|pump| pump.poll(cx).is_ready()) {
            *pump = None;
        }
    }

    /// Whether the service waits for what the client has not sent.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.waits_for_client
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.waits_for_client = false;
            match self.is_wanted(cx) {
                Wanted::Never => return Poll::Ready(()),
                Wanted::Later => return Poll::Pending,
                Wanted::Now => {}
            }
            match self.body.as_mut().poll_frame(cx) {
                Poll::Pending => {
                    self.waits_for_client = true;
                    return Poll::Pending;
                }
                Poll::Ready(frame) => self.put(frame),
            }
        }
    }

    /// Whether the next part is to be put there; if not yet, this is woken then.
    fn is_wanted(&self, cx: &Context<'_>) -> Wanted {
        let mut place = lock(&self.place);
        if place.is_left || place.is_over {
            return Wanted::Never;
        }
        place.writer = Some(cx.waker().clone());
        if place.is_begun && place.part.is_none() { Wanted::Now } else { Wanted::Later }
    }

    fn put(&self, frame: Option<Result<Frame<Bytes>, BodyError>>) {
        let mut place = lock(&self.place);
        match frame.map(|frame| frame.map_err(|BodyError(kind)| kind)) {
            None => place.is_over = true,
            Some(Err(kind)) => {
                place.part = Some(Err(kind));
                place.is_over = true;
            }
            Some(Ok(frame)) => place.part = part(frame).map(Ok),
        }
        wake(place, |place| &mut place.reader);
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        let mut place = lock(&self.place);
        if !place.is_over {
            place.is_over = true;
            place.part.get_or_insert(Err(FaultKind::ClientGone));
        }
        wake(place, |place| &mut place.reader);
    }
}

enum Wanted {
    Now,
    Later,
    Never,
}

/// A part with something in it.
fn part(frame: Frame<Bytes>) -> Option<Part> {
    match frame.into_data() {
        Ok(data) if data.is_empty() => None,
        Ok(data) => Some(Part::Data(data)),
        Err(frame) => frame.into_trailers().ok().map(Part::Trailers),
    }
}

/// The guest's end.
struct Taker {
    place: Shared,
    length: Option<u64>,
}

impl Parts for Taker {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, FaultKind>>> {
        let mut place = lock(&self.place);
        let part = place.part.take();
        if part.is_none() && !place.is_over {
            place.reader = Some(cx.waker().clone());
        }
        let polled = match part {
            Some(part) => Poll::Ready(Some(part)),
            None if place.is_over => Poll::Ready(None),
            None => Poll::Pending,
        };
        let is_first = !std::mem::replace(&mut place.is_begun, true);
        // Where one task has both ends, to wake it for nothing would keep it busy until there is something.
        if is_first || matches!(polled, Poll::Ready(Some(_))) {
            wake(place, |place| &mut place.writer);
        }
        polled
    }

    fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let mut place = lock(&self.place);
        place.is_left = true;
        place.part = None;
        wake(place, |place| &mut place.writer);
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes one side, which may look at the place at once.
fn wake(mut place: MutexGuard<'_, Place>, side: impl FnOnce(&mut Place) -> &mut Option<Waker>) {
    let waker = side(&mut place).take();
    drop(place);
    if let Some(waker) = waker {
        waker.wake();
    }
}
