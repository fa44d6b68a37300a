//! Floods of HTTP/2 frames: each ends its connection before it costs an origin, or us, anything worth the name, and an
//! honest client beside it does not notice.
//!
//! What each flood cost, by a build that is optimised:
//! `SANDGATE_BIN=target/release/sandgate cargo nextest run --workspace -E 'binary(http2_floods)' --no-capture`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use sandgate_tests::frames::{
    FrameClient, block,
    flag::{ACK, END_HEADERS, END_STREAM, PADDED},
    frame, get,
    kind::{CONTINUATION, DATA, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE},
    post, pseudo, settings,
};
use sandgate_tests::{Origin, Sandgate, yaml};

/// Frames of a flood.
const FRAMES: u32 = 20_000;
/// Requests that a flood may cause at the origin.
const REQUESTS: usize = 100;
/// CPU time that a flood may cost: the target is 100 ms, and tests run without optimisation.
const CPU: Duration = Duration::from_millis(150);
/// Memory that a flood may cost.
const MEMORY: u64 = 16 << 20;
/// What the slowest hundredth of honest requests may take more than on a machine that is as busy with other things.
const P99: Duration = Duration::from_millis(50);

const ENHANCE_YOUR_CALM: u32 = 11;

#[test]
fn rapid_reset() {
    let flood = (0..FRAMES / 2).flat_map(|i| [get(2 * i + 1, "/flood"), reset(2 * i + 1)].concat());
    assert_harmless("other", flood.collect());
}

#[test]
fn rapid_reset_that_waits_for_each_request_to_be_sent_on() {
    let (origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    for i in 0..1000 {
        let stream = 2 * i + 1;
        client.send(get(stream, "/flood")).send(frame(PING, 0, 0, [0; 8])).send(reset(stream));
        if client.find(|frame| frame.kind == PING).is_none() {
            break;
        }
    }
    assert_eq!(sandgate.metrics().sum("sandgate_http2_floods_total", &[("kind", "streams")]), 1.0);
    let requests = origin.requests().len();
    assert!(requests <= REQUESTS + 10, "{requests} requests at the origin");
}

#[test]
fn resets_made_by_us() {
    let flood = (0..FRAMES / 2).flat_map(|i| [post(2 * i + 1, "/flood"), overflow(2 * i + 1)].concat());
    assert_harmless_of_some_kind(flood.collect());
}

#[test]
fn settings_to_acknowledge() {
    assert_harmless("settings", repeated(&settings(&[(4, 65_535)])));
}

#[test]
fn acknowledgements_of_nothing() {
    assert_harmless("settings", repeated(&frame(SETTINGS, ACK, 0, b"")));
}

#[test]
fn pings() {
    assert_harmless("ping", repeated(&frame(PING, 0, 0, [0; 8])));
}

#[test]
fn empty_data() {
    assert_harmless("empty_data", [post(1, "/flood"), repeated(&frame(DATA, 0, 1, b""))].concat());
}

#[test]
fn data_that_is_padding() {
    let padding = frame(DATA, PADDED, 1, [&[10][..], &[0; 10]].concat());
    assert_harmless("empty_data", [post(1, "/flood"), repeated(&padding)].concat());
}

#[test]
fn continuations_without_end() {
    let begun = frame(HEADERS, END_STREAM, 1, block(&pseudo("GET", "/flood")));
    assert_harmless("continuation", [begun, repeated(&frame(CONTINUATION, 0, 1, b""))].concat());
}

#[test]
fn continuations_that_carry_fields() {
    let begun = frame(HEADERS, END_STREAM, 1, block(&pseudo("GET", "/flood")));
    let more = frame(CONTINUATION, 0, 1, block(&[("x-a", "b")]));
    assert_harmless("continuation", [begun, repeated(&more)].concat());
}

#[test]
fn window_updates() {
    assert_harmless("window_update", repeated(&frame(WINDOW_UPDATE, 0, 0, 1u32.to_be_bytes())));
}

#[test]
fn priorities() {
    assert_harmless("priority", repeated(&frame(PRIORITY, 0, 3, [0, 0, 0, 0, 1])));
}

#[test]
fn resets_of_one_stream() {
    assert_harmless("reset", [get(1, "/flood"), repeated(&reset(1))].concat());
}

#[test]
fn frames_of_a_type_unknown() {
    assert_harmless("unknown", repeated(&frame(0xee, 0, 0, b"")));
}

#[test]
fn heads_that_unpack_to_much() {
    let value = "a".repeat(4000);
    let entry = [&[0x40, 1, b'x', 0x7f][..], &[0xa1, 0x1e], value.as_bytes()].concat();
    let first =
        frame(HEADERS, END_STREAM | END_HEADERS, 1, [block(&pseudo("GET", "/flood")), entry].concat());
    let bomb = [block(&pseudo("GET", "/flood")), vec![0xbe; 10_000]].concat();
    let flood = (1..FRAMES / 20).flat_map(|i| frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, &bomb));
    assert_harmless_of_some_kind([first, flood.collect()].concat());
}

#[test]
fn more_streams_than_allowed() {
    let flood = (0..FRAMES).flat_map(|i| get(2 * i + 1, "/flood")).collect();
    assert_harmless_of_some_kind(flood);
}

