//! Claims about all bytes, tried on generated ones: messages of good and bad parts, with some bytes changed.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{Fate, Guard, LIMITS, byte_by_byte, feed, in_two, whole};

/// Pieces of messages, in the places where they belong and, now and then, where they do not.
const PARTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"POST /a?b HTTP/1.0\r\n",
    b"OPTIONS * HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding: gzip, chunked\r\n",
    b"A: b\r\n",
    b"GET / HTTP/1.3\r\n",
    b"Connection: a, upgrade\r\n",
    b"Upgrade: b\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: b\r\n\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"abc",
    b"3\r\nabc\r\n",
    b"3;x=\"y\"\r\nabc\r\n",
    b"0\r\n",
    b"0\r\n\r\n",
    b"\x00",
    b"\xff",
];

fn heap() -> impl Strategy<Value = Vec<u8>> {
    vec(select(PARTS), 0..12).prop_map(|parts| parts.concat())
}

/// Requests that are good, each with its body, one after the other.
fn good_requests() -> impl Strategy<Value = Vec<u8>> {
    vec(good_request(), 0..5).prop_map(|requests| requests.concat())
}

fn good_request() -> impl Strategy<Value = Vec<u8>> {
    let method = select(vec!["GET", "POST", "DELETE", "X-Y"]);
    let fields = vec(("[!#$%&'*+.^_`|~a-z-]{1,9}x", "[\t -~\u{80}-\u{ff}]{0,40}"), 0..6);
    (method, "/[!$-;=?-_a-~]{0,40}", fields, good_body()).prop_map(
        |(method, target, fields, (framing, body))| {
            let fields: String =
                fields.into_iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
            let head = format!("{method} {target} HTTP/1.1\r\n{fields}Host: a\r\n{framing}\r\n");
            [head.into_bytes(), body].concat()
        },
    )
}

/// The line that frames a body, and the body.
fn good_body() -> impl Strategy<Value = (String, Vec<u8>)> {
    let length =
        vec(any::<u8>(), 0..40).prop_map(|body| (format!("Content-Length: {}\r\n", body.len()), body));
    let chunks = vec((vec(any::<u8>(), 1..40), "(;[a-z]{1,9}(=\"[ -!#-\\[\\]-~]{0,9}\")?){0,2}"), 0..4);
    let chunked = (chunks, "([a-z]{1,9}x: [ -~]{0,9}\r\n){0,3}").prop_map(|(chunks, trailers)| {
        let chunk = |(data, extension): (Vec<u8>, String)| {
            [format!("{:x}{extension}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat()
        };
        let data = chunks.into_iter().map(chunk).collect::<Vec<_>>().concat();
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            [&data, b"0\r\n".as_slice(), trailers.as_bytes(), b"\r\n"].concat(),
        )
    });
    prop_oneof![Just((String::new(), Vec::new())), length, chunked]
}

/// Good requests of which one byte was replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![select(b"\r\n\t :;,\0/0aZ\x7f\xff".as_slice()), any::<u8>()];
    (good_requests(), any::<prop::sample::Index>(), byte).prop_map(|(mut message, index, byte)| {
        if !message.is_empty() {
            let index = index.index(message.len());
            message[index] = byte;
        }
        message
    })
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![heap(), good_requests(), damaged(), vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn good_requests_pass(message in good_requests()) {
        let (ending, detail) = whole(&message);
        prop_assert_eq!(ending.fate, Fate::Passed, "{} ({})", message.escape_ascii(), detail);
        prop_assert_eq!(ending.passed, message.len());
    }

    #[test]
    fn the_cut_changes_nothing(message in any_bytes(), cut in any::<prop::sample::Index>()) {
        let told = whole(&message);
        prop_assert_eq!(&byte_by_byte(&message), &told);
        prop_assert_eq!(&in_two(&message, cut.index(message.len() + 1)), &told);
    }

    #[test]
    fn no_pieces_make_it_panic(pieces in vec(any_bytes(), 0..6)) {
        let mut guard = Guard::new(LIMITS);
        for piece in pieces {
            feed(&mut guard, &piece, [piece.len()]);
        }
    }

    #[test]
    fn what_passes_is_never_more_than_what_came(message in any_bytes()) {
        let (ending, _) = whole(&message);
        prop_assert!(ending.passed <= message.len());
        prop_assert_eq!(ending.fate == Fate::Passed, ending.passed == message.len());
    }
}
