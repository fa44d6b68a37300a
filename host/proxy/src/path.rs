//! The path as the route table sees it: unescaped where that changes nothing, without dot segments and double slashes.
//!
//! The upstream gets the path as the client sent it. Only the decision which route it is must not depend on spelling,
//! or a filter that guards `/admin/` could be walked around by `/x/../admin/` or `/%61dmin/`.

use std::borrow::Cow;

/// The path to match, or none for one that leads above the root or has a bad escape.
pub(crate) fn normal_path(path: &str) -> Option<Cow<'_, str>> {
    if is_normal(path) {
        return Some(Cow::Borrowed(path));
    }
    let decoded = decode(path)?;
    remove_dots(&decoded).map(Cow::Owned)
}

fn is_normal(path: &str) -> bool {
    let special = path.bytes().any(|byte| byte == b'%');
    !special && !path.contains("//") && !path.contains("/.")
}

/// Decodes escapes, but of `/`, which would change what is a segment, of NUL and of what is no UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (hex(rest.next()?)?, hex(rest.next()?)?);
        match high * 16 + low {
            0 => return None,
            b'/' => bytes.extend_from_slice(b"%2F"),
            decoded => bytes.push(decoded),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
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
            name => kept.push(name),
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    if open && normal.len() > 1 {
        normal.push('/');
    }
    Some(normal)
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
            ("/caf%C3%A9", "/caf\u{e9}"),
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
    fn a_plain_path_is_not_copied() {
        assert!(matches!(normal_path("/a/b.c?"), Some(Cow::Borrowed(_))));
    }
}