#[test]
fn windows_that_stay_shut_hold_little() {
    let origin = Origin::replying(200, vec![b'a'; 4 << 20]);
    let server = "{ workers: 1, timeouts: { send: 1s } }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let before = memory(&sandgate);
    let mut client = FrameClient::with_settings(sandgate.web(), &[(4, 1)]);
    for i in 0..100 {
        client.send(get(2 * i + 1, "/flood"));
    }
    let mut resets = 0;
    while resets < 100 {
        let frame = client.next_frame().expect("the connection goes on");
        resets += usize::from(frame.kind == RST_STREAM);
    }
    let grown = memory(&sandgate).saturating_sub(before);
    // Each stream holds what its upstream's connection has read, and the origin's side of it is in the kernel.
    assert!(grown <= 4 * MEMORY, "{} KiB", grown >> 10);
}

#[test]
fn an_honest_client_may_cancel_many_requests() {
    let (_origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    for i in 0..90 {
        client.send([get(2 * i + 1, "/flood"), reset(2 * i + 1)].concat());
        client.send(frame(PING, 0, 0, [0; 8]));
        assert!(client.find(|frame| frame.kind == PING).is_some(), "{i}");
    }
    client.send(get(1001, "/"));
    assert!(client.find(|frame| frame.kind == HEADERS && frame.status() == 200).is_some());
}

#[test]
fn an_honest_download_updates_its_windows() {
    let origin = Origin::replying(200, vec![b'a'; 40 << 20]);
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    let mut sum = 0;
    while let Some(frame) = client.next_frame() {
        if frame.kind != DATA {
            continue;
        }
        sum += frame.payload.len();
        if frame.has(END_STREAM) {
            break;
        }
        let by = u32::try_from(frame.payload.len()).expect("a frame").to_be_bytes();
        client.send([self::frame(WINDOW_UPDATE, 0, 0, by), self::frame(WINDOW_UPDATE, 0, 1, by)].concat());
    }
    assert_eq!(sum, 40 << 20);
}

/// An origin that answers all but the flood's requests, and a worker before it.
fn setting() -> (Origin, Sandgate) {
    let origin = Origin::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            if !request.target().starts_with("/flood") {
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
            }
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    (origin, sandgate)
}

fn assert_harmless(kind: &str, flood: Vec<u8>) {
    let sandgate = assert_harmless_of_some_kind(flood);
    let floods = sandgate.metrics().sum("sandgate_http2_floods_total", &[("kind", kind)]);
    assert_eq!(floods, 1.0, "{kind} is what it is known as");
}

fn assert_harmless_of_some_kind(flood: Vec<u8>) -> Sandgate {
    let (origin, sandgate) = setting();
    let before = cpu(&sandgate);
    let (count, usual) = honest_requests(&sandgate, Duration::from_millis(200));
    let (busy, held) = (cpu(&sandgate), memory(&sandgate));
    let cost = busy.saturating_sub(before) / count;
    let address = sandgate.web();
    let attacker = thread::spawn(move || {
        let mut client = FrameClient::connect(address);
        client.send(flood);
        client.goaway()
    });
    let (honest, p99) = honest_requests(&sandgate, Duration::from_millis(300));
    assert_eq!(attacker.join().expect("an attacker"), Some(ENHANCE_YOUR_CALM));
    let floods = sandgate.metrics().sum("sandgate_http2_floods_total", &[]);
    assert_eq!(floods, 1.0, "the flood is counted");
    let requests = origin.requests().iter().filter(|request| request.target().starts_with("/flood")).count();
    // What the honest client cost is taken off, at what it was before the flood.
    let spent = cpu(&sandgate).saturating_sub(busy).saturating_sub(cost * honest);
    let grown = memory(&sandgate).saturating_sub(held);
    let name = thread::current().name().map(str::to_owned).unwrap_or_default();
    eprintln!(
        "{name}: {requests} requests, {spent:.1?} of CPU time, {} KiB, p99 {p99:.1?} (alone {usual:.1?})",
        grown >> 10
    );
    assert!(requests <= REQUESTS, "{requests} requests at the origin");
    assert!(spent <= CPU, "{spent:?} of CPU time");
    assert!(grown <= MEMORY, "{} KiB", grown >> 10);
    assert!(p99 <= P99 + 2 * usual, "honest requests took {p99:?}, and {usual:?} before");
    sandgate
}

/// Requests one after the other for some time: how many, and what the slowest hundredth took.
fn honest_requests(sandgate: &Sandgate, time: Duration) -> (u32, Duration) {
    let mut client = sandgate.client();
    let (began, mut took) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let asked = Instant::now();
        assert_eq!(client.get("/").status(), 200);
        took.push(asked.elapsed());
    }
    took.sort();
    let p99 = took[(took.len() * 99 / 100).min(took.len() - 1)];
    (u32::try_from(took.len()).expect("a count"), p99)
}

fn repeated(frame: &[u8]) -> Vec<u8> {
    frame.repeat(usize::try_from(FRAMES).expect("a count"))
}

fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, 8u32.to_be_bytes())
}

/// Makes us reset a stream (CVE-2025-8671): its window becomes too large.
fn overflow(stream: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, 0x7fff_ffffu32.to_be_bytes())
}

/// CPU time of the process so far, by all of its threads.
fn cpu(sandgate: &Sandgate) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{}/task", sandgate.pid())).expect("a process");
    let spent = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
    let nanoseconds = spent.filter_map(|stat| stat.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(nanoseconds.sum())
}

/// Its memory in bytes.
fn memory(sandgate: &Sandgate) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{}/statm", sandgate.pid())).expect("a process");
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
}
