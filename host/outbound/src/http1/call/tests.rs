use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

use message::{InterimWriter, OutgoingBody};
use tokio::io::ReadBuf;

use super::*;
use crate::http1::Framing;

/// An endpoint that says this, and takes nothing if it is deaf.
struct Endpoint {
    says: &'static [u8],
    is_deaf: bool,
}

impl AsyncRead for Endpoint {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(std::mem::take(&mut self.says));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endpoint {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // The first byte is taken, so that it may have seen the request.
        Poll::Ready(match (self.is_deaf, bytes) {
            (true, [_, _, ..]) => Ok(1),
            (true, _) => Err(io::ErrorKind::BrokenPipe.into()),
            (false, bytes) => Ok(bytes.len()),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Seen(RefCell<Vec<u16>>);

impl InterimWriter for Seen {
    fn write(&self, interim: Interim) {
        self.0.borrow_mut().push(interim.status.as_u16());
    }
}

/// The status of the final answer, with the interim ones before it.
fn call(says: &'static [u8], is_deaf: bool) -> Result<(u16, Vec<u16>), Broken> {
    let seen = Rc::new(Seen::default());
    let sink: InterimSink = Rc::clone(&seen) as InterimSink;
    let upload = Upload::new(b"GET / HTTP/1.1\r\n\r\n".to_vec(), OutgoingBody::Empty, Framing::None, None);
    let mut call = Call::new(upload, HeadReader::new(false), Some(&sink));
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(answered) = call.poll(&mut cx, &mut Endpoint { says, is_deaf }) else {
        panic!("it is there")
    };
    answered.map(|head| (head.status.as_u16(), seen.0.borrow().clone()))
}

#[test]
fn interim_responses_go_ahead_of_the_final_one() {
    let says = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 199\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(call(says, false).unwrap(), (200, vec![100, 103, 199]));
}

#[test]
fn a_switch_of_protocols_is_final() {
    let says = b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 101 x\r\nupgrade: y\r\n\r\nbytes of y";
    assert_eq!(call(says, false).unwrap(), (101, vec![103]));
}

#[test]
fn interim_responses_without_an_end_are_no_answer() {
    let many = b"HTTP/1.1 103 x\r\n\r\n".repeat(MOST_INTERIM as usize + 1).leak();
    assert!(matches!(call(many, false), Err(Broken::Answer(_))));
}

#[test]
fn an_answer_is_heard_though_the_request_was_not_taken() {
    let says = b"HTTP/1.1 413 x\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(call(says, true).unwrap().0, 413);
    let error = call(b"", true).unwrap_err();
    assert!(matches!(error, Broken::Connection(error) if error.kind() == io::ErrorKind::BrokenPipe));
}

#[test]
fn an_endpoint_that_closes_has_not_answered() {
    assert!(matches!(call(b"HTTP/1.1 200 OK\r\nx", false), Err(Broken::Closed)));
}
