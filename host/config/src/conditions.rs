//! Conditions of a route beside host, path and method: on header fields, the query, cookies, the client and the way it
//! came.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Pattern;
use crate::scalar::Cidr;

/// What a request has to fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// On a header field.
    Header(HeaderName, ValueMatch),
    /// On a parameter of the query.
    Query(Arc<str>, ValueMatch),
    /// On a cookie.
    Cookie(Arc<str>, ValueMatch),
    /// A client in any of these networks.
    Source(Vec<Cidr>),
    /// Over TLS, or not.
    Scheme(Scheme),
    /// Accepted by any of these listeners.
    Listeners(Vec<Arc<str>>),
}

/// Which values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ValueMatch {
    /// This one.
    Exact(String),
    /// Those that begin with this.
    Prefix(String),
    /// Those in which it is found.
    Regex(Pattern),
    /// Any.
    Present,
    /// None: there is no such field.
    Absent,
}

/// How the client came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`http` or `https`")]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// Over TLS.
    Https,
}

impl Condition {
    /// Whether it is sure that no request fulfils both.
    pub fn excludes(&self, other: &Condition) -> bool {
        match (self, other) {
            (Condition::Header(a, one), Condition::Header(b, two)) => a == b && one.excludes(two),
            (Condition::Query(a, one), Condition::Query(b, two))
            | (Condition::Cookie(a, one), Condition::Cookie(b, two)) => a == b && one.excludes(two),
            (Condition::Source(a), Condition::Source(b)) => {
                a.iter().all(|a| b.iter().all(|b| !a.overlaps(b)))
            }
            (Condition::Scheme(a), Condition::Scheme(b)) => a != b,
            (Condition::Listeners(a), Condition::Listeners(b)) => a.iter().all(|a| !b.contains(a)),
            _ => false,
        }
    }
}

impl ValueMatch {
    /// Whether a value is one of these; `None` is for no value.
    pub fn is_match(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (ValueMatch::Absent, value) => value.is_none(),
            (_, None) => false,
            (ValueMatch::Present, Some(_)) => true,
            (ValueMatch::Exact(text), Some(value)) => value == text,
            (ValueMatch::Prefix(text), Some(value)) => value.starts_with(text.as_str()),
            (ValueMatch::Regex(pattern), Some(value)) => pattern.is_match(value),
        }
    }

    fn excludes(&self, other: &ValueMatch) -> bool {
        use ValueMatch::{Absent, Exact, Prefix, Regex};
        match (self, other) {
            (Absent, Absent) => false,
            (Absent, _) | (_, Absent) => true,
            (Exact(text), any) | (any, Exact(text)) => !any.is_match(Some(text)),
            (Prefix(a), Prefix(b)) => !a.starts_with(b.as_str()) && !b.starts_with(a.as_str()),
            (Regex(a), Regex(b)) => a.excludes(b),
            _ => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Header(name, value) => write!(f, "header {name} {value}"),
            Condition::Query(name, value) => write!(f, "query {name} {value}"),
            Condition::Cookie(name, value) => write!(f, "cookie {name} {value}"),
            Condition::Source(networks) => write!(f, "source {}", list(networks)),
            Condition::Scheme(Scheme::Http) => f.write_str("scheme http"),
            Condition::Scheme(Scheme::Https) => f.write_str("scheme https"),
            Condition::Listeners(names) => write!(f, "listener {}", list(names)),
        }
    }
}

impl fmt::Display for ValueMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueMatch::Exact(text) => write!(f, "= {text:?}"),
            ValueMatch::Prefix(text) => write!(f, "begins with {text:?}"),
            ValueMatch::Regex(pattern) => write!(f, "~ {pattern}"),
            ValueMatch::Present => f.write_str("present"),
            ValueMatch::Absent => f.write_str("absent"),
        }
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(" or ")
}
