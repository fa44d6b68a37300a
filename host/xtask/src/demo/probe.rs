//! One request through the proxy, so that the demo shows what really comes back.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::error::{Error, Result};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of the answer is read.
const MAX_ANSWER: u64 = 64 * 1024;

/// What came back.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    /// The first line, as `HTTP/1.1 200 OK`.
    pub(super) status_line: String,
    /// The value of the field that the filter sets; empty if there is none.
    pub(super) served_by: String,
    /// The body, without the line's end.
    pub(super) body: String,
}

/// Asks for the path.
pub(super) fn get(port: u16, path: &str) -> Result<Answer> {
    let answer = exchange(port, path)
        .map_err(|error| Error::Failed(format!("no answer from 127.0.0.1:{port}{path}: {error}")))?;
    parse(&answer).ok_or_else(|| Error::Failed(format!("127.0.0.1:{port}{path} answered {answer:?}")))
}

fn exchange(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let (status_line, fields) = head.split_once("\r\n")?;
    let mut fields = fields.split("\r\n").filter_map(|field| field.split_once(": "));
    let served_by = fields.find(|(name, _)| name.eq_ignore_ascii_case("x-served-by"));
    Some(Answer {
        status_line: status_line.to_owned(),
        served_by: served_by.map(|(_, value)| value.to_owned()).unwrap_or_default(),
        body: body.trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = parse("HTTP/1.1 200 OK\r\nX-Served-By: me\r\na: b\r\n\r\nhello\n").unwrap();
        assert_eq!((answer.served_by.as_str(), answer.body.as_str()), ("me", "hello"));
        assert_eq!(parse("HTTP/1.1 200 OK\r\n"), None);
    }
}
