//! Whether a request fulfils a condition.
//!
//! Where a name has several values, what is compared does not depend on which of them somebody else would take: fields
//! are joined as RFC 9110 section 5.3 does, of parameters and cookies the first counts.

use std::borrow::Cow;

use config::{Condition, ValueMatch};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use model::escaped_byte;

use super::Question;

/// Whether it does.
pub(super) fn holds(condition: &Condition, question: &Question<'_>) -> bool {
    match condition {
        Condition::Header(name, value) => is_match(value, field(question.fields, name)),
        Condition::Query(name, value) => is_match(value, parameter(question.query, name)),
        Condition::Cookie(name, value) => is_match(value, cookie(question.fields, name)),
        Condition::Source(networks) => networks.iter().any(|network| network.contains(question.source)),
        Condition::Scheme(scheme) => *scheme == question.scheme,
        Condition::Listeners(names) => names.iter().any(|name| name.as_ref() == question.listener),
    }
}

fn is_match(condition: &ValueMatch, value: Option<Cow<'_, str>>) -> bool {
    condition.is_match(value.as_deref())
}

fn field<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = fields.get_all(name).iter();
    let first = String::from_utf8_lossy(values.next()?.as_bytes());
    let Some(second) = values.next() else { return Some(first) };
    let more = std::iter::once(second).chain(values);
    Some(more.fold(first, |all, value| all + ", " + String::from_utf8_lossy(value.as_bytes())))
}

fn cookie<'a>(fields: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let texts = fields.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = texts.flat_map(|text| text.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let value = pairs.filter_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")).next()?;
    Some(String::from_utf8_lossy(value))
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| (unescaped(key), value)).find(|(key, _)| key == name).map(|(_, v)| unescaped(v))
}

/// As forms write parameters: `+` is a space; what is no escape stands for itself.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let Some((first, after)) = left.split_first() {
        let escape = after.split_at_checked(2).filter(|_| *first == b'%');
        let decoded = escape.and_then(|(digits, after)| Some((escaped_byte(digits)?, after)));
        let (byte, after) = decoded.unwrap_or((if *first == b'+' { b' ' } else { *first }, after));
        bytes.push(byte);
        left = after;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn a_field_that_is_written_several_times_is_one_list() {
        let fields = fields(&[("x-a", "1"), ("x-b", "2"), ("x-a", "3")]);
        assert_eq!(field(&fields, &HeaderName::from_static("x-a")).as_deref(), Some("1, 3"));
        assert_eq!(field(&fields, &HeaderName::from_static("x-b")).as_deref(), Some("2"));
        assert_eq!(field(&fields, &HeaderName::from_static("x-c")), None);
    }

    #[test]
    fn the_first_cookie_of_a_name_counts() {
        let fields = fields(&[("cookie", "aa=0; a=1;b=; a=2"), ("cookie", "c=x=y")]);
        for (name, value) in [("a", Some("1")), ("b", Some("")), ("c", Some("x=y")), ("d", None), ("A", None)]
        {
            assert_eq!(cookie(&fields, name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn the_first_parameter_of_a_name_counts_unescaped() {
        let query = "a=1&a=2&b&c=&d%20e=f+g%2Bh&=x&bad=%zz%4";
        for (name, value) in [
            ("a", Some("1")),
            ("b", Some("")),
            ("c", Some("")),
            ("d e", Some("f g+h")),
            ("bad", Some("%zz%4")),
            ("g", None),
        ] {
            assert_eq!(parameter(query, name).as_deref(), value, "{name}");
        }
        assert_eq!(parameter("", "a"), None);
    }
}
