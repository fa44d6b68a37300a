//! Where a redirect leads: looked at before a client is sent there, since the client's own request is part of it. It is not
//! about answers of upstreams, whose Location is `rewrite/location.rs`'s matter.

use http::HeaderValue;
use http::uri::Authority;
use model::{Fault, FaultKind};

/// How long a Location may become.
pub(super) const LOCATION_LIMIT: usize = 16 * 1024;
/// Bytes of a target in a log line.
const SHOWN: usize = 64;

/// The target as a field's value. One without a host, where there has to be one, would lead clients to a host that its path
/// names: to them `https:///a/b` is `https://a/b`.
pub(super) fn location(target: String) -> Result<HeaderValue, Fault> {
    if target.is_empty() {
        return Err(bad_redirect("the target is empty"));
    }
    if target.len() > LOCATION_LIMIT {
        return Err(too_long());
    }
    if authority(&target).is_some_and(|authority| !is_host(authority)) {
        return Err(bad_redirect(format!("the target has no valid host: '{}'", shown(&target))));
    }
    HeaderValue::try_from(&target)
        .map_err(|_| bad_redirect(format!("the target is no field value: '{}'", shown(&target))))
}

pub(super) fn too_long() -> Fault {
    bad_redirect(format!("the target has more than {LOCATION_LIMIT} bytes"))
}

/// What stands where http and https have a host (RFC 9110 section 4.2).
fn authority(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_http.then(|| rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// A user in front of it is nothing that a redirect names, but a way to make the host one.
fn is_host(authority: &str) -> bool {
    let parsed = Authority::try_from(authority);
    parsed.is_ok_and(|parsed| !parsed.host().is_empty() && !authority.contains('@'))
}

fn shown(target: &str) -> std::str::EscapeDebug<'_> {
    target.get(..target.floor_char_boundary(SHOWN)).unwrap_or_default().escape_debug()
}

#[cold]
fn bad_redirect(detail: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(FaultKind::BadRedirect, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_path_or_names_a_host() {
        for good in
            ["/", "/a?b=http://", "a", "https://a.example", "HTTP://a:80/b", "https://[::1]:1?x", "app:///x"]
        {
            assert_eq!(location(good.to_owned()).unwrap(), good);
        }
    }

    #[test]
    fn a_target_without_a_host_leads_nowhere() {
        for bad in [
            "https:///a/b",
            "http://",
            "HTTPS://?a",
            "https://:80/a",
            "https://a@b.example/",
            "https://a b/",
            "",
        ] {
            let fault = location(bad.to_owned()).unwrap_err();
            assert_eq!(fault.kind, FaultKind::BadRedirect, "{bad}");
        }
    }

    #[test]
    fn what_is_logged_of_a_target_is_short() {
        let detail = location(format!("https:///{}", "é\n".repeat(9000 / 3))).unwrap_err().detail;
        assert!(detail.len() < 200 && !detail.contains('\n'), "{detail}");
    }
}
