//! The Forwarded field (RFC 7239): written for upstreams, and read where a trusted proxy wrote it.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderValue};
use model::Scheme;

use super::{Sender, named_scheme};

/// Adds what we know to what is there, which is a trusted proxy's.
pub(super) fn extend(fields: &mut HeaderMap, sender: &Sender<'_>) {
    let mut element = match sender.peer.address.ip().to_canonical() {
        IpAddr::V4(address) => format!("for={address}"),
        // Brackets and colons stand in quotes only (section 6).
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    };
    if let Some(host) = fields.get(header::HOST).and_then(|host| host.to_str().ok()) {
        element.push_str(";host=");
        push_quoted(host, &mut element);
    }
    element.push_str(";proto=");
    element.push_str(sender.scheme.as_str());
    let before = fields.get_all(header::FORWARDED).iter().map(HeaderValue::as_bytes);
    let all: Vec<&[u8]> = before.chain([element.as_bytes()]).collect();
    if let Ok(value) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
        fields.insert(header::FORWARDED, value);
    }
}

/// RFC 9110 section 5.6.4.
fn push_quoted(text: &str, quoted: &mut String) {
    quoted.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted.push('"');
}

/// Whom the field names, from the last to the first, without ports and brackets; nobody, where an element names none.
pub(super) fn chain(fields: &HeaderMap) -> Vec<&str> {
    let lines: Vec<&[u8]> = fields.get_all(header::FORWARDED).iter().map(HeaderValue::as_bytes).collect();
    let elements = lines.into_iter().rev().flat_map(from_the_end);
    let elements = elements.map(|element| std::str::from_utf8(element).unwrap_or_default());
    elements.map(|element| parameter(element, "for").map(bare).unwrap_or_default()).collect()
}

/// The elements of a line, the last one first. A client may have begun the line with a quote that it doesn't close: read from
/// the end, that can't swallow what a proxy of ours wrote behind it.
fn from_the_end(line: &[u8]) -> Vec<&[u8]> {
    let (mut quoted, mut elements, mut end) = (false, Vec::new(), line.len());
    for (at, byte) in line.iter().enumerate().rev() {
        match byte {
            b'"' if !is_escaped(line, at) => quoted = !quoted,
            b',' if !quoted => {
                elements.extend(line.get(at + 1..end));
                end = at;
            }
            _ => {}
        }
    }
    elements.extend(line.get(..end));
    elements.retain(|element| !element.trim_ascii().is_empty());
    elements
}

/// Whether an odd number of backslashes stands before a quote.
fn is_escaped(line: &[u8], at: usize) -> bool {
    let before = line.iter().take(at).rev();
    before.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// What the first proxy says it was asked by.
pub(super) fn scheme(fields: &HeaderMap) -> Option<Scheme> {
    let elements = elements(fields);
    named_scheme(parameter(elements.first()?, "proto")?)
}

fn elements(fields: &HeaderMap) -> Vec<&str> {
    let values = fields.get_all(header::FORWARDED).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| split(value, ',')).collect()
}

/// The value of a parameter, without its quotes. None of those that are read has escapes in it.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let pairs = split(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(own, _)| own.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// An address without port and brackets; whoever is only named otherwise (`unknown`, `_hidden`) is no address.
fn bare(node: &str) -> &str {
    if let Some((address, _)) = node.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    node.split(':').next().unwrap_or(node)
}

/// The parts between separators that stand in no quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let is_end = |char: char| {
        let ends = char == separator && !quoted;
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        ends
    };
    text.split(is_end).map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::FORWARDED, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn the_examples_of_the_rfc_are_understood() {
        for (values, expected) in [
            (&["for=\"_gazonk\""][..], &["_gazonk"][..]),
            (&["For=\"[2001:db8:cafe::17]:4711\""], &["2001:db8:cafe::17"]),
            (&["for=192.0.2.60;proto=http;by=203.0.113.43"], &["192.0.2.60"]),
            (&["for=192.0.2.43, for=198.51.100.17"], &["198.51.100.17", "192.0.2.43"]),
            (
                &["for=192.0.2.43", "for=\"198.51.100.17:80\";host=\"a,b;c\""],
                &["198.51.100.17", "192.0.2.43"],
            ),
            (&["proto=https", ""], &[""]),
        ] {
            assert_eq!(chain(&fields(values)), expected, "{values:?}");
        }
    }

    #[test]
    fn what_a_client_leaves_open_does_not_swallow_what_follows() {
        for before in ["for=\"x", "for=\"x\\", "for=\"x\\\"", "\"", "\\\"", "for=é\"", ",", ";\";"] {
            let value = format!("{before}, for=192.0.2.43;host=\"a\\\"b\", for=198.51.100.17");
            let fields: HeaderMap = [(header::FORWARDED, HeaderValue::from_bytes(value.as_bytes()).unwrap())]
                .into_iter()
                .collect();
            assert_eq!(chain(&fields)[..2], ["198.51.100.17", "192.0.2.43"], "{value}");
        }
    }

    #[test]
    fn the_first_proxys_scheme_is_the_clients() {
        assert_eq!(scheme(&fields(&["for=a;proto=HTTPS, for=b;proto=http"])), Some(Scheme::Https));
        assert_eq!(scheme(&fields(&["for=a"])), None);
    }

    #[test]
    fn what_is_quoted_separates_nothing() {
        assert_eq!(split(r#"a="x,\",y";b, c"#, ','), [r#"a="x,\",y";b"#, "c"]);
    }
}
