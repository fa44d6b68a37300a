//! Lengths, codings, chunked bodies, and several messages on one connection.

use model::FaultKind::{BadRequest, UnknownCoding};

use super::{Case, held, joined, passes, rejected, spoiled};

/// Lines around Content-Length.
pub(in super::super) fn lengths() -> impl Iterator<Item = Case> {
    let with = |line: &[u8]| joined(b"POST / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\nabcde");
    let good: [&[u8]; 6] = [
        b"Content-Length: 5",
        b"content-length:5",
        b"CONTENT-LENGTH: \t5\t ",
        b"Content-Length: 0000000000000000005",
        b"Content-Length: 9999999999999999999",
        b"Content-Length: 5\r\nX-Content-Length: 6",
    ];
    let bad: [&[u8]; 29] = [
        b"Content-Length: +5",
        b"Content-Length: -5",
        b"Content-Length: -0",
        b"Content-Length: 5, 5",
        b"Content-Length: 5,5",
        b"Content-Length: 5,",
        b"Content-Length: ,5",
        b"Content-Length: 5 5",
        b"Content-Length: 5;",
        b"Content-Length: 5.0",
        b"Content-Length: 5e0",
        b"Content-Length: 0x5",
        b"Content-Length: 0b101",
        b"Content-Length: 5_0",
        b"Content-Length: \"5\"",
        b"Content-Length: a",
        b"Content-Length: \xb2",
        b"Content-Length:",
        b"Content-Length: ",
        b"Content-Length: 5\x0b",
        b"Content-Length: 10000000000000000000",
        b"Content-Length: 18446744073709551621",
        b"Content-Length: 00000000000000000005",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 0\r\nX: y\r\ncontent-length: 5",
        b"Content-Length : 5",
        b"Content_Length: 5",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    ];
    let trace: [&[u8]; 2] = [b"Content-Length: 5", b"Transfer-Encoding: chunked"];
    let traced = move |line: &[u8]| joined(b"TRACE / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n");
    good.map(|line| passes(with(line)))
        .into_iter()
        .chain(bad.map(|line| rejected(with(line), 0, BadRequest)))
        .chain(trace.map(|line| rejected(traced(line), 0, BadRequest)))
        .chain([passes(traced(b"Content-Length: 0"))])
}

/// Lines around Transfer-Encoding.
pub(in super::super) fn codings() -> impl Iterator<Item = Case> {
    let with = |line: &[u8]| joined(b"POST / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n0\r\n\r\n");
    let good: [&[u8]; 4] = [
        b"Transfer-Encoding: chunked",
        b"transfer-encoding:CHUNKED",
        b"TRANSFER-ENCODING: \t Chunked \t",
        b"X-Transfer-Encoding: a\r\nTransfer-Encoding: chunked",
    ];
    let unknown: [&[u8]; 4] = [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: gzip,chunked",
        b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding: a, b ,\tCHUNKED",
    ];
    let bad: [&[u8]; 37] = [
        b"Transfer-Encoding:",
        b"Transfer-Encoding: ",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked, gzip, chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunkedx",
        b"Transfer-Encoding: chunk",
        b"Transfer-Encoding: \"chunked\"",
        b"Transfer-Encoding: 'chunked'",
        b"Transfer-Encoding: chunked;",
        b"Transfer-Encoding: chunked ;x",
        b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: gzip;q=1, chunked",
        b"Transfer-Encoding: ,chunked",
        b"Transfer-Encoding: , chunked",
        b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: gzip,,chunked",
        b"Transfer-Encoding: gzip chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: chunked\x0c",
        b"Transfer-Encoding: chunked\x00",
        b"Transfer-Encoding: \xa0chunked",
        b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding: chunked\r\n , gzip",
        b"Transfer-Encoding : chunked",
        b" Transfer-Encoding: chunked",
        b"Transfer_Encoding: chunked",
        b"Transfer-Encoding\x00: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"X: y\nTransfer-Encoding: chunked",
    ];
    let old = b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    good.map(|line| passes(with(line)))
        .into_iter()
        .chain(unknown.map(|line| rejected(with(line), 0, UnknownCoding)))
        .chain(bad.map(|line| rejected(with(line), 0, BadRequest)))
        .chain([rejected(old, 0, BadRequest)])
}

