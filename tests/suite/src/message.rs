//! Messages as they were on the wire: a head, its fields in order, and a body.

use std::ops::Deref;

/// The head of a message.
#[derive(Clone, Debug)]
pub struct Head {
    /// The request line or status line, without its CRLF.
    pub start: String,
    /// The fields in their order, names in lower case.
    pub fields: Vec<(String, String)>,
    /// The bytes as they came, blank line included.
    pub raw: Vec<u8>,
}

impl Head {
    /// Takes a head apart. Bytes that are not UTF-8 are replaced in `fields` and kept in `raw`.
    pub fn parse(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.lines();
        let start = lines.next().unwrap_or_default().to_owned();
        let fields = lines.filter_map(|line| line.split_once(':')).map(field).collect();
        Head { start, fields, raw }
    }

    /// The first value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values of a field, in their order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }

    /// How the body of a request with this head ends (RFC 9112 section 6.3).
    pub(crate) fn request_framing(&self) -> Framing {
        match self.declared_framing() {
            Framing::UntilClose => Framing::Empty,
            declared => declared,
        }
    }

    /// How the body of a response with this head ends, if it is not an answer to HEAD (RFC 9112 section 6.3).
    pub(crate) fn response_framing(&self) -> Framing {
        match self.status() {
            100..=199 | 204 | 304 => Framing::Empty,
            _ => self.declared_framing(),
        }
    }

    /// The status code, if the head is that of a response; else 0.
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    fn declared_framing(&self) -> Framing {
        if self.field("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            return Framing::Chunked;
        }
        match self.field("content-length").map(|v| v.parse().expect("a content-length of digits")) {
            Some(length) => Framing::Length(length),
            None => Framing::UntilClose,
        }
    }
}

/// A request as an origin got it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its head.
    pub head: Head,
    /// Its body, without the chunks' framing; as much of it as has come.
    pub body: Vec<u8>,
    /// The fields that followed a chunked body.
    pub trailers: Vec<(String, String)>,
    /// Whether all of the body came; none as long as nobody has read to its end.
    pub ending: Option<Ending>,
    /// On which of the origin's connections it came; the first is 0.
    pub connection: usize,
}

impl Request {
    /// The method.
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The request target.
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }
}

impl Deref for Request {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

/// A response as a client got it.
#[derive(Clone, Debug)]
pub struct Response {
    /// The heads of the interim responses (1xx) that came before it.
    pub interim: Vec<Head>,
    /// Its head.
    pub head: Head,
    /// Its body, without the chunks' framing.
    pub body: Vec<u8>,
    /// The fields that followed a chunked body.
    pub trailers: Vec<(String, String)>,
    /// Whether all of the body came.
    pub ending: Ending,
}

impl Response {
    /// The body, if it is text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Deref for Response {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As its framing said.
    Complete,
    /// The connection was closed or reset before that.
    Truncated,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(usize),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

pub(crate) fn field((name, value): (&str, &str)) -> (String, String) {
    (name.to_ascii_lowercase(), value.trim().to_owned())
}
