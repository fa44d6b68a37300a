use std::task::Waker;

use super::*;

/// What is read of a body that comes in pieces of this size: its data, its trailers, and what is left.
fn read(framing: Framing, body: &[u8], piece: usize) -> Result<(String, usize, Vec<u8>), Truncated> {
    let first = body.len().min(piece);
    let mut decoder = Decoder::new(framing, Bytes::copy_from_slice(&body[..first]));
    let mut input = Pieces(&body[first..], piece);
    let (mut data, mut trailers) = (String::new(), 0);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match decoder.poll_frame(&mut cx, &mut input) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(bytes) => data.push_str(std::str::from_utf8(&bytes).unwrap()),
                Err(frame) => trailers += frame.into_trailers().unwrap().len(),
            },
            Poll::Ready(Some(Err(truncated))) => return Err(truncated),
            Poll::Ready(None) => {
                let clean = decoder.is_clean();
                let held = decoder.into_held();
                assert_eq!(clean, held.is_empty());
                return Ok((data, trailers, held.to_vec()));
            }
            Poll::Pending => panic!("it is all here"),
        }
    }
}

/// Gives a few bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let count = self.1.min(self.0.len()).min(buffer.remaining());
        let (piece, rest) = self.0.split_at(count);
        buffer.put_slice(piece);
        self.0 = rest;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_body_of_known_length_ends_there() {
    for piece in 1..=9 {
        let whole = read(Framing::Length(5), b"hello", piece);
        assert_eq!(whole, Ok(("hello".to_owned(), 0, vec![])), "in pieces of {piece}");
    }
    assert_eq!(read(Framing::Length(6), b"hello", 9), Err(Truncated));
}

#[test]
fn chunks_are_put_together_however_they_are_cut() {
    let body = b"5\r\nhello\r\n1;ext=\"a\"\r\n,\r\n6\r\n world\r\n0\r\nx-one: 1\r\nx-two: 2\r\n\r\n";
    for piece in 1..=body.len() {
        let whole = read(Framing::Chunked, body, piece);
        assert_eq!(whole, Ok(("hello, world".to_owned(), 2, vec![])), "in pieces of {piece}");
    }
    for end in 0..body.len() {
        assert_eq!(read(Framing::Chunked, &body[..end], 7), Err(Truncated), "cut after {end}");
    }
}

#[test]
fn chunks_that_break_the_rules_are_no_end() {
    let long = [b"0\r\n".as_slice(), &b"x-one: 1\r\n".repeat(2000)].concat();
    for body in
        [&b"5\nhello\r\n0\r\n\r\n"[..], b"5\r\nhello0\r\n\r\n", b"-1\r\n", b"0\r\nx one: 1\r\n\r\n", &long]
    {
        assert_eq!(read(Framing::Chunked, body, 4096), Err(Truncated), "{}", body.escape_ascii());
    }
}

#[test]
fn what_comes_behind_the_end_is_seen() {
    let left = |framing, body: &[u8]| read(framing, body, 999).unwrap().2;
    assert_eq!(left(Framing::Length(5), b"helloHTTP/1.1"), b"HTTP/1.1");
    assert_eq!(left(Framing::Chunked, b"0\r\n\r\nHTTP/1.1"), b"HTTP/1.1");
    assert_eq!(left(Framing::None, b"HTTP/1.1"), b"HTTP/1.1");
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    assert_eq!(read(Framing::Close, b"hello", 2), Ok(("hello".to_owned(), 0, vec![])));
}

#[test]
fn a_whole_body_that_came_with_its_head_is_taken_at_once() {
    let taken = |framing, held: &'static str| {
        let mut decoder = Decoder::new(framing, Bytes::from(held));
        (decoder.take_whole(), decoder.is_clean())
    };
    assert_eq!(taken(Framing::Length(5), "hello"), (Some(Bytes::from("hello")), true));
    assert_eq!(taken(Framing::Length(5), "hello!"), (Some(Bytes::from("hello")), false));
    assert_eq!(taken(Framing::Length(5), "hell"), (None, false));
    assert_eq!(taken(Framing::None, ""), (Some(Bytes::new()), true));
    assert_eq!(taken(Framing::Close, "hello").0, None);
}
