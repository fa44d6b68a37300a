//! Answers that need no upstream: redirects, fixed replies, error pages.

use http::{HeaderName, HeaderValue, StatusCode};
use model::{Escape, FieldText, Template};

use crate::scalar::Statuses;

/// An answer that sends the client elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The status.
    pub status: StatusCode,
    /// Where to.
    pub to: Template,
    /// What becomes of the request's query.
    pub query: RedirectQuery,
}

/// What becomes of a redirected request's query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectQuery {
    /// It is added to the target.
    Keep,
    /// It is left out.
    Drop,
}

/// An answer that is always the same, but for variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Respond {
    /// The status.
    pub status: StatusCode,
    /// The body; none of an answer that can have none.
    pub body: Option<Body>,
    /// Header fields.
    pub headers: Vec<(HeaderName, FieldText)>,
}

/// A body with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its media type.
    pub content_type: HeaderValue,
    /// What it says.
    pub text: Template,
    /// How variables in it are escaped, by the media type.
    pub escape: Escape,
}

/// A body for answers that report an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    /// For which statuses.
    pub status: Vec<Statuses>,
    /// What it says.
    pub body: Body,
    /// The status that the client gets, if another than the answer had.
    pub response_status: Option<StatusCode>,
    /// Whose answers it takes the place of.
    pub of: PageOf,
}

/// Whose answers a page takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageOf {
    /// Those that the proxy makes of faults.
    Faults,
    /// Upstreams' too.
    All,
}
