//! Checks of the protocols that a route lets clients change to (RFC 9110 section 7.8).

use std::sync::Arc;

use config::DEFAULT_UPGRADES;
use document::{Field, List, Spanned};

use super::Check;
use super::server::given;

/// Protocols of one route: each is compared with what a client asks for.
const UPGRADE_LIMIT: usize = 16;
/// Bytes of a protocol's name.
const NAME_LIMIT: usize = 64;

impl Check<'_> {
    pub(super) fn upgrades(&mut self, upgrades: Field<List<String>>) -> Vec<Arc<str>> {
        let Field::Given(list) = upgrades else { return DEFAULT_UPGRADES.map(Arc::from).to_vec() };
        if list.value.len() > UPGRADE_LIMIT {
            self.complain(list.span, format!("more than {UPGRADE_LIMIT} protocols"), None);
        }
        let items: Vec<_> = given(list.value).filter_map(|name| self.upgrade(&name)).collect();
        self.distinct(items, "protocol")
    }

    /// A protocol's name, in lower case, for names are compared without case. HTTP itself is none to change to: a tunnel
    /// of requests would walk around routes and filters.
    fn upgrade(&mut self, name: &Spanned<String>) -> Option<Spanned<Arc<str>>> {
        let lower = name.value.to_ascii_lowercase();
        let (protocol, version) = lower.split_once('/').unwrap_or((&lower, "x"));
        let is_token = |text: &str| !text.is_empty() && text.bytes().all(is_token_byte);
        if lower.len() > NAME_LIMIT || !is_token(protocol) || !is_token(version) {
            self.expected("a protocol such as `websocket`", name);
            return None;
        }
        if matches!(protocol, "h2" | "h2c" | "http" | "https" | "tls") {
            let help = "HTTP/2 needs no upgrade: clients begin with it".to_owned();
            self.complain(name.span, format!("`{lower}` would hide requests in a tunnel"), Some(help));
            return None;
        }
        Some(Spanned { value: Arc::from(lower), span: name.span })
    }
}

/// RFC 9110 section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
