//! What the file says of routes.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::field::{Field, List, Map};
use crate::scalar::{HeaderText, HostText, Time};

/// Which requests go through which filters to which upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a route, a map with `name`, `match` and `upstream`")]
pub(crate) struct Route {
    /// Its name in logs and metrics.
    pub(crate) name: Field<String>,
    /// Which requests it is for. Default: all.
    #[serde(default, rename = "match")]
    pub(crate) matches: Field<Match>,
    /// What requests and responses pass through: requests in this order, responses in the reverse order.
    #[serde(default)]
    pub(crate) filters: Field<List<Filter>>,
    /// The upstream that answers.
    pub(crate) upstream: Field<String>,
    /// How long an answer may take.
    #[serde(default)]
    pub(crate) timeouts: Field<RouteTimeouts>,
    /// When a request is sent again.
    #[serde(default)]
    pub(crate) retries: Field<Retries>,
}

/// Which requests a route is for: those that fulfil all of it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `hosts`, `path` and `methods`")]
pub(crate) struct Match {
    /// Any of these hosts. Default: every host.
    pub(crate) hosts: Field<List<HostText>>,
    /// This path. Default: every path.
    pub(crate) path: Field<PathForm>,
    /// Any of these methods. Default: every method.
    pub(crate) methods: Field<List<String>>,
}

/// Which paths a route is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "a path, `{ prefix: /... }` or `{ exact: /... }`")]
pub(crate) enum PathForm {
    /// Those that begin with this.
    Prefix(Field<String>),
    /// This one.
    Exact(Field<String>),
}

/// What a request and its response pass through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    expecting = "a filter, a map with one of `plugin`, `request_headers` and `response_headers`"
)]
pub(crate) enum Filter {
    /// A plugin, by name.
    Plugin(Field<String>),
    /// Changes to the request's header.
    RequestHeaders(Field<HeaderRules>),
    /// Changes to the response's header.
    ResponseHeaders(Field<HeaderRules>),
}

/// Changes to a header.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `set`, `add` and `remove`")]
pub(crate) struct HeaderRules {
    /// Fields that get this value, whatever they had.
    pub(crate) set: Field<Map<HeaderText>>,
    /// Fields that get this value besides those they have.
    pub(crate) add: Field<Map<HeaderText>>,
    /// Fields that are taken out.
    pub(crate) remove: Field<List<String>>,
}

/// How long an answer may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `response` and `total`")]
pub(crate) struct RouteTimeouts {
    /// Until the response's head is there, for each attempt. Default: `30s`.
    pub(crate) response: Field<Time>,
    /// Until the response's end is there, all attempts together. Default: `60s`.
    pub(crate) total: Field<Time>,
}

/// When a request is sent again.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `attempts`")]
pub(crate) struct Retries {
    /// The most attempts after the first. Default: 2.
    #[schemars(range(max = 10))]
    pub(crate) attempts: Field<u64>,
}

/// The name of a plugin, as `{ plugin: NAME }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "`{ plugin: NAME }`")]
pub(crate) struct PluginReference {
    /// The plugin.
    pub(crate) plugin: Field<String>,
}
