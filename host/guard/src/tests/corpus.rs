//! Messages and what becomes of them: the ambiguities that have been used to smuggle requests, and their
//! harmless neighbours, which must pass.

mod framing;

use model::FaultKind::{self, BadRequest, HeadTooLarge, MethodNotAllowed, UnsupportedVersion, UriTooLong};

use super::{Ending, Fate};
pub(super) use framing::{bodies, codings, exchanges, lengths};

/// A message and where its judging ends.
pub(super) struct Case {
    pub(super) message: Vec<u8>,
    pub(super) ending: Ending,
}

pub(super) fn all() -> impl Iterator<Item = Case> {
    request_lines()
        .chain(hosts())
        .chain(fields())
        .chain(lengths())
        .chain(codings())
        .chain(bodies())
        .chain(exchanges())
}

fn passes(message: impl AsRef<[u8]>) -> Case {
    let message = message.as_ref().to_vec();
    Case { ending: Ending { passed: message.len(), fate: Fate::Passed }, message }
}

fn held(message: impl AsRef<[u8]>, passed: usize) -> Case {
    Case { message: message.as_ref().to_vec(), ending: Ending { passed, fate: Fate::Held } }
}

fn rejected(message: impl AsRef<[u8]>, passed: usize, kind: FaultKind) -> Case {
    Case { message: message.as_ref().to_vec(), ending: Ending { passed, fate: Fate::Rejected(kind) } }
}

fn spoiled(message: impl AsRef<[u8]>, passed: usize) -> Case {
    Case { message: message.as_ref().to_vec(), ending: Ending { passed, fate: Fate::Spoiled(BadRequest) } }
}

fn joined(before: &[u8], middle: &[u8], after: &[u8]) -> Vec<u8> {
    [before, middle, after].concat()
}

