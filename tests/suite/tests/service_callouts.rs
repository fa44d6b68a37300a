//! Requests that services send, by `wasi:http` 0.2 and 0.3: bodies go both ways at the same time, and what breaks off is known to.

use std::fs;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use h2::SendStream;
use http::{HeaderMap, Response};
use sandgate_tests::{
    Connection, Ending, Gate, Http2Origin, Origin, PATIENCE, RawClient, Sandgate, guest, wait_for, yaml,
};

/// A component, and what it passes on by: through its hands, or without a look at it.
const RELAYS: [(&str, &str); 3] = [("answerer", "/relay"), ("streamer", "/relay"), ("streamer", "/relay-on")];
/// The components by either version.
const BOTH: [&str; 2] = ["answerer", "streamer"];
/// A part of a long body, how many there are, and of one that would be seen if it were held.
const PART: usize = 1 << 20;
const PARTS: usize = 8;
const MANY_PARTS: usize = 48;
/// The same of one that is longer than the windows of HTTP/2.
const HTTP2_PARTS: usize = 1;
/// An error's code, and what it says.
const INCOMPLETE: [&str; 2] = ["HttpResponseIncomplete", "incomplete HTTP response"];
const TIMEOUT: [&str; 2] = ["HttpResponseTimeout", "HTTP response timeout"];
/// An answer that says what it is asked, from the first byte on.
const ECHO_HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-end\r\n\r\n";

/// Begins to answer before there is a body, and then says what comes: the chunks of the request are those of the answer.
fn echo_at_once(mut connection: Connection) {
    while connection.request_head().is_some() {
        connection.send(ECHO_HEAD);
        let mut last = Vec::new();
        while !last.ends_with(b"\r\n\r\n") || !last.windows(3).any(|bytes| bytes == b"0\r\n") {
            let Ok(part) = connection.wire.receive_some() else { return };
            if part.is_empty() {
                return;
            }
            last.extend_from_slice(&part);
            last.drain(..last.len().saturating_sub(64));
            connection.send(part);
        }
    }
}

/// The same by HTTP/2.
fn echo_by_http2() -> Http2Origin {
    Http2Origin::scripted(|mut exchange| async move {
        let head = Response::builder().header("trailer", "x-end").body(()).unwrap();
        let mut answer = exchange.respond.send_response(head, false).unwrap();
        while let Some(Ok(mut data)) = exchange.body.data().await {
            let _over = exchange.body.flow_control().release_capacity(data.len());
            while !data.is_empty() {
                let Some(room) = room_for(&mut answer, data.len()).await else { return };
                let _gone = answer.send_data(data.split_to(room.min(data.len())), false);
            }
        }
        let trailers = exchange.body.trailers().await.ok().flatten();
        let _gone = match trailers {
            Some(trailers) => answer.send_trailers(trailers),
            None => answer.send_data(Bytes::new(), true),
        };
    })
}

/// How much of so many bytes the peer takes now.
async fn room_for(stream: &mut SendStream<Bytes>, length: usize) -> Option<usize> {
    stream.reserve_capacity(length);
    while stream.capacity() == 0 {
        std::future::poll_fn(|cx| stream.poll_capacity(cx)).await?.ok()?;
    }
    Some(stream.capacity().min(length))
}

