//! The request line (RFC 9112 3), as a whole or as much of it as has arrived.
//!
//! A line that arrives in pieces must be refused for the same reason as one that arrives at once. So both
//! readings share their first steps, in one order: method, length of the target, length of the version.

use http::uri::{Authority, PathAndQuery};
use memchr::{memchr, memchr3};
use model::{Fault, FaultKind};

use super::{REJECT_METHOD, authority, bad, class, lines};

/// Bytes of a method. The longest registered one has 17; without a limit a line of nothing but method would
/// be held until the head is full.
const METHOD_BYTES: usize = 32;

/// Bytes of `HTTP/1.1` and the CR behind it: whatever is longer is no version.
const VERSION_BYTES: usize = 9;

/// What the rest of a head depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartLine {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) spelling: Spelling,
}

/// How the version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is served.
    Usual,
    /// With a higher minor number: it is served as the highest that is known (RFC 9110 2.5), and the parser behind the
    /// guard is to see that one.
    Newer,
}

/// Methods by what they change in the framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Trace,
    Other,
}

/// The versions that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    Http11,
}

/// What stands before a space, and what behind it.
type Parts<'b> = (&'b [u8], &'b [u8]);

/// Judges a complete request line, which still has its CR; its target may have `uri` bytes.
pub(super) fn judge(line: &[u8], uri: usize) -> Result<StartLine, Fault> {
    let Some((method, rest)) = split_method(line)? else {
        return Err(bad("the request line has no target"));
    };
    let Some((target, version)) = split_target(rest, uri)? else {
        return Err(bad("the request line has no version"));
    };
    let (version, spelling) = read_version(version)?;
    if class::has_no_target_byte(target) {
        return Err(bad("the target has a byte that is not visible ascii, or a fragment"));
    }
    let kind = read_method(method)?;
    check_form(method, target)?;
    Ok(StartLine { method: kind, version, spelling })
}

/// Judges the beginning of a request line that has no end yet. It refuses what no continuation could make
/// good and what would make the guard look at the same bytes again and again.
pub(super) fn judge_beginning(line: &[u8], uri: usize) -> Result<(), Fault> {
    let Some((_, rest)) = split_method(line)? else { return Ok(()) };
    if rest.len() <= uri {
        return Ok(());
    }
    let Some((_, version)) = split_target(rest, uri)? else { return Ok(()) };
    check_version_length(version)
}

/// The method and what follows its space, if the space is there.
fn split_method(line: &[u8]) -> Result<Option<Parts<'_>>, Fault> {
    let Some(length) = line.iter().take(METHOD_BYTES + 1).position(|&byte| !class::is_token(byte)) else {
        if line.len() > METHOD_BYTES {
            return Err(bad(format!("the method has more than {METHOD_BYTES} bytes")));
        }
        return Ok(None);
    };
    match line.split_at_checked(length) {
        Some((method, [b' ', rest @ ..])) if !method.is_empty() => Ok(Some((method, rest))),
        Some((_, [byte, ..])) => Err(bad(format!("the method has the byte {byte:#04x}"))),
        _ => Ok(None),
    }
}

/// The target and what follows its space, if the space is there.
fn split_target(rest: &[u8], uri: usize) -> Result<Option<Parts<'_>>, Fault> {
    let within = rest.get(..=uri).unwrap_or(rest);
    let Some(length) = memchr(b' ', within) else {
        if rest.len() > uri {
            return Err(Fault::new(FaultKind::UriTooLong, format!("the target has more than {uri} bytes")));
        }
        return Ok(None);
    };
    match rest.split_at_checked(length) {
        Some((target, [_, version @ ..])) if !target.is_empty() => Ok(Some((target, version))),
        _ => Err(bad("the target is empty, or more than one space is before it")),
    }
}

fn read_version(version: &[u8]) -> Result<(Version, Spelling), Fault> {
    check_version_length(version)?;
    match lines::without_cr(version)? {
        b"HTTP/1.1" => Ok((Version::Http11, Spelling::Usual)),
        b"HTTP/1.0" => Ok((Version::Http10, Spelling::Usual)),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'] => Ok((Version::Http11, Spelling::Newer)),
        [b'H', b'T', b'T', b'P', b'/', b'0' | b'2'..=b'9', b'.', b'0'..=b'9'] => {
            Err(Fault::new(FaultKind::UnsupportedVersion, "the version's major number is not 1"))
        }
        _ => Err(bad_version()),
    }
}

fn check_version_length(version: &[u8]) -> Result<(), Fault> {
    if version.len() > VERSION_BYTES { Err(bad_version()) } else { Ok(()) }
}

fn bad_version() -> Fault {
    bad("the request line does not end with HTTP/1.1 or HTTP/1.0")
}

fn read_method(method: &[u8]) -> Result<Method, Fault> {
    match method {
        b"TRACE" => Ok(Method::Trace),
        b"CONNECT" => Err(Fault::new(FaultKind::MethodNotAllowed, "CONNECT is not served here")),
        _ if method == REJECT_METHOD.as_bytes() => {
            Err(bad(format!("the method {REJECT_METHOD} is reserved")))
        }
        _ => Ok(Method::Other),
    }
}

/// The forms of a target (RFC 9112 3.2); the authority form belongs to CONNECT alone.
fn check_form(method: &[u8], target: &[u8]) -> Result<(), Fault> {
    match target {
        [b'/', ..] => check_path(target),
        b"*" if method == b"OPTIONS" => Ok(()),
        _ => check_absolute(target),
    }
}

/// The parser behind the guard takes most of what RFC 3986 does not allow in a path, but not all. What it refuses must
/// be refused here, where the refusal gets its answer and its record.
fn check_path(target: &[u8]) -> Result<(), Fault> {
    let unusual = memchr3(b'<', b'>', b'`', target).is_some() || memchr(b'"', target).is_some();
    if unusual && PathAndQuery::try_from(target).is_err() {
        return Err(bad("the target has a byte that must be escaped in a uri"));
    }
    Ok(())
}

fn check_absolute(target: &[u8]) -> Result<(), Fault> {
    let rest = strip_prefix_ignoring_case(target, b"http://")
        .or_else(|| strip_prefix_ignoring_case(target, b"https://"))
        .ok_or_else(|| bad("the target is neither a path nor an http or https uri"))?;
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?')).next().unwrap_or_default();
    if !authority::is_valid(authority) || Authority::try_from(authority).is_err() {
        return Err(bad(format!("the target's authority is not valid: '{}'", super::shown(authority))));
    }
    match rest.get(authority.len()..) {
        Some(path @ [b'/', ..]) => check_path(path),
        Some([b'?', query @ ..]) if memchr3(b'<', b'>', b'"', query).is_some() => {
            Err(bad("the target has a byte that must be escaped in a uri"))
        }
        _ => Ok(()),
    }
}

fn strip_prefix_ignoring_case<'b>(bytes: &'b [u8], prefix: &[u8]) -> Option<&'b [u8]> {
    let (head, rest) = bytes.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}
