//! Requests that two parsers could read in two ways. Each is refused, or goes on in a form that can be read in one: the
//! origin never sees two requests where one came, nor a request that was hidden in another's body.
//!
//! The table also checks of everything that reaches an origin that it is framed once.

use sandgate_tests::{Case, raw_case, run_cases};

/// The request that must never be seen as one.
const HIDDEN: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

/// A POST with further lines in its head, and a body.
fn post(fields: &[u8], body: &[u8]) -> Vec<u8> {
    [b"POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", fields, b"\r\n", body].concat()
}

/// A body in chunks whose last is empty, and then the hidden request.
fn chunks_then_hidden() -> Vec<u8> {
    [b"0\r\n\r\n", HIDDEN.as_bytes()].concat()
}

fn refused(kind: &str, bytes: Vec<u8>) -> Case {
    let claim = format!("{kind} {}", bytes.escape_ascii());
    raw_case(&claim, bytes).is_not_forwarded().is_refused()
}

fn refused_all(kind: &'static str, fields: &[&[u8]]) -> Vec<Case> {
    let body = chunks_then_hidden();
    fields.iter().map(|field| refused(kind, post(field, &body))).collect()
}

/// It goes on as one request, with the hidden one as data or not at all.
fn forwarded(kind: &str, bytes: Vec<u8>) -> Case {
    let claim = format!("{kind} {}", bytes.escape_ascii());
    raw_case(&claim, bytes).sees_requests(1).sees_only("/a").gets(" 200 OK\n")
}

/// A body that is refused when its head has gone on already: nothing hidden in it is seen as a request.
fn broken(kind: &str, body: &[u8]) -> Case {
    let bytes = post(b"transfer-encoding: chunked\r\n", &[body, HIDDEN.as_bytes()].concat());
    let claim = format!("{kind} {}", bytes.escape_ascii());
    raw_case(&claim, bytes).sees_only("/a").is_refused()
}

#[test]
fn lengths_and_codings_together() {
    run_cases(refused_all(
        "CL and TE",
        &[
            b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
            b"transfer-encoding: chunked\r\ncontent-length: 5\r\n",
            b"content-length: 0\r\ntransfer-encoding: chunked\r\n",
            b"content-length: 5\r\ntransfer-encoding: identity\r\n",
            b"content-length: 5\r\ntransfer-encoding: xchunked\r\n",
            b"content-length: 5\r\ntransfer-encoding:\r\n",
            b"transfer-encoding: chunked\r\ncontent-length: 5\r\ncontent-length: 5\r\n",
            b"content-length: 5\r\nx: y\r\nTRANSFER-ENCODING: CHUNKED\r\n",
            b"content-length: 5\r\nconnection: transfer-encoding\r\ntransfer-encoding: chunked\r\n",
            b"transfer-encoding: chunked\r\nconnection: content-length\r\ncontent-length: 5\r\n",
        ],
    ));
}

#[test]
fn values_of_codings() {
    let values: [&[u8]; 26] = [
        b"xchunked",
        b"chunkedx",
        b"\x0bchunked",
        b"\x0cchunked",
        b"chunked\x0b",
        b"chunked\x0c",
        b"chunked\0",
        b"\0chunked",
        b"\x85chunked",
        b"\xa0chunked",
        b"chunked\xa0",
        b"\"chunked\"",
        b"'chunked'",
        b"chunked;q=1",
        b"chunked; x",
        b"chunked, identity",
        b"identity, chunked, identity",
        b"chunked,",
        b",chunked",
        b"chunked chunked",
        b"chunked, chunked",
        b"identity",
        b"cow",
        b"gzip",
        b"",
        b"chunked\r\ntransfer-encoding: chunked",
    ];
    let lines = values.map(|value| [b"transfer-encoding: ", value, b"\r\n"].concat());
    run_cases(lines.iter().flat_map(|line| refused_all("TE value", &[line])).collect());
}

