//! What the file says of answers that need no upstream: redirects, fixed replies, error pages.

use config::Statuses;
use document::{Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::TemplateText;

/// An answer that sends the client elsewhere. One of `to` and `https`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `to`, or `https: true`")]
pub struct Redirect {
    /// Where to: a URI, or a path.
    pub to: Field<TemplateText>,
    /// The same URI with `https`, for requests that came without; others go on. Beside `upstream`.
    pub https: Field<bool>,
    /// 301, 302, 303, 307 or 308. Default: 302, with `https` 308.
    pub status: Field<u64>,
    /// What becomes of the request's query. Default: `keep`, if `to` has no `?` and names no query.
    pub query: Field<RedirectQuery>,
}

/// What becomes of a redirected request's query.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`keep` or `drop`")]
pub enum RedirectQuery {
    /// It is added to the target.
    Keep,
    /// It is left out.
    Drop,
}

impl From<RedirectQuery> for config::RedirectQuery {
    fn from(query: RedirectQuery) -> Self {
        match query {
            RedirectQuery::Keep => config::RedirectQuery::Keep,
            RedirectQuery::Drop => config::RedirectQuery::Drop,
        }
    }
}

/// An answer that is always the same, but for variables.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `status`, `body` or `file`, and `headers`")]
pub struct Respond {
    /// The status. Default: 200.
    #[schemars(range(min = 200, max = 599))]
    pub status: Field<u64>,
    /// The body.
    pub body: Field<TemplateText>,
    /// The path of a file with the body; its text is read when the configuration is, and has variables too.
    pub file: Field<String>,
    /// The body's media type. Default: by the file's name, else `text/plain; charset=utf-8`.
    pub content_type: Field<String>,
    /// Header fields.
    pub headers: Field<Map<TemplateText>>,
}

/// A body for answers that report an error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an error page, a map with `status`, and `body` or `file`")]
pub struct ErrorPage {
    /// For which statuses, from 400 to 599, such as `404` or `5xx`.
    #[schemars(length(min = 1))]
    pub status: Field<List<Statuses>>,
    /// The body.
    #[serde(default)]
    pub body: Field<TemplateText>,
    /// The path of a file with the body; its text is read when the configuration is, and has variables too.
    #[serde(default)]
    pub file: Field<String>,
    /// The body's media type. Default: by the file's name, else `text/html; charset=utf-8`.
    #[serde(default)]
    pub content_type: Field<String>,
    /// The status that the client gets. Default: the one that the answer had.
    #[serde(default)]
    #[schemars(range(min = 200, max = 599))]
    pub response_status: Field<u64>,
    /// Whether it also takes the place of upstreams' answers. Default: `false`.
    #[serde(default)]
    pub intercept: Field<bool>,
}
