//! The user that a request names by the Basic scheme (RFC 7617). Nobody has checked the password: it is for logs.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// How long the credentials may be that are looked at.
const CREDENTIALS_LIMIT: usize = 4096;

/// The user's name, if there is one.
pub(super) fn basic_user(fields: &HeaderMap) -> Option<Vec<u8>> {
    let value = fields.get(AUTHORIZATION)?.as_bytes();
    let (scheme, credentials) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") || credentials.len() > CREDENTIALS_LIMIT {
        return None;
    }
    let decoded = decoded(credentials.trim_ascii())?;
    // The first colon ends the name; without one these are no credentials.
    let end = decoded.iter().position(|byte| *byte == b':')?;
    decoded.get(..end).map(<[u8]>::to_vec)
}

/// RFC 4648 section 4.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in digits {
        bits = (bits << 6) | u32::from(value_of(*digit)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_what_stands_before_the_first_colon() {
        for (credentials, user) in [
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some(&b"Aladdin"[..])),
            ("bAsIc YTpiOmM=", Some(b"a")),
            ("Basic w7w6w7w=", Some("\u{fc}".as_bytes())),
            ("Basic YWJj", None),
            ("Basic !!!!", None),
            ("Bearer YTpi", None),
            ("Basic", None),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert(AUTHORIZATION, credentials.parse().unwrap());
            assert_eq!(basic_user(&fields).as_deref(), user, "{credentials}");
        }
    }
}