#[test]
fn codings_that_are_plain_after_all() {
    let lines: [&[u8]; 5] = [
        b"transfer-encoding:chunked\r\n",
        b"transfer-encoding: \tchunked \t\r\n",
        b"Transfer-Encoding: ChUnKeD\r\n",
        b"transfer-encoding: chunked\r\nconnection: transfer-encoding\r\n",
        b"transfer-encoding: chunked\r\nte: chunked, trailers\r\n",
    ];
    let body = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    run_cases(lines.iter().map(|line| forwarded("TE", post(line, body.as_bytes())).sees(HIDDEN)).collect());
}

#[test]
fn names_of_framing_fields() {
    run_cases(refused_all(
        "name",
        &[
            b"transfer-encoding : chunked\r\n",
            b"transfer-encoding\t: chunked\r\n",
            b" transfer-encoding: chunked\r\n",
            b"\ttransfer-encoding: chunked\r\n",
            b"\x0btransfer-encoding: chunked\r\n",
            b"transfer-encoding\x0b: chunked\r\n",
            b"transfer-encoding\0: chunked\r\n",
            b"transfer-encoding\xa0: chunked\r\n",
            b"transfer encoding: chunked\r\n",
            b"transfer_encoding: chunked\r\n",
            b"transfer-encoding chunked\r\n",
            b"transfer-encoding\r\n: chunked\r\n",
            b"transfer-encoding:\r\n chunked\r\n",
            b"x: y\r\n transfer-encoding: chunked\r\n",
            b"x: y\rtransfer-encoding: chunked\r\n",
            b"x: y\ntransfer-encoding: chunked\r\n",
            b"x: y\0\r\ntransfer-encoding: chunked\r\n",
            b": chunked\r\ntransfer-encoding: chunked\r\n",
            b"content-length : 5\r\n",
            b"content-length\t: 5\r\n",
            b" content-length: 5\r\n",
            b"content_length: 5\r\n",
            b"content-length\x0c: 5\r\n",
            b"content length: 5\r\n",
            b"content-\r\nlength: 5\r\n",
            b"content-length\xc2\xa0: 5\r\n",
        ],
    ));
}

#[test]
fn values_of_lengths() {
    let values: [&[u8]; 26] = [
        b"+5",
        b"-5",
        b"--5",
        b"0x5",
        b"0b101",
        b"5,5",
        b"5, 6",
        b"5,",
        b",5",
        b"5 5",
        b"5\t5",
        b"5.0",
        b"5e0",
        b"5;",
        b"\"5\"",
        b"",
        b"five",
        b"5\0",
        b"5\x0b",
        b"\x0c5",
        b"5\xa0",
        b"\xef\xbc\x95",
        b"18446744073709551621",
        b"99999999999999999999999",
        b"5\r\n 5",
        b"5\r\ncontent-length: 5",
    ];
    let lines = values.map(|value| [b"content-length: ", value, b"\r\n"].concat());
    run_cases(lines.iter().flat_map(|line| refused_all("CL value", &[line])).collect());
}

#[test]
fn lengths_that_are_plain_after_all() {
    let length = HIDDEN.len();
    let request = |method: &str, fields: &str| {
        let head = format!("{method} /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{fields}\r\n");
        forwarded(method, format!("{head}{HIDDEN}").into_bytes()).sees(HIDDEN)
    };
    let plain = format!("content-length: {length}\r\n");
    let mut cases: Vec<_> =
        ["GET", "DELETE", "OPTIONS", "POST", "x"].iter().map(|method| request(method, &plain)).collect();
    cases.extend([
        request("POST", &format!("content-length: 000{length}\r\n")),
        request("POST", &format!("content-length:\t {length} \t\r\n")),
        request("POST", &format!("{plain}connection: content-length\r\n")),
        request("POST", &format!("{plain}connection: close, content-length, transfer-encoding\r\n")),
        request("POST", &format!("{plain}connection: upgrade\r\nupgrade: websocket\r\n")),
        request(
            "POST",
            &format!("{plain}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\n"),
        ),
        request("GET", &format!("{plain}x-http-method-override: POST\r\n")),
        request("POST", &format!("{plain}trailer: content-length\r\n")),
    ]);
    run_cases(cases);
}

