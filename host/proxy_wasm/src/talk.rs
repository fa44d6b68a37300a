//! Streams of gRPC: what a module says goes into a queue, and what it hears comes to its VM as events, one after the other.

use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use model::{CalloutAnswer, CalloutError, CalloutFuture, CalloutPart, FaultKind, Part, Parts, Reply, Talk};
use tokio::sync::mpsc;

use super::grpc::{Outcome, PREFIX};
use super::job::StreamPart;

/// How many messages of a module wait to be sent.
const QUEUE: usize = 16;

/// The module's side of a stream.
pub(super) struct Ours {
    /// What it says. Without it, nothing more is said.
    pub(super) say: mpsc::Sender<Bytes>,
    heard: mpsc::Receiver<CalloutPart>,
}

/// A stream, both sides of it.
pub(super) fn talk() -> (Talk, Ours) {
    let (say, said) = mpsc::channel(QUEUE);
    let (tell, heard) = mpsc::channel(1);
    let talk = Talk {
        say: Some(Box::new(Said(said))),
        hear: Box::new(move |part| {
            let tell = tell.clone();
            // Who is gone hears nothing.
            Box::pin(async move { drop(tell.send(part).await) })
        }),
        pauses: None,
    };
    (talk, Ours { say, heard })
}

/// What the module says.
struct Said(mpsc::Receiver<Bytes>);

impl Parts for Said {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, FaultKind>>> {
        self.0.poll_recv(cx).map(|said| said.map(|bytes| Ok(Part::Data(bytes))))
    }

    fn length(&self) -> Option<u64> {
        None
    }
}

/// What is heard of a stream, as its module is told of it.
pub(super) struct Hearing {
    answer: CalloutFuture,
    heard: mpsc::Receiver<CalloutPart>,
    frames: Frames,
    ended: Option<Result<CalloutAnswer, CalloutError>>,
}

impl Hearing {
    /// Of messages of so many bytes at most.
    pub(super) fn new(answer: CalloutFuture, ours: Ours, limit: usize) -> (Self, mpsc::Sender<Bytes>) {
        let frames = Frames { here: BytesMut::new(), limit };
        (Hearing { answer, heard: ours.heard, frames, ended: None }, ours.say)
    }

    /// The next part. The last is the end.
    pub(super) async fn next(&mut self) -> StreamPart {
        loop {
            match self.frames.next() {
                Ok(Some(message)) => return StreamPart::Message(message),
                Ok(None) => {}
                Err(error) => return StreamPart::End(error),
            }
            let part = match &self.ended {
                Some(_) => self.heard.try_recv().ok(),
                None => tokio::select! {
                    biased;
                    Some(part) = self.heard.recv() => Some(part),
                    ended = &mut self.answer => {
                        self.ended = Some(ended);
                        continue;
                    }
                },
            };
            match part {
                Some(CalloutPart::Head(status, fields)) => {
                    let reply = Reply { status, fields, body: Bytes::new() };
                    return StreamPart::Head(Box::new(CalloutAnswer { reply, trailers: HeaderMap::new() }));
                }
                Some(CalloutPart::Data(data)) => self.frames.here.extend_from_slice(&data),
                None => return StreamPart::End(Box::new(self.end())),
            }
        }
    }

    fn end(&mut self) -> Outcome {
        match self.ended.take() {
            Some(Ok(_)) if !self.frames.here.is_empty() => Outcome::broken("a message is not whole"),
            Some(ended) => Outcome::of_stream(ended),
            None => Outcome::broken("it has ended already"),
        }
    }
}

/// The frames of a body, as far as it is here.
struct Frames {
    here: BytesMut,
    limit: usize,
}

impl Frames {
    /// The next message, if all of it is here.
    fn next(&mut self) -> Result<Option<Bytes>, Box<Outcome>> {
        let Some((prefix, rest)) = self.here.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let [compressed, length @ ..] = *prefix;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if compressed != 0 {
            return Err(Box::new(Outcome::broken("a message is compressed")));
        }
        if length > self.limit {
            return Err(Box::new(Outcome::of_stream(Err(CalloutError::TooLarge))));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.here.advance(PREFIX);
        Ok(Some(self.here.split_to(length).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_of_frames_however_they_are_cut() {
        let body = [0, 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, b'c'];
        for size in 1..=body.len() {
            let mut frames = Frames { here: BytesMut::new(), limit: 2 };
            let mut messages = Vec::new();
            for part in body.chunks(size) {
                frames.here.extend_from_slice(part);
                while let Ok(Some(message)) = frames.next() {
                    messages.push(message);
                }
            }
            assert_eq!(messages, [&b"ab"[..], b"", b"c"], "{size}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_or_compressed_ends_the_stream() {
        for (prefix, status) in [([0, 0, 0, 0, 3], 8), ([1, 0, 0, 0, 0], 13)] {
            let mut frames = Frames { here: BytesMut::from(&prefix[..]), limit: 2 };
            assert_eq!(frames.next().err().unwrap().status, status);
        }
    }
}