#[test]
fn what_is_relayed_streams_both_ways() {
    let (http1, http2) = (Origin::scripted(echo_at_once), echo_by_http2());
    for (component, path) in RELAYS {
        for url in [http1.url(), http2.url()] {
            let sandgate = start(component, "", &url);
            let mut client = sandgate.client();
            client.send(format!(
                "POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            ));
            assert_eq!(client.head().status(), 200, "{component} {path} {url}: before there is any body");
            for word in ["one", "two"] {
                client.send(format!("3\r\n{word}\r\n"));
                assert_eq!(client.bytes(8), format!("3\r\n{word}\r\n").as_bytes(), "before the next is sent");
            }
            client.send("0\r\n\r\n");
            assert_eq!(client.bytes(5), b"0\r\n\r\n");
            wait_for("the guest to end", PATIENCE, || calls(&sandgate) == 1.0);
            assert_eq!(faults(&sandgate), 0.0, "{component} {path} {url}");
        }
    }
}

#[test]
fn trailers_are_relayed_both_ways() {
    let (http1, http2) = (Origin::scripted(echo_at_once), echo_by_http2());
    for (component, path) in RELAYS {
        for url in [http1.url(), http2.url()] {
            let sandgate = start(component, "", &url);
            let mut client = sandgate.client();
            client.send(format!(
                "POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\nte: trailers\r\ntrailer: x-end\r\n\
                 transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-end: yes\r\n\r\n"
            ));
            let answer = client.response();
            assert_eq!(
                (answer.text().as_str(), answer.trailers.as_slice()),
                ("hi", [("x-end".to_owned(), "yes".to_owned())].as_slice()),
                "{component} {path} {url}"
            );
        }
    }
}

#[test]
fn a_body_longer_than_all_buffers_is_relayed_while_it_is_sent() {
    let origin = Origin::scripted(echo_at_once);
    RELAYS.into_iter().for_each(|relay| long_body_there_and_back(relay, &origin.url(), PARTS));
}

#[test]
fn a_body_longer_than_all_buffers_is_relayed_by_http2_while_it_is_sent() {
    let origin = echo_by_http2();
    RELAYS.into_iter().for_each(|relay| long_body_there_and_back(relay, &origin.url(), HTTP2_PARTS));
}

#[test]
fn what_is_relayed_is_held_nowhere() {
    let origin = Origin::scripted(echo_at_once);
    let sandgate = start("answerer", "wall: 60s, cpu: 60s,", &origin.url());
    assert_eq!(there_and_back(&sandgate, "/relay", 1), PART);
    // From now on the peak is counted anew.
    fs::write(format!("/proc/{}/clear_refs", sandgate.pid()), "5").unwrap();
    let before = peak_kib(&sandgate);
    assert_eq!(there_and_back(&sandgate, "/relay", MANY_PARTS), MANY_PARTS * PART);
    let grown = peak_kib(&sandgate).saturating_sub(before);
    assert!(grown < MANY_PARTS * (PART >> 10) * 3 / 4, "{grown} KiB more than before, of two such bodies");
}

fn long_body_there_and_back((component, path): (&str, &str), url: &str, parts: usize) {
    let sandgate = start(component, "wall: 60s, cpu: 60s,", url);
    assert_eq!(there_and_back(&sandgate, path, parts), parts * PART, "{component} {path} {url}");
}

/// Sends so many parts, and takes what comes back meanwhile: how much that is.
fn there_and_back(sandgate: &Sandgate, path: &str, parts: usize) -> usize {
    let mut client = RawClient::connect(sandgate.web());
    let mut sender = client.wire().other_hand();
    let head = format!("POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    let sending = thread::spawn(move || {
        sender.send(head)?;
        let part = [format!("{PART:x}\r\n").into_bytes(), vec![b'x'; PART], b"\r\n".to_vec()].concat();
        (0..parts).try_for_each(|_| sender.send(&part))?;
        sender.send("0\r\n\r\n")
    });
    let answer = client.response();
    sending.join().unwrap().unwrap();
    assert_eq!(answer.ending, Ending::Complete);
    answer.body.len()
}

#[test]
fn a_body_whose_length_is_told_goes_on_with_it() {
    let origin = Origin::answering(|request| {
        let length = request.field("content-length").unwrap_or("none").to_owned();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{length}", length.len()).into_bytes()
    });
    for (component, path) in RELAYS {
        let sandgate = start(component, "", &origin.url());
        let asked = |path: &str| sandgate.client().post(&format!("{path}?http://api/"), "four").text();
        assert_eq!(asked(path), "4", "{component} {path}");
        assert_eq!(sandgate.client().get("/ask?http://api/").text(), "200 none", "{component}");
    }
    for request in origin.requests().iter().filter(|request| request.method() == "GET") {
        assert_eq!(
            request.field("transfer-encoding"),
            None,
            "a body that was opened and not written is none"
        );
    }
}

#[test]
fn an_answer_that_breaks_off_is_not_taken_for_whole() {
    for framing in ["content-length: 100\r\n\r\nso far", "transfer-encoding: chunked\r\n\r\n6\r\nso far\r\n"]
    {
        let origin = Origin::scripted(move |mut connection| {
            connection.request();
            connection.send(format!("HTTP/1.1 200 OK\r\n{framing}"));
        });
        for component in BOTH {
            let sandgate = start(component, "", &origin.url());
            let said = sandgate.client().get("/ask?http://api/").text();
            assert!(is_code(&said, INCOMPLETE), "{component}: {said}");
        }
        for (component, path) in RELAYS {
            let sandgate = start(component, "", &origin.url());
            let mut client = sandgate.client();
            client.send(format!("POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"));
            let came = client.rest_or_break();
            assert!(!came.ends_with(b"0\r\n\r\n"), "{component} {path}: {}", String::from_utf8_lossy(&came));
            assert_eq!(sandgate.access_line(1)["fault"], "upstream_truncated", "{component} {path}");
            assert_eq!(faults(&sandgate), 0.0, "{component} {path}: the plugin is not to blame");
        }
    }
}

#[test]
fn an_answer_of_http2_that_is_reset_is_not_taken_for_whole() {
    let origin = Http2Origin::scripted(|exchange| async move {
        let mut answer = exchange.begin(Response::new(()));
        let _gone = answer.send_data(Bytes::from("so far"), false);
        tokio::task::yield_now().await;
        answer.send_reset(h2::Reason::INTERNAL_ERROR);
    });
    for component in BOTH {
        let said = start(component, "", &origin.url()).client().get("/ask?http://api/").text();
        assert!(is_code(&said, INCOMPLETE), "{component}: {said}");
    }
}

#[test]
fn a_request_that_is_not_brought_to_its_end_is_not_taken_for_whole() {
    for component in BOTH {
        for path in ["/stop-half", "/trap-half"] {
            let (origin, came) = listening(if path == "/trap-half" { ECHO_HEAD } else { "" });
            let sandgate = start(component, "", &origin.url());
            let said = sandgate.client().get(&format!("{path}?http://api/")).text();
            if path == "/stop-half" {
                assert!(said.contains("HttpProtocolError"), "{component}: {said}");
            }
            let came = came.recv_timeout(PATIENCE).unwrap();
            assert!(!came.ends_with("0\r\n\r\n"), "{component} {path}: {came}");
        }
    }
}

#[test]
fn a_guest_that_is_done_takes_its_request_along() {
    let (origin, came) = listening("");
    let sandgate = start("answerer", "", &origin.url());
    assert_eq!(sandgate.client().get("/leave-half?http://api/").text(), "left");
    wait_for("the guest to end", PATIENCE, || calls(&sandgate) == 1.0);
    if origin.connections() > 0 {
        let came = came.recv_timeout(PATIENCE).unwrap();
        assert!(!came.ends_with("0\r\n\r\n"), "{came}");
    }
}

/// An origin that says no more than this, and what came over its first connection until that ended.
fn listening(says: &'static str) -> (Origin, Receiver<String>) {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let origin = Origin::scripted(move |mut connection| {
        connection.request_head();
        connection.send(says);
        let came = connection.wire.receive_rest().unwrap_or_default();
        let _gone = tell.lock().unwrap().send(String::from_utf8_lossy(&came).into_owned());
    });
    (origin, told)
}

