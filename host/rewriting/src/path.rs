//! Rewriting a path as nginx's `proxy_pass` with a URI does: the normalised path's beginning is replaced, what follows is
//! escaped anew.
//!
//! Normalised is what the route table saw ([`normal_path`]): without escapes, dot segments and double slashes. An
//! escaped slash stays escaped, where nginx would make it a separator: it is no other path that the upstream is sent
//! than the one that was matched.

use model::normal_path;
use regex::Regex;

/// The path with `to` in the place of `matched`; none if it doesn't begin with that, as after a filter that changed it.
pub(super) fn replace_prefix(path: &str, matched: &str, to: &str) -> Option<String> {
    let normal = without_dots(path)?;
    let rest = after(&normal, matched)?;
    Some(escaped(rest, to))
}

/// The path without `prefix`; none if it doesn't begin with that, or only with a part of a segment.
pub(super) fn strip_prefix(path: &str, prefix: &str) -> Option<String> {
    let normal = without_dots(path)?;
    let rest = after(&normal, prefix)?;
    match rest.as_bytes().first() {
        None => Some("/".to_owned()),
        Some(b'/') => Some(escaped(rest, "")),
        Some(_) => None,
    }
}

/// The path with the first match replaced; none if there is no match.
pub(super) fn replace_match(path: &str, pattern: &Regex, replacement: &str) -> Option<String> {
    let normal = normal_path(path)?;
    let groups = pattern.captures(&normal)?;
    let found = groups.get(0)?;
    let mut replaced = String::new();
    groups.expand(replacement, &mut replaced);
    let before = normal.get(..found.start()).unwrap_or_default();
    let after = normal.get(found.end()..).unwrap_or_default();
    let mut result = String::new();
    for part in [before, &replaced, after] {
        push_decoded(part, &mut result);
    }
    Some(result)
}

/// A normal path as it is sent.
pub fn sent_as(normal: &str) -> String {
    escaped(normal, "")
}

/// Whether any segment is `.` or `..`, escaped or not.
pub(super) fn has_dot_segments(path: &str) -> bool {
    path.split('/').any(|segment| dots(segment) != Dots::None)
}

/// What dots a segment is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    None,
    One,
    Two,
}

fn dots(segment: &str) -> Dots {
    let mut count = 0;
    let mut rest = segment.as_bytes();
    while let Some((byte, after)) = unit(rest) {
        if byte != b'.' {
            return Dots::None;
        }
        (count, rest) = (count + 1, after);
    }
    match count {
        1 => Dots::One,
        2 => Dots::Two,
        _ => Dots::None,
    }
}

/// The path without dot segments (RFC 3986 section 5.2.4) and double slashes, its escapes as they are.
fn without_dots(path: &str) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut open = true;
    for segment in path.strip_prefix('/')?.split('/') {
        let dots = dots(segment);
        open = segment.is_empty() || dots != Dots::None;
        match dots {
            Dots::Two => drop(kept.pop()?),
            Dots::One => {}
            Dots::None if segment.is_empty() => {}
            Dots::None => kept.push(segment),
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    if open && normal.len() > 1 {
        normal.push('/');
    }
    Some(normal)
}

/// What follows `prefix`, which is compared with the path as the route table saw it.
fn after<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = path.as_bytes();
    let mut left = prefix.as_bytes();
    while !left.is_empty() {
        let (byte, after) = unit(rest)?;
        let is_escaped_slash = byte == b'/' && rest.first() == Some(&b'%');
        // What stays escaped in the normal form is text of the prefix.
        let mut escape = String::new();
        push_escape(byte, &mut escape);
        let plain = || left.strip_prefix(&[byte]).filter(|_| !is_escaped_slash);
        left = left.strip_prefix(escape.as_bytes()).or_else(plain)?;
        rest = after;
    }
    path.get(path.len() - rest.len()..)
}

/// The first byte that a path stands for, and what follows.
fn unit(path: &[u8]) -> Option<(u8, &[u8])> {
    match path {
        [b'%', high, low, rest @ ..] => {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            match digit(*high).zip(digit(*low)) {
                Some((high, low)) => Some((high * 16 + low, rest)),
                None => Some((b'%', path.get(1..).unwrap_or_default())),
            }
        }
        [byte, rest @ ..] => Some((*byte, rest)),
        [] => None,
    }
}

/// `start`, and the path, unescaped and escaped anew.
fn escaped(path: &str, start: &str) -> String {
    let mut escaped = start.to_owned();
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = unit(rest) {
        let is_escape = rest.len() - after.len() > 1;
        if must_be_escaped(byte) || (byte == b'/' && is_escape) {
            push_escape(byte, &mut escaped);
        } else {
            escaped.push(char::from(byte));
        }
        rest = after;
    }
    escaped
}

/// What the route table saw, escaped anew.
fn push_decoded(text: &str, escaped: &mut String) {
    for (at, byte) in text.bytes().enumerate() {
        let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        let is_escape = byte == b'%' && digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
        if must_be_escaped(byte) && !is_escape {
            push_escape(byte, escaped);
        } else {
            escaped.push(char::from(byte));
        }
    }
}

/// The bytes that nginx escapes in a path, from 1.21.1 on.
fn must_be_escaped(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"\"#%<>?\\^`{|}".contains(&byte)
}

fn push_escape(byte: u8, escaped: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    escaped.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}