const CHUNKED: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Chunked bodies; of the bad ones, also how many bytes pass.
pub(in super::super) fn bodies() -> impl Iterator<Item = Case> {
    let with = |body: &[u8]| joined(CHUNKED, body, b"");
    let good: [&[u8]; 19] = [
        b"",
        b"5",
        b"5\r",
        b"5\r\nabc",
        b"0\r\n\r\n",
        b"00000\r\n\r\n",
        b"000000000000000\r\n\r\n",
        b"5\r\nabcde\r\n0\r\n\r\n",
        b"00005\r\nabcde\r\n0\r\n\r\n",
        b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
        b"2\r\n\r\n\r\n0\r\n\r\n",
        b"fffffffffffffff\r\nabc",
        b"5;a\r\nabcde\r\n0;b\r\n\r\n",
        b"5;a=b;c=\"d;e\\\"\"\r\nabcde\r\n0\r\n\r\n",
        b"5; a = b\t\r\nabcde\r\n0\r\n\r\n",
        b"0\r\nA: b\r\n\r\n",
        b"0\r\nA: b\r\nA: \xff\r\nC:\r\n\r\n",
        b"1\r\na\r\n0\r\nGrpc-Status: 0\r\n\r\n",
        b"0\r\nX-Host: a\r\n\r\n",
    ];
    let half: [&[u8]; 5] = [b"\r", b"A", b"A: b\r", b"A: b\r\n", b"A: b\r\n\r"];
    let trailers: [&[u8]; 21] = [
        b"\n",
        b"\r\r\n",
        b"A: b\n\r\n",
        b"A: b\n\n",
        b"A : b\r\n\r\n",
        b"A: b\x00\r\n\r\n",
        b": b\r\n\r\n",
        b" A: b\r\n\r\n",
        b"A: b\r\n c\r\n\r\n",
        b"A\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"Content-Length: 5\r\n\r\n",
        b"content_length: 5\r\n\r\n",
        b"A: b\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
        b"Host: a\r\n\r\n",
        b"Authorization: a\r\n\r\n",
        b"Connection: close\r\n\r\n",
        b"Content-Type: a/b\r\n\r\n",
        b"Te: trailers\r\n\r\n",
        b"X-Forwarded-For: a\r\n\r\n",
        b"Trailer: a\r\n\r\n",
    ];
    good.map(|body| passes(with(body)))
        .into_iter()
        .chain(
            BAD_BODIES
                .iter()
                .map(move |(good, bad)| spoiled(joined(CHUNKED, good, bad), CHUNKED.len() + good.len())),
        )
        .chain(half.map(|section| held(joined(CHUNKED, b"0\r\n", section), CHUNKED.len() + 3)))
        .chain(trailers.map(|section| spoiled(joined(CHUNKED, b"0\r\n", section), CHUNKED.len() + 3)))
}