/// Request lines, without their line ends, in an otherwise good head.
pub(super) fn request_lines() -> impl Iterator<Item = Case> {
    let with = |line: &&[u8]| joined(b"", line, b"\r\nHost: a\r\n\r\n");
    let long = [b"GET /".as_slice(), &[b'x'; 64], b" HTTP/1.1"].concat();
    let endless = [b"GET /".as_slice(), &[b'x'; 600]].concat();
    let stuffed = [b"GET / HTTP/1.1".as_slice(), &[b' '; 600]].concat();
    let refused = [(long, UriTooLong), (endless, UriTooLong), (stuffed, BadRequest)];
    let own_end = [
        b"GET / HTTP/1.1\nHost: a\r\n\r\n".as_slice(),
        b"GET / HTTP/1.1\rHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\n\n",
        b"GET /\r\n",
        b"GET /\n",
        b"GET\r\n",
        b"GET\n",
        b"\n",
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    let good = GOOD_LINES.iter().map(with).map(passes);
    let bad = BAD_LINES.iter().map(with).map(|message| rejected(message, 0, BadRequest));
    let connect = CONNECT_LINES.iter().map(with).map(|message| rejected(message, 0, MethodNotAllowed));
    let versions = VERSION_LINES.iter().map(with).map(|message| rejected(message, 0, UnsupportedVersion));
    good.chain(bad)
        .chain(versions)
        .chain(connect)
        .chain(refused.into_iter().map(move |(line, kind)| rejected(with(&line.as_slice()), 0, kind)))
        .chain(own_end.into_iter().map(|message| rejected(message, 0, BadRequest)))
}

const VERSION_LINES: &[&[u8]] =
    &[b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"GET / HTTP/3.0", b"GET / HTTP/9.9", b"PRI * HTTP/2.0"];

const GOOD_LINES: &[&[u8]] = &[
    b"GET / HTTP/1.1",
    b"GET / HTTP/1.0",
    b"GET / HTTP/1.2",
    b"GET / HTTP/1.9",
    b"\r\nGET / HTTP/1.1",
    b"get /lower HTTP/1.1",
    b"M-SEARCH /a?b=c&d=%zz HTTP/1.1",
    b"!#$%&'*+-.^_`|~ /any-token HTTP/1.1",
    b"GET //double HTTP/1.1",
    b"GET /a/../b;c=d?e=f?g=/h%00 HTTP/1.1",
    b"GET /{}|\\^\" HTTP/1.1",
    b"GET /?{}|\\^` HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"OPTIONS / HTTP/1.1",
    b"GET http://a HTTP/1.1",
    b"GET http://b/c HTTP/1.1",
    b"GET HTTPS://a.example:8443/x?y HTTP/1.1",
    b"GET http://a?q HTTP/1.1",
    b"GET http://[::1]:80/ HTTP/1.1",
    b"TRACE / HTTP/1.1",
    b"SANDGATE-REJECTED / HTTP/1.1",
];

const CONNECT_LINES: &[&[u8]] =
    &[b"CONNECT a:443 HTTP/1.1", b"CONNECT / HTTP/1.1", b"CONNECT http://a/ HTTP/1.0"];

const BAD_LINES: &[&[u8]] = &[
    b"GET /< HTTP/1.1",
    b"GET /a> HTTP/1.1",
    b"GET /` HTTP/1.1",
    b"GET /?\" HTTP/1.1",
    b"GET http://a/< HTTP/1.1",
    b"GET http://a?<> HTTP/1.1",
    b"GET  / HTTP/1.1",
    b"GET /  HTTP/1.1",
    b"GET / HTTP/1.1 ",
    b" GET / HTTP/1.1",
    b"\tGET / HTTP/1.1",
    b"GET\t/ HTTP/1.1",
    b"GET /\tHTTP/1.1",
    b"GET\x0b/ HTTP/1.1",
    b"GET / a HTTP/1.1",
    b"GET",
    b"GET /",
    b"GET / ",
    b"GET / HTTP/1.11",
    b"GET / HTTP/01.1",
    b"GET / HTTP/1",
    b"GET / HTTP/1.",
    b"GET / HTTP/1,1",
    b"GET / http/1.1",
    b"GET / HTTP /1.1",
    b"GET / HTTPS/1.1",
    b"GET / XHTTP/1.1",
    b"G(T / HTTP/1.1",
    b"G\x00T / HTTP/1.1",
    b"G\x80T / HTTP/1.1",
    b"GET: / HTTP/1.1",
    b"GET /\x00 HTTP/1.1",
    b"GET /\x0b HTTP/1.1",
    b"GET /\x7f HTTP/1.1",
    b"GET /\x80 HTTP/1.1",
    b"GET /\xc3\xa9 HTTP/1.1",
    b"GET /a#b HTTP/1.1",
    b"GET # HTTP/1.1",
    b"GET /\ra HTTP/1.1",
    b"GET * HTTP/1.1",
    b"OPTIONS ** HTTP/1.1",
    b"OPTIONS *a HTTP/1.1",
    b"options * HTTP/1.1",
    b"GET a HTTP/1.1",
    b"GET a:80 HTTP/1.1",
    b"GET ?a HTTP/1.1",
    b"GET \\a HTTP/1.1",
    b"GET ftp://a/ HTTP/1.1",
    b"GET http:/a HTTP/1.1",
    b"GET http:a HTTP/1.1",
    b"GET http:// HTTP/1.1",
    b"GET http:///a HTTP/1.1",
    b"GET http://?a HTTP/1.1",
    b"GET http://:80/ HTTP/1.1",
    b"GET http://a:b/ HTTP/1.1",
    b"GET http://a:65536/ HTTP/1.1",
    b"GET http://user@a/ HTTP/1.1",
    b"GET http://a\\b/ HTTP/1.1",
    b"connect a:443 HTTP/1.1",
    b"SANDGATE-REJECT / HTTP/1.1",
];

/// Values of Host, and heads with none or several.
pub(super) fn hosts() -> impl Iterator<Item = Case> {
    let with = |value: &&[u8]| joined(b"GET / HTTP/1.1\r\nHost:", value, b"\r\n\r\n");
    let heads: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: b\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Host: a\r\n\r\n",
    ];
    let passing: [&[u8]; 3] = [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Host: b\r\nHOST: a\r\n\r\n",
    ];
    let good = GOOD_HOSTS.iter().map(with).map(passes);
    let bad = BAD_HOSTS.iter().map(with).map(|message| rejected(message, 0, BadRequest));
    good.chain(bad).chain(heads.map(|head| rejected(head, 0, BadRequest))).chain(passing.map(passes))
}

