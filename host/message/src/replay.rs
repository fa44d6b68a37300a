//! Replay: keeps what was read of a request's body, up to a limit, so that the body can be sent again.
//!
//! A body that turns out to be longer is streamed on and forgotten: it can't be sent again, and nothing is held up for it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use model::FaultKind;

use crate::body::{BodyError, ClientBody};
use crate::progress::Progress;

/// A client's body that can be sent more than once.
pub struct Replay(Rc<RefCell<Recording<ClientBody>>>);

/// One sending of it.
pub struct ReplayBody(Reading<ClientBody>);

struct Recording<B> {
    source: B,
    /// What has been read, in order; `None` once that was more than `room`.
    kept: Option<Vec<Bytes>>,
    trailers: Option<HeaderMap>,
    room: usize,
    hint: SizeHint,
    /// Which reading is the last one: others are of attempts that were given up, and get nothing more.
    reading: u32,
}

struct Reading<B> {
    recording: Rc<RefCell<Recording<B>>>,
    number: u32,
    next: usize,
    has_ended: bool,
}

impl Replay {
    /// Whether the body may be short enough to be kept: not where it is known to be longer.
    pub fn is_for(body: &ClientBody, limit: usize) -> bool {
        limit > 0 && body.size_hint().lower() <= limit as u64
    }

    /// Keeps up to so many bytes.
    pub fn new(body: ClientBody, limit: usize) -> Self {
        Replay(Rc::new(RefCell::new(Recording::new(body, limit))))
    }

    /// The body from its beginning, if all that was read of it is still here. A reading before this one is over.
    pub fn body(&self) -> Option<ReplayBody> {
        read(&self.0).map(ReplayBody)
    }
}

impl<B: Body> Recording<B> {
    fn new(source: B, room: usize) -> Self {
        let hint = source.size_hint();
        Recording { source, kept: Some(Vec::new()), trailers: None, room, hint, reading: 0 }
    }
}

impl<B> Recording<B> {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
        }
        let (Some(data), Some(kept)) = (frame.data_ref(), &mut self.kept) else { return };
        match self.room.checked_sub(data.len()) {
            Some(room) => {
                self.room = room;
                kept.push(data.clone());
            }
            None => self.kept = None,
        }
    }
}

fn read<B>(recording: &Rc<RefCell<Recording<B>>>) -> Option<Reading<B>> {
    let mut shared = recording.borrow_mut();
    shared.kept.as_ref()?;
    shared.reading += 1;
    Some(Reading { recording: Rc::clone(recording), number: shared.reading, next: 0, has_ended: false })
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Reading<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut recording = self.recording.borrow_mut();
        if recording.reading != self.number {
            return Poll::Ready(Some(Err(BodyError(FaultKind::ClientGone))));
        }
        let kept = recording.kept.as_ref().and_then(|kept| kept.get(self.next));
        if let Some(data) = kept {
            self.next += 1;
            return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
        }
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(trailers) = &recording.trailers {
            self.has_ended = true;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers.clone()))));
        }
        let frame = ready!(Pin::new(&mut recording.source).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            recording.keep(frame);
            self.next += usize::from(frame.is_data());
            self.has_ended = frame.is_trailers();
        }
        Poll::Ready(frame)
    }

    fn is_end(&self) -> bool {
        let recording = self.recording.borrow();
        let all_read = recording.kept.as_ref().is_none_or(|kept| self.next >= kept.len());
        let is_last = recording.trailers.is_none() || self.has_ended;
        all_read && is_last && recording.source.is_end_stream()
    }

    fn hint(&self) -> SizeHint {
        // It is asked for when a sending begins.
        if self.next == 0 { self.recording.borrow().hint } else { SizeHint::default() }
    }
}

impl ReplayBody {
    /// How far it is on its way.
    pub(crate) fn progress(&self) -> Rc<Progress> {
        Rc::clone(self.0.recording.borrow().source.progress())
    }

    /// Whether the client sends it only when it is asked to, and was not asked yet.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.0.recording.borrow().source.is_asked_for()
    }
}

impl Body for ReplayBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = this.0.poll(cx);
        // What is read of the client is noted there; what was kept moves too.
        if matches!(polled, Poll::Ready(Some(Ok(_)))) {
            this.0.recording.borrow().source.progress().note(&polled, this.0.is_end());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    /// A body of these parts, with trailers.
    struct Parts(VecDeque<Frame<Bytes>>);

    impl Body for Parts {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
    }

    fn recording(limit: usize) -> Rc<RefCell<Recording<Parts>>> {
        let data = ["ab", "cd", "ef"].map(|part| Frame::data(Bytes::from(part)));
        let trailers = HeaderMap::from_iter([("x-t".parse().unwrap(), "1".parse().unwrap())]);
        let parts = data.into_iter().chain([Frame::trailers(trailers)]).collect();
        Rc::new(RefCell::new(Recording::new(Parts(parts), limit)))
    }

    /// The next part as text; `+` stands for trailers.
    fn next(reading: &mut Reading<Parts>) -> Option<Result<String, BodyError>> {
        let Poll::Ready(frame) = reading.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it is all here")
        };
        let text = |frame: Frame<Bytes>| match frame.into_data() {
            Ok(data) => String::from_utf8(data.to_vec()).unwrap(),
            Err(_) => "+".to_owned(),
        };
        frame.map(|frame| frame.map(text))
    }

    fn all(reading: &mut Reading<Parts>) -> String {
        std::iter::from_fn(|| next(reading)).map(Result::unwrap).collect()
    }

    #[test]
    fn a_body_can_be_read_again_wherever_the_first_reading_stopped() {
        for stop in 0..=4 {
            let recording = recording(6);
            let mut first = read(&recording).unwrap();
            (0..stop).for_each(|_| drop(next(&mut first)));
            let mut second = read(&recording).unwrap();
            assert!(!second.is_end());
            assert_eq!(all(&mut second), "abcdef+", "after {stop} parts");
            assert!(second.is_end());
            assert_eq!(all(&mut read(&recording).unwrap()), "abcdef+", "and again");
        }
    }

    #[test]
    fn one_that_is_too_long_is_sent_once() {
        let recording = recording(5);
        let mut first = read(&recording).unwrap();
        next(&mut first);
        next(&mut first);
        assert!(read(&recording).is_some(), "four bytes of five");
        let mut second = read(&recording).unwrap();
        assert_eq!(all(&mut second), "abcdef+", "nobody waits, nothing is lost");
        assert!(read(&recording).is_none());
    }

    #[test]
    fn a_reading_that_was_given_up_gets_nothing_more() {
        let recording = recording(6);
        let mut first = read(&recording).unwrap();
        next(&mut first);
        let mut second = read(&recording).unwrap();
        assert!(matches!(next(&mut first), Some(Err(_))), "it would take it away from the other");
        assert_eq!(all(&mut second), "abcdef+");
    }
}
