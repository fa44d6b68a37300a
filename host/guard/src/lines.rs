//! Lines of a section that ends with an empty line: a head or a trailer section. It finds the lines and
//! remembers how far it looked; what a line may say is not its matter.

use memchr::memchr;
use model::Fault;

use super::bad;

/// Where the reading of a section stands, in bytes from the section's start.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The first byte of the first line that was not handed out.
    start: usize,
    /// No line feed lies between `start` and here, so that a slow sender's bytes are looked at once.
    scanned: usize,
}

/// What comes next in a section.
pub(super) enum Next<'b> {
    /// A line, without its LF and with its CR.
    Line(&'b [u8]),
    /// What there is of a line that has no end yet, or none within the limit.
    Beginning(&'b [u8]),
}

impl Lines {
    /// The next line of a section that begins with these bytes and may have `limit` of them.
    pub(super) fn next<'b>(&mut self, bytes: &'b [u8], limit: usize) -> Next<'b> {
        let section = bytes.get(..limit).unwrap_or(bytes);
        let rest = section.get(self.start..).unwrap_or_default();
        let fresh = section.get(self.scanned..).unwrap_or_default();
        let Some(offset) = memchr(b'\n', fresh) else {
            self.scanned = self.scanned.max(section.len());
            return Next::Beginning(rest);
        };
        let end = self.scanned + offset;
        let line = rest.get(..end.saturating_sub(self.start)).unwrap_or_default();
        self.start = end + 1;
        self.scanned = self.start;
        Next::Line(line)
    }

    /// How many bytes the lines handed out so far have, with their ends.
    pub(super) fn size(&self) -> usize {
        self.start
    }

    /// How far it has looked.
    #[cfg(test)]
    pub(super) fn scanned(&self) -> usize {
        self.scanned
    }
}

/// The line without its CR, which must be there: LF alone ends a line for some and not for others (RFC 9112
/// 2.2).
pub(super) fn without_cr(line: &[u8]) -> Result<&[u8], Fault> {
    line.strip_suffix(b"\r").ok_or_else(|| bad("a line ends with LF alone"))
}