#[test]
fn a_client_that_leaves_takes_what_is_relayed_along() {
    for (component, path) in RELAYS {
        let over = Gate::default();
        let ended = over.clone();
        let origin = Origin::scripted(move |connection| {
            echo_at_once(connection);
            ended.open();
        });
        let sandgate = start(component, "", &origin.url());
        let mut client = sandgate.client();
        client.send(format!(
            "POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n"
        ));
        assert_eq!(client.head().status(), 200);
        assert_eq!(client.bytes(7), b"2\r\nhi\r\n");
        drop(client);
        over.pass();
        wait_for("the guest to end", PATIENCE, || calls(&sandgate) == 1.0);
        assert_eq!(faults(&sandgate), 0.0, "{component} {path}");
    }
}

#[test]
fn an_upstream_that_says_nothing_is_given_up() {
    let silent = Origin::hanging();
    let pausing = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nso far");
        connection.hold();
    });
    for component in BOTH {
        for origin in [&silent, &pausing] {
            let sandgate = start(component, "callout_timeout: 200ms,", &origin.url());
            let said = sandgate.client().get("/ask?http://api/").text();
            assert!(is_code(&said, TIMEOUT), "{component}: {said}");
        }
    }
}

#[test]
fn an_upstream_may_be_silent_while_more_is_to_come() {
    let origin = Origin::scripted(echo_at_once);
    for (component, path) in RELAYS {
        let sandgate = start(component, "callout_timeout: 200ms,", &origin.url());
        let mut client = sandgate.client();
        client.send(format!(
            "POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
        ));
        assert_eq!(client.head().status(), 200);
        for word in ["one", "two"] {
            // So that more time has gone by than an upstream has.
            sandgate.client().get("/wait?600");
            client.send(format!("3\r\n{word}\r\n"));
            assert_eq!(client.bytes(8), format!("3\r\n{word}\r\n").as_bytes(), "{component} {path}");
        }
        client.send("0\r\n\r\n");
        assert_eq!(client.bytes(5), b"0\r\n\r\n");
    }
}

