//! What the file says of rewriting: of requests on their way to the upstream, of its answers on their way back.

use document::{Either, Field, List, Map, Several};
use schemars::JsonSchema;
use serde::Deserialize;

use super::SameSite;
use crate::scalar::TemplateText;

/// How a request is rewritten before it is sent. At most one of `prefix`, `strip_prefix`, `path` and `regex`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of rewrites")]
pub struct Rewrite {
    /// Takes the place of what the route's path matched, as the URI part of nginx's `proxy_pass` does.
    pub prefix: Field<String>,
    /// Taken away from the path's start, if it is there as whole segments.
    pub strip_prefix: Field<String>,
    /// Takes the place of the path; of the query too, if it has a `?`.
    pub path: Field<TemplateText>,
    /// A search in the path.
    pub regex: Field<RegexRewrite>,
    /// Changes to the query.
    pub query: Field<QueryRules>,
    /// Takes the place of the method, but of HEAD.
    pub method: Field<String>,
    /// The Host field: `preserve` what the client sent, the `upstream` endpoint's own, or this name. Default: `preserve`.
    pub host: Field<TemplateText>,
}

/// A search in the path, and what takes the place of what it finds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `pattern` and `replacement`")]
pub struct RegexRewrite {
    /// A regular expression. It sees the path without escapes, dot segments and double slashes.
    pub pattern: Field<String>,
    /// Takes the place of the first match; `$1` and `${name}` are its groups.
    pub replacement: Field<TemplateText>,
}

/// Changes to the query.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `set`, `add` and `remove`")]
pub struct QueryRules {
    /// Parameters that get this value, whatever they had.
    pub set: Field<Map<TemplateText>>,
    /// Parameters that get this value besides those they have.
    pub add: Field<Map<TemplateText>>,
    /// Parameters that are taken out.
    pub remove: Field<List<String>>,
}

/// The first that fits a location changes it.
pub type Location = Several<Either<LocationName, LocationForm>>;

/// How Location and its like are mapped back.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    expecting = "`auto`, `off`, a map with `from` and `to`, or a list of those"
)]
pub enum LocationName {
    /// As the request was rewritten.
    Auto,
    /// Not at all.
    Off,
}

/// How Location and its like are mapped back.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "`auto`, `off`, a map with `from` and `to`, or a list of those"
)]
pub struct LocationForm {
    /// What it begins with.
    pub from: Field<String>,
    /// What takes the place of that.
    pub to: Field<TemplateText>,
}

/// How cookies that the upstream sets are changed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `domain`, `path` and `flags`")]
pub struct Cookies {
    /// Domains, and what takes their place; an empty text takes the attribute out.
    pub domain: Field<Map<String>>,
    /// What paths begin with, and what takes the place of that.
    pub path: Field<Map<String>>,
    /// What every cookie gets.
    pub flags: Field<CookieFlags>,
}

/// What every cookie gets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `secure`, `http_only` and `same_site`")]
pub struct CookieFlags {
    /// Whether it has Secure. Default: as the upstream says.
    pub secure: Field<bool>,
    /// Whether it has HttpOnly. Default: as the upstream says.
    pub http_only: Field<bool>,
    /// Its SameSite. Default: as the upstream says.
    pub same_site: Field<SameSite>,
}
