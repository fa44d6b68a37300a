//! Rewriting a query: parameters set, added and taken out. Those that no rule names stay as the client wrote them.

use std::borrow::Cow;

use config::QueryRules;
use model::{Escape, Exchange, Fault, Template};

use super::{TARGET_LIMIT, bad_rewrite};

/// The query after the rules; none if there is none.
pub(super) fn changed(
    query: Option<&str>,
    rules: &QueryRules,
    exchange: &Exchange,
) -> Result<Option<String>, Fault> {
    if rules.is_empty() {
        return Ok(query.map(str::to_owned));
    }
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut kept: Vec<Cow<'_, str>> = Vec::new();
    let mut written = vec![false; rules.set.len()];
    for pair in pairs {
        let name = decoded(pair.split('=').next().unwrap_or_default());
        if rules.remove.contains(&name) {
            continue;
        }
        let Some(at) = rules.set.iter().position(|(own, _)| *own == name) else {
            kept.push(Cow::Borrowed(pair));
            continue;
        };
        // The first place it had is its place.
        if let (Some(written), Some((name, value))) = (written.get_mut(at), rules.set.get(at))
            && !std::mem::replace(written, true)
        {
            kept.push(Cow::Owned(parameter(name, value, exchange)?));
        }
    }
    let new = rules.set.iter().zip(written).filter(|(_, written)| !written).map(|(rule, _)| rule);
    for (name, value) in new.chain(&rules.add) {
        kept.push(Cow::Owned(parameter(name, value, exchange)?));
    }
    Ok(if kept.is_empty() { None } else { Some(kept.join("&")) })
}

fn parameter(name: &str, value: &Template, exchange: &Exchange) -> Result<String, Fault> {
    let value = value.render(exchange, Escape::Query, TARGET_LIMIT);
    let value = value.ok_or_else(|| bad_rewrite("the query is too long"))?;
    Ok(format!("{}={}", escaped(name), escaped_literals(&value)))
}

/// A name as it stands for in a query: `+` is a space there.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) * 16 + hex(*low));
                after
            }
            [b'+', after @ ..] => {
                bytes.push(b' ');
                after
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0)
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| escape(byte, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)))
        .collect()
}

/// What the configuration wrote of a value may be anything; what variables said is escaped already.
fn escaped_literals(value: &str) -> String {
    value
        .bytes()
        .map(|byte| escape(byte, |byte| byte.is_ascii_graphic() && !b"#&\"<>".contains(&byte)))
        .collect()
}

fn escape(byte: u8, keeps: fn(u8) -> bool) -> String {
    if keeps(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}
