//! A small origin: enough HTTP/1.1 to stand behind the proxy, with connections that are kept.
//!
//! `/echo`, and what is below, is answered with the head of the request as it came; anything else with a greeting.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How many connections are open at a time; more are closed at once.
const MAX_CONNECTIONS: usize = 256;
/// How long a head may be.
const MAX_HEAD: u64 = 64 * 1024;
/// How long the line before a chunk may be.
const MAX_CHUNK_LINE: u64 = 1024;
/// How long a connection may be idle. Longer than the proxy keeps it: the side that asks is the one to close.
const IDLE: Duration = Duration::from_secs(120);

/// The framing of a request's body (RFC 9112 section 6).
#[derive(Debug, PartialEq)]
enum Body {
    Length(u64),
    Chunked,
}

/// Serves in the background, as long as the process lives.
pub fn start(listener: TcpListener) {
    thread::spawn(move || accept(&listener));
}

fn accept(listener: &TcpListener) {
    let open = Arc::new(());
    for stream in listener.incoming().flatten() {
        if Arc::strong_count(&open) > MAX_CONNECTIONS {
            continue;
        }
        let held = Arc::clone(&open);
        thread::spawn(move || {
            // A peer that goes away is no news.
            _ = serve(&stream);
            drop(held);
        });
    }
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    converse(&mut BufReader::new(stream), stream, stream.local_addr()?.port())
}

/// Answers one request after the other.
fn converse(input: &mut impl BufRead, mut output: impl Write, port: u16) -> io::Result<()> {
    while let Some(head) = read_head(input)? {
        skip_body(input, body(&head)?)?;
        output.write_all(&answer(&head, port))?;
        if field(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            return Ok(());
        }
    }
    Ok(())
}

/// The next head; none when the connection ends, or the head is too long.
fn read_head(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut input = input.take(MAX_HEAD);
    while input.read_until(b'\n', &mut head)? > 0 {
        if head.ends_with(b"\r\n\r\n") {
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
    }
    Ok(None)
}

fn body(head: &str) -> io::Result<Body> {
    if field(head, "transfer-encoding").is_some() {
        return Ok(Body::Chunked);
    }
    let Some(length) = field(head, "content-length") else { return Ok(Body::Length(0)) };
    length.parse().map(Body::Length).map_err(|_| invalid("content-length", length))
}

fn skip_body(input: &mut impl BufRead, body: Body) -> io::Result<()> {
    match body {
        Body::Length(length) => skip(input, length),
        Body::Chunked => skip_chunks(input),
    }
}

/// Chunks up to the last, then trailers up to the empty line (RFC 9112 section 7.1).
fn skip_chunks(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let line = read_line(input)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        match u64::from_str_radix(digits, 16) {
            Ok(0) => break,
            Ok(size) => skip(input, size.saturating_add(2))?,
            Err(_) => return Err(invalid("chunk size", digits)),
        }
    }
    while !read_line(input)?.trim_end().is_empty() {}
    Ok(())
}

fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.take(MAX_CHUNK_LINE).read_line(&mut line)?;
    Ok(line)
}

fn skip(input: &mut impl BufRead, length: u64) -> io::Result<()> {
    io::copy(&mut input.take(length), &mut io::sink()).map(drop)
}

fn invalid(what: &str, value: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("invalid {what} {value:?}"))
}

fn answer(head: &str, port: u16) -> Vec<u8> {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let body = if is_echo(target) { head.replace('\r', "") } else { format!("hello from {port}\n") };
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-backend: {port}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    if method != "HEAD" {
        answer.push_str(&body);
    }
    answer.into_bytes()
}

fn is_echo(target: &str) -> bool {
    target.strip_prefix("/echo").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// The value of the first field of that name.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests;
