//! Rewriting: of requests on their way to the upstream, of its answers on their way back.

use http::Method;
use model::Template;

use super::Pattern;

/// How a request is rewritten before it is sent.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    /// The path.
    pub path: Option<PathRewrite>,
    /// The query.
    pub query: QueryRules,
    /// Takes the place of the method, but of HEAD.
    pub method: Option<Method>,
    /// The Host field.
    pub host: HostRewrite,
}

/// How a path is rewritten.
#[derive(Clone, Debug)]
pub enum PathRewrite {
    /// What the route matched is replaced.
    Prefix {
        /// What the route matched.
        matched: String,
        /// What takes its place.
        to: String,
    },
    /// Whole segments at its start are taken away. It begins with `/`, and ends with none unless that is all of it.
    Strip(String),
    /// Another takes its place.
    Template(Template),
    /// The first match is replaced.
    Regex {
        /// What is searched for.
        pattern: Pattern,
        /// What takes its place, in the syntax of [`regex`].
        replacement: String,
    },
}

/// Changes to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryRules {
    /// Parameters that get this value, whatever they had.
    pub set: Vec<(String, Template)>,
    /// Parameters that get this value besides those they have.
    pub add: Vec<(String, Template)>,
    /// Parameters that are taken out.
    pub remove: Vec<String>,
}

impl QueryRules {
    /// Whether they change nothing.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }
}

/// What becomes of the Host field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HostRewrite {
    /// It stays as the client sent it.
    #[default]
    Preserve,
    /// The endpoint's address takes its place.
    Upstream,
    /// This takes its place.
    Name(Template),
}

/// A way in which Location, Content-Location and Refresh are mapped back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationRewrite {
    /// As the request was rewritten.
    Auto,
    /// As this says.
    Rule(LocationRule),
}

/// What a Location begins with, and what takes the place of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationRule {
    /// What it begins with; not empty.
    pub from: String,
    /// What takes the place of that.
    pub to: Template,
}

/// How cookies that the upstream sets are changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieRewrite {
    /// Domains in lower case without a leading dot, and what takes their place; an empty text takes the attribute out.
    pub domain: Vec<(String, String)>,
    /// What paths begin with, and what takes the place of that; the first that fits.
    pub path: Vec<(String, String)>,
    /// Whether every cookie has Secure.
    pub secure: Option<bool>,
    /// Whether every cookie has HttpOnly.
    pub http_only: Option<bool>,
    /// The SameSite that every cookie has.
    pub same_site: Option<&'static str>,
}

impl CookieRewrite {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == CookieRewrite::default()
    }
}
