//! The guard: judges the bytes a client sends on an HTTP/1 connection before the parser sees any of them.
//!
//! It is a state machine over bytes: no I/O, no allocation unless it refuses, no knowledge of hyper. A head
//! goes on to the parser only after all of it was accepted, so a request that two parsers could read in two
//! ways ends here. It does not decide what a request means, and changes nothing but the minor
//! number of a version: bytes pass as they came, or not at all.
//!
//! The rules (9112 is RFC 9112, 9110 is RFC 9110):
//!
//! - Lines end with CRLF. A bare LF or CR, NUL and every other control byte are refused; HTAB is allowed in
//!   values (9112 2.2, 9110 5.5). At most one empty line may precede a request line (9112 2.2).
//! - The request line is a method, one space, a target, one space, and `HTTP/1.1` or `HTTP/1.0` (9112 3);
//!   a higher minor version counts as 1.1 (9110 2.5), another major one is not served (505). The
//!   method is a token (9110 9.1) of at most 32 bytes. The target is visible ASCII without `#` (9112 3.2).
//! - The target is a path; or `http://` or `https://` with an authority that names no user (9112 3.2.2, 9110
//!   4.2.4); or `*`, for OPTIONS alone (9112 3.2.4). CONNECT is not served (405). The method
//!   [`REJECT_METHOD`] is ours.
//! - A field's name is a token directly followed by a colon (9112 5.1). Continuation lines are refused (9112
//!   5.2).
//! - Host: exactly one in HTTP/1.1, at most one in HTTP/1.0, never empty, always a valid authority, whatever
//!   form the target has (9112 3.2, 9110 7.2).
//! - Content-Length: at most one field, 1 to 19 digits (9112 6.3, 9110 8.6). Never beside Transfer-Encoding
//!   (9112 6.1).
//! - Transfer-Encoding: at most one field, in HTTP/1.1 only, `chunked` (9112 6.1). Other codings before a
//!   last `chunked` are unknown (501); everything else is refused (400) (9112 6.3).
//! - Neither of the two may be spelt with underscores: gateways behind us may take those for hyphens.
//! - What follows a request that asks for another protocol is judged only once its answer has told what it is (9110
//!   7.8).
//! - TRACE has no content (9110 9.3.8). A body on any other method is framed like any other (9110 9.3.1).
//! - A head has at most [`Limits::head`] bytes and [`Limits::fields`] fields (431, RFC 6585 5), its target at
//!   most [`Limits::uri`] bytes (414, 9110 15.5.15), each refused as soon as it is certain.
//! - A chunk's size is 1 to 15 hexadecimal digits and nothing else (9112 7.1). Extensions are visible ASCII,
//!   space and HTAB with closed quotes, 256 bytes a chunk and 16 KiB a body (9112 7.1.1).
//! - Trailers are held to the rules and limits of fields in a head, and may not frame, route, authenticate or
//!   describe the content (9112 7.1.2, 9110 6.5.1). They too pass only when all of them were accepted.

mod authority;
mod chunked;
mod class;
mod field;
mod framing;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod lines;
mod start;
mod trailers;

#[cfg(test)]
mod tests;

use model::{Fault, FaultKind};

pub use chunked::Chunks;
use chunked::Refused;
use framing::Framing;
pub use head::lists_upgrade;
use head::{Head, Sequel};
use trailers::Trailers;

/// The method of the request that stands for a rejection: the host puts it in front of the parser in place of
/// a refused head, so that the answer keeps its turn. No client may send it.
pub const REJECT_METHOD: &str = "SANDGATE-REJECT";

/// How much of a head a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, from its request line to its empty line; also of a trailer section. No more is ever
    /// held.
    pub head: usize,
    /// Bytes of a target.
    pub uri: usize,
    /// Fields of a head; also of a trailer section.
    pub fields: usize,
}

/// What may become of the bytes just judged.
#[derive(Debug)]
pub enum Judgement {
    /// All of them may go on to the parser.
    Pass,
    /// So many may go on. The rest begins a head, or a trailer section, that is not complete: it is to be
    /// judged again, from its first byte, together with the bytes that come after it.
    Hold(usize),
    /// So many may go on. Then comes a head that breaks the rules.
    Reject(usize, Fault),
    /// So many may go on. Then a chunked body breaks the rules.
    BadBody(usize, Fault),
}

/// The judge of one connection's incoming bytes.
#[derive(Debug)]
pub struct Guard {
    limits: Limits,
    state: State,
    /// Where, in the bytes judged last, the minor number of a version is to be written as 1.
    newer_minors: Vec<usize>,
}

/// Which part of a message the next byte belongs to.
#[derive(Debug)]
enum State {
    Head(Head),
    /// A body of which so many bytes are to come.
    Length(u64),
    Chunks(Chunks),
    Trailers(Trailers),
    /// A request asked for another protocol and has no answer yet.
    Undecided,
    /// A head was refused, for this reason.
    Rejected(FaultKind),
    /// A body was refused, for this reason.
    Spoiled(FaultKind),
}

/// What one state made of the bytes it was given.
enum Step {
    /// So many are accepted, and the next state goes on after them.
    Accept(usize, State),
    /// All are accepted.
    AcceptAll,
    /// None is accepted until more come.
    Wait,
    /// So many are accepted; then the rules are broken.
    Refuse(usize, Fault),
}

