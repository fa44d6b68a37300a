//! A client that sends the very HTTP/2 frames it is told to (RFC 9113 section 4.1), and keeps those that come back.

use std::net::SocketAddr;

use crate::wire::{Wire, is_break};

/// The first bytes of a connection.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A type of frame.
pub mod kind {
    /// DATA.
    pub const DATA: u8 = 0;
    /// HEADERS.
    pub const HEADERS: u8 = 1;
    /// PRIORITY.
    pub const PRIORITY: u8 = 2;
    /// RST_STREAM.
    pub const RST_STREAM: u8 = 3;
    /// SETTINGS.
    pub const SETTINGS: u8 = 4;
    /// PUSH_PROMISE.
    pub const PUSH_PROMISE: u8 = 5;
    /// PING.
    pub const PING: u8 = 6;
    /// GOAWAY.
    pub const GOAWAY: u8 = 7;
    /// WINDOW_UPDATE.
    pub const WINDOW_UPDATE: u8 = 8;
    /// CONTINUATION.
    pub const CONTINUATION: u8 = 9;
}

/// A flag of a frame.
pub mod flag {
    /// The message is over.
    pub const END_STREAM: u8 = 0x1;
    /// Answers SETTINGS or PING.
    pub const ACK: u8 = 0x1;
    /// The head is over.
    pub const END_HEADERS: u8 = 0x4;
    /// There is padding.
    pub const PADDED: u8 = 0x8;
    /// There is a priority.
    pub const PRIORITY: u8 = 0x20;
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type, one of [`kind`].
    pub kind: u8,
    /// Its flags, of [`flag`].
    pub flags: u8,
    /// Its stream; 0 is the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Whether it has a flag.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The error code of a GOAWAY or RST_STREAM.
    pub fn code(&self) -> u32 {
        let at = if self.kind == kind::GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four bytes"))
    }

    /// The status of a response's HEADERS, if it is one that HPACK has an index for; else 0.
    pub fn status(&self) -> u16 {
        let indexed =
            [(0x88, 200), (0x89, 204), (0x8a, 206), (0x8b, 304), (0x8c, 400), (0x8d, 404), (0x8e, 500)];
        let first = self.payload.first();
        indexed.iter().find(|(byte, _)| Some(byte) == first).map_or(0, |(_, status)| *status)
    }
}

/// A frame as bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let [_, a, b, c] = u32::try_from(payload.len()).expect("a length").to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

/// A head as a header block: literals that are neither indexed nor compressed (RFC 7541 section 6.2.2).
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [&[0][..], &text(name), &text(value)].concat()).collect()
}

fn text(text: &str) -> Vec<u8> {
    let len = text.len();
    let prefix = match len {
        0..127 => vec![u8::try_from(len).expect("below 127")],
        _ => {
            let (mut bytes, mut rest) = (vec![127], len - 127);
            while rest >= 128 {
                bytes.push(u8::try_from(rest % 128 + 128).expect("a byte"));
                rest /= 128;
            }
            bytes.push(u8::try_from(rest).expect("below 128"));
            bytes
        }
    };
    [&prefix, text.as_bytes()].concat()
}

/// The pseudo-fields of a request.
pub fn pseudo<'a>(method: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", method), (":scheme", "http"), (":authority", "test.example"), (":path", path)]
}

/// A whole GET.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_STREAM | flag::END_HEADERS, stream, block(&pseudo("GET", path)))
}

/// A POST whose body is to follow.
pub fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_HEADERS, stream, block(&pseudo("POST", path)))
}

/// A client on one connection.
pub struct FrameClient {
    wire: Wire,
}

impl FrameClient {
    /// Connects, and says nothing yet.
    pub fn silent(address: SocketAddr) -> Self {
        FrameClient { wire: Wire::connect(address).expect("sandgate accepts connections") }
    }

    /// Connects, and sends the preface and empty SETTINGS.
    pub fn connect(address: SocketAddr) -> Self {
        FrameClient::with_settings(address, &[])
    }

    /// Connects, and sends the preface and these SETTINGS.
    pub fn with_settings(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut client = FrameClient::silent(address);
        client.send([PREFACE, &self::settings(settings)].concat());
        client
    }

    /// Sends all of the bytes. Nothing is said of a peer that has closed: what it answered tells.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        match self.wire.send(bytes) {
            Err(error) if !is_break(&error) => panic!("can't send: {error}"),
            _ => self,
        }
    }

    /// The connection.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// The next frame; none when the connection is over.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let head = match self.wire.receive(9) {
            Err(error) if is_break(&error) => return None,
            head => head.expect("a frame in time"),
        };
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let payload = self.wire.receive(usize::try_from(length).expect("a length")).ok()?;
        let stream = u32::from_be_bytes(head[5..9].try_into().expect("four bytes"));
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The first frame for which the condition holds; none when the connection is over before.
    pub fn find(&mut self, condition: impl Fn(&Frame) -> bool) -> Option<Frame> {
        std::iter::from_fn(|| self.next_frame()).find(condition)
    }

    /// All frames up to the end of the connection.
    pub fn rest(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.next_frame()).collect()
    }

    /// The code of the GOAWAY with which the connection ends; none if it ends without one.
    pub fn goaway(&mut self) -> Option<u32> {
        let code = self.find(|frame| frame.kind == kind::GOAWAY).map(|frame| frame.code());
        self.rest();
        code
    }
}

/// A SETTINGS frame.
pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = values
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    frame(kind::SETTINGS, 0, 0, payload)
}
