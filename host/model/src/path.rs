//! The path as the route table sees it: unescaped where that changes nothing, without dot segments and double slashes.
//!
//! The upstream gets the path as the client sent it, unless it is rewritten. Only the decision which route it is must
//! not depend on spelling, or a filter that guards `/admin/` could be walked around by `/x/../admin/` or `/%61dmin/`.
//! Two paths have the same normal form only if they mean the same, and a path that upstreams are known to read in
//! different ways is refused.

use std::borrow::Cow;

use crate::Ambiguous;

/// What is wrong with a path that has no normal form.
const NO_NORMAL_FORM: &str = "the path leads above the root, hides a dot segment, or has a bad escape";
/// It is in no URI (RFC 3986 section 3.3), and some servers take it for a slash.
const BACKSLASH: &str = "the path has a backslash";

/// The path to match, or why a request with this one is refused.
pub fn matched_path<'p>(path: &'p str, refused: &[Ambiguous]) -> Result<Cow<'p, str>, Cow<'static, str>> {
    let normal = normal_path(path).ok_or(NO_NORMAL_FORM)?;
    if matches!(normal, Cow::Owned(_)) && path.contains('\\') {
        return Err(BACKSLASH.into());
    }
    match refused.iter().find(|part| normal.contains(part.in_normal_form())) {
        Some(part) => Err(format!("the path has what `refuse_in_paths` refuses: {}", part.name()).into()),
        None => Ok(normal),
    }
}

/// The path to match, or none for one that leads above the root, has a bad escape, or hides a dot segment.
pub fn normal_path(path: &str) -> Option<Cow<'_, str>> {
    if is_normal(path) {
        return Some(Cow::Borrowed(path));
    }
    let decoded = decode(path)?;
    remove_dots(&decoded).map(Cow::Owned)
}

/// The byte that two digits of an escape stand for.
pub fn escaped_byte(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// Whether nothing in it could need a change; one pass, as nearly all paths are.
fn is_normal(path: &str) -> bool {
    let mut before = 0;
    path.bytes().all(|byte| {
        let needs_care = matches!(byte, b'%' | b'\\') || (before == b'/' && matches!(byte, b'/' | b'.'));
        before = byte;
        !needs_care
    })
}

/// Decodes escapes, but of what would then be something else: `/` and `%`, controls, and bytes that are no UTF-8. Those
/// are written the one way that stays. NUL is in no path (RFC 3986 section 7.3).
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let Some((first, after)) = left.split_first() {
        left = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        left = after;
        match escaped_byte(digits)? {
            0 => return None,
            byte if byte == b'/' || byte == b'%' || byte.is_ascii_control() => escape(byte, &mut bytes),
            byte => bytes.push(byte),
        }
    }
    Some(text_of(&bytes))
}

fn escape(byte: u8, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("%{byte:02X}").as_bytes());
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Resolves `.` and `..` (RFC 3986 section 5.2.4) and merges slashes.
fn remove_dots(path: &str) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut open = true;
    for segment in path.split('/').skip(1) {
        open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop()?;
            }
            name if hides_dots(name) => return None,
            name => kept.push(name),
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    if open && normal.len() > 1 {
        normal.push('/');
    }
    Some(normal)
}

/// Whether a segment is or holds what some servers take for a dot segment: before parameters (`..;a`), or beside a
/// backslash or an escaped slash, which they take for a slash.
fn hides_dots(segment: &str) -> bool {
    let parts = segment.split('\\').flat_map(|part| part.split("%2F"));
    parts.map(|part| part.split(';').next().unwrap_or_default()).any(|part| matches!(part, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_matter() {
        for (path, normal) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a//b///c/", "/a/b/c/"),
            ("/a/./b/../c", "/a/c"),
            ("/a/b/..", "/a/"),
            ("/a/..", "/"),
            ("/%61dmin/", "/admin/"),
            ("/x/%2e%2E/admin", "/admin"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a%2fb", "/a%2Fb"),
            ("/a/.hidden", "/a/.hidden"),
            ("/a/..hidden;x", "/a/..hidden;x"),
            ("/caf%C3%A9", "/caf\u{e9}"),
            ("/a;b=c/d", "/a;b=c/d"),
            ("/A/b", "/A/b"),
            (r"/a\b", r"/a\b"),
        ] {
            assert_eq!(normal_path(path).as_deref(), Some(normal), "{path}");
        }
    }

    #[test]
    fn what_means_something_else_looks_different() {
        for (path, normal) in [
            ("/a%252Fb", "/a%252Fb"),
            ("/100%25", "/100%25"),
            ("/%ff", "/%FF"),
            ("/%fe", "/%FE"),
            ("/a%0d%0Ab", "/a%0D%0Ab"),
            ("/%C3", "/%C3"),
        ] {
            assert_eq!(normal_path(path).as_deref(), Some(normal), "{path}");
        }
    }

    #[test]
    fn what_leads_above_the_root_or_is_badly_escaped_is_none() {
        for path in ["/..", "/a/../..", "/%2e%2e/x", "/a%", "/a%4", "/a%zz", "/a%00"] {
            assert_eq!(normal_path(path), None, "{path}");
        }
    }

    #[test]
    fn a_hidden_dot_segment_is_none() {
        for path in [
            "/a/..;/b",
            "/a/..;x=y/b",
            "/a/.;/b",
            "/a/..%2Fb",
            "/a/x%2f..%2Fb",
            r"/a/..\b",
            "/a/x%5c..",
            r"/a\..",
        ] {
            assert_eq!(normal_path(path), None, "{path}");
        }
    }

    #[test]
    fn a_backslash_is_refused_and_an_escaped_one_if_it_is_wished() {
        use Ambiguous::{EscapedBackslash, EscapedSlash, Semicolon};
        assert_eq!(matched_path(r"/admin\x", &[]), Err(BACKSLASH.into()));
        assert_eq!(matched_path("/a/..", &[]).as_deref(), Ok("/"));
        assert_eq!(matched_path("/..", &[]), Err(NO_NORMAL_FORM.into()));
        let parts = [
            ("/a%2fb", EscapedSlash),
            ("/a%5Cb", EscapedBackslash),
            ("/a;b", Semicolon),
            ("/a%3bb", Semicolon),
        ];
        for (path, part) in parts {
            assert!(matched_path(path, &[]).is_ok(), "{path}");
            let others: Vec<_> = [EscapedSlash, EscapedBackslash, Semicolon]
                .into_iter()
                .filter(|other| *other != part)
                .collect();
            assert!(matched_path(path, &others).is_ok(), "{path}");
            let refusal = matched_path(path, &[part]).unwrap_err();
            assert!(refusal.ends_with(part.name()), "{path}: {refusal}");
        }
        assert!(matched_path("/a%252Fb", &[EscapedSlash]).is_ok(), "it is an escape that was escaped");
    }

    #[test]
    fn a_plain_path_is_not_copied() {
        assert!(matches!(normal_path("/a/b.c?"), Some(Cow::Borrowed(_))));
    }
}
