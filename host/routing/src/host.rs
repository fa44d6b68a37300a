//! The host of a Host field, as the table has it.

use std::borrow::Cow;

/// Without port and final dot, in lower case.
pub(crate) fn bare_host(field: &str) -> Cow<'_, str> {
    let host = without_port(field);
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

fn without_port(field: &str) -> &str {
    match field.rsplit_once(':') {
        // Inside of brackets a colon belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => host,
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_case_and_final_dot_do_not_matter() {
        for (field, host) in [
            ("example.com", "example.com"),
            ("Example.COM:8080", "example.com"),
            ("example.com.", "example.com"),
            ("[::1]", "[::1]"),
            ("[::1]:80", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(bare_host(field), host);
        }
    }
}
