//! The chunked coding (RFC 9112 7.1), byte by byte where it is syntax and in one stride where it is data. It
//! ends with the line of the last chunk: the trailer section is read elsewhere. Clients' bodies are judged by it, endpoints'
//! are decoded.

use model::Fault;

use super::bad;

/// Hexadecimal digits of a chunk's size: so many always fit 64 bits.
const SIZE_DIGITS: u32 = 15;

/// Bytes of one chunk's extensions: nobody uses them, so there is no reason to let a client send many.
const CHUNK_EXTENSION_BYTES: usize = 256;

/// Bytes of all extensions of a body: they cost the parser time and carry nothing on.
const BODY_EXTENSION_BYTES: usize = 16 * 1024;

/// Where the reading of a chunked body stands.
#[derive(Debug, Default)]
pub struct Chunks {
    place: Place,
    /// Bytes of extensions so far, in the whole body.
    extensions: usize,
}

/// A violation, and how many bytes came before it.
pub struct Refused {
    pub(super) accepted: usize,
    pub(super) fault: Fault,
}

/// What is next in a chunked body: syntax, and the data behind it. Neither, if the bytes are used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Bytes of syntax.
    pub syntax: usize,
    /// Bytes of data.
    pub data: usize,
    /// Whether the line of the last chunk ends the syntax.
    pub is_last: bool,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A digit of the size, or what follows the digits.
    Size { size: u64, digits: u32 },
    /// A byte of the extensions, of which this chunk has had so many.
    Extension { size: u64, bytes: usize, quote: Quote },
    /// The LF behind the size.
    SizeEnd { size: u64 },
    /// Data, of which so many bytes are to come.
    Data(u64),
    /// The CR behind the data.
    DataCr,
    /// The LF behind that.
    DataEnd,
    /// The trailer section.
    Trailers,
}

/// Where in a quoted string (RFC 9110 5.6.4) an extension is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    Escaped,
}

impl Default for Place {
    fn default() -> Self {
        Place::Size { size: 0, digits: 0 }
    }
}

impl Chunks {
    /// Reads on in the body: how many bytes it took when the last chunk's line has ended, nothing when it
    /// took all.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refused> {
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let stretch = self.stretch(rest).map_err(|refused| refused.after(taken))?;
            taken += stretch.syntax + stretch.data;
            if stretch.is_last {
                return Ok(Some(taken));
            }
            if stretch.data == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads on up to the end of the next data.
    pub fn stretch(&mut self, bytes: &[u8]) -> Result<Stretch, Refused> {
        for (syntax, &byte) in bytes.iter().enumerate() {
            if let Place::Data(left) = self.place {
                let data = self.take(left, bytes.len() - syntax);
                return Ok(Stretch { syntax, data, is_last: false });
            }
            self.place = self.next(byte).map_err(|fault| Refused { accepted: syntax, fault })?;
            if self.place == Place::Trailers {
                return Ok(Stretch { syntax: syntax + 1, data: 0, is_last: true });
            }
        }
        Ok(Stretch { syntax: bytes.len(), data: 0, is_last: false })
    }

    /// Takes what is there of a chunk's data: so many bytes.
    fn take(&mut self, left: u64, there: usize) -> usize {
        match usize::try_from(left) {
            Ok(left) if left <= there => {
                self.place = Place::DataCr;
                left
            }
            _ => {
                self.place = Place::Data(left.saturating_sub(there as u64));
                there
            }
        }
    }

    fn next(&mut self, byte: u8) -> Result<Place, Fault> {
        match (self.place, byte) {
            (Place::Size { size, digits }, _) => after_size(size, digits, byte),
            (Place::Extension { size, bytes, quote }, _) => self.after_extension(size, bytes, quote, byte),
            (Place::SizeEnd { size: 0 }, b'\n') => Ok(Place::Trailers),
            (Place::SizeEnd { size }, b'\n') => Ok(Place::Data(size)),
            (Place::DataCr, b'\r') => Ok(Place::DataEnd),
            (Place::DataEnd, b'\n') => Ok(Place::default()),
            (Place::SizeEnd { .. }, _) => Err(bad(format!("the byte {byte:#04x} where a chunk's size ends"))),
            (_, _) => Err(bad(format!("the byte {byte:#04x} where a chunk's data ends"))),
        }
    }

    fn after_extension(&mut self, size: u64, bytes: usize, quote: Quote, byte: u8) -> Result<Place, Fault> {
        if byte == b'\r' && quote == Quote::Outside && bytes > 0 {
            return Ok(Place::SizeEnd { size });
        }
        self.extensions += 1;
        if bytes >= CHUNK_EXTENSION_BYTES || self.extensions > BODY_EXTENSION_BYTES {
            return Err(bad("too many bytes of chunk extensions"));
        }
        if !matches!(byte, b'\t' | b' '..=b'~') {
            return Err(bad(format!("the byte {byte:#04x} in a chunk extension")));
        }
        Ok(Place::Extension { size, bytes: bytes + 1, quote: quote.after(byte) })
    }
}

impl Refused {
    fn after(self, bytes: usize) -> Self {
        Refused { accepted: bytes + self.accepted, ..self }
    }
}

impl Quote {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Quote::Outside, b'"') => Quote::Inside,
            (Quote::Inside, b'"') => Quote::Outside,
            (Quote::Inside, b'\\') => Quote::Escaped,
            (Quote::Escaped, _) => Quote::Inside,
            (quote, _) => quote,
        }
    }
}

fn after_size(size: u64, digits: u32, byte: u8) -> Result<Place, Fault> {
    match (char::from(byte).to_digit(16), byte) {
        (Some(_), _) if digits == SIZE_DIGITS => {
            Err(bad(format!("a chunk's size has more than {SIZE_DIGITS} digits")))
        }
        (Some(digit), _) => Ok(Place::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }),
        (None, b'\r') if digits > 0 => Ok(Place::SizeEnd { size }),
        (None, b';') if digits > 0 => Ok(Place::Extension { size, bytes: 0, quote: Quote::Outside }),
        (None, _) => Err(bad(format!("the byte {byte:#04x} in a chunk's size"))),
    }
}
