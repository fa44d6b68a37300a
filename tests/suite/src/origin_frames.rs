//! An origin that speaks HTTP/2 by hand, frame by frame: to break off, to refuse, to fall silent.

use crate::frames::flag::{ACK, END_HEADERS, END_STREAM};
use crate::frames::kind::{DATA, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS};
use crate::frames::{Frame, PREFACE, frame};
use crate::origin::Connection;

/// A status of 200 as HPACK has it (RFC 7541 appendix A, index 8).
pub const STATUS_200: &[u8] = &[0x88];

/// A connection of an origin that speaks in frames.
pub struct Frames(Connection);

impl Frames {
    /// Takes the client's preface and sends our settings.
    pub fn begin(mut connection: Connection) -> Option<Self> {
        let preface = connection.wire.receive(PREFACE.len()).ok()?;
        assert_eq!(preface, PREFACE, "the preface of RFC 9113 section 3.4");
        let mut frames = Frames(connection);
        frames.send(SETTINGS, 0, 0, &[]);
        Some(frames)
    }

    /// Which of the origin's connections it is.
    pub fn number(&self) -> usize {
        self.0.number
    }

    /// Sends a frame; a peer that is gone is no news.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.0.send(frame(kind, flags, stream, payload));
    }

    /// The next frame, none when the connection ends. Settings are acknowledged, pings only by `answering_pings`.
    pub fn frame(&mut self) -> Option<Frame> {
        loop {
            let head = self.0.wire.receive(9).ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let payload = self.0.wire.receive(length as usize).ok()?;
            let frame = Frame { kind: head[3], flags: head[4], stream, payload };
            if frame.kind != SETTINGS {
                return Some(frame);
            }
            if !frame.has(ACK) {
                self.send(SETTINGS, ACK, 0, &[]);
            }
        }
    }

    /// The stream of the next request, once its last frame is here; its body.
    pub fn request(&mut self) -> Option<(u32, Vec<u8>)> {
        let mut body = Vec::new();
        loop {
            let frame = self.frame()?;
            match frame.kind {
                DATA => body.extend_from_slice(&frame.payload),
                HEADERS => {}
                PING if !frame.has(ACK) => self.send(PING, ACK, 0, &frame.payload),
                _ => continue,
            }
            if matches!(frame.kind, DATA | HEADERS) && frame.has(END_STREAM) {
                return Some((frame.stream, body));
            }
        }
    }

    /// Answers with 200 and a body.
    pub fn answer(&mut self, stream: u32, body: &[u8]) {
        self.send(HEADERS, END_HEADERS, stream, STATUS_200);
        self.send(DATA, END_STREAM, stream, body);
    }

    /// Ends a stream (RFC 9113 section 6.4).
    pub fn reset(&mut self, stream: u32, code: u32) {
        self.send(RST_STREAM, 0, stream, &code.to_be_bytes());
    }

    /// Says that no stream above `last` was looked at, or will be (RFC 9113 section 6.8).
    pub fn go_away(&mut self, last: u32) {
        self.send(GOAWAY, 0, 0, &[last.to_be_bytes(), [0; 4]].concat());
    }

    /// Waits until the peer ends the connection.
    pub fn hold(self) {
        self.0.hold();
    }
}
