//! Cases of conformance: what a client sends on a connection of its own, and what has to come of it.

use crate::frames::flag::{self, END_HEADERS, END_STREAM, PADDED};
use crate::frames::kind::{CONTINUATION, DATA, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM, WINDOW_UPDATE};
use crate::frames::{Frame, FrameClient, block, frame, pseudo};
use crate::origin::Origin;
use crate::sandgate::Sandgate;

/// PROTOCOL_ERROR (RFC 9113 section 7).
pub const PROTOCOL: u32 = 1;
/// FLOW_CONTROL_ERROR (RFC 9113 section 7).
pub const FLOW_CONTROL: u32 = 3;
/// STREAM_CLOSED (RFC 9113 section 7).
pub const STREAM_CLOSED: u32 = 5;
/// FRAME_SIZE_ERROR (RFC 9113 section 7).
pub const FRAME_SIZE: u32 = 6;
/// REFUSED_STREAM (RFC 9113 section 7).
pub const REFUSED: u32 = 7;
/// COMPRESSION_ERROR (RFC 9113 section 7).
pub const COMPRESSION: u32 = 9;
/// ENHANCE_YOUR_CALM (RFC 9113 section 7).
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// What has to come of a case.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// A response on stream 1, with this status.
    Status(u16),
    /// The connection goes on: a PING is answered.
    Alive,
    /// A GOAWAY with one of these codes, and the end of the connection.
    Goaway(&'static [u32]),
    /// A RST_STREAM or GOAWAY with one of these codes.
    Reset(&'static [u32]),
    /// A 400 on stream 1, or a RST_STREAM or GOAWAY of PROTOCOL_ERROR: a request that is malformed.
    Malformed,
    /// The connection is closed.
    Closed,
}

use Expect::{Alive, Closed, Goaway, Malformed, Reset, Status};

/// A section's number and what is tried, what is sent after the preface and SETTINGS, and what has to come of it.
pub type Case = (&'static str, Vec<u8>, Expect);

/// An origin whose answer to `/hang` never comes, and a worker before it.
pub fn setting() -> (Origin, Sandgate) {
    let origin = Origin::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            if !request.target().starts_with("/hang") {
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
            }
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    (origin, sandgate)
}

/// Runs cases, each on a connection of its own; panics with all that went wrong.
pub fn run(cases: Vec<Case>) {
    let (_origin, sandgate) = setting();
    let mut failures = Vec::new();
    for (name, bytes, expect) in cases {
        let mut client = FrameClient::connect(sandgate.web());
        if let Err(seen) = outcome(client.send(bytes), expect) {
            failures.push(format!("{name}: expected {expect:?}, saw {seen}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether that comes of what was sent, or what came in its place.
pub fn outcome(client: &mut FrameClient, expect: Expect) -> Result<(), String> {
    let is_code = |frame: &Frame, kinds: &[u8], codes: &[u32]| {
        kinds.contains(&frame.kind) && codes.contains(&frame.code())
    };
    let fits = |frame: &Frame| match expect {
        Status(status) => frame.kind == HEADERS && frame.status() == status,
        Alive => frame.kind == PING && frame.payload == b"is alive",
        Goaway(codes) => is_code(frame, &[GOAWAY], codes),
        Reset(codes) => is_code(frame, &[GOAWAY, RST_STREAM], codes),
        Malformed => {
            is_code(frame, &[GOAWAY, RST_STREAM], &[PROTOCOL])
                || (frame.kind == HEADERS && frame.status() == 400)
        }
        Closed => false,
    };
    // Answered while the connection lasts: the second answer ends the wait for what does not come. What stream errors
    // are answered with may come after the first.
    let ping = frame(PING, 0, 0, b"is alive");
    if !matches!(expect, Closed) {
        client.send(&ping);
    }
    let (mut seen, mut pongs) = (Vec::new(), 0);
    while let Some(frame) = client.next_frame() {
        if fits(&frame) {
            return if matches!(expect, Goaway(_)) { closed(client) } else { Ok(()) };
        }
        pongs += usize::from(frame.kind == PING && frame.payload == b"is alive");
        let is_answer = frame.kind == HEADERS;
        seen.push(frame);
        match (expect, pongs) {
            (Status(_) | Malformed, _) if is_answer => return Err(format!("{seen:?}")),
            (Goaway(_) | Reset(_), 1) => {
                client.send(&ping);
            }
            (Goaway(_) | Reset(_), 2) => return Err(format!("{seen:?}")),
            _ => {}
        }
    }
    if matches!(expect, Closed) { Ok(()) } else { Err(format!("the end after {seen:?}")) }
}

fn closed(client: &mut FrameClient) -> Result<(), String> {
    let late = client.rest();
    if late.iter().all(|frame| frame.kind == GOAWAY) { Ok(()) } else { Err(format!("{late:?} after GOAWAY")) }
}

/// Frames, one after the other.
pub fn all(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.concat()
}

/// DATA that ends a stream.
pub fn data(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, b"data")
}

/// A WINDOW_UPDATE.
pub fn update(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, by.to_be_bytes())
}

/// A RST_STREAM.
pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, code.to_be_bytes())
}

/// A PRIORITY frame.
pub fn priority(stream: u32, on: u32, weight: u8) -> Vec<u8> {
    frame(PRIORITY, 0, stream, [&on.to_be_bytes()[..], &[weight]].concat())
}

/// A head without its end.
pub fn begun(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM, stream, block(&pseudo("GET", "/")))
}

/// A request on stream 1, without a body.
pub fn request(fields: &[(&str, &str)]) -> Vec<u8> {
    raw_head(&block(fields))
}

/// A header block as a whole request on stream 1.
pub fn raw_head(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, 1, block)
}

/// A GET on stream 1 with further fields.
pub fn with(fields: &[(&str, &str)]) -> Vec<u8> {
    request(&[&pseudo("GET", "/")[..], fields].concat())
}

/// A GET on stream 1 with one more pseudo-field.
pub fn with_pseudo(name: &str, value: &str) -> Vec<u8> {
    request(&[&[(name, value)][..], &pseudo("GET", "/")].concat())
}

/// A GET on stream 1 with padding.
pub fn padded_head(padding: u8) -> Vec<u8> {
    let payload = [&[padding][..], &block(&pseudo("GET", "/")), &vec![0; padding.into()]].concat();
    frame(HEADERS, PADDED | END_STREAM | END_HEADERS, 1, payload)
}

/// A GET on stream 1 that depends on a stream.
pub fn head_with_priority(on: u32) -> Vec<u8> {
    let payload = [&on.to_be_bytes()[..], &[15], &block(&pseudo("GET", "/"))].concat();
    frame(HEADERS, flag::PRIORITY | END_STREAM | END_HEADERS, 1, payload)
}

/// A request on stream 1 in several frames.
pub fn in_parts(fields: &[(&str, &str)], parts: usize) -> Vec<u8> {
    let block = block(fields);
    let size = block.len().div_ceil(parts);
    let last = block.chunks(size).count() - 1;
    let piece = |(at, chunk): (usize, &[u8])| {
        let end = if at == last { END_HEADERS } else { 0 };
        match at {
            0 => frame(HEADERS, END_STREAM | end, 1, chunk),
            _ => frame(CONTINUATION, end, 1, chunk),
        }
    };
    block.chunks(size).enumerate().flat_map(piece).collect()
}
