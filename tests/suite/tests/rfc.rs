//! What RFC 9110 and RFC 9112 demand of a gateway, on the wire: what goes in, what the origin sees, what comes back.
//!
//! Interim responses and expectations have a file of their own (`interim.rs`), and so have changes of protocol
//! (`upgrade.rs`) and requests that can be read in two ways (`smuggling.rs`).

use sandgate_tests::{Case, Ending, Origin, Sandgate, answer_case, case, raw_case, run_cases};

/// A GET with further fields, after which the connection ends.
fn get_with(claim: &str, fields: &str) -> Case {
    case(claim, &format!("GET / HTTP/1.1\nhost: test.example\n{fields}connection: close\n\n"))
}

/// A POST with these framing fields and this body.
fn post(claim: &str, fields: &str, body: &str) -> Case {
    case(claim, &format!("POST / HTTP/1.1\nhost: test.example\nconnection: close\n{fields}\n{body}"))
}

/// A request line before good fields.
fn line(claim: &str, line: &str) -> Case {
    case(claim, &format!("{line}\nhost: test.example\nconnection: close\n\n"))
}

#[test]
fn request_lines_and_hosts() {
    run_cases(vec![
        line("a higher minor version counts as 1.1 (9110 2.5)", "GET / HTTP/1.2")
            .sees("GET / HTTP/1.1\n")
            .gets_status(200),
        line("so does the highest", "GET /a HTTP/1.9").sees("GET /a HTTP/1.1\n").gets_status(200),
        line("another major version is not served (9110 15.6.6)", "GET / HTTP/2.0")
            .is_not_forwarded()
            .gets_status(505),
        line("nor is that before", "GET / HTTP/0.9").is_not_forwarded().gets_status(505),
        line("an unknown method passes (9110 9.1)", "X-OWN /a HTTP/1.1").sees("X-OWN /a HTTP/1.1\n"),
        line("methods have a case", "get / HTTP/1.1").sees("get / HTTP/1.1\n"),
        line("CONNECT is no gateway's, and 405 names methods (9110 15.5.6)", "CONNECT a:80 HTTP/1.1")
            .is_not_forwarded()
            .gets_status(405)
            .gets("allow: GET, "),
        line("two spaces are not one (9112 3)", "GET  / HTTP/1.1").is_not_forwarded().gets_status(400),
        line("nor is a tab one", "GET\t/ HTTP/1.1").is_not_forwarded().gets_status(400),
        line("a fragment is no part of a target (9112 3.2)", "GET /a#b HTTP/1.1").gets_status(400),
        line("a target without a form is refused (9112 3.2)", "GET a HTTP/1.1").gets_status(400),
        line("`*` is for OPTIONS alone (9112 3.2.4)", "GET * HTTP/1.1").gets_status(400),
        line("OPTIONS may ask for the whole server (9112 3.2.4)", "OPTIONS * HTTP/1.1")
            .sees("OPTIONS * HTTP/1.1\n")
            .gets_status(200),
        case("one empty line may come first (9112 2.2)", "\nGET / HTTP/1.1\nhost: a\nconnection: close\n\n")
            .gets_status(200),
        case("a Host must be there (9112 3.2)", "GET / HTTP/1.1\n\n").is_not_forwarded().gets_status(400),
        case("only one (9112 3.2)", "GET / HTTP/1.1\nhost: a\nhost: a\n\n")
            .is_not_forwarded()
            .gets_status(400),
        case("a valid one (9112 3.2)", "GET / HTTP/1.1\nhost: a b\n\n").is_not_forwarded().gets_status(400),
        case("without a user (9110 4.2.4)", "GET / HTTP/1.1\nhost: u@a\n\n")
            .is_not_forwarded()
            .gets_status(400),
        case(
            "an absolute target wins over Host, which is written anew (9112 3.2.2)",
            "GET http://b.example/x?y HTTP/1.1\nhost: a.example\nconnection: close\n\n",
        )
        .sees("GET /x?y HTTP/1.1\n")
        .sees("host: b.example\n")
        .sees_no("host: a.example"),
        case(
            "an absolute target without a path has the root's (9112 3.2.1)",
            "GET http://b.example?q HTTP/1.1\nhost: a\nconnection: close\n\n",
        )
        .sees("GET /?q HTTP/1.1\n"),
        case("HTTP/1.0 may leave Host out; we may not (9112 3.2)", "GET /old HTTP/1.0\n\n")
            .sees("GET /old HTTP/1.1\n")
            .sees("\nhost: 127.0.0.1:")
            .gets("HTTP/1.0 200 OK\n"),
    ]);
}

