//! Mapping an answer's Location, Content-Location and Refresh back: the upstream speaks of itself as it was asked, the
//! client must be able to follow (nginx's `proxy_redirect`, httpd's ProxyPassReverse).

use std::borrow::Cow;

use config::{LocationRewrite, LocationRule, PathRewrite};
use http::header::{self, HeaderName, HeaderValue};
use model::{Escape, Exchange};

use super::TARGET_LIMIT;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Maps back what there is.
pub(super) fn map_back(exchange: &mut Exchange, ways: &[LocationRewrite], path: Option<&PathRewrite>) {
    for name in [header::LOCATION, header::CONTENT_LOCATION, REFRESH] {
        let Some(value) = exchange.response.fields.get(&name) else { continue };
        let Some(text) = value.to_str().ok() else { continue };
        // `5; url=/next`
        let start = if name == REFRESH { url_of_refresh(text) } else { Some(0) };
        let Some((before, uri)) = start.and_then(|start| text.split_at_checked(start)) else { continue };
        let mapped = ways.iter().find_map(|way| match way {
            LocationRewrite::Auto => automatic(uri, exchange, path),
            LocationRewrite::Rule(rule) => by_rule(uri, rule, exchange),
        });
        let mapped = mapped.and_then(|mapped| HeaderValue::try_from(format!("{before}{mapped}")).ok());
        if let Some(mapped) = mapped {
            exchange.response.fields.insert(name, mapped);
        }
    }
}

fn url_of_refresh(value: &str) -> Option<usize> {
    let at = value.to_ascii_lowercase().find("url=")?;
    let quote = usize::from(value.get(at + 4..)?.starts_with(['"', '\'']));
    Some(at + 4 + quote)
}

fn by_rule(uri: &str, rule: &LocationRule, exchange: &Exchange) -> Option<String> {
    let rest = uri.strip_prefix(rule.from.as_str())?;
    let start = rule.to.render(exchange, Escape::Uri, TARGET_LIMIT)?;
    Some(format!("{start}{rest}"))
}

/// What the client can follow: the upstream's own authority goes, and what the request's path got is taken back.
fn automatic(uri: &str, exchange: &Exchange, path: Option<&PathRewrite>) -> Option<String> {
    let (kept, target) = match authority(uri) {
        Some((scheme, authority, target)) if is_upstreams(scheme, authority, exchange) => {
            ("", if target.is_empty() { "/" } else { target })
        }
        Some((_, authority, target)) if authority.eq_ignore_ascii_case(exchange.asked_authority()) => {
            (uri.strip_suffix(target)?, target)
        }
        Some(_) => return None,
        // `//host/path` leads elsewhere.
        None if uri.starts_with('/') && !uri.starts_with("//") => ("", uri),
        None => return None,
    };
    let mapped = path.map_or(Cow::Borrowed(target), |path| original(target, path));
    // A path alone must not be taken for an authority (RFC 3986 section 4.2).
    let mapped =
        if kept.is_empty() { format!("/{}", mapped.trim_start_matches('/')) } else { mapped.into_owned() };
    let mapped = format!("{kept}{mapped}");
    (mapped != uri).then_some(mapped)
}

/// Scheme, authority, and the rest.
fn authority(uri: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    Some((scheme, authority, rest))
}

/// Whether an authority is the endpoint's address, or the Host that it was sent in the place of the client's.
fn is_upstreams(scheme: &str, authority: &str, exchange: &Exchange) -> bool {
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    let authority = bare(authority);
    let endpoint =
        exchange.endpoint.as_ref().is_some_and(|endpoint| bare(&endpoint.authority()) == authority);
    let sent = exchange.request.authority();
    endpoint || (sent != exchange.asked_authority() && bare(sent) == authority)
}

/// A target of the upstream's as the client would ask for it. One that has what the client would ask for already stays:
/// the upstream knows where it is.
fn original<'a>(target: &'a str, path: &PathRewrite) -> Cow<'a, str> {
    match path {
        PathRewrite::Prefix { matched, .. } if target.starts_with(matched.as_str()) => Cow::Borrowed(target),
        PathRewrite::Prefix { matched, to } => match target.strip_prefix(to.as_str()) {
            Some(rest) => Cow::Owned(format!("{matched}{rest}")),
            None => Cow::Borrowed(target),
        },
        PathRewrite::Strip(prefix) => match target.strip_prefix(prefix.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '?', '#']) => Cow::Borrowed(target),
            _ => Cow::Owned(format!("{prefix}{target}")),
        },
        PathRewrite::Template(_) | PathRewrite::Regex { .. } => Cow::Borrowed(target),
    }
}
