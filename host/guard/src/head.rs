//! A request's head: its lines in order, and what its fields say about the host and the body.

use model::{Fault, FaultKind};

use super::{
    Limits, authority, bad,
    field::{self, Field},
    framing::{Framing, Likeness},
    lines::{Lines, Next},
    shown,
    start::{self, Method, Spelling, StartLine, Version},
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
    /// Where the minor number of a version stands that must be written otherwise.
    newer_minor: Option<usize>,
    /// Connection names Upgrade.
    names_upgrade: bool,
    /// There is an Upgrade.
    has_upgrade: bool,
}

/// A head that is complete.
#[derive(Debug)]
pub(super) struct Complete {
    /// Its bytes.
    pub(super) size: usize,
    /// Where its body ends.
    pub(super) framing: Framing,
    /// What may follow it.
    pub(super) sequel: Sequel,
    /// Where in it the minor number of a version stands that must be written otherwise.
    pub(super) newer_minor: Option<usize>,
}

/// What may follow a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequel {
    /// Another one.
    Request,
    /// Another one, or bytes of another protocol: the answer decides (RFC 9110 7.8).
    Undecided,
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
    /// Reads on in a head that begins with these bytes: what is known of it once it is complete.
    pub(super) fn read(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<Complete>, Fault> {
        loop {
            match self.lines.next(bytes, limits.head) {
                Next::Line(line) => {
                    if let Some(framing) = self.line(line, limits)? {
                        return Ok(Some(self.complete(framing)));
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
            None => self.begin(start::judge(line, limits.uri)?),
            Some(start) if line == b"\r" => return self.finish(start).map(Some),
            Some(start) => {
                field::count(&mut self.fields, limits.fields)?;
                self.field(&Field::read(line)?, start.version)?;
            }
        }
        Ok(None)
    }

    fn begin(&mut self, start: StartLine) {
        self.start = Some(start);
        if start.spelling == Spelling::Newer {
            // The line just read ends with the digit, CR and LF.
            self.newer_minor = self.lines.size().checked_sub(3);
        }
    }

    /// The protocol may change only after a request without a body: what there was of one would have to be told from
    /// what follows it.
    fn complete(&self, framing: Framing) -> Complete {
        let is_1_1 = self.start.is_some_and(|start| start.version == Version::Http11);
        let has_body = !matches!(framing, Framing::None | Framing::Length(0));
        let asks = self.names_upgrade && self.has_upgrade && is_1_1 && !has_body;
        let sequel = if asks { Sequel::Undecided } else { Sequel::Request };
        Complete { size: self.lines.size(), framing, sequel, newer_minor: self.newer_minor }
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
            7 if field.name.eq_ignore_ascii_case(b"upgrade") => {
                self.has_upgrade = true;
                Ok(())
            }
            10 if field.name.eq_ignore_ascii_case(b"connection") => {
                self.names_upgrade |= lists_upgrade(field.value);
                Ok(())
            }
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

/// Whether a Connection field's value names Upgrade. Whoever reads the head behind the guard must agree with it, byte by byte.
pub fn lists_upgrade(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
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