#[test]
fn fields_of_requests() {
    let request = |claim: &str, field: &[u8]| {
        raw_case(claim, [b"GET / HTTP/1.1\r\nhost: a\r\n", field, b"\r\n\r\n"].concat())
            .is_not_forwarded()
            .gets_status(400)
    };
    run_cases(vec![
        request("no space before a colon (9112 5.1)", b"x : y"),
        request("no tab there either", b"x\t: y"),
        request("no continued line (9112 5.2)", b"x: y\r\n z"),
        request("no CR alone (9112 2.2)", b"x: y\rz"),
        request("no LF alone (9112 2.2)", b"x: y\nz: w"),
        request("no NUL (9110 5.5)", b"x: y\0z"),
        request("no name without a colon (9112 5)", b"x"),
        request("no empty name", b": y"),
        get_with("empty values pass (9110 5.5)", "x-empty:\n").sees("x-empty:"),
        get_with("white space around a value is none of it (9112 5)", "x-a: \t b c \t\n").sees("x-a: b c\n"),
        get_with("values of one name keep their order (9110 5.3)", "x-a: 1\nx-b: 2\nx-a: 3\n")
            .sees("x-a: 1\n")
            .sees("x-a: 3\n"),
        get_with("Via is added (9110 7.6.3)", "").sees("via: 1.1 sandgate\n"),
        get_with("and added after those before", "via: 1.0 fred, 1.1 p\n")
            .sees("via: 1.0 fred, 1.1 p\nvia: 1.1 sandgate\n"),
        case("Via tells what came", "GET / HTTP/1.0\nhost: a\n\n").sees("via: 1.0 sandgate\n"),
    ]);
}

#[test]
fn fields_of_the_clients_connection() {
    let keeps = |name: &str| {
        let fields = format!("{name}: kept\nconnection: {name}\n");
        get_with(&format!("Connection can't take {name} away"), &fields).sees(&format!("{name}: kept"))
    };
    run_cases(vec![
        get_with(
            "Connection goes with what it names (9110 7.6.1)",
            "connection: X-Own, x-two\nx-own: 1\nx-two: 2\n",
        )
        .sees_no("x-own")
        .sees_no("x-two")
        .sees_no("connection:"),
        get_with(
            "in each of several Connection fields",
            "connection: x-own\nconnection: ,, x-two ,\nx-own: 1\nx-two: 2\n",
        )
        .sees_no("x-own")
        .sees_no("x-two"),
        raw_case(
            "also beside bytes that are no text",
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: x-own, \xff\r\nconnection: close\r\nx-own: 1\r\n\r\n"
                .to_vec(),
        )
        .sees_no("x-own"),
        get_with("Keep-Alive stays here (9110 7.6.1)", "keep-alive: timeout=5\n").sees_no("keep-alive"),
        get_with("so does Proxy-Connection", "proxy-connection: keep-alive\n").sees_no("proxy-connection"),
        get_with("so does Upgrade that Connection does not name (9110 7.8)", "upgrade: websocket\n")
            .sees_no("upgrade"),
        get_with("so does TE (9110 10.1.4)", "te: gzip;q=0.5\n").sees_no("\nte:"),
        get_with("but for trailers, which Connection then names", "te: gzip, Trailers\n")
            .sees("\nte: trailers\n")
            .sees("\nconnection: te\n"),
        get_with(
            "so does an h2c upgrade with all of it",
            "connection: upgrade, http2-settings\nupgrade: h2c\nhttp2-settings: AAMAAABk\n",
        )
        .sees_no("upgrade")
        .sees_no("http2-settings"),
        get_with("Connection can't take Host away", "connection: host\n").sees("host: test.example\n"),
        post("nor Content-Length", "content-length: 5\nconnection: content-length\n", "hello")
            .sees("content-length: 5\n")
            .sees("hello"),
        keeps("authorization"),
        keeps("cookie"),
        keeps("cache-control"),
        get_with("nor Via", "via: 1.1 before\nconnection: via\n").sees("via: 1.1 before\nvia: 1.1 sandgate"),
        get_with(
            "nor what we say of the client",
            "connection: x-forwarded-for, x-forwarded-proto, x-forwarded-host\n",
        )
        .sees("x-forwarded-for: 127.0.0.1\n")
        .sees("x-forwarded-proto: http\n")
        .sees("x-forwarded-host: test.example\n"),
    ]);
}