const GOOD_HOSTS: &[&[u8]] = &[
    b" a",
    b"a",
    b"\t a \t",
    b" a.example",
    b" a.example.",
    b" A_b-c~d!$&'()*+;=",
    b" xn--bcher-kva.example:8080",
    b" 127.0.0.1",
    b" 127.0.0.1:0",
    b" a:65535",
    b" a:00080",
    b" [::1]",
    b" [::1]:80",
    b" [2001:db8::1.2.3.4]",
    b" a%41",
    b" a,b",
    b" localhost:1",
];

const BAD_HOSTS: &[&[u8]] = &[
    b"",
    b" ",
    b" a b",
    b" a, b",
    b" a/",
    b" a/b",
    b" a?b",
    b" a#b",
    b" a\\b",
    b" user@a",
    b" http://a",
    b" a:",
    b" :80",
    b" :",
    b" a:b",
    b" a:8o",
    b" a:+80",
    b" a:-1",
    b" a: 80",
    b" a:65536",
    b" a:000080",
    b" a:1:2",
    b" [::1",
    b" ::1",
    b" [::1]a",
    b" [::1]:",
    b" [::1%25eth0]",
    b" [v1.a]",
    b" []",
    b" a\x80",
    b" a%4",
    b" a%zz",
    b" \"a\"",
];

/// Field lines, with their line ends, in an otherwise good head.
pub(super) fn fields() -> impl Iterator<Item = Case> {
    let with = |line: &[u8]| joined(b"GET / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n");
    let good: [&[u8]; 12] = [
        b"A: b\r\n",
        b"A:b\r\n",
        b"A:\r\n",
        b"A:   \r\n",
        b"A: b\tc \t\r\n",
        b"A: :b:\r\n",
        b"A: \x80\xff\xc3\xa9\r\n",
        b"!#$%&'*+-.^_`|~09azAZ: b\r\n",
        b"Connection: close, host\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
        b"Some-Name: sixteen bytes and more, to leave the narrow path\r\n",
    ];
    let bad: [&[u8]; 36] = [
        b"A: b\n",
        b"A: b\n\r\n",
        b"A: b\r",
        b"A: b\rB: c\r\n",
        b"A: b\r\r\n",
        b"A: b\x00c\r\n",
        b"A: \x00\r\n",
        b"A: \x01\r\n",
        b"A: b\x0bc\r\n",
        b"A: b\x0c\r\n",
        b"A: \x1b[0m\r\n",
        b"A: \x7f\r\n",
        b"A: sixteen bytes and more, and then a \x00\r\n",
        b"A: \x00sixteen bytes and more, but first a zero\r\n",
        b"A: sixteen bytes \r and more, with a stray one\r\n",
        b"A : b\r\n",
        b"A\t: b\r\n",
        b"A\x0b: b\r\n",
        b"A\x00: b\r\n",
        b"\x00A: b\r\n",
        b": b\r\n",
        b":\r\n",
        b"A\r\n",
        b"A b: c\r\n",
        b"A\r: b\r\n",
        b"\xe9: b\r\n",
        b"\"A\": b\r\n",
        b"(A): b\r\n",
        b"A,B: c\r\n",
        b" A: b\r\n",
        b"\tA: b\r\n",
        b"A: b\r\n c\r\n",
        b"A: b\r\n\tc\r\n",
        b"A: b\r\n \r\n",
        b"\n",
        b"\r",
    ];
    let many = b"A: b\r\n".repeat(8);
    good.map(|line| passes(with(line)))
        .into_iter()
        .chain(bad.map(|line| rejected(with(line), 0, BadRequest)))
        .chain([rejected(with(&many), 0, HeadTooLarge)])
        .chain([rejected(with(&[b"A: ".as_slice(), &[b'x'; 512]].concat()), 0, HeadTooLarge)])
}
