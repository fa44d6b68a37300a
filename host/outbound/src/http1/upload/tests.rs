use std::task::Waker;

use bytes::Bytes;
use tokio::io::ReadBuf;
use transport::Timers;

use super::*;

/// Takes all, or nothing while it is shut.
#[derive(Default)]
struct Sink {
    written: Vec<u8>,
    is_shut: bool,
}

impl AsyncWrite for Sink {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if self.is_shut {
            return Poll::Pending;
        }
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncRead for Sink {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

fn body(parts: &[&'static str], trailers: &[(&'static str, &'static str)]) -> OutgoingBody {
    let mut kept: std::collections::VecDeque<_> =
        parts.iter().map(|part| Piece::Data(Bytes::from(*part))).collect();
    if !trailers.is_empty() {
        let fields = trailers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        kept.push_back(Piece::Trailers(fields.collect()));
    }
    OutgoingBody::Again(Box::new(Again { kept, rest: OutgoingBody::Empty }))
}

fn poll(upload: &mut Upload, sink: &mut Sink) -> Poll<Result<(), Broken>> {
    upload.poll(&mut Context::from_waker(Waker::noop()), sink)
}

fn sent(body: OutgoingBody, framing: Framing) -> Result<String, Broken> {
    let (mut upload, mut sink) = (Upload::new(b"HEAD ".to_vec(), body, framing, None), Sink::default());
    upload.declare(vec![HeaderName::from_static("x-one")]);
    match poll(&mut upload, &mut sink) {
        Poll::Ready(result) => result.map(|()| String::from_utf8(sink.written).unwrap()),
        Poll::Pending => panic!("it is all here"),
    }
}

#[test]
fn a_body_is_sent_as_its_framing_says() {
    assert_eq!(sent(OutgoingBody::Empty, Framing::None).unwrap(), "HEAD ");
    assert_eq!(sent(body(&["ab", "", "c"], &[]), Framing::Length(3)).unwrap(), "HEAD abc");
    let chunks = sent(body(&["ab", "", "c"], &[]), Framing::Chunked).unwrap();
    assert_eq!(chunks, "HEAD 2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
    let trailers = sent(body(&["ab"], &[("x-one", "1"), ("x-two", "2")]), Framing::Chunked).unwrap();
    assert_eq!(trailers, "HEAD 2\r\nab\r\n0\r\nx-one: 1\r\n\r\n");
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_is_no_request() {
    let kind = |parts: &[&'static str], length| match sent(body(parts, &[]), Framing::Length(length)) {
        Err(Broken::Body(kind)) => kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&["ab"], 3), FaultKind::ClientGone);
    assert_eq!(kind(&["ab", "cd"], 3), FaultKind::BadRequest);
}

#[test]
fn a_body_waits_until_it_is_wanted() {
    let patience = Timers::default().alarm();
    let mut upload = Upload::new(b"HEAD ".to_vec(), body(&["ab"], &[]), Framing::Length(2), Some(patience));
    let mut sink = Sink::default();
    assert!(poll(&mut upload, &mut sink).is_pending());
    assert!(upload.is_asking());
    assert_eq!(sink.written, b"HEAD ");
    upload.go_ahead();
    assert!(poll(&mut upload, &mut sink).is_ready());
    assert_eq!(sink.written, b"HEAD ab");
}

#[test]
fn what_was_read_of_a_body_is_not_lost_while_nothing_was_written() {
    let mut upload = Upload::new(b"HEAD ".to_vec(), body(&["ab", "cd"], &[]), Framing::Length(4), None);
    let mut sink = Sink { is_shut: true, ..Sink::default() };
    assert!(poll(&mut upload, &mut sink).is_pending());
    assert!(upload.is_untouched());
    assert_eq!(sent(upload.into_body(), Framing::Length(4)).unwrap(), "HEAD abcd");
}