#[test]
fn framing_of_requests() {
    let refused =
        |claim: &str, fields: &str, body: &str| post(claim, fields, body).is_not_forwarded().gets_status(400);
    let chunks = |claim: &str, body: &str| post(claim, "transfer-encoding: chunked\n", body);
    run_cases(vec![
        refused(
            "a length and a coding (9112 6.1)",
            "content-length: 5\ntransfer-encoding: chunked\n",
            "0\n\n",
        ),
        refused(
            "a coding that does not end in chunked (9112 6.3)",
            "transfer-encoding: chunked, gzip\n",
            "0\n\n",
        ),
        post("a coding that is not known (9112 6.1)", "transfer-encoding: gzip, chunked\n", "0\n\n")
            .is_not_forwarded()
            .gets_status(501),
        refused("lengths that differ (9112 6.3)", "content-length: 5\ncontent-length: 6\n", "hello!"),
        refused("a length that is no number", "content-length: 5x\n", "hello"),
        refused("a length below zero", "content-length: -5\n", "hello"),
        refused("a length that is a list", "content-length: 5, 5\n", "hello"),
        refused("a length beyond all numbers", "content-length: 99999999999999999999\n", ""),
        post("zeros before a length are left out", "content-length: 005\n", "hello")
            .sees("content-length: 5\n"),
        case(
            "a coding in HTTP/1.0 (9112 6.1)",
            "POST / HTTP/1.0\nhost: a\ntransfer-encoding: chunked\n\n0\n\n",
        )
        .is_not_forwarded()
        .gets_status(400),
        chunks("chunks pass", "5\nhello\n0\n\n").sees("hello").gets_status(200),
        chunks("a size with 0x (9112 7.1)", "0x5\nhello\n0\n\n").gets_status(400),
        chunks("a size with a sign", "+5\nhello\n0\n\n").gets_status(400),
        chunks("a size too large for a number (9112 7.1)", "fffffffffffffffff\nhello\n0\n\n")
            .gets_status(400),
        chunks("data longer than its size", "4\nhello\n0\n\n").gets_status(400),
        chunks("trailers are none of the head (9112 7.1.2)", "5\nhello\n0\nx-trailer: 1\n\n")
            .sees("hello")
            .sees_no("x-trailer: 1\r\nhost")
            .gets_status(200),
        chunks("trailers that frame are refused (9110 6.5.1)", "5\nhello\n0\ncontent-length: 3\n\n")
            .gets_status(400),
        chunks("and those that route", "5\nhello\n0\nhost: evil\n\n").gets_status(400),
    ]);
}

#[test]
fn steps_that_are_counted() {
    let with = |claim: &str, method: &str, fields: &str| {
        case(claim, &format!("{method} /a HTTP/1.1\nhost: a\nconnection: close\n{fields}\n"))
    };
    run_cases(vec![
        with("OPTIONS takes one off (9110 7.6.2)", "OPTIONS", "max-forwards: 5\n").sees("max-forwards: 4\n"),
        with("TRACE does too", "TRACE", "max-forwards: 1\n").sees("max-forwards: 0\n"),
        with("others leave it as it is", "GET", "max-forwards: 0\n").sees("max-forwards: 0\n"),
        with("OPTIONS ends here at 0", "OPTIONS", "max-forwards: 0\n")
            .is_not_forwarded()
            .gets_status(204)
            .gets("allow: GET, "),
        with(
            "TRACE is sent back at 0, without secrets (9110 9.3.8)",
            "TRACE",
            "max-forwards: 0\ncookie: s=1\nx-a: b\n",
        )
        .is_not_forwarded()
        .gets_status(200)
        .gets("content-type: message/http\n")
        .gets("\n\nTRACE /a HTTP/1.1\n")
        .gets("x-a: b\n")
        .gets_no("s=1"),
        with("what is no number is refused", "OPTIONS", "max-forwards: x\n")
            .is_not_forwarded()
            .gets_status(400),
        with("without it they go all the way", "OPTIONS", "")
            .sees("OPTIONS /a HTTP/1.1\n")
            .sees_no("max-forwards"),
        with("TRACE has no content (9110 9.3.8)", "TRACE", "content-length: 1\n")
            .is_not_forwarded()
            .gets_status(400),
    ]);
}

