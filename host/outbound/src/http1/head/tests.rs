use std::task::Waker;

use super::*;

/// What becomes of an answer that comes in pieces of this size, to a request that was HEAD or not.
fn read(answer: &[u8], piece: usize, to_head: bool) -> Result<(Head, Vec<u8>), &'static str> {
    let mut reader = HeadReader::new(to_head);
    let mut pieces = answer.chunks(piece);
    loop {
        let bytes = pieces.next().ok_or("incomplete")?;
        match reader.take_piece(bytes) {
            Ok(Some(head)) => {
                let rest = reader.into_rest().into_iter().chain(pieces.flatten().copied());
                return Ok((head, rest.collect()));
            }
            Ok(None) => {}
            Err(Broken::Answer(why)) => return Err(why),
            Err(_) => return Err("broken"),
        }
    }
}

fn framing_of(fields: &str) -> Result<Framing, &'static str> {
    let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    read(answer.as_bytes(), usize::MAX, false).map(|(head, _)| head.framing)
}

fn is_kept(answer: &str) -> bool {
    read(answer.as_bytes(), usize::MAX, false).unwrap().0.is_kept
}

#[test]
fn a_head_is_read_however_it_is_cut() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx-one:  1 \r\n\r\nabc";
    for piece in 1..=answer.len() {
        let (head, rest) = read(answer, piece, false).unwrap();
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.fields["x-one"], "1");
        assert_eq!(head.framing, Framing::Length(3));
        assert_eq!(rest, b"abc", "in pieces of {piece}");
    }
}

#[test]
fn lines_may_end_without_cr() {
    let answer = b"HTTP/1.1 200 OK\nx-one: 1\n\nabc";
    for piece in 1..=answer.len() {
        let (head, rest) = read(answer, piece, false).unwrap();
        assert_eq!((head.fields["x-one"].as_bytes(), rest.as_slice()), (&b"1"[..], &b"abc"[..]), "{piece}");
    }
}

#[test]
fn a_higher_minor_version_counts_as_the_highest_known() {
    for piece in [1, 7, 8, 100] {
        let (head, _) = read(b"HTTP/1.9 200 OK\r\n\r\n", piece, false).unwrap();
        assert_eq!(head.version, Version::HTTP_11);
    }
    assert!(read(b"HTTP/2.0 200 OK\r\n\r\n", 100, false).is_err());
}

#[test]
fn what_is_no_head_is_refused() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(FIELDS + 1));
    let long = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(HEAD_BYTES));
    let heads = [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-one : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-one: 1\r\n 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-one: 1\0\r\n\r\n",
        &many,
        &long,
    ];
    for head in heads {
        for piece in [1000, 4096] {
            let refused = read(head.as_bytes(), piece, false).unwrap_err();
            assert_ne!(refused, "incomplete", "{}", head.get(..50).unwrap_or(head));
        }
    }
}

#[test]
fn an_answer_says_where_its_body_ends_or_ends_with_the_connection() {
    assert_eq!(framing_of("content-length: 5\r\n"), Ok(Framing::Length(5)));
    assert_eq!(framing_of("transfer-encoding: Chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(framing_of(""), Ok(Framing::Close));
}

#[test]
fn framing_that_can_be_read_in_two_ways_is_refused() {
    let both = "content-length: 5\r\ntransfer-encoding: chunked\r\n";
    for fields in [
        both,
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: identity\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: +5\r\n",
        "content-length: -5\r\n",
        "content-length: 5 5\r\n",
        "content-length: \r\n",
        "content-length: 99999999999999999999\r\n",
    ] {
        assert!(framing_of(fields).is_err(), "{fields:?}");
    }
    let old = b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert!(read(old, usize::MAX, false).is_err(), "HTTP/1.0 has no chunks");
}

#[test]
fn a_length_that_is_said_twice_is_left_once() {
    let (head, _) =
        read(b"HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\ncontent-length: 5\r\n\r\n", 999, false).unwrap();
    let lengths: Vec<_> = head.fields.get_all(header::CONTENT_LENGTH).iter().collect();
    assert_eq!(head.framing, Framing::Length(5));
    assert_eq!(lengths, ["5"]);
}

#[test]
fn some_answers_have_no_body_whatever_they_say() {
    let of = |status: &str, to_head| {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\n");
        read(answer.as_bytes(), usize::MAX, to_head).unwrap().0.framing
    };
    assert_eq!(of("200 OK", true), Framing::None);
    assert_eq!(of("204 No Content", false), Framing::None);
    assert_eq!(of("304 Not Modified", false), Framing::None);
    assert_eq!(of("206 Partial Content", false), Framing::Length(5));
}

#[test]
fn a_connection_is_kept_unless_one_side_can_not_or_will_not() {
    assert!(is_kept("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    assert!(!is_kept("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: x, Close\r\n\r\n"));
    assert!(!is_kept("HTTP/1.1 200 OK\r\n\r\n"));
    assert!(!is_kept("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"));
    assert!(is_kept("HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n"));
}

#[test]
fn heads_follow_one_another() {
    let mut reader = HeadReader::new(false);
    let both = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx";
    let mut input = &both[..];
    let mut cx = Context::from_waker(Waker::noop());
    let mut next = || match reader.poll(&mut cx, &mut input) {
        Poll::Ready(Ok(head)) => head.status.as_u16(),
        _ => panic!("it is all here"),
    };
    assert_eq!((next(), next()), (103, 200));
    assert_eq!(reader.into_rest(), "x");
}

#[test]
fn an_endpoint_may_say_how_long_it_keeps_connections() {
    let said = |value: &str| {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nkeep-alive: {value}\r\n\r\n");
        read(answer.as_bytes(), usize::MAX, false).unwrap().0.patience
    };
    assert_eq!(said("timeout=5"), Some(Duration::from_secs(5)));
    assert_eq!(said("max=100, Timeout = 7 , timeout=9"), Some(Duration::from_secs(7)));
    assert_eq!((said("timeout=-5"), said("max=5"), said("")), (None, None, None));
}
