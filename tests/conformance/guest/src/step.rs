//! The steps of programs.

use std::hint::black_box;

use sandgate_sdk::{Failure, HeaderError, Reply, Request, Response, Result, exchange};
use serde_json::Value;

/// How a program ends, if it does not run out of steps.
pub(crate) enum End {
    /// It did.
    Nothing,
    /// With an answer.
    Reply(Reply),
    /// With a body in place of the one that was given.
    Replace(Vec<u8>),
    /// With a route's name.
    Route(String),
}

/// What steps can do to a head, whichever it is.
pub(crate) trait Head {
    fn get(&self, name: &str) -> Option<String>;
    fn count(&self) -> usize;
    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError>;
    fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError>;
    fn remove(&mut self, name: &str) -> Result<(), HeaderError>;
    /// A step that only this kind of head has.
    fn own(&mut self, word: &str, text: &str) -> Option<Result<String, HeaderError>>;
}

/// Takes one step, and keeps what it shows.
pub(crate) fn take(
    step: &Value,
    head: &mut dyn Head,
    body: &[u8],
    shown: &mut Vec<String>,
) -> Result<Option<End>> {
    let word = text(step, 0);
    let (name, value) = (text(step, 1), text(step, 2));
    misbehave(word);
    let changed = match word {
        "set-header" => head.set(name, value.as_bytes()),
        "append-header" => head.append(name, value.as_bytes()),
        "remove-header" => head.remove(name),
        "fill-headers" => fill(head),
        "show-header" => {
            shown.push(head.get(name).unwrap_or_else(|| "none".to_owned()));
            Ok(())
        }
        "reply" => return Ok(Some(End::Reply(reply(step)))),
        "replace" => return Ok(Some(End::Replace(name.as_bytes().to_vec()))),
        "replace-upper" => return Ok(Some(End::Replace(body.to_ascii_uppercase()))),
        "to-route" => return Ok(Some(End::Route(name.to_owned()))),
        "trap-with" => return Err(Failure::new(name)),
        _ => match asked_of_exchange(word, name, value).map(Ok).or_else(|| head.own(word, name)) {
            Some(Ok(answer)) => {
                shown.extend((!answer.is_empty()).then_some(answer));
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => return Err(Failure::new(format!("no such step: {word}"))),
        },
    };
    // A refusal is what a case is about: it is shown by the name that the contract has for it.
    shown.extend(changed.err().map(|error| name_of(&error).to_owned()));
    Ok(None)
}

/// What takes a hook's time, memory or life.
pub(crate) fn misbehave(word: &str) {
    match word {
        "trap" => std::process::abort(),
        "loop" => loop {
            black_box(());
        },
        "grow" => {
            let mut taken = Vec::new();
            loop {
                taken.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "recurse" => _ = black_box(recurse(black_box(0))),
        "call-without-end" => while black_box(sandgate_sdk::clock::monotonic()) < std::time::Duration::MAX {},
        _ => {}
    }
}

fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    recurse(depth + 1).rotate_left(7).wrapping_mul(depth | 1)
}

fn asked_of_exchange(word: &str, name: &str, value: &str) -> Option<String> {
    let known = |is: bool| if is { "known" } else { "none" }.to_owned();
    let or_none = |answer: Option<String>| answer.unwrap_or_else(|| "none".to_owned());
    Some(match word {
        "show-id-length" => exchange::id().len().to_string(),
        "show-client" => known(exchange::client_address().starts_with("127.0.0.1:")),
        "show-tls" => or_none(exchange::tls_version()),
        "show-route" => or_none(exchange::route()),
        "show-tenant" => or_none(exchange::tenant()),
        "show-request-header" => or_none(exchange::request_header(name)),
        "show-request-cookie" => or_none(exchange::request_cookie(name)),
        "show-request-path" => exchange::request_path(),
        "show-deadline" => known(exchange::deadline_left().is_some_and(|left| !left.is_zero())),
        "show-cpu" => known(!exchange::cpu_left().is_zero()),
        "note" => exchange::note(name, value).to_string(),
        "noted" => or_none(exchange::noted(name)),
        _ => return None,
    })
}

/// As many fields as there is room for, and one more.
fn fill(head: &mut dyn Head) -> Result<(), HeaderError> {
    let room = 128_usize.saturating_sub(head.count());
    (0..room).try_for_each(|_| head.append("x-many", b"1"))?;
    let refused = head.append("x-many", b"1");
    head.remove("x-many")?;
    refused
}

fn reply(step: &Value) -> Reply {
    let status = step.get(1).and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let reply = Reply::new(status.unwrap_or_default()).with_body(text(step, 3));
    let fields = step.get(2).and_then(Value::as_array).into_iter().flatten();
    fields.fold(reply, |reply, field| reply.with_header(text(field, 0), text(field, 1)))
}

fn text(step: &Value, at: usize) -> &str {
    step.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn name_of(error: &HeaderError) -> &'static str {
    match error {
        HeaderError::InvalidName => "invalid-name",
        HeaderError::InvalidValue => "invalid-value",
        HeaderError::Forbidden => "forbidden",
        HeaderError::TooMany => "too-many",
        HeaderError::Other(_) => "other",
    }
}

impl Head for Request {
    fn get(&self, name: &str) -> Option<String> {
        self.header(name)
    }

    fn count(&self) -> usize {
        self.fields().len()
    }

    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.set_header(name, value)
    }

    fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.append_header(name, value)
    }

    fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        self.remove_header(name)
    }

    fn own(&mut self, word: &str, text: &str) -> Option<Result<String, HeaderError>> {
        Some(match word {
            "show-method" => Ok(self.method()),
            "show-path" => Ok(self.path()),
            "show-authority" => Ok(self.authority()),
            "set-path" => self.set_path(text).map(|()| String::new()),
            "set-authority" => self.set_authority(text).map(|()| String::new()),
            _ => return None,
        })
    }
}

impl Head for Response {
    fn get(&self, name: &str) -> Option<String> {
        self.header(name)
    }

    fn count(&self) -> usize {
        self.fields().len()
    }

    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.set_header(name, value)
    }

    fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.append_header(name, value)
    }

    fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        self.remove_header(name)
    }

    fn own(&mut self, word: &str, text: &str) -> Option<Result<String, HeaderError>> {
        Some(match word {
            "show-status" => Ok(self.status().to_string()),
            "set-status" => self.set_status(text.parse().unwrap_or_default()).map(|()| String::new()),
            _ => return None,
        })
    }
}
