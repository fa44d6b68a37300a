//! Sticky cookies: a client comes back to the endpoint that answered it first, as long as that one is usable.
//!
//! The cookie holds a token of the endpoint: a digest of its label under a key, so that every proxy with the same
//! configuration knows it, and a restart or a reload forgets nobody. The key is made of the upstream's name and the
//! configured secret; without a secret, who knows the addresses to try can tell which one a token stands for.

use std::fmt::Write;
use std::sync::Arc;

use config::SameSite;
use http::header::{HeaderValue, SET_COOKIE};
use model::{Endpoint, Exchange, RequestHead};
use sha2::{Digest, Sha256};

/// Bytes of a token; in hexadecimal it is twice as long.
const TOKEN: usize = 16;

/// The cookies of an upstream.
pub struct Sticky {
    cookie: Arc<str>,
    /// Each endpoint's token with its index, in the order of the tokens.
    tokens: Box<[(Box<str>, u32)]>,
    /// The field that binds a client, for each endpoint.
    bindings: Box<[Binding]>,
}

/// A field Set-Cookie.
struct Binding {
    plain: HeaderValue,
    over_tls: HeaderValue,
}

impl Sticky {
    /// All fields are made here, so that a request needs only to copy one.
    pub fn new(sticky: &config::Sticky, upstream: &str, endpoints: &[Arc<Endpoint>]) -> Self {
        let key = key(&sticky.secret, upstream);
        let names: Vec<Box<str>> = endpoints.iter().map(|endpoint| token(&key, &endpoint.label)).collect();
        let bindings = names.iter().filter_map(|token| binding(sticky, token));
        let bindings = bindings.collect();
        let mut tokens: Vec<(Box<str>, u32)> = names.into_iter().zip(0u32..).collect();
        tokens.sort();
        Sticky { cookie: Arc::clone(&sticky.cookie), tokens: tokens.into(), bindings }
    }

    /// The endpoint that a client's cookie names, usable or not.
    pub fn endpoint_of(&self, request: &RequestHead) -> Option<u32> {
        let token = request.cookie(&self.cookie)?;
        // Of endpoints with the same address, which have the same token, the first one.
        let at = self.tokens.partition_point(|(known, _)| known.as_ref() < token);
        self.tokens.get(at).filter(|(known, _)| known.as_ref() == token).map(|(_, index)| *index)
    }

    /// Has the client come back to this endpoint.
    pub fn bind(&self, index: u32, exchange: &mut Exchange) {
        let Some(binding) = self.bindings.get(index as usize) else { return };
        let field = if exchange.tls.is_some() { &binding.over_tls } else { &binding.plain };
        exchange.response.fields.append(SET_COOKIE, field.clone());
    }
}

/// Each part is preceded by its length, so that no two pairs are the same text.
fn key(secret: &str, upstream: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in ["sandgate sticky cookie 1", secret, upstream] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

fn token(key: &[u8; 32], label: &str) -> Box<str> {
    let digest = Sha256::new().chain_update(key).chain_update(label).finalize();
    let mut token = String::with_capacity(2 * TOKEN);
    for byte in digest.iter().take(TOKEN) {
        // Writing to a string can't fail.
        let _ = write!(token, "{byte:02x}");
    }
    token.into()
}

fn binding(sticky: &config::Sticky, token: &str) -> Option<Binding> {
    let plain = sticky.secure == Some(true) || sticky.same_site == SameSite::None;
    let over_tls = plain || sticky.secure.is_none();
    Some(Binding { plain: field(sticky, token, plain)?, over_tls: field(sticky, token, over_tls)? })
}

/// The field (RFC 6265 section 4.1); its parts were checked when the configuration was read.
fn field(sticky: &config::Sticky, token: &str, secure: bool) -> Option<HeaderValue> {
    let mut text = format!("{}={token}; Path={}", sticky.cookie, sticky.path);
    if let Some(ttl) = sticky.ttl {
        // Less than a second would delete the cookie.
        let _ = write!(text, "; Max-Age={}", ttl.as_secs().max(1));
    }
    if secure {
        text.push_str("; Secure");
    }
    if sticky.http_only {
        text.push_str("; HttpOnly");
    }
    text.push_str(match sticky.same_site {
        SameSite::Lax => "; SameSite=Lax",
        SameSite::Strict => "; SameSite=Strict",
        SameSite::None => "; SameSite=None",
    });
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(same_site: SameSite) -> config::Sticky {
        config::Sticky {
            cookie: "sg".into(),
            ttl: Some(std::time::Duration::from_secs(60)),
            path: "/".to_owned(),
            secure: None,
            http_only: true,
            same_site,
            secret: String::new(),
        }
    }

    fn text(value: &HeaderValue) -> &str {
        value.to_str().unwrap()
    }

    #[test]
    fn a_token_tells_nothing_and_depends_on_all_three() {
        let of = |secret, upstream, label| token(&key(secret, upstream), label);
        let tokens = [
            of("", "app", "http://10.0.0.1"),
            of("", "app", "http://10.0.0.2"),
            of("", "other", "http://10.0.0.1"),
            of("s", "app", "http://10.0.0.1"),
            of("sa", "pp", "http://10.0.0.1"),
        ];
        assert!(tokens.iter().all(|token| token.len() == 32 && !token.contains("10")), "{tokens:?}");
        let different: std::collections::HashSet<_> = tokens.iter().collect();
        assert_eq!(different.len(), tokens.len());
        assert_eq!(of("s", "app", "http://10.0.0.1"), tokens[3], "the same after a restart");
    }

    #[test]
    fn a_cookie_got_over_tls_stays_on_tls() {
        let lax = binding(&config(SameSite::Lax), "t").unwrap();
        assert_eq!(text(&lax.plain), "sg=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert_eq!(text(&lax.over_tls), "sg=t; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_cookie_for_other_sites_is_always_secure() {
        let none = binding(&config(SameSite::None), "t").unwrap();
        assert!(text(&none.plain).contains("Secure"), "{:?}", none.plain);
    }
}