#[test]
fn heads_of_answers() {
    let bad = |claim: &str, answer: &str| answer_case(claim, answer).gets_status(502);
    run_cases(vec![
        answer_case("we speak our own version (9112 2.3)", "HTTP/1.0 200 OK\ncontent-length: 2\n\nok")
            .gets("HTTP/1.1 200 OK\n")
            .gets("via: 1.0 sandgate\n"),
        answer_case("a higher minor version counts as 1.1 (9110 2.5)", "HTTP/1.2 200 OK\ncontent-length: 2\n\nok")
            .gets_status(200)
            .gets("\n\nok"),
        bad("another major version is no answer", "HTTP/2.0 200 OK\ncontent-length: 2\n\nok"),
        bad("a body without a head is none (HTTP/0.9)", "<html>hello</html>\n\n").and_closes(),
        bad("a status has three digits (9112 4)", "HTTP/1.1 20 OK\ncontent-length: 0\n\n"),
        bad("not four", "HTTP/1.1 2000 OK\ncontent-length: 0\n\n"),
        answer_case("a reason may be empty (9112 4)", "HTTP/1.1 200 \ncontent-length: 2\n\nok").gets_status(200),
        answer_case("Date is added (9110 6.6.1)", "HTTP/1.1 200 OK\ncontent-length: 0\n\n").gets("\ndate: "),
        answer_case(
            "and kept",
            "HTTP/1.1 200 OK\ndate: Tue, 15 Nov 1994 08:12:31 GMT\ncontent-length: 0\n\n",
        )
        .gets("date: Tue, 15 Nov 1994 08:12:31 GMT\n"),
        bad("no continued line (9112 5.2)", "HTTP/1.1 200 OK\nx: y\n z\ncontent-length: 0\n\n"),
        answer_case("no space before a colon goes on (9112 5.1)", "HTTP/1.1 200 OK\nx-a : y\ncontent-length: 0\n\n")
            .gets_no("x-a :"),
        bad("no NUL (9110 5.5)", "HTTP/1.1 200 OK\nx: y\0z\ncontent-length: 0\n\n"),
        bad("no CR alone (9112 2.2)", "HTTP/1.1 200 OK\nx: y\rz\ncontent-length: 0\n\n"),
        answer_case(
            "Connection goes with what it names (9110 7.6.1)",
            "HTTP/1.1 200 OK\nconnection: x-own\nx-own: 1\nkeep-alive: timeout=5\nproxy-connection: a\nupgrade: h2c\n\
             content-length: 0\n\n",
        )
        .gets_no("x-own")
        .gets_no("keep-alive")
        .gets_no("proxy-connection")
        .gets_no("upgrade"),
        answer_case(
            "but not with what is the message's",
            "HTTP/1.1 200 OK\nconnection: content-length, set-cookie, cache-control, close\nset-cookie: a=b\n\
             cache-control: no-store\ncontent-length: 2\n\nok",
        )
        .gets("content-length: 2\n")
        .gets("set-cookie: a=b\n")
        .gets("cache-control: no-store\n"),
        answer_case("a 101 that was not asked for (9110 15.2.2)", "HTTP/1.1 101 X\nupgrade: x\nconnection: upgrade\n\n")
            .gets_status(502),
    ]);
}

