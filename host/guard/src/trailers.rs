//! The trailer section behind a chunked body (RFC 9112 7.1.2): fields of good form that change nothing about
//! the message they follow (RFC 9110 6.5.1).

use model::{Fault, is_forbidden_trailer};

use super::{
    Limits, bad,
    field::{self, Field},
    head::check_room,
    lines::{Lines, Next},
    shown,
};

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
        if is_forbidden_trailer(name) {
            return Err(bad(format!("a trailer may not be named '{}'", shown(name))));
        }
        Ok(())
    }
}
