//! Frames: the heads of what a client sends, held to the rules of RFC 9113 section 6 before h2 sees them.
//!
//! h2 holds to most of these too, but is lenient here and there, and answers some with a code that is too general. What
//! needs decoded fields, the values of SETTINGS or the state of a stream is left to it.

use std::collections::VecDeque;

use h2::Reason;

use crate::flood::{Flood, Kind};
use crate::heads::Heads;
use crate::hpack::{Blocks, Broken};

/// A frame's payload at most (RFC 9113 section 4.2).
pub const FRAME: u32 = 16 << 10;
/// A frame's head (RFC 9113 section 4.1).
const HEAD: usize = 9;
/// One of the settings (RFC 9113 section 6.5.1).
const SETTING: usize = 6;
/// The setting whose value may not have its highest bit set.
const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];
/// The preface, which was looked at before (RFC 9113 section 3.4).
const PREFACE: usize = 24;
/// CONTINUATION frames of one head, beside those that the largest head may need.
const CONTINUATIONS: usize = 5;

/// Streams that are remembered as not ended by the client. Those that it leaves so after our answer stay among them.
const REMEMBERED: usize = 1024;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
/// The fields of a priority, before a header block (RFC 9113 section 6.2).
const PRIORITY_FIELDS: usize = 5;

/// What a client did that ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It broke a rule.
    Rule(Reason),
    /// It sends too much of something.
    Flood(Kind),
}

impl From<Kind> for Breach {
    fn from(kind: Kind) -> Self {
        Breach::Flood(kind)
    }
}

/// RFC 9113 section 4.3.
impl From<Broken> for Breach {
    fn from(_: Broken) -> Self {
        Breach::Rule(Reason::COMPRESSION_ERROR)
    }
}

/// What is known of the frames so far.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    head: [u8; HEAD],
    begun: usize,
    frame: Frame,
    /// Whether the client's SETTINGS have come, which must be first (RFC 9113 section 3.4).
    settled: bool,
    /// The stream whose head is not complete, and how many CONTINUATION frames it has had.
    block: Option<(u32, usize)>,
    blocks: Blocks,
    is_trailers: bool,
    pub(super) heads: Heads,
    continuations: usize,
    last_opened: u32,
    open: Open,
    /// How many frames have ended, a head with all its parts being one: changes when there is progress.
    pub(super) ended: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preface(usize),
    Head,
    PadLength,
    /// Settings, of which so many bytes are to come.
    Settings(usize),
    Fragment(Fragment),
    Payload(usize),
}

/// A part of a header block in its frame: so many bytes of it are to come, and so many before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fragment {
    before: usize,
    block: usize,
    after: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const PRIORITY: u8 = 2;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PUSH_PROMISE: u8 = 5;
    pub(super) const PING: u8 = 6;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const WINDOW_UPDATE: u8 = 8;
    pub(super) const CONTINUATION: u8 = 9;
}