#[test]
fn framing_of_answers() {
    let bad = |claim: &str, answer: &str| answer_case(claim, answer).gets_status(502);
    run_cases(vec![
        bad("lengths that differ (9112 6.3)", "HTTP/1.1 200 OK\ncontent-length: 2\ncontent-length: 3\n\nok!"),
        bad("a length that is no number", "HTTP/1.1 200 OK\ncontent-length: 2x\n\nok"),
        bad("a length below zero", "HTTP/1.1 200 OK\ncontent-length: -2\n\nok"),
        bad("a length with a plus", "HTTP/1.1 200 OK\ncontent-length: +2\n\nok"),
        bad(
            "a length and a coding (9112 6.3)",
            "HTTP/1.1 200 OK\ncontent-length: 50\ntransfer-encoding: chunked\n\n2\nok\n0\n\n",
        ),
        bad(
            "a coding and a length",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\ncontent-length: 2\n\n2\nok\n0\n\n",
        ),
        bad(
            "a coding that we can't take off (9112 6.1)",
            "HTTP/1.1 200 OK\ntransfer-encoding: gzip, chunked\n\n2\nok\n0\n\n",
        ),
        bad("nor one without chunks", "HTTP/1.1 200 OK\ntransfer-encoding: gzip\n\nok").and_closes(),
        bad(
            "a coding twice",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\ntransfer-encoding: chunked\n\n2\nok\n0\n\n",
        ),
        bad("a coding in HTTP/1.0 (9112 6.1)", "HTTP/1.0 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\n\n")
            .and_closes(),
        answer_case("chunks pass", "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\n\n")
            .gets("\n2\nok\n0\n\n"),
        answer_case(
            "their extensions do not (9112 7.1.1)",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2;x=\"y\"\nok\n0;z\n\n",
        )
        .gets("\n2\nok\n0\n\n"),
        answer_case(
            "trailers that nobody asked for are left out (9110 6.5.1)",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\nx-trailer: 1\n\n",
        )
        .gets_no("x-trailer"),
        answer_case(
            "chunks that break off are passed on as broken (9112 8)",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n",
        )
        .and_closes()
        .gets("\n2\nok\n")
        .gets_no("\n0\n\n"),
        answer_case(
            "a size that is none breaks off",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0x2\nok\n0\n\n",
        )
        .gets_no("\n0\n\n"),
        answer_case(
            "a size beyond all numbers too",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\nfffffffffffffffff\nok\n0\n\n",
        )
        .gets_no("\n0\n\n"),
    ]);
}

#[test]
fn ends_of_answers() {
    run_cases(vec![
        answer_case(
            "204 has no body, whatever follows (9112 6.3)",
            "HTTP/1.1 204 No Content\ncontent-length: 5\n\nevil!",
        )
        .gets_status(204)
        .gets_no("content-length")
        .gets_no("evil"),
        answer_case("nor has 304", "HTTP/1.1 304 Not Modified\netag: \"a\"\n\nevil!")
            .gets("etag: \"a\"")
            .gets_no("evil"),
        case("nor has the answer to HEAD", "HEAD / HTTP/1.1\nhost: a\nconnection: close\n\n")
            .answer("HTTP/1.1 200 OK\ncontent-length: 5\n\nevil!")
            .gets("content-length: 5\n")
            .gets_no("evil"),
        answer_case(
            "what comes after an answer is none",
            "HTTP/1.1 200 OK\ncontent-length: 2\n\nokHTTP/1.1 200 OK\ncontent-length: 4\n\nevil",
        )
        .gets("\n\nok")
        .gets_no("evil"),
        case("HTTP/1.0 is never sent chunks (9112 6.1)", "GET / HTTP/1.0\nhost: a\n\n")
            .answer("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\n\n")
            .gets("\n\nok")
            .gets_no("transfer-encoding"),
        case(
            "a body that ends with the connection is whole",
            "GET / HTTP/1.1\nhost: a\nconnection: close\n\n",
        )
        .answer("HTTP/1.0 200 OK\n\nto the end")
        .and_closes()
        .gets("to the end")
        .gets("\n0\n\n"),
    ]);
}

#[test]
fn a_truncated_body_with_a_length_reaches_the_client_as_truncated() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    });
    let sandgate = Sandgate::before(&[&origin]);
    let response = sandgate.client().get("/");
    assert_eq!((response.body.as_slice(), response.ending), (&b"half"[..], Ending::Truncated));
}

#[test]
fn extensions_of_chunks_and_trailers_that_nobody_declared_do_not_reach_the_origin() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        let body = connection.wire.receive(15).unwrap();
        assert_eq!(body, b"5\r\nhello\r\n0\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = "5;a=b;c=\"d;e\"\r\nhello\r\n0;x\r\nx-trailer: 1\r\n\r\n";
    assert_eq!(sandgate.client().send(format!("{head}{body}")).response().status(), 200);
}