#[test]
fn ends_of_lines() {
    let heads: [&[u8]; 14] = [
        b"POST /a HTTP/1.1\nhost: a\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\n\n",
        b"POST /a HTTP/1.1\nhost: a\n\n",
        b"POST /a HTTP/1.1\rhost: a\r\r",
        b"POST /a HTTP/1.1\r\nhost: a\r\r\n\r\n",
        b"POST /a HTTP/1.1\r\r\nhost: a\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\nx: y\r\n\rz: w\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\nx: \r\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\nx: y\x0b\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\nx: y\0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\nx: y\x1f\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\nx: y\x7f\r\n\r\n",
        b"\r\n\r\nPOST /a HTTP/1.1\r\nhost: a\r\n\r\n",
    ];
    run_cases(heads.iter().map(|head| refused("line end", [head, HIDDEN.as_bytes()].concat())).collect());
}

#[test]
fn sizes_and_ends_of_chunks() {
    let bodies: [&[u8]; 36] = [
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"\t5\r\nhello\r\n0\r\n\r\n",
        b"5\t\r\nhello\r\n0\r\n\r\n",
        b"5\x0b\r\nhello\r\n0\r\n\r\n",
        b"5\0\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b"5.0\r\nhello\r\n0\r\n\r\n",
        b"5,5\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"\"5\"\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffff5\r\nhello\r\n0\r\n\r\n",
        b"0000000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\rhello\r\n0\r\n\r\n",
        b"5\r\rhello\r\n0\r\n\r\n",
        b"5;\nhello\r\n0\r\n\r\n",
        b"5;a\nhello\r\n0\r\n\r\n",
        b"5;a=\"\r\nhello\r\n0\r\n\r\n",
        b"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        b"5;a\0\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\r0\r\n\r\n",
        b"5\r\nhelloworld\r\n0\r\n\r\n",
        b"6\r\nhello\r\n0\r\n\r\n",
        b"0\n\n",
        b"0\r\n\n",
        b"0\r\nx : y\r\n\r\n",
        b"0\r\nx: y\n\r\n",
        b"0\r\n x: y\r\n\r\n",
    ];
    run_cases(bodies.iter().map(|body| broken("chunk", body)).collect());
}

#[test]
fn trailers_that_would_change_the_message() {
    let names = [
        "content-length",
        "transfer-encoding",
        "host",
        "content_length",
        "authorization",
        "te",
        "connection",
    ];
    let trailers = names.map(|name| format!("5\r\nhello\r\n0\r\n{name}: 5\r\n\r\n"));
    run_cases(trailers.iter().map(|body| broken("trailer", body.as_bytes())).collect());
}

#[test]
fn extensions_of_chunks_hide_nothing() {
    let size = HIDDEN.len();
    let bodies = [
        format!("{size:x};a\r\n{HIDDEN}\r\n0\r\n\r\n"),
        format!("{size:x};a=\"5\"\r\n{HIDDEN}\r\n0;b\r\n\r\n"),
        format!("{size:X} \r\n{HIDDEN}\r\n0\r\n\r\n").replace(" \r\n", ";x=y \r\n"),
        format!("00{size:x}\r\n{HIDDEN}\r\n000\r\n\r\n"),
    ];
    let post = |body: &String| post(b"transfer-encoding: chunked\r\n", body.as_bytes());
    run_cases(bodies.iter().map(|body| forwarded("extension", post(body)).sees(HIDDEN)).collect());
}