impl Guard {
    /// The judge of a connection on which nothing has arrived.
    pub fn new(limits: Limits) -> Self {
        Guard { limits, state: State::Head(Head::default()), newer_minors: Vec::new() }
    }

    /// Looks at the next bytes, which follow directly on those accepted before.
    ///
    /// Once it has refused, it refuses everything, for the same reason: nothing after a violation can be
    /// framed.
    pub fn judge(&mut self, bytes: &[u8]) -> Judgement {
        let mut accepted = 0;
        loop {
            let rest = match bytes.get(accepted..) {
                None | Some([]) if !self.is_finished() => return Judgement::Pass,
                rest => rest.unwrap_or_default(),
            };
            match self.step(rest, accepted) {
                Step::Accept(size, next) => {
                    accepted += size;
                    self.state = next;
                }
                Step::AcceptAll => return Judgement::Pass,
                Step::Wait => return Judgement::Hold(accepted),
                Step::Refuse(size, fault) => return self.refuse(accepted + size, fault),
            }
        }
    }

    /// Whether nothing of a next head has been seen. The one empty line that may precede a request line is not part of
    /// it, but is held like one, so that it has a head's time.
    pub fn is_between_messages(&self) -> bool {
        matches!(&self.state, State::Head(head) if !head.has_begun())
    }

    /// Whether a head has begun and is not complete.
    pub fn is_in_head(&self) -> bool {
        matches!(&self.state, State::Head(head) if head.has_begun())
    }

    /// Whether what follows may be another protocol.
    pub fn is_undecided(&self) -> bool {
        matches!(self.state, State::Undecided)
    }

    /// The protocol stays: what follows is the next request.
    pub fn stay(&mut self) {
        if self.is_undecided() {
            self.state = State::Head(Head::default());
        }
    }

    /// Writes what must be written otherwise into the bytes judged last.
    pub fn rewrite(&mut self, bytes: &mut [u8]) {
        for at in self.newer_minors.drain(..) {
            if let Some(minor) = bytes.get_mut(at) {
                *minor = b'1';
            }
        }
    }

    fn is_finished(&self) -> bool {
        matches!(self.state, State::Rejected(_) | State::Spoiled(_))
    }

    /// Judges bytes, before which so many of those given were accepted.
    fn step(&mut self, bytes: &[u8], before: usize) -> Step {
        match &mut self.state {
            State::Head(head) => match head.read(bytes, &self.limits) {
                Ok(Some(complete)) => {
                    self.newer_minors.extend(complete.newer_minor.map(|at| before + at));
                    Step::Accept(complete.size, State::after_head(complete.framing, complete.sequel))
                }
                Ok(None) => Step::Wait,
                Err(fault) => Step::Refuse(0, fault),
            },
            State::Length(left) => skip(left, bytes),
            State::Chunks(chunks) => match chunks.read(bytes) {
                Ok(Some(size)) => Step::Accept(size, State::Trailers(Trailers::default())),
                Ok(None) => Step::AcceptAll,
                Err(Refused { accepted, fault }) => Step::Refuse(accepted, fault),
            },
            State::Trailers(trailers) => match trailers.read(bytes, &self.limits) {
                Ok(Some(size)) => Step::Accept(size, State::Head(Head::default())),
                Ok(None) => Step::Wait,
                Err(fault) => Step::Refuse(0, fault),
            },
            State::Undecided => Step::Wait,
            State::Rejected(kind) | State::Spoiled(kind) => {
                Step::Refuse(0, Fault::new(*kind, "the connection was refused before"))
            }
        }
    }

    #[cold]
    fn refuse(&mut self, accepted: usize, fault: Fault) -> Judgement {
        match self.state {
            State::Head(_) | State::Rejected(_) => {
                self.state = State::Rejected(fault.kind);
                Judgement::Reject(accepted, fault)
            }
            State::Length(_)
            | State::Chunks(_)
            | State::Trailers(_)
            | State::Undecided
            | State::Spoiled(_) => {
                self.state = State::Spoiled(fault.kind);
                Judgement::BadBody(accepted, fault)
            }
        }
    }
}

impl State {
    fn after_head(framing: Framing, sequel: Sequel) -> Self {
        match framing {
            Framing::None | Framing::Length(0) if sequel == Sequel::Undecided => State::Undecided,
            Framing::None | Framing::Length(0) => State::Head(Head::default()),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunks(Chunks::default()),
        }
    }
}

/// Takes what is there of a body with `left` bytes to come.
fn skip(left: &mut u64, bytes: &[u8]) -> Step {
    match usize::try_from(*left) {
        Ok(size) if size <= bytes.len() => Step::Accept(size, State::Head(Head::default())),
        _ => {
            *left = left.saturating_sub(bytes.len() as u64);
            Step::AcceptAll
        }
    }
}

/// A fault of a client that breaks the rules.
#[cold]
fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(FaultKind::BadRequest, detail)
}

/// The beginning of what a client sent, for a log line: escaped, and never long.
fn shown(bytes: &[u8]) -> std::slice::EscapeAscii<'_> {
    /// Bytes of a client's text in one message.
    const SHOWN: usize = 64;
    bytes.get(..SHOWN).unwrap_or(bytes).escape_ascii()
}