impl Frame {
    fn parse([a, b, c, kind, flags, s, t, u, v]: [u8; HEAD]) -> Self {
        Frame {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            // The highest bit is reserved, and ignored.
            stream: u32::from_be_bytes([s & 0x7f, t, u, v]),
        }
    }

    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Frames {
    /// Of a connection that begins with the preface, whose heads have so many bytes at most.
    pub(super) fn new(head_limit: usize) -> Self {
        Frames {
            state: State::Preface(PREFACE),
            head: [0; HEAD],
            begun: 0,
            frame: Frame::default(),
            settled: false,
            block: None,
            blocks: Blocks::default(),
            is_trailers: false,
            heads: Heads::new(head_limit),
            continuations: CONTINUATIONS + head_limit / FRAME as usize,
            last_opened: 0,
            open: Open::default(),
            ended: 0,
        }
    }

    /// Whether the client owes the rest of something that it should send at once.
    pub(super) fn is_owed(&self) -> bool {
        let in_frame = match self.state {
            State::Preface(_) => true,
            State::Head => self.begun > 0,
            State::PadLength | State::Settings(_) | State::Fragment(_) | State::Payload(_) => {
                self.frame.kind != kind::DATA
            }
        };
        in_frame || !self.settled || self.block.is_some()
    }

    /// Looks at bytes that were read.
    pub(super) fn look(&mut self, mut bytes: &[u8], flood: &mut Flood) -> Result<(), Breach> {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Preface(left) => self.skip(bytes, left, State::Preface),
                State::Payload(left) => self.skip(bytes, left, State::Payload),
                State::PadLength => self.pad_length(bytes, flood)?,
                State::Settings(left) => self.setting(bytes, left)?,
                State::Fragment(fragment) => self.fragment(bytes, fragment)?,
                State::Head => self.head(bytes, flood)?,
            };
        }
        Ok(())
    }

    fn skip<'a>(&mut self, bytes: &'a [u8], left: usize, state: fn(usize) -> State) -> &'a [u8] {
        let Some((_, rest)) = bytes.split_at_checked(left) else {
            self.state = state(left - bytes.len());
            return &[];
        };
        self.state = State::Head;
        self.end_frame();
        rest
    }

    fn head<'a>(&mut self, bytes: &'a [u8], flood: &mut Flood) -> Result<&'a [u8], Breach> {
        let rest = self.collect(bytes, HEAD);
        if self.begun == HEAD {
            self.begun = 0;
            self.frame = Frame::parse(self.head);
            self.check(flood)?;
            self.state = self.after_head(flood)?;
        }
        Ok(rest)
    }

    /// Takes bytes until there are so many.
    fn collect<'a>(&mut self, bytes: &'a [u8], wanted: usize) -> &'a [u8] {
        let taken = bytes.len().min(wanted - self.begun);
        let (part, rest) = bytes.split_at_checked(taken).unwrap_or_default();
        self.head.iter_mut().skip(self.begun).zip(part).for_each(|(to, from)| *to = *from);
        self.begun += taken;
        rest
    }

    /// Looks at one of the settings. h2 names the wrong error for a window that is too large (RFC 9113 section 6.5.2).
    fn setting<'a>(&mut self, bytes: &'a [u8], left: usize) -> Result<&'a [u8], Breach> {
        let rest = self.collect(bytes, SETTING);
        self.state = State::Settings(left - (bytes.len() - rest.len()));
        if self.begun < SETTING {
            return Ok(rest);
        }
        self.begun = 0;
        let [a, b, c, ..] = self.head;
        if [a, b] == INITIAL_WINDOW_SIZE && c > 0x7f {
            return Err(Breach::Rule(Reason::FLOW_CONTROL_ERROR));
        }
        if self.state == State::Settings(0) {
            self.state = State::Head;
            self.end_frame();
        }
        Ok(rest)
    }

    fn after_head(&mut self, flood: &mut Flood) -> Result<State, Breach> {
        let frame = self.frame;
        let may_be_padded = matches!(frame.kind, kind::DATA | kind::HEADERS);
        if may_be_padded && frame.has(PADDED) && frame.length > 0 {
            return Ok(State::PadLength);
        }
        if matches!(frame.kind, kind::HEADERS | kind::CONTINUATION) {
            return self.begin_fragment(frame.length, 0);
        }
        if frame.kind == kind::DATA {
            count_data(frame, frame.length, flood)?;
        }
        if frame.kind == kind::SETTINGS && frame.length > 0 {
            return Ok(State::Settings(frame.length));
        }
        if frame.length > 0 {
            return Ok(State::Payload(frame.length));
        }
        self.end_frame();
        Ok(State::Head)
    }

    /// Parts of a head are no progress: a client may not take the time of a head for each.
    fn end_frame(&mut self) {
        if self.block.is_none() {
            self.ended += 1;
        }
    }

    fn pad_length<'a>(&mut self, bytes: &'a [u8], flood: &mut Flood) -> Result<&'a [u8], Breach> {
        let Some((pad, rest)) = bytes.split_first() else { return Ok(bytes) };
        let left = self.frame.length.saturating_sub(1);
        if self.frame.kind == kind::HEADERS {
            self.state = self.begin_fragment(left, usize::from(*pad))?;
            return Ok(rest);
        }
        // That the padding fits is looked at by h2.
        count_data(self.frame, left.saturating_sub(usize::from(*pad)), flood)?;
        self.state = State::Payload(left);
        Ok(rest)
    }

    /// A part of a header block begins, in so many bytes of which some are padding (RFC 9113 section 6.2).
    fn begin_fragment(&mut self, length: usize, padding: usize) -> Result<State, Breach> {
        let has_priority = self.frame.kind == kind::HEADERS && self.frame.has(PRIORITY);
        let before = if has_priority { PRIORITY_FIELDS } else { 0 };
        let unpadded = length.checked_sub(padding).ok_or(Breach::Rule(Reason::PROTOCOL_ERROR))?;
        let block = unpadded.checked_sub(before).ok_or(Breach::Rule(Reason::FRAME_SIZE_ERROR))?;
        if length == 0 {
            return self.end_fragment();
        }
        Ok(State::Fragment(Fragment { before, block, after: padding }))
    }

    fn fragment<'a>(&mut self, bytes: &'a [u8], mut fragment: Fragment) -> Result<&'a [u8], Breach> {
        let rest = taken(bytes, &mut fragment.before).1;
        let (part, rest) = taken(rest, &mut fragment.block);
        self.blocks.part(part)?;
        let rest = taken(rest, &mut fragment.after).1;
        let is_over = fragment == Fragment { before: 0, block: 0, after: 0 };
        self.state = if is_over { self.end_fragment()? } else { State::Fragment(fragment) };
        Ok(rest)
    }

    fn end_fragment(&mut self) -> Result<State, Breach> {
        if self.block.is_none() {
            self.heads.ended(self.frame.stream, self.is_trailers, self.blocks.end()?)?;
        }
        self.end_frame();
        Ok(State::Head)
    }

    fn check(&mut self, flood: &mut Flood) -> Result<(), Breach> {
        let frame = self.frame;
        if frame.length > FRAME as usize {
            return Err(Breach::Rule(Reason::FRAME_SIZE_ERROR));
        }
        if !std::mem::replace(&mut self.settled, true) && (frame.kind != kind::SETTINGS || frame.has(ACK)) {
            return Err(Breach::Rule(Reason::PROTOCOL_ERROR));
        }
        if self.block.is_some() || frame.kind == kind::CONTINUATION {
            return self.continuation(flood);
        }
        let on_stream = frame.stream != 0;
        // Streams of even numbers would be ours, and we open none (RFC 9113 section 5.1.1).
        let idle = frame.stream > self.last_opened || (on_stream && frame.stream.is_multiple_of(2));
        let rule = |holds: bool, reason| if holds { Ok(()) } else { Err(Breach::Rule(reason)) };
        let (protocol, size) = (Reason::PROTOCOL_ERROR, Reason::FRAME_SIZE_ERROR);
        match frame.kind {
            kind::DATA => {
                rule(on_stream && !idle, protocol)?;
                rule(self.open.goes_on(frame), Reason::STREAM_CLOSED)
            }
            kind::HEADERS => {
                rule(frame.stream % 2 == 1, protocol)?;
                self.open(flood)
            }
            kind::PRIORITY => {
                rule(on_stream, protocol)?;
                rule(frame.length == 5, size)?;
                Ok(flood.frame(Kind::Priority)?)
            }
            kind::RST_STREAM => {
                rule(on_stream && !idle, protocol)?;
                rule(frame.length == 4, size)?;
                self.open.end(frame.stream);
                Ok(flood.frame(Kind::Reset)?)
            }
            kind::SETTINGS => {
                rule(!on_stream, protocol)?;
                rule(frame.length.is_multiple_of(6) && !(frame.has(ACK) && frame.length > 0), size)?;
                Ok(flood.frame(Kind::Settings)?)
            }
            kind::PUSH_PROMISE => rule(false, protocol),
            kind::PING => {
                rule(!on_stream, protocol)?;
                rule(frame.length == 8, size)?;
                Ok(flood.frame(Kind::Ping)?)
            }
            kind::GOAWAY => {
                rule(!on_stream, protocol)?;
                rule(frame.length >= 8, size)?;
                Ok(flood.frame(Kind::Unknown)?)
            }
            kind::WINDOW_UPDATE => {
                rule(frame.length == 4, size)?;
                rule(!idle, protocol)?;
                Ok(flood.frame(Kind::WindowUpdate)?)
            }
            _ => Ok(flood.frame(Kind::Unknown)?),
        }
    }

    fn open(&mut self, flood: &mut Flood) -> Result<(), Breach> {
        let frame = self.frame;
        self.blocks.begin();
        self.is_trailers = frame.stream <= self.last_opened;
        if frame.stream > self.last_opened {
            self.last_opened = frame.stream;
            self.open.begin(frame);
            flood.opened();
        } else if !self.open.goes_on(frame) {
            return Err(Breach::Rule(Reason::STREAM_CLOSED));
        }
        if !frame.has(END_HEADERS) {
            self.block = Some((frame.stream, 0));
        }
        Ok(())
    }

    /// A head that is not complete goes on at once, and on its stream only (RFC 9113 section 6.10).
    fn continuation(&mut self, flood: &mut Flood) -> Result<(), Breach> {
        let frame = self.frame;
        let Some((stream, count)) = self.block.filter(|_| frame.kind == kind::CONTINUATION) else {
            return Err(Breach::Rule(Reason::PROTOCOL_ERROR));
        };
        if frame.stream != stream {
            return Err(Breach::Rule(Reason::PROTOCOL_ERROR));
        }
        if count >= self.continuations {
            return Err(Breach::Flood(Kind::Continuation));
        }
        self.block = (!frame.has(END_HEADERS)).then_some((stream, count + 1));
        if frame.length == 0 {
            flood.frame(Kind::Continuation)?;
        }
        Ok(())
    }
}

