//! Escape: what a variable's value may do to the text around it.

use std::fmt;

use crate::variable::Spelling;

/// Where the text of a template goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Into a field's value: control characters are left out (RFC 9110 section 5.5), so that none can end the line.
    Field,
    /// Into the path of a URI: what can't stand there is escaped (RFC 3986 section 3.3).
    Path,
    /// Into the value of a query parameter: also what would end it.
    Query,
    /// Into a whole URI, where a value may be an authority, or several components if it is of a URI itself.
    Uri,
    /// Into HTML or XML, as text or within quotes.
    Html,
    /// Into a JSON string.
    Json,
    /// Into a line of a log, as nginx does: quotes, backslashes and all bytes that are no printable ASCII become `\xNN`.
    Log,
    /// Into plain text, as it is.
    Plain,
}

impl Escape {
    /// Where the text goes after what the configuration wrote: behind a `?`, a URI is a query.
    pub(crate) fn after(self, literal: &str) -> Self {
        match self {
            Escape::Path | Escape::Uri if literal.contains('?') => Escape::Query,
            same => same,
        }
    }
}

/// A string that values are written to with escapes, as far as there is room: one byte more shows that there was not.
pub(crate) struct Escaped<'a> {
    text: &'a mut String,
    escape: Escape,
    spelling: Spelling,
    room: usize,
}

impl<'a> Escaped<'a> {
    pub(crate) fn new(text: &'a mut String, escape: Escape, spelling: Spelling, room: usize) -> Self {
        Escaped { text, escape, spelling, room }
    }

    /// Writes what is no UTF-8: to a log byte by byte, elsewhere with replacement characters.
    pub(crate) fn foreign(&mut self, bytes: &[u8]) {
        if self.escape != Escape::Log {
            // Writing to a string can't fail.
            let _ = fmt::Write::write_str(self, &String::from_utf8_lossy(bytes));
            return;
        }
        let taken = bytes.len().min(self.room.saturating_add(1));
        self.room = self.room.saturating_sub(taken);
        bytes.iter().take(taken).for_each(|byte| push_log(self.text, *byte));
    }

    fn push_uri(&mut self, value: &str, keeps: fn(u8) -> bool) {
        let bytes = value.as_bytes();
        for (at, byte) in bytes.iter().copied().enumerate() {
            let is_escape = byte == b'%' && self.is_escape(bytes.get(at + 1..at + 3).unwrap_or_default());
            if is_escape || keeps(byte) {
                self.text.push(char::from(byte));
            } else {
                push_escape(self.text, byte);
            }
        }
    }

    /// Which bytes need no escape in a URI: of what is none, also those of an IPv6 address, but none that begins a query.
    fn keeps_in_uri(&self) -> fn(u8) -> bool {
        match self.spelling {
            Spelling::Uri | Spelling::Query => |byte| is_path(byte) || byte == b'?',
            Spelling::Parameter | Spelling::Capture => is_path,
            Spelling::Plain => |byte| is_path(byte) || matches!(byte, b'[' | b']'),
        }
    }

    /// Which bytes need no escape in a query. A URI within one is a value like any other.
    fn keeps_in_query(&self) -> fn(u8) -> bool {
        match self.spelling {
            Spelling::Query => |byte| is_path(byte) || byte == b'?',
            Spelling::Parameter => |byte| is_unreserved(byte) || byte == b'+',
            Spelling::Uri | Spelling::Capture | Spelling::Plain => is_unreserved,
        }
    }

    /// Whether what follows a percent sign makes it an escape that the value was spelled with.
    fn is_escape(&self, digits: &[u8]) -> bool {
        match self.spelling {
            Spelling::Uri if self.escape == Escape::Query => false,
            Spelling::Uri | Spelling::Query | Spelling::Parameter | Spelling::Capture => {
                digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
            }
            Spelling::Plain => false,
        }
    }
}

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, value: &str) -> fmt::Result {
        // Each byte makes at least one, but for those that are left out.
        let cut = value.floor_char_boundary(self.room.saturating_add(1));
        let value = value.get(..cut).unwrap_or_default();
        self.room = self.room.saturating_sub(value.len());
        match self.escape {
            Escape::Plain => self.text.push_str(value),
            // Nearly every value is plain, and copied whole.
            Escape::Log => value.bytes().for_each(|byte| push_log(self.text, byte)),
            Escape::Field if value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
                self.text.push_str(value);
            }
            Escape::Field => self.text.extend(value.chars().filter(|char| !is_control(*char))),
            Escape::Html => value.chars().for_each(|char| push_html(self.text, char)),
            Escape::Json => value.chars().for_each(|char| push_json(self.text, char)),
            Escape::Path => self.push_uri(value, is_path),
            Escape::Query => self.push_uri(value, self.keeps_in_query()),
            Escape::Uri => {
                self.push_uri(value, self.keeps_in_uri());
            }
        }
        Ok(())
    }
}

fn is_control(char: char) -> bool {
    char.is_control() && char != '\t'
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// RFC 3986 section 3.3, with the slash.
fn is_path(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte)
}

fn push_escape(text: &mut String, byte: u8) {
    text.push('%');
    push_hex(text, byte);
}

fn push_hex(text: &mut String, byte: u8) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    text.extend([digit(byte >> 4), digit(byte & 15)]);
}

fn push_log(text: &mut String, byte: u8) {
    match byte {
        b'"' | b'\\' | 0..=0x1f | 0x7f.. => {
            text.push_str("\\x");
            push_hex(text, byte);
        }
        byte => text.push(char::from(byte)),
    }
}

fn push_html(text: &mut String, char: char) {
    match char {
        '&' => text.push_str("&amp;"),
        '<' => text.push_str("&lt;"),
        '>' => text.push_str("&gt;"),
        '"' => text.push_str("&quot;"),
        '\'' => text.push_str("&#39;"),
        char => text.push(char),
    }
}

/// RFC 8259 section 7; `<` as well, so that JSON within HTML can't end a script.
fn push_json(text: &mut String, char: char) {
    match char {
        '"' | '\\' => text.extend(['\\', char]),
        char if char.is_control() || char == '<' => text.push_str(&format!("\\u{:04x}", u32::from(char))),
        char => text.push(char),
    }
}
