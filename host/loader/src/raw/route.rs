//! What the file says of routes.

use document::{Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Buffering, Cookies, ErrorPage, Fallback, Location, Redirect, Respond, Retries, Rewrite};
use crate::raw::Match;
use crate::scalar::{Size, TemplateText, Time};

/// Which requests go through which filters to which upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a route, a map with `name`, `match` and `upstream`")]
pub(crate) struct Route {
    /// Its name in logs and metrics.
    pub(crate) name: Field<String>,
    /// Which requests it is for. Default: all.
    #[serde(default, rename = "match")]
    pub(crate) matches: Field<Match>,
    /// Above the routes with a lower one, whatever else they match. Default: 0.
    #[serde(default)]
    #[schemars(range(min = -1_000_000, max = 1_000_000))]
    pub(crate) priority: Field<i64>,
    /// What requests and responses pass through: requests in this order, responses in the reverse order.
    #[serde(default)]
    pub(crate) filters: Field<List<Filter>>,
    /// The upstream that answers.
    #[serde(default)]
    pub(crate) upstream: Field<String>,
    /// In place of `upstream`: the upstreams of which one answers, chosen by weight for each request.
    #[serde(default)]
    pub(crate) split: Field<List<Share>>,
    /// In place of `upstream`: the client is sent elsewhere. With `https: true`, beside it.
    #[serde(default)]
    pub(crate) redirect: Field<Redirect>,
    /// In place of `upstream`: an answer of the proxy's own.
    #[serde(default)]
    pub(crate) respond: Field<Respond>,
    /// How requests are rewritten before they are sent.
    #[serde(default)]
    pub(crate) rewrite: Field<Rewrite>,
    /// How Location, Content-Location and Refresh of answers are mapped back. Default: `auto`, if the request's prefix or
    /// host is rewritten; else `off`.
    #[serde(default)]
    pub(crate) location: Field<Location>,
    /// How cookies that the upstream sets are changed.
    #[serde(default)]
    pub(crate) cookies: Field<Cookies>,
    /// Bodies for answers that report an error: the first that fits, before the server's.
    #[serde(default)]
    pub(crate) error_pages: Field<List<ErrorPage>>,
    /// How long an answer may take.
    #[serde(default)]
    pub(crate) timeouts: Field<RouteTimeouts>,
    /// What a client may send, where that differs from what the server allows.
    #[serde(default)]
    pub(crate) limits: Field<RouteLimits>,
    /// Which bodies are kept on their way, where that differs from what the server says.
    #[serde(default)]
    pub(crate) buffering: Field<Buffering>,
    /// Protocols that a client may change to. Default: `[websocket]`.
    #[serde(default)]
    pub(crate) upgrades: Field<List<String>>,
    /// When a request is sent again.
    #[serde(default)]
    pub(crate) retries: Field<Retries>,
    /// What answers when the upstream can't.
    #[serde(default)]
    pub(crate) fallback: Field<Fallback>,
}

/// A part of a split.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a part of a split, a map with `upstream` and `weight`")]
pub(crate) struct Share {
    /// The upstream.
    pub(crate) upstream: Field<String>,
    /// How many of the requests, against the others' weights. Default: 1.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub(crate) weight: Field<u64>,
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
    pub(crate) set: Field<Map<TemplateText>>,
    /// Fields that get this value besides those they have.
    pub(crate) add: Field<Map<TemplateText>>,
    /// Fields that are taken out.
    pub(crate) remove: Field<List<String>>,
}

/// How long an answer may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map with `response`, `send`, `read`, `total` and `tunnel`"
)]
pub(crate) struct RouteTimeouts {
    /// Until the response's head is there, for each attempt. Default: `30s`.
    pub(crate) response: Field<Time>,
    /// Between two parts of the request's body that the endpoint takes. Default: as `response`.
    pub(crate) send: Field<Time>,
    /// Between two parts of the response's body. Default: as `response`.
    pub(crate) read: Field<Time>,
    /// Until the response's head is there, all attempts together, with the waits between them. Default: `60s`.
    pub(crate) total: Field<Time>,
    /// After a change of protocol, how long nothing may come from either side. Default: `1h`.
    pub(crate) tunnel: Field<Time>,
}

/// What a client may send.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ body: 1MiB }`")]
pub(crate) struct RouteLimits {
    /// The longest body of a request; 0 is no limit. Default: the server's.
    pub(crate) body: Field<Size>,
}

/// The name of a plugin, as `{ plugin: NAME }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "`{ plugin: NAME }`")]
pub(crate) struct PluginReference {
    /// The plugin.
    pub(crate) plugin: Field<String>,
}
