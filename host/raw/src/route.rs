//! What the file says of routes.

use document::{Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Buffering, Cookies, ErrorPage, Fallback, Location, Redirect, Respond, Retries, Rewrite};
use crate::Match;
use crate::scalar::{Size, TemplateText, Time};

/// Which requests go through which filters to which upstream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a route, a map with `name`, `match` and `upstream`")]
pub struct Route {
    /// Its name in logs and metrics.
    pub name: Field<String>,
    /// Which requests it is for. Default: all.
    #[serde(default, rename = "match")]
    pub matches: Field<Match>,
    /// Above the routes with a lower one, whatever else they match. Default: 0.
    #[serde(default)]
    #[schemars(range(min = -1_000_000, max = 1_000_000))]
    pub priority: Field<i64>,
    /// What requests and responses pass through: requests in this order, responses in the reverse order.
    #[serde(default)]
    pub filters: Field<List<Filter>>,
    /// The upstream that answers.
    #[serde(default)]
    pub upstream: Field<String>,
    /// In place of `upstream`: the upstreams of which one answers, chosen by weight for each request.
    #[serde(default)]
    pub split: Field<List<Share>>,
    /// In place of `upstream`: the client is sent elsewhere. With `https: true`, beside it.
    #[serde(default)]
    pub redirect: Field<Redirect>,
    /// In place of `upstream`: a plugin that answers, one that exports `wasi:http/incoming-handler`.
    #[serde(default)]
    pub service: Field<PluginReference>,
    /// In place of `upstream`: an answer of the proxy's own.
    #[serde(default)]
    pub respond: Field<Respond>,
    /// How requests are rewritten before they are sent.
    #[serde(default)]
    pub rewrite: Field<Rewrite>,
    /// How Location, Content-Location and Refresh of answers are mapped back. Default: `auto`, if the request's prefix or
    /// host is rewritten; else `off`.
    #[serde(default)]
    pub location: Field<Location>,
    /// How cookies that the upstream sets are changed.
    #[serde(default)]
    pub cookies: Field<Cookies>,
    /// Bodies for answers that report an error: the first that fits, before the server's.
    #[serde(default)]
    pub error_pages: Field<List<ErrorPage>>,
    /// How long an answer may take.
    #[serde(default)]
    pub timeouts: Field<RouteTimeouts>,
    /// What a client may send, where that differs from what the server allows.
    #[serde(default)]
    pub limits: Field<RouteLimits>,
    /// Which bodies are kept on their way, where that differs from what the server says.
    #[serde(default)]
    pub buffering: Field<Buffering>,
    /// Protocols that a client may change to. Default: `[websocket]`.
    #[serde(default)]
    pub upgrades: Field<List<String>>,
    /// When a request is sent again.
    #[serde(default)]
    pub retries: Field<Retries>,
    /// What answers when the upstream can't.
    #[serde(default)]
    pub fallback: Field<Fallback>,
}

/// A part of a split.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a part of a split, a map with `upstream` and `weight`")]
pub struct Share {
    /// The upstream.
    pub upstream: Field<String>,
    /// How many of the requests, against the others' weights. Default: 1.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub weight: Field<u64>,
}

/// What a request and its response pass through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    expecting = "a filter, a map with one of `plugin`, `request_headers` and `response_headers`"
)]
pub enum Filter {
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
pub struct HeaderRules {
    /// Fields that get this value, whatever they had.
    pub set: Field<Map<TemplateText>>,
    /// Fields that get this value besides those they have.
    pub add: Field<Map<TemplateText>>,
    /// Fields that are taken out.
    pub remove: Field<List<String>>,
}

/// How long an answer may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map with `response`, `send`, `read`, `total` and `tunnel`"
)]
pub struct RouteTimeouts {
    /// Until the response's head is there, for each attempt. Default: `30s`.
    pub response: Field<Time>,
    /// Between two parts of the request's body that the endpoint takes. Default: as `response`.
    pub send: Field<Time>,
    /// Between two parts of the response's body. Default: as `response`.
    pub read: Field<Time>,
    /// Until the response's head is there, all attempts together, with the waits between them. Default: `60s`.
    pub total: Field<Time>,
    /// After a change of protocol, how long nothing may come from either side. Default: `1h`.
    pub tunnel: Field<Time>,
}

/// What a client may send.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ body: 1MiB }`")]
pub struct RouteLimits {
    /// The longest body of a request; 0 is no limit. Default: the server's.
    pub body: Field<Size>,
}

/// The name of a plugin, as `{ plugin: NAME }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "`{ plugin: NAME }`")]
pub struct PluginReference {
    /// The plugin.
    pub plugin: Field<String>,
}
