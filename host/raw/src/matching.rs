//! What the file says of the requests that a route is for.

use config::{Cidr, Scheme};
use document::{Either, Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::{HeaderText, HostText};

/// Which requests a route is for: those that fulfil all of it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `hosts`, `path`, `methods` and conditions")]
pub struct Match {
    /// Any of these hosts. Default: every host.
    pub hosts: Field<List<Host>>,
    /// This path. Default: every path.
    pub path: Field<PathForm>,
    /// Any of these methods. Default: every method.
    pub methods: Field<List<String>>,
    /// These header fields, by name.
    pub headers: Field<Map<Value>>,
    /// These parameters of the query, by name.
    pub query: Field<Map<Value>>,
    /// These cookies, by name.
    pub cookies: Field<Map<Value>>,
    /// A client in any of these networks.
    pub source: Field<List<Cidr>>,
    /// Over TLS, or not.
    pub scheme: Field<Scheme>,
    /// Accepted by any of these listeners.
    pub listeners: Field<List<String>>,
}

/// Which hosts.
pub type Host = Either<HostText, HostForm>;

/// A host that is more than text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "a host such as `www.example.com`, or `{ regex: ... }`")]
pub enum HostForm {
    /// Hosts in which this regular expression is found.
    Regex(Field<String>),
}

/// Which paths a route is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    expecting = "a path, a map with one of `exact`, `prefix`, `template` and `regex`"
)]
pub enum PathForm {
    /// Those that begin with this.
    Prefix(Field<String>),
    /// This one.
    Exact(Field<String>),
    /// Those of this form, such as `/users/{id}/orders/{order}` or `/files/{*rest}`.
    Template(Field<String>),
    /// Those in which this regular expression is found.
    Regex(Field<String>),
}

/// Which values a header field, parameter or cookie may have.
pub type Value = Either<HeaderText, ValueForm>;

/// A condition that is more than a value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    expecting = "a value, or a map with one of `exact`, `prefix`, `regex` and `present`"
)]
pub enum ValueForm {
    /// This one.
    Exact(Field<HeaderText>),
    /// Those that begin with this.
    Prefix(Field<HeaderText>),
    /// Those in which this regular expression is found.
    Regex(Field<String>),
    /// Any, or with `false` none at all.
    Present(Field<bool>),
}
