//! The trailer section behind a chunked body (RFC 9112 7.1.2): fields of good form that change nothing about
//! the message they follow (RFC 9110 6.5.1).

use model::Fault;

use super::{
    Limits, bad,
    field::{self, Field},
    framing::Likeness,
    head::check_room,
    lines::{Lines, Next},
    shown,
};

/// Fields that frame, route, authenticate or modify a request, or describe its content: known too late in a
/// trailer, and dangerous wherever trailers are merged into the head.
const FORBIDDEN: [&str; 27] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "if-match",
    "if-none-match",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
];

/// A trailer section of which some lines, perhaps none, have been judged.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    lines: Lines,
    fields: usize,
}

impl Trailers {
    /// Reads on in a section that begins with these bytes: its size once it is complete.
    pub(super) fn read(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
        loop {
            match self.lines.next(bytes, limits.head) {
                Next::Line(b"\r") => return Ok(Some(self.lines.size())),
                Next::Line(line) => self.line(line, limits)?,
                Next::Beginning(_) => return check_room(bytes, limits).map(|()| None),
            }
        }
    }

    fn line(&mut self, line: &[u8], limits: &Limits) -> Result<(), Fault> {
        field::count(&mut self.fields, limits.fields)?;
        let name = Field::read(line)?.name;
        if is_forbidden(name) {
            return Err(bad(format!("a trailer may not be named '{}'", shown(name))));
        }
        Ok(())
    }
}

fn is_forbidden(name: &[u8]) -> bool {
    FORBIDDEN.iter().any(|forbidden| is_alike(name, forbidden.as_bytes()))
}

/// Whether a field of this name may not be a trailer.
pub fn is_forbidden_trailer(name: &str) -> bool {
    is_forbidden(name.as_bytes())
}

/// The same name, with hyphens or underscores.
fn is_alike(name: &[u8], forbidden: &[u8]) -> bool {
    Likeness::of(name, forbidden) != Likeness::Other
}