/// The streams that the client has neither ended nor reset, in the order of their numbers. What it sends on others is
/// an error (RFC 9113 section 5.1, half-closed and closed).
#[derive(Debug, Default)]
struct Open {
    streams: VecDeque<u32>,
    /// Up to here, some were forgotten.
    forgotten: u32,
}

impl Open {
    fn begin(&mut self, frame: Frame) {
        if frame.has(END_STREAM) {
            return;
        }
        if self.streams.len() >= REMEMBERED {
            self.forgotten = self.streams.pop_front().unwrap_or_default();
        }
        self.streams.push_back(frame.stream);
    }

    /// Whether a frame may come on its stream.
    fn goes_on(&mut self, frame: Frame) -> bool {
        let goes_on = frame.stream <= self.forgotten || self.streams.binary_search(&frame.stream).is_ok();
        if frame.has(END_STREAM) {
            self.end(frame.stream);
        }
        goes_on
    }

    fn end(&mut self, stream: u32) {
        if let Ok(at) = self.streams.binary_search(&stream) {
            self.streams.remove(at);
        }
    }
}

/// As many bytes as are wanted, and what follows them.
fn taken<'a>(bytes: &'a [u8], wanted: &mut usize) -> (&'a [u8], &'a [u8]) {
    let (part, rest) = bytes.split_at_checked(*wanted).unwrap_or((bytes, &[]));
    *wanted -= part.len();
    (part, rest)
}

fn count_data(frame: Frame, bytes: usize, flood: &mut Flood) -> Result<(), Breach> {
    flood.passed(bytes);
    if bytes == 0 && !frame.has(END_STREAM) {
        flood.frame(Kind::EmptyData)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