/// What passes of a body, and what does not.
const BAD_BODIES: &[(&[u8], &[u8])] = &[
    (b"", b"\r\n"),
    (b"", b"\n"),
    (b"", b"g\r\n"),
    (b"", b";a\r\n"),
    (b"", b" 5\r\nabcde\r\n"),
    (b"", b"\t5\r\n"),
    (b"", b"+5\r\n"),
    (b"", b"-5\r\n"),
    (b"", b"-1\r\n"),
    (b"", b"\x005\r\n"),
    (b"", b"\xb2\r\n"),
    (b"0", b"x5\r\nabcde\r\n"),
    (b"0", b"X5\r\nabcde\r\n"),
    (b"5", b"h\r\n"),
    (b"5", b" \r\nabcde\r\n"),
    (b"5", b"\t\r\nabcde\r\n"),
    (b"5", b" ;a\r\nabcde\r\n"),
    (b"5", b"_0\r\n"),
    (b"5", b".0\r\n"),
    (b"5", b",5\r\n"),
    (b"5", b"\x00\r\n"),
    (b"5", b"\nabcde\r\n0\r\n\r\n"),
    (b"5\r", b"\r\nabcde\r\n"),
    (b"5\r", b"abcde\r\n"),
    (b"5;", b"\r\nabcde\r\n"),
    (b"5;a", b"\nabcde\r\n0\r\n\r\n"),
    (b"5;a\r", b"abcde\r\n"),
    (b"5;a", b"\x00\r\n"),
    (b"5;a", b"\x7f\r\n"),
    (b"5;a=", b"\xe9\r\n"),
    (b"5;a=\"", b"\r\nabcde\r\n"),
    (b"5;a=\"\\\"", b"\r\nabcde\r\n"),
    (b"5;a=\"", b"\n\"\r\nabcde\r\n"),
    (b"5;a=\"\\", b"\r\"\r\nabcde\r\n"),
    (b"5\r\nabcde", b"f\r\n"),
    (b"5\r\nabcde", b"\n0\r\n\r\n"),
    (b"5\r\nabcde", b"0\r\n\r\n"),
    (b"5\r\nabcde\r", b"0\r\n\r\n"),
    (b"5\r\nabcde\r", b"\r\n0\r\n\r\n"),
    (b"5\r\nabcde\r\n", b"\r\n0\r\n\r\n"),
    (b"6\r\nabcde\r", b"0\r\n\r\n"),
    (b"4\r\nabcd", b"e\r\n0\r\n\r\n"),
    (b"0", b"\n\r\n"),
    (b"0", b"\n\n"),
    (b"000000000000000", b"5\r\nabcde\r\n"),
    (b"fffffffffffffff", b"f\r\n"),
    (b"100000000000000", b"00\r\n"),
    (b"100000000000000", b"05\r\nabcde\r\n"),
];

/// Several messages on one connection, complete and not.
pub(in super::super) fn exchanges() -> impl Iterator<Item = Case> {
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".as_slice();
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde".as_slice();
    let chunked = joined(CHUNKED, b"5;x\r\nGET /\r\n0\r\nA: b\r\n\r\n", b"");
    let empty = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".as_slice();
    let get_with_body = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\n".as_slice();
    let delete = b"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".as_slice();
    let three = [get, post, get].concat();
    let hidden = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n".as_slice();
    let cl_te =
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG";
    let te_cl = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\n0\r\n\r\n";
    let te_te = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n0\r\n\r\n";
    let glued = b"POST / HTTP/1.1\r\nHost: a\r\nFoo: bar\r\n\rContent-Length: 5\r\n\r\nabcde";
    [
        passes(b""),
        passes(get),
        passes(&three),
        passes([&three, b"\r\n".as_slice(), get].concat()),
        passes([&chunked, get, empty, &chunked, delete, post].concat()),
        passes([get_with_body, get, get].concat()),
        passes([post, b"\r\n", post].concat()),
        passes(joined(hidden, b"GE", b"")),
        held(b"\r", 0),
        held(b"\r\n", 0),
        held(b"G", 0),
        held(&get[..get.len() - 1], 0),
        held([post, b"\r\n"].concat(), post.len()),
        held([&three, &get[..9]].concat(), three.len()),
        held([&chunked, &get[..9]].concat(), chunked.len()),
        rejected([get, b"\r\n\r\n", get].concat(), get.len(), BadRequest),
        rejected([post, b"x ", get].concat(), post.len(), BadRequest),
        rejected([get_with_body, get, b"\0smuggled"].concat(), get_with_body.len() + get.len(), BadRequest),
        rejected([hidden, b"abcd\0"].concat(), hidden.len() + 4, BadRequest),
        rejected(cl_te, 0, BadRequest),
        rejected(te_cl, 0, BadRequest),
        rejected(te_te, 0, BadRequest),
        rejected(glued, 0, BadRequest),
    ]
    .into_iter()
}
