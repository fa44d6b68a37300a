//! Changing the cookies that an upstream sets (RFC 6265 section 4.1): for which domain and path, and with which flags.

use config::CookieRewrite;
use http::header::{self, HeaderMap, HeaderValue};

/// Changes all of them. A field that is no text stays as it is.
pub(super) fn change(fields: &mut HeaderMap, rewrite: &CookieRewrite) {
    if !fields.contains_key(header::SET_COOKIE) {
        return;
    }
    let all: Vec<HeaderValue> = fields.get_all(header::SET_COOKIE).iter().cloned().collect();
    fields.remove(header::SET_COOKIE);
    for value in all {
        let text = std::str::from_utf8(value.as_bytes());
        let changed = text.ok().and_then(|text| HeaderValue::try_from(changed(text, rewrite)).ok());
        fields.append(header::SET_COOKIE, changed.unwrap_or(value));
    }
}

fn changed(cookie: &str, rewrite: &CookieRewrite) -> String {
    let mut parts = cookie.split(';');
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some(part) = attribute(part.trim(), rewrite) {
            changed.push_str("; ");
            changed.push_str(&part);
        }
    }
    if rewrite.secure == Some(true) {
        changed.push_str("; Secure");
    }
    if rewrite.http_only == Some(true) {
        changed.push_str("; HttpOnly");
    }
    if let Some(same_site) = rewrite.same_site {
        changed.push_str("; SameSite=");
        changed.push_str(same_site);
    }
    changed
}

/// An attribute after the rules; none if it is left out, here or to be written at the end.
fn attribute(part: &str, rewrite: &CookieRewrite) -> Option<String> {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    let value = value.trim();
    match name.trim().to_ascii_lowercase().as_str() {
        "domain" => domain(part, value, rewrite),
        "path" => Some(path(part, value, rewrite)),
        "secure" if rewrite.secure.is_some() => None,
        "httponly" if rewrite.http_only.is_some() => None,
        "samesite" if rewrite.same_site.is_some() => None,
        _ => Some(part.to_owned()),
    }
}

fn domain(part: &str, value: &str, rewrite: &CookieRewrite) -> Option<String> {
    let bare = value.trim_start_matches('.').to_ascii_lowercase();
    match rewrite.domain.iter().find(|(from, _)| *from == bare) {
        Some((_, to)) if to.is_empty() => None,
        Some((_, to)) => Some(format!("Domain={to}")),
        None => Some(part.to_owned()),
    }
}

fn path(part: &str, value: &str, rewrite: &CookieRewrite) -> String {
    let mut rules = rewrite.path.iter();
    let replaced =
        rules.find_map(|(from, to)| Some(format!("Path={to}{}", value.strip_prefix(from.as_str())?)));
    replaced.unwrap_or_else(|| part.to_owned())
}
