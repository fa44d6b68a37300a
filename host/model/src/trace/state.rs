//! The form of a tracestate (W3C Trace Context, section 3.3.1). What its members mean is their vendors' alone.

/// The most members of a list.
const MEMBER_LIMIT: usize = 32;
/// The longest key, and the longest value.
const LENGTH_LIMIT: usize = 256;
/// The longest tenant and system of a key that has both.
const TENANT_LIMIT: usize = 241;
const SYSTEM_LIMIT: usize = 14;

/// Whether these fields together are a list of members. Empty members may stand between.
pub(super) fn is_valid<'a>(fields: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut members = 0;
    for member in fields.flat_map(|field| field.split(|byte| *byte == b',')) {
        let member = trimmed(member);
        if member.is_empty() {
            continue;
        }
        members += 1;
        if members > MEMBER_LIMIT || !is_member(member) {
            return false;
        }
    }
    true
}

/// Without optional white space (RFC 9110 section 5.6.3).
fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn is_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|byte| *byte == b'=') else { return false };
    let Some((key, [_, value @ ..])) = member.split_at_checked(at) else { return false };
    is_key(key) && is_value(value)
}

fn is_key(key: &[u8]) -> bool {
    let Some(at) = key.iter().position(|byte| *byte == b'@') else {
        return is_name(key, LENGTH_LIMIT) && key.first().is_some_and(u8::is_ascii_lowercase);
    };
    let Some((tenant, [_, system @ ..])) = key.split_at_checked(at) else { return false };
    let begins = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_name(tenant, TENANT_LIMIT)
        && tenant.first().is_some_and(begins)
        && is_name(system, SYSTEM_LIMIT)
        && system.first().is_some_and(u8::is_ascii_lowercase)
}

fn is_name(name: &[u8], limit: usize) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(byte);
    (1..=limit).contains(&name.len()) && name.iter().all(plain)
}

/// Printable, without what ends it or a second `=`.
fn is_value(value: &[u8]) -> bool {
    let plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'=';
    (1..=LENGTH_LIMIT).contains(&value.len()) && value.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> bool {
        is_valid([text.as_bytes()].into_iter())
    }

    #[test]
    fn lists_of_members_are_valid() {
        for good in ["", "a=1", "a=1,b=2", " a=1 ,\tb=2", "a=1,,b=2", "0tenant@sys=x y", "a_-*/0=!", "a=1,"] {
            assert!(check(good), "{good:?}");
        }
        assert!(is_valid([&b"a=1"[..], b"b=2"].into_iter()), "two fields are one list");
        assert!(check(&vec!["a=1"; MEMBER_LIMIT].join(",")));
    }

    #[test]
    fn what_is_no_member_is_not() {
        for bad in
            ["a", "=1", "a=", "A=1", "0=1", "a=1=2", "a@=1", "@a=1", "a@0=1", "a@b@c=1", "a b=1", "a=\u{e9}"]
        {
            assert!(!check(bad), "{bad:?}");
        }
        assert!(!check(&vec!["a=1"; MEMBER_LIMIT + 1].join(",")), "too many members");
        assert!(!check(&format!("a={}", "x".repeat(LENGTH_LIMIT + 1))), "too long a value");
    }
}
