//! One request and all that came of it.

use std::fmt::Write as _;
use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use document::Spanned;
use serde_json::Value;

use super::{AFTER, Stage, pause, told};
use crate::case::{self, Expect, Request};
use crate::endpoints::{Seen, write_fields};
use crate::process::ProcessError;
use crate::wire::Message;

/// The host that is asked for where a case names none.
const HOST: &str = "test.example";

/// What came of one request.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The answer, or why there is no whole one.
    pub(super) answer: io::Result<Message>,
    /// What endpoints got, in the order of its arrival.
    pub(super) asked: Vec<Seen>,
    /// Its line in the access log.
    pub(super) record: Value,
}

impl Exchange {
    /// Its fault, and what more is known of it.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let text = |key| self.record.get(key).and_then(Value::as_str);
        Some((text("fault")?.to_owned(), text("detail").unwrap_or_default().to_owned()))
    }
}

impl Stage<'_> {
    pub(super) fn exchange(&self, request: &Request, expect: &Expect) -> Result<Exchange, ProcessError> {
        let stream = self.connect(request)?;
        let bytes = bytes(request);
        let answer = thread::scope(|scope| {
            // Beside the reading: who answers while it is asked waits for a reader. Who has heard enough closes.
            scope.spawn(|| (&stream).write_all(&bytes));
            Message::response(&mut BufReader::new(&stream), &request.method)
        });
        drop(stream);
        let record = self.process.record()?;
        Ok(Exchange { answer, asked: self.asked(expect), record })
    }

    /// What endpoints were asked: a plugin may ask one after the answer too.
    fn asked(&self, expect: &Expect) -> Vec<Seen> {
        let deadline = Instant::now() + AFTER;
        let is_expected = |asked: &&(String, Spanned<Option<case::Message>>)| asked.1.value.is_some();
        let expected: Vec<&String> = expect.asked.iter().filter(is_expected).map(|(name, _)| name).collect();
        let mut asked = self.endpoints.take();
        let is_asked = |asked: &[Seen], name: &String| asked.iter().any(|seen| seen.endpoint == *name);
        while !expected.iter().all(|name| is_asked(&asked, name)) && Instant::now() < deadline {
            pause();
            asked.append(&mut self.endpoints.take());
        }
        asked
    }

    /// Requests side by side, each on a connection of its own: one after another, some policies would ask one endpoint only.
    pub(super) fn ask_at_once(&self, requests: &[Arc<Request>]) -> Result<(), ProcessError> {
        let mut open = Vec::new();
        for request in requests {
            let stream = self.connect(request)?;
            (&stream).write_all(&bytes(request)).map_err(|error| told("a request", &error))?;
            open.push((stream, request));
        }
        for (stream, request) in open {
            // What came of each is nothing that weights are expected with.
            let _answer = Message::response(&mut BufReader::new(&stream), &request.method);
            self.process.record()?;
        }
        Ok(())
    }

    fn connect(&self, request: &Request) -> Result<TcpStream, ProcessError> {
        let first = || self.scene.listeners().first().map(|name| (*name).to_owned());
        let listener = request.listener.clone().or_else(first).unwrap_or_default();
        Ok(self.process.connect(&listener).map_err(|error| told("a connection", &error))?)
    }
}

/// A request as it is sent.
fn bytes(request: &Request) -> Vec<u8> {
    let Request { method, path, headers, body, .. } = request;
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    let names = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !names("host") {
        let _ = write!(text, "host: {HOST}\r\n");
    }
    write_fields(&mut text, headers);
    if let Some(body) = body {
        let _ = write!(text, "content-length: {}\r\n", body.len());
    }
    text.push_str("\r\n");
    text.push_str(body.as_deref().unwrap_or_default());
    text.into_bytes()
}
