//! A request's head: its lines in order, and what its fields say about the host and the body.

use model::{Fault, FaultKind};

use super::{
    Limits, authority, bad,
    field::{self, Field},
    framing::{Framing, Likeness},
    lines::{Lines, Next},
    shown,
    start::{self, Method, StartLine, Version},
};

/// A head of which some lines, perhaps none, have been judged.
#[derive(Debug, Default)]
pub(super) struct Head {
    lines: Lines,
    lead: Lead,
    /// Something of the request line has come, though not all.
    begun: bool,
    start: Option<StartLine>,
    fields: usize,
    host: Host,
    framing: Framing,
}

/// Whether the empty line that is tolerated before a request line has come (RFC 9112 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lead {
    #[default]
    Possible,
    Seen,
}

/// Whether Host has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Host {
    #[default]
    Missing,
    Given,
}

impl Head {
    /// Reads on in a head that begins with these bytes: its size and the framing of its body once it is
    /// complete.
    pub(super) fn read(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<(usize, Framing)>, Fault> {
        loop {
            match self.lines.next(bytes, limits.head) {
                Next::Line(line) => {
                    if let Some(framing) = self.line(line, limits)? {
                        return Ok(Some((self.lines.size(), framing)));
                    }
                }
                Next::Beginning(line) => {
                    self.beginning(line, limits)?;
                    return check_room(bytes, limits).map(|()| None);
                }
            }
        }
    }

    /// Whether anything but the tolerated empty line has been seen of it.
    pub(super) fn has_begun(&self) -> bool {
        self.begun || self.start.is_some()
    }

    /// How far it has looked for line ends.
    #[cfg(test)]
    pub(super) fn scanned(&self) -> usize {
        self.lines.scanned()
    }

    /// Judges a complete line. The empty one at the end gives the framing.
    fn line(&mut self, line: &[u8], limits: &Limits) -> Result<Option<Framing>, Fault> {
        match self.start {
            None if line == b"\r" && self.lead == Lead::Possible => self.lead = Lead::Seen,
            None => self.start = Some(start::judge(line, limits.uri)?),
            Some(start) if line == b"\r" => return self.finish(start).map(Some),
            Some(start) => {
                field::count(&mut self.fields, limits.fields)?;
                self.field(&Field::read(line)?, start.version)?;
            }
        }
        Ok(None)
    }

    /// Judges what there is of an incomplete line.
    fn beginning(&mut self, line: &[u8], limits: &Limits) -> Result<(), Fault> {
        if self.start.is_some() {
            return Ok(());
        }
        match line {
            [] => Ok(()),
            b"\r" if self.lead == Lead::Possible => Ok(()),
            _ => {
                self.begun = true;
                start::judge_beginning(line, limits.uri)
            }
        }
    }

    /// Takes note of the few fields that decide how the message is read; lengths first, for most names have
    /// others.
    fn field(&mut self, field: &Field<'_>, version: Version) -> Result<(), Fault> {
        match field.name.len() {
            4 if field.name.eq_ignore_ascii_case(b"host") => self.host(field.trimmed()),
            14 => match Likeness::of(field.name, b"content-length") {
                Likeness::Same => self.framing.add_length(field.trimmed()),
                Likeness::Disguised => Err(disguised(field.name)),
                Likeness::Other => Ok(()),
            },
            17 => match Likeness::of(field.name, b"transfer-encoding") {
                Likeness::Same => self.framing.add_coding(field.trimmed(), version),
                Likeness::Disguised => Err(disguised(field.name)),
                Likeness::Other => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.host == Host::Given {
            return Err(bad("host is there twice"));
        }
        if !authority::is_valid(value) {
            return Err(bad(format!("host is not valid: '{}'", shown(value))));
        }
        self.host = Host::Given;
        Ok(())
    }

    /// Judges the head as a whole.
    fn finish(&self, start: StartLine) -> Result<Framing, Fault> {
        if start.version == Version::Http11 && self.host == Host::Missing {
            return Err(bad("host is missing"));
        }
        match (start.method, self.framing) {
            (Method::Trace, Framing::Chunked | Framing::Length(1..)) => {
                Err(bad("a TRACE request with a body"))
            }
            (_, framing) => Ok(framing),
        }
    }
}

/// Refuses a section that has no end within its limit.
pub(super) fn check_room(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    if bytes.len() >= limits.head {
        return Err(Fault::new(FaultKind::HeadTooLarge, format!("no end within {} bytes", limits.head)));
    }
    Ok(())
}

#[cold]
fn disguised(name: &[u8]) -> Fault {
    bad(format!("a framing field spelt with underscores: '{}'", shown(name)))
}
