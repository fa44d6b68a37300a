//! Checks of how an upstream chooses: the policy, what a hash is of, sticky cookies.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use config::{Algorithm, Balance, Hash, HashKey, PluginBalance, SameSite, Sticky};
use document::{Either, Field, Span, Spanned};
use http::HeaderName;
use raw::Percent;

use super::{Check, Known};

/// A bound below the mean can't be kept by all, and one far above it is none.
const BOUNDED_LOAD: RangeInclusive<u32> = 100..=1000;
/// After so long a latency has lost most of its weight. Finagle's default.
const DECAY: Duration = Duration::from_secs(10);
/// A weigher that is asked more often learns no more: latencies are averages over seconds.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// The longest name of a cookie or of a parameter, in bytes.
const KEY_LIMIT: usize = 128;
/// The longest path of a cookie, in bytes.
const PATH_LIMIT: usize = 1024;
/// The longest secret, in bytes.
const SECRET_LIMIT: usize = 1024;

const HASH_KEYS: &str =
    "one of `header:NAME`, `cookie:NAME`, `query:NAME`, `path`, `uri`, `host` and `client.ip`";

impl Check<'_> {
    pub(super) fn balance(&mut self, balance: Field<raw::Balance>, known: &Known) -> Option<Balance> {
        match balance {
            Field::Absent => Some(Balance::default()),
            Field::Broken => None,
            Field::Given(Spanned { value: Either::Scalar(name), .. }) => Some(plain(name)),
            Field::Given(Spanned { value: Either::Map(form), span }) => self.balance_form(form, span, known),
        }
    }

    fn balance_form(&mut self, form: raw::BalanceForm, span: Span, known: &Known) -> Option<Balance> {
        let raw::BalanceForm { plugin, interval, policy, hash, algorithm, bounded_load, ewma } = form;
        if matches!(hash, Field::Absent) {
            self.of_use_only_with("hash", algorithm.span(), "algorithm");
            self.of_use_only_with("hash", bounded_load.span(), "bounded_load");
        }
        if matches!(plugin, Field::Absent) {
            self.of_use_only_with("plugin", interval.span(), "interval");
            self.of_use_only_with("plugin", policy.span(), "policy");
        }
        match (plugin, hash, ewma) {
            (Field::Given(plugin), Field::Absent, Field::Absent) => {
                self.plugin_balance(plugin, interval, policy, known).map(Balance::Plugin)
            }
            (Field::Absent, Field::Given(key), Field::Absent) => {
                self.hash(key, algorithm, bounded_load).map(Balance::Hash)
            }
            (Field::Absent, Field::Absent, Field::Given(ewma)) => {
                Some(Balance::Ewma { decay: self.time(ewma.value.decay, DECAY) })
            }
            (Field::Broken, ..) | (_, Field::Broken, _) | (.., Field::Broken) => None,
            (Field::Absent, Field::Absent, Field::Absent) => {
                self.complain(span, "missing key `plugin`, `hash` or `ewma`", None);
                None
            }
            _ => {
                self.complain(span, "expected only one of `plugin`, `hash` and `ewma`", None);
                None
            }
        }
    }

    fn of_use_only_with(&mut self, needed: &str, span: Option<Span>, key: &str) {
        if let Some(span) = span {
            self.complain(span, format!("`{key}` is of no use without `{needed}`"), None);
        }
    }

    fn plugin_balance(
        &mut self,
        plugin: Spanned<String>,
        interval: Field<raw::Time>,
        policy: Field<raw::WeightedPolicy>,
        known: &Known,
    ) -> Option<PluginBalance> {
        let interval = self.weigh_interval(interval);
        let policy = match policy {
            Field::Given(Spanned { value, .. }) => Some(value.into()),
            Field::Absent | Field::Broken => None,
        };
        Some(PluginBalance { name: self.plugin_reference(plugin, known)?, interval, policy })
    }

    fn weigh_interval(&mut self, interval: Field<raw::Time>) -> Option<Duration> {
        let span = interval.span()?;
        let interval = self.time(interval, INTERVAL_MIN);
        if interval < INTERVAL_MIN && !interval.is_zero() {
            self.complain(span, format!("expected an interval of at least {INTERVAL_MIN:?}"), None);
        }
        Some(interval)
    }

    fn hash(
        &mut self,
        key: Spanned<String>,
        algorithm: Field<raw::Algorithm>,
        bounded_load: Field<Percent>,
    ) -> Option<Hash> {
        let (key, bounded_load) = (self.hash_key(&key), self.bounded_load(bounded_load));
        Some(Hash {
            bounded_load,
            key: key?,
            algorithm: match algorithm.or(raw::Algorithm::Ketama)?.value {
                raw::Algorithm::Ketama => Algorithm::Ketama,
                raw::Algorithm::Maglev => Algorithm::Maglev,
            },
        })
    }

    fn bounded_load(&mut self, bound: Field<Percent>) -> Option<u32> {
        let Field::Given(Spanned { value: Percent(bound), span }) = bound else { return None };
        if !BOUNDED_LOAD.contains(&bound) {
            let (least, most) = (BOUNDED_LOAD.start(), BOUNDED_LOAD.end());
            self.complain(span, format!("expected `{least}%` to `{most}%`, found `{bound}%`"), None);
        }
        Some(bound)
    }

    fn hash_key(&mut self, key: &Spanned<String>) -> Option<HashKey> {
        let parsed = match key.value.split_once(':') {
            Some(("header", name)) => HeaderName::from_bytes(name.as_bytes()).ok().map(HashKey::Header),
            Some(("cookie", name)) => is_token(name).then(|| HashKey::Cookie(name.into())),
            Some(("query", name)) => is_parameter(name).then(|| HashKey::Query(name.into())),
            Some(_) => None,
            None => match key.value.as_str() {
                "path" => Some(HashKey::Path),
                "uri" => Some(HashKey::Uri),
                "host" => Some(HashKey::Host),
                "client.ip" => Some(HashKey::ClientIp),
                _ => None,
            },
        };
        if parsed.is_none() {
            self.expected(HASH_KEYS, key);
        }
        parsed
    }

    pub(super) fn sticky(&mut self, sticky: Field<raw::Sticky>) -> Option<Sticky> {
        let Field::Given(Spanned { value: sticky, span }) = sticky else { return None };
        let same_site = sticky.same_site.or(raw::SameSite::Lax).map(|given| given.value);
        let secure = sticky.secure.span().zip(sticky.secure.value().copied());
        if let (Some(raw::SameSite::None), Some((span, false))) = (same_site, secure) {
            let message = "browsers refuse a cookie with `same_site: none` that is not `secure`";
            self.complain(span, message, None);
        }
        let http_only = sticky.http_only.or(true);
        let ttl = matches!(sticky.ttl, Field::Given(_)).then(|| self.time(sticky.ttl, Duration::ZERO));
        let path = self.cookie_path(sticky.path);
        let secret = self.secret(sticky.secret);
        let cookie = self.required(sticky.cookie, "cookie", span)?;
        if !is_token(&cookie.value) {
            self.expected(format!("the name of a cookie, at most {KEY_LIMIT} long"), &cookie);
        }
        Some(Sticky {
            cookie: Arc::from(cookie.value),
            ttl,
            path,
            secure: secure.map(|(_, secure)| secure),
            http_only: http_only?.value,
            same_site: match same_site? {
                raw::SameSite::Lax => SameSite::Lax,
                raw::SameSite::Strict => SameSite::Strict,
                raw::SameSite::None => SameSite::None,
            },
            secret,
        })
    }

    fn cookie_path(&mut self, path: Field<String>) -> String {
        let Field::Given(path) = path else { return "/".to_owned() };
        let plain = path.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        if !path.value.starts_with('/') || !plain || path.value.len() > PATH_LIMIT {
            self.expected("a path that begins with `/`, of visible ASCII without `;`", &path);
        }
        path.value
    }

    fn secret(&mut self, secret: Field<String>) -> String {
        let Field::Given(secret) = secret else { return String::new() };
        if secret.value.is_empty() || secret.value.len() > SECRET_LIMIT {
            // Not `expected`, which would show it.
            self.complain(secret.span, format!("expected a secret of 1 to {SECRET_LIMIT} bytes"), None);
        }
        secret.value
    }
}

/// A name of a cookie (RFC 6265 section 4.1.1): a token (RFC 9110 section 5.6.2).
fn is_token(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= KEY_LIMIT && name.bytes().all(plain)
}

/// A name as it stands in a query.
fn is_parameter(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"=&#".contains(&byte);
    !name.is_empty() && name.len() <= KEY_LIMIT && name.bytes().all(plain)
}

/// A balancer without settings.
fn plain(name: raw::BalanceName) -> Balance {
    match name {
        raw::BalanceName::RoundRobin => Balance::RoundRobin,
        raw::BalanceName::Random => Balance::Random,
        raw::BalanceName::LeastRequests => Balance::LeastRequests,
        raw::BalanceName::P2c => Balance::P2c,
        raw::BalanceName::Ewma => Balance::Ewma { decay: DECAY },
        raw::BalanceName::IpHash => Balance::IpHash,
    }
}