#[test]
fn request_lines() {
    let lines: [&[u8]; 34] = [
        b"POST /a",
        b"POST /a ",
        b"POST /a HTTP/1.1 ",
        b"POST /a  HTTP/1.1",
        b"POST  /a HTTP/1.1",
        b"POST\t/a HTTP/1.1",
        b"POST /a\tHTTP/1.1",
        b"POST\x0b/a HTTP/1.1",
        b"POST /a\x0cHTTP/1.1",
        b"POST /a HTTP/1.1\x0b",
        b"POST /a HTTP/1.1\0",
        b" POST /a HTTP/1.1",
        b"\0POST /a HTTP/1.1",
        b"POST /a HTTP/1.1 HTTP/1.1",
        b"POST /a b HTTP/1.1",
        b"POST /a HTTP/1.11",
        b"POST /a HTTP/11.1",
        b"POST /a HTTP/1.1e0",
        b"POST /a HTTP/1,1",
        b"POST /a HTTP/1",
        b"POST /a HTTP /1.1",
        b"POST /a http/1.1",
        b"POST /a HTTQ/1.1",
        b"POST /a\0 HTTP/1.1",
        b"POST /a\x7f HTTP/1.1",
        b"POST /\xc3\xa9 HTTP/1.1",
        b"P\xd6ST /a HTTP/1.1",
        b"PO(ST /a HTTP/1.1",
        b"POST: /a HTTP/1.1",
        b"POST a HTTP/1.1",
        b"POST http:///a HTTP/1.1",
        b"POST http://u@a/a HTTP/1.1",
        b"POST ftp://a/a HTTP/1.1",
        b"SANDGATE-REJECT /a HTTP/1.1",
    ];
    let request = |line: &&[u8]| [line, &b"\r\nhost: a\r\n\r\n"[..], HIDDEN.as_bytes()].concat();
    run_cases(lines.iter().map(|line| refused("request line", request(line))).collect());
}

#[test]
fn hosts() {
    let fields: [&[u8]; 16] = [
        b"x: y\r\n",
        b"host: a\r\nhost: b\r\n",
        b"host: a\r\nHOST: a\r\n",
        b"host: a, b\r\n",
        b"host: a b\r\n",
        b"host: a\r\n b\r\n",
        b"host: a/b\r\n",
        b"host: a?b\r\n",
        b"host: a#b\r\n",
        b"host: u@a\r\n",
        b"host: a:80:81\r\n",
        b"host: a:b\r\n",
        b"host: [::1\r\n",
        b"host: a\\b\r\n",
        b"host: \xe9\r\n",
        b"host : a\r\n",
    ];
    let request = |fields: &&[u8]| {
        [b"GET /a HTTP/1.1\r\nconnection: close\r\n", *fields, b"\r\n", HIDDEN.as_bytes()].concat()
    };
    let mut cases: Vec<_> = fields.iter().map(|fields| refused("host", request(fields))).collect();
    let absolute = b"GET http://b/a HTTP/1.1\r\nhost: c\r\nconnection: close\r\n\r\n".to_vec();
    cases.push(forwarded("absolute", absolute).sees("host: b\n").sees_no("host: c"));
    run_cases(cases);
}

#[test]
fn old_versions_and_bodies_where_none_is_usual() {
    let hidden = |head: &str| format!("{head}{HIDDEN}").into_bytes();
    let length = HIDDEN.len();
    run_cases(vec![
        refused("HTTP/0.9", hidden("GET /a\r\n\r\n")),
        refused("TE in 1.0", hidden("POST /a HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        refused(
            "TE in 1.0",
            hidden("POST /a HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        refused("TRACE with a body", hidden(&format!("TRACE /a HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n"))),
        refused("TRACE in chunks", hidden("TRACE /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        refused("CONNECT", hidden("CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n")),
        forwarded("1.0 and a length", hidden(&format!("POST /a HTTP/1.0\r\nhost: a\r\ncontent-length: {length}\r\n\r\n")))
            .sees(HIDDEN),
        // What follows a request of HTTP/1.0 without keep-alive is nothing.
        forwarded("1.0 and more", hidden("GET /a HTTP/1.0\r\nhost: a\r\n\r\n")),
        // And so is what follows a wish to close.
        forwarded("close and more", hidden("GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")),
        forwarded(
            "an expectation, and the body at once",
            hidden(&format!(
                "POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
            )),
        )
        .sees(HIDDEN),
    ]);
}
