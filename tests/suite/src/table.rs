//! A table of conversations: what a client sends and an origin answers, and what each of them must see.
//!
//! All cases of a table run before one [`Sandgate`], and all that fail are told together.

use std::sync::{Arc, Mutex};

use crate::client::RawClient;
use crate::message::Request;
use crate::origin::Origin;
use crate::sandgate::Sandgate;

/// The answer of an origin that is told nothing else.
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// One conversation. Bytes are compared in lower case.
pub struct Case {
    claim: String,
    request: Vec<u8>,
    answer: Answer,
    seen: Vec<Look>,
    got: Vec<Look>,
}

/// What an origin answers.
#[derive(Clone)]
struct Answer {
    bytes: Vec<u8>,
    after: After,
}

/// What an origin does after its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Stay,
    Close,
}

/// What must be true of bytes.
enum Look {
    Has(Vec<u8>),
    Lacks(Vec<u8>),
    Requests(usize),
    OnlyTarget(String),
    Refusal,
}

/// A conversation in which the client sends this text, whose lines end with CRLF in place of LF.
pub fn case(claim: &str, request: &str) -> Case {
    raw_case(claim, request.replace('\n', "\r\n"))
}

/// A conversation in which the client sends these bytes.
pub fn raw_case(claim: &str, request: impl Into<Vec<u8>>) -> Case {
    let answer = Answer { bytes: OK.to_vec(), after: After::Stay };
    Case { claim: claim.to_owned(), request: request.into(), answer, seen: Vec::new(), got: Vec::new() }
}

/// A conversation in which the client asks for `/`, and the connection ends with the answer.
pub fn answer_case(claim: &str, answer: &str) -> Case {
    case(claim, "GET / HTTP/1.1\nhost: test.example\nconnection: close\n\n").answer(answer)
}

impl Case {
    /// The origin answers with this text, whose lines end with CRLF in place of LF.
    pub fn answer(self, text: &str) -> Self {
        self.raw_answer(text.replace('\n', "\r\n"))
    }

    /// The origin answers with these bytes.
    pub fn raw_answer(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.answer.bytes = bytes.into();
        self
    }

    /// The origin closes the connection after its answer.
    pub fn and_closes(mut self) -> Self {
        self.answer.after = After::Close;
        self
    }

    /// The origin sees no request.
    pub fn is_not_forwarded(self) -> Self {
        self.sees_requests(0)
    }

    /// The origin sees so many requests.
    pub fn sees_requests(mut self, count: usize) -> Self {
        self.seen.push(Look::Requests(count));
        self
    }

    /// The origin sees this.
    pub fn sees(mut self, text: &str) -> Self {
        self.seen.push(Look::Has(lower(text)));
        self
    }

    /// The origin does not see this.
    pub fn sees_no(mut self, text: &str) -> Self {
        self.seen.push(Look::Lacks(lower(text)));
        self
    }

    /// All that the origin sees is requests for this target.
    pub fn sees_only(mut self, target: &str) -> Self {
        self.seen.push(Look::OnlyTarget(target.to_owned()));
        self
    }

    /// The client is told that its request is no good, or gets no answer at all.
    pub fn is_refused(mut self) -> Self {
        self.got.push(Look::Refusal);
        self
    }

    /// The client gets this.
    pub fn gets(mut self, text: &str) -> Self {
        self.got.push(Look::Has(lower(text)));
        self
    }

    /// The client does not get this.
    pub fn gets_no(mut self, text: &str) -> Self {
        self.got.push(Look::Lacks(lower(text)));
        self
    }

    /// The client gets this status first.
    pub fn gets_status(self, status: u16) -> Self {
        self.gets(&format!("HTTP/1.1 {status} "))
    }
}

/// Runs the cases; panics with all that fail. Each request must end its connection, by what it asks for or by how it
/// breaks the rules.
pub fn run_cases(cases: Vec<Case>) {
    let answer = Arc::new(Mutex::new(Answer { bytes: OK.to_vec(), after: After::Stay }));
    let told = Arc::clone(&answer);
    let origin = Origin::scripted(move |mut connection| {
        while connection.request().is_some() {
            let answer = told.lock().unwrap().clone();
            connection.send(answer.bytes);
            if answer.after == After::Close {
                return;
            }
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut failed = Vec::new();
    for case in &cases {
        *answer.lock().unwrap() = case.answer.clone();
        let before = origin.requests().len();
        let got = converse(&sandgate, &case.request);
        failed.extend(case.faults(&origin.requests()[before..], &got));
    }
    assert!(failed.is_empty(), "{} faults in {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

fn converse(sandgate: &Sandgate, request: &[u8]) -> Vec<u8> {
    let mut client = RawClient::connect(sandgate.web());
    client.send(request);
    client.rest_or_break()
}

impl Case {
    fn faults(&self, requests: &[Request], got: &[u8]) -> Vec<String> {
        let seen: Vec<u8> = requests.iter().flat_map(|r| [&r.head.raw[..], &r.body].concat()).collect();
        let (seen, got) = (seen.to_ascii_lowercase(), got.to_ascii_lowercase());
        let framed_twice = requests
            .iter()
            .filter(|request| !is_framed_once(request))
            .map(|request| format!("- {}: framed twice: {}", self.claim, request.head.raw.escape_ascii()));
        let looks = self.seen.iter().map(|look| (look, &seen, "the origin saw"));
        let looks = looks.chain(self.got.iter().map(|look| (look, &got, "the client got")));
        looks
            .filter(|(look, bytes, _)| !look.holds(bytes, requests))
            .map(|(look, bytes, who)| {
                format!("- {}: {} in what {who}: {}", self.claim, look.told(), bytes.escape_ascii())
            })
            .chain(framed_twice)
            .collect()
    }
}

impl Look {
    fn holds(&self, bytes: &[u8], requests: &[Request]) -> bool {
        match self {
            Look::Has(text) => has(bytes, text),
            Look::Lacks(text) => !has(bytes, text),
            Look::Requests(count) => requests.len() == *count,
            Look::OnlyTarget(target) => requests.iter().all(|request| request.target() == target),
            Look::Refusal => {
                bytes.is_empty() || bytes.starts_with(b"http/1.1 4") || bytes.starts_with(b"http/1.1 50")
            }
        }
    }

    fn told(&self) -> String {
        match self {
            Look::Has(text) => format!("no '{}'", text.escape_ascii()),
            Look::Lacks(text) => format!("'{}'", text.escape_ascii()),
            Look::Requests(count) => format!("not {count} requests"),
            Look::OnlyTarget(target) => format!("a target other than '{target}'"),
            Look::Refusal => "no refusal".to_owned(),
        }
    }
}

/// Whether at most one field tells where the body ends, however others spell theirs.
fn is_framed_once(request: &Request) -> bool {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let names = request.fields.iter().map(|(name, _)| plain(name));
    names.filter(|name| name == "contentlength" || name == "transferencoding").count() <= 1
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len().max(1)).any(|window| window == text)
}

fn lower(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").to_ascii_lowercase().into_bytes()
}
