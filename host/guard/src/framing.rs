//! Where a body ends: Content-Length and Transfer-Encoding (RFC 9112 6). One of them, once, and in one
//! spelling.

use model::{Fault, FaultKind};

use super::{bad, class, shown, start::Version};

/// Digits of a length: so many always fit 64 bits.
const LENGTH_DIGITS: usize = 19;

/// How a message's body is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    #[default]
    None,
    /// By its length in bytes.
    Length(u64),
    /// By the chunked coding.
    Chunked,
}

impl Framing {
    /// Takes note of a Content-Length.
    pub(super) fn add_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        *self = match self {
            Framing::None => Framing::Length(length(value)?),
            Framing::Length(_) => return Err(bad("content-length is there twice")),
            Framing::Chunked => return Err(both()),
        };
        Ok(())
    }

    /// Takes note of a Transfer-Encoding.
    pub(super) fn add_coding(&mut self, value: &[u8], version: Version) -> Result<(), Fault> {
        if version == Version::Http10 {
            return Err(bad("transfer-encoding in HTTP/1.0"));
        }
        match self {
            Framing::None => check_coding(value)?,
            Framing::Length(_) => return Err(both()),
            Framing::Chunked => return Err(bad("transfer-encoding is there twice")),
        }
        *self = Framing::Chunked;
        Ok(())
    }
}

/// How a name compares with that of a framing field of the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Another name.
    Other,
    /// The same name.
    Same,
    /// The same, were it not for underscores in the place of hyphens.
    Disguised,
}

impl Likeness {
    /// Compares a name with one in lower case.
    pub(super) fn of(name: &[u8], known: &[u8]) -> Self {
        if name.eq_ignore_ascii_case(known) {
            return Likeness::Same;
        }
        let alike =
            |(&byte, &known): (&u8, &u8)| byte.eq_ignore_ascii_case(&known) || (byte, known) == (b'_', b'-');
        match name.len() == known.len() && name.iter().zip(known).all(alike) {
            true => Likeness::Disguised,
            false => Likeness::Other,
        }
    }
}

fn both() -> Fault {
    bad("both content-length and transfer-encoding")
}

fn length(value: &[u8]) -> Result<u64, Fault> {
    let digits = value.iter().all(u8::is_ascii_digit) && (1..=LENGTH_DIGITS).contains(&value.len());
    if !digits {
        return Err(bad(format!("content-length is not 1 to {LENGTH_DIGITS} digits: '{}'", shown(value))));
    }
    Ok(value.iter().fold(0, |length: u64, digit| length.wrapping_mul(10).wrapping_add(u64::from(digit & 15))))
}

fn check_coding(value: &[u8]) -> Result<(), Fault> {
    if is_chunked(value) { Ok(()) } else { Err(bad_coding(value)) }
}

fn is_chunked(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"chunked")
}

/// A list that ends in `chunked` frames the body well but asks for a coding we do not know; all else frames
/// nothing.
#[cold]
fn bad_coding(value: &[u8]) -> Fault {
    let mut codings = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).rev();
    let framed = codings.next().is_some_and(is_chunked);
    let known_form = |coding: &[u8]| {
        !coding.is_empty() && !is_chunked(coding) && coding.iter().all(|&b| class::is_token(b))
    };
    let kind =
        if framed && codings.all(known_form) { FaultKind::UnknownCoding } else { FaultKind::BadRequest };
    Fault::new(kind, format!("transfer-encoding is not chunked: '{}'", shown(value)))
}