#[test]
fn an_upstream_that_is_not_there_has_a_name() {
    let origin = Origin::refusing();
    for component in BOTH {
        let said = start(component, "", &origin.url()).client().get("/ask?http://api/").text();
        assert!(said.contains("ConnectionRefused"), "{component}: {said}");
    }
}

#[test]
fn what_the_guest_does_not_take_waits_at_the_upstream() {
    const MANY: usize = 256;
    let sent = Arc::new(Mutex::new(0));
    let count = Arc::clone(&sent);
    let origin = Http2Origin::scripted(move |exchange| {
        let count = Arc::clone(&count);
        async move {
            let mut answer = exchange.begin(Response::new(()));
            for _ in 0..MANY {
                let mut left = 64 << 10;
                while left > 0 {
                    let Some(now) = room_for(&mut answer, left).await else { return };
                    let _gone = answer.send_data(vec![b'x'; now].into(), false);
                    left -= now;
                    *count.lock().unwrap() += now;
                }
            }
            let _gone = answer.send_trailers(HeaderMap::new());
        }
    });
    for (component, path) in RELAYS {
        *sent.lock().unwrap() = 0;
        let sandgate = start(component, "wall: 60s, cpu: 60s,", &origin.url());
        let mut client = RawClient::connect(sandgate.web());
        client.send(format!("POST {path}?http://api/ HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"));
        assert_eq!(client.head().status(), 200);
        let waiting = sandgate_tests::wait_until_steady("what is sent", || *sent.lock().unwrap());
        assert!(waiting < MANY * (64 << 10), "{component} {path}: {waiting} bytes though nobody takes them");
        let rest = client.chunked_rest();
        assert_eq!(rest, MANY * (64 << 10), "{component} {path}");
    }
}

/// Whether an error is this one. By 0.2 what breaks a stream off has words, and no code.
fn is_code(said: &str, error: [&str; 2]) -> bool {
    error.iter().any(|name| said.contains(name))
}

/// What the rest of a test takes of a client.
trait Rest {
    /// How long the rest of a chunked body is.
    fn chunked_rest(&mut self) -> usize;
}

impl Rest for RawClient {
    fn chunked_rest(&mut self) -> usize {
        let mut length = 0;
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.extend(self.bytes(1));
            }
            let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
            self.bytes(size + 2);
            if size == 0 {
                return length;
            }
            length += size;
        }
    }
}

/// The plugin is granted the upstream `api`, which is there.
fn start(component: &str, limits: &str, url: &str) -> Sandgate {
    let of_all = [("wall", "10s"), ("cpu", "2s"), ("callout_timeout", "5s")];
    let others = of_all.iter().filter(|(name, _)| !limits.contains(&format!("{name}:")));
    let others: Vec<_> = others.map(|(name, value)| format!("{name}: {value}")).collect();
    let yaml = yaml::entry()
        + &format!(
            "plugins:\n  it: {{ wasm: \"@wasm@\", grants: {{ callout: [api] }}, limits: {{ {limits} {} }} }}\n\
             upstreams:\n  api: {{ endpoints: [\"{url}\"] }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, limits: {{ body: 0 }}, service: {{ plugin: it }} }}\n",
            others.join(", ")
        );
    Sandgate::with_config(yaml).value("wasm", &guest(component).display().to_string()).start()
}

fn faults(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")])
}

fn calls(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", "serve")])
}

fn peak_kib(sandgate: &Sandgate) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", sandgate.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
