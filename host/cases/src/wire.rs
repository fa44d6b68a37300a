//! HTTP/1.1 as far as both ends of a Sandgate of ours need it: whole messages, one after the other.
//!
//! It judges nothing: between client and origin stands the proxy that does.

use std::io::{self, BufRead, ErrorKind, Read};

/// The longest head.
const HEAD_LIMIT: u64 = 1 << 20;
/// The longest body.
const BODY_LIMIT: u64 = 64 << 20;

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Request line or status line.
    start: String,
    /// Names in lower case.
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// How a body ends (RFC 9112 section 6.3).
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Message {
    /// The next request of a connection; none at its end.
    pub(crate) fn request(input: &mut impl BufRead) -> io::Result<Option<Message>> {
        let Some(mut message) = Message::head(input)? else { return Ok(None) };
        let framing = message.framing()?.unwrap_or(Framing::Length(0));
        message.body = body(input, framing)?;
        Ok(Some(message))
    }

    /// The answer to a request of this method, after those that only say that it will come.
    pub(crate) fn response(input: &mut impl BufRead, method: &str) -> io::Result<Message> {
        loop {
            let Some(mut message) = Message::head(input)? else {
                return Err(ErrorKind::UnexpectedEof.into());
            };
            let framing = match message.status() {
                100..=199 => continue,
                204 | 304 => Framing::Length(0),
                _ if method == "HEAD" => Framing::Length(0),
                _ => message.framing()?.unwrap_or(Framing::UntilClose),
            };
            message.body = body(input, framing)?;
            return Ok(message);
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or_default()
    }

    pub(crate) fn method(&self) -> &str {
        self.word(0)
    }

    pub(crate) fn target(&self) -> &str {
        self.word(1)
    }

    /// The values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let of_name = self.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.clone()).collect()
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn word(&self, at: usize) -> &str {
        self.start.split(' ').nth(at).unwrap_or_default()
    }

    fn head(input: &mut impl BufRead) -> io::Result<Option<Message>> {
        let mut input = input.take(HEAD_LIMIT);
        let mut lines = Vec::new();
        while let Some(line) = line(&mut input)? {
            if line.is_empty() {
                return Ok(Some(Message::parsed(&lines)));
            }
            lines.push(line);
        }
        if lines.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn parsed(lines: &[String]) -> Message {
        let (start, fields) = lines.split_first().map_or(("", [].as_slice()), |(first, rest)| (first, rest));
        let fields = fields.iter().filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        Message { start: start.to_owned(), fields: fields.collect(), body: Vec::new() }
    }

    fn framing(&self) -> io::Result<Option<Framing>> {
        if !self.all("transfer-encoding").is_empty() {
            return Ok(Some(Framing::Chunked));
        }
        let lengths = self.all("content-length");
        let Some(length) = lengths.first() else { return Ok(None) };
        length
            .parse()
            .map(|length| Some(Framing::Length(length)))
            .map_err(|_| invalid("content-length", length))
    }
}

fn body(input: &mut impl BufRead, framing: Framing) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match framing {
        Framing::Length(length) => part(input, length, &mut body)?,
        Framing::Chunked => chunks(input, &mut body)?,
        Framing::UntilClose => {
            input.take(BODY_LIMIT).read_to_end(&mut body)?;
        }
    }
    Ok(body)
}

/// Chunks up to the last, then trailers up to the empty line (RFC 9112 section 7.1).
fn chunks(input: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let size = needed_line(input)?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| invalid("chunk size", digits))?;
        if size == 0 {
            break;
        }
        part(input, size, body)?;
        needed_line(input)?;
    }
    while !needed_line(input)?.is_empty() {}
    Ok(())
}

/// Exactly so many bytes.
fn part(input: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if length > BODY_LIMIT.saturating_sub(body.len() as u64) {
        return Err(invalid("length of a body", &length.to_string()));
    }
    match input.take(length).read_to_end(body)? as u64 == length {
        true => Ok(()),
        false => Err(ErrorKind::UnexpectedEof.into()),
    }
}

fn needed_line(input: &mut impl BufRead) -> io::Result<String> {
    line(&mut input.take(HEAD_LIMIT))?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

/// The next line without its end; none at the end of the connection.
fn line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let text = line.strip_suffix(b"\n").ok_or(ErrorKind::UnexpectedEof)?;
    Ok(Some(String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text)).into_owned()))
}

fn invalid(what: &str, value: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("invalid {what} {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_one_after_another() {
        let mut input =
            &b"POST /a HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\ncontent-length: 2\r\n\r\nhiGET /b HTTP/1.1\r\n\r\n"[..];
        let first = Message::request(&mut input).unwrap().unwrap();
        assert_eq!((first.method(), first.target(), first.text().as_str()), ("POST", "/a", "hi"));
        assert_eq!(first.all("x-a"), ["1", "2"]);
        assert_eq!(Message::request(&mut input).unwrap().unwrap().target(), "/b");
        assert!(Message::request(&mut input).unwrap().is_none());
    }

    #[test]
    fn an_answer_ends_as_its_head_says() {
        let of = |raw: &str, method| Message::response(&mut raw.as_bytes(), method).map(|m| m.text());
        let chunked =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1;x\r\n!\r\n0\r\nx: y\r\n\r\n";
        assert_eq!(of(chunked, "GET").unwrap(), "hi!");
        assert_eq!(of("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall", "GET").unwrap(), "all");
        assert_eq!(of("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "HEAD").unwrap(), "");
        assert!(of("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi", "GET").is_err(), "cut");
        assert!(of("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nhi", "GET").is_err());
    }
}
