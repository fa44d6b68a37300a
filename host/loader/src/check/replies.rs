//! Checks of answers that need no upstream: redirects, fixed replies, error pages.

use std::ops::RangeInclusive;

use config::{Body, ErrorPage, PageOf, Redirect, RedirectQuery, Respond, Statuses};
use document::{Field, List, Span, Spanned};
use http::{HeaderValue, StatusCode};
use model::{Escape, Fixed, Stage, Template, Variable};
use raw::TemplateText;

use super::Check;
use super::server::given;

/// The statuses that send a client elsewhere (RFC 9110 section 15.4).
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];
/// The statuses of final answers.
const FINAL: RangeInclusive<u64> = 200..=599;
/// The statuses of answers that report an error.
const ERRORS: Statuses = Statuses::of(400..=599);
/// The most error pages of a route, or of the server.
const PAGE_LIMIT: usize = 100;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// What a route's `redirect` is.
pub(super) enum Redirection {
    /// It answers all requests.
    All(Redirect),
    /// It answers those that came without TLS, with this status.
    ToHttps(StatusCode),
}

impl Check<'_> {
    pub(super) fn redirect(&mut self, redirect: Spanned<raw::Redirect>) -> Option<Redirection> {
        let Spanned { value: raw::Redirect { to, https, status, query }, span } = redirect;
        let is_https = https.into_value() == Some(true);
        let status = self.redirect_status(status, if is_https { 308 } else { 302 });
        match (to, is_https) {
            (Field::Broken, _) => None,
            (Field::Absent, true) => Some(Redirection::ToHttps(status?)),
            (Field::Absent, false) => {
                self.complain(span, "missing key `to`, or `https: true`", None);
                None
            }
            (Field::Given(to), true) => {
                self.complain(to.span, "`https` has no `to`: it is the same URI", None);
                None
            }
            (Field::Given(text), false) => {
                let to = self.target(text)?;
                let query = query.into_value().map_or_else(|| default_query(&to), RedirectQuery::from);
                Some(Redirection::All(Redirect { status: status?, to, query }))
            }
        }
    }

    fn target(&mut self, text: Spanned<TemplateText>) -> Option<Template> {
        let template = self.template(&text, Stage::Request)?;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        let start = template.literal_start();
        let begins =
            start.is_empty() || start.starts_with('/') || start.split_once(':').is_some_and(is_scheme);
        if template.literal() == Some("")
            || !begins
            || !template.literals().all(|part| part.bytes().all(plain))
        {
            let expected = "a URI such as `https://www.example.com/new`, or a path";
            self.expected(expected, &text.map(|TemplateText(text)| text));
            return None;
        }
        Some(template)
    }

    fn redirect_status(&mut self, status: Field<u64>, default: u16) -> Option<StatusCode> {
        let Spanned { value, span } = status.or(default.into())?;
        let known = u16::try_from(value).ok().filter(|value| REDIRECTS.contains(value));
        if known.is_none() {
            self.complain(span, format!("expected 301, 302, 303, 307 or 308, found `{value}`"), None);
        }
        known.and_then(|value| StatusCode::from_u16(value).ok())
    }

    pub(super) fn respond(&mut self, respond: Spanned<raw::Respond>) -> Option<Respond> {
        let Spanned { value: raw::Respond { status, body, file, content_type, headers }, span } = respond;
        let status = self.number(status, 200, FINAL);
        let body = self.body(body, file, content_type, PLAIN, span);
        let headers = self.values(headers, Stage::Request);
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok())?;
        let is_bodiless = matches!(status.as_u16(), 204 | 205 | 304);
        if is_bodiless && body.as_ref().is_some_and(|body| body.text.literal() != Some("")) {
            self.complain(span, format!("an answer with status {} has no body", status.as_u16()), None);
        }
        Some(Respond { status, body, headers })
    }

    /// The body, if there is one.
    fn body(
        &mut self,
        body: Field<TemplateText>,
        file: Field<String>,
        content_type: Field<String>,
        default: &str,
        owner: Span,
    ) -> Option<Body> {
        if body.span().is_some() && file.span().is_some() {
            self.complain(owner, "only one of `body` and `file` can be written", None);
            return None;
        }
        let (text, by_name) = match (body, file) {
            (Field::Given(text), _) => (text, default),
            (_, Field::Given(path)) => (self.page_file(&path)?, type_of(&path.value).unwrap_or(default)),
            _ => return None,
        };
        let text = self.template(&text, Stage::Response)?;
        let content_type = content_type.or(by_name.to_owned())?;
        let Ok(value) = HeaderValue::from_str(&content_type.value) else {
            self.expected("a media type such as `text/html; charset=utf-8`", &content_type);
            return None;
        };
        Some(Body { content_type: value, text, escape: escape_of(&content_type.value) })
    }

    fn page_file(&mut self, path: &Spanned<String>) -> Option<Spanned<TemplateText>> {
        match self.file(&path.value) {
            Ok(text) => Some(Spanned { value: TemplateText(text), span: path.span }),
            Err(message) => {
                self.complain(path.span, message, None);
                None
            }
        }
    }

    pub(super) fn error_pages(&mut self, pages: Field<List<raw::ErrorPage>>) -> Vec<ErrorPage> {
        let Field::Given(Spanned { value, span }) = pages else { return Vec::new() };
        if value.len() > PAGE_LIMIT {
            self.complain(span, format!("more than {PAGE_LIMIT} error pages"), None);
        }
        given(value).filter_map(|page| self.error_page(page)).collect()
    }

    fn error_page(&mut self, page: Spanned<raw::ErrorPage>) -> Option<ErrorPage> {
        let Spanned { value: page, span } = page;
        let status = self.required(page.status, "status", span).map(|status| self.statuses(status));
        if page.body.span().is_none() && page.file.span().is_none() {
            self.complain(span, "missing key `body`, or `file`", None);
        }
        let body = self.body(page.body, page.file, page.content_type, HTML, span);
        let response_status = match page.response_status {
            Field::Given(_) => Some(self.number(page.response_status, 200, FINAL)),
            Field::Absent | Field::Broken => None,
        };
        let of = if page.intercept.into_value() == Some(true) { PageOf::All } else { PageOf::Faults };
        Some(ErrorPage { status: status?, body: body?, response_status: response_status.and_then(code), of })
    }

    fn statuses(&mut self, statuses: Spanned<List<Statuses>>) -> Vec<Statuses> {
        if statuses.value.is_empty() {
            self.complain(statuses.span, "no statuses", None);
        }
        let items = given(statuses.value).collect::<Vec<_>>();
        for item in items.iter().filter(|item| !ERRORS.includes(item.value)) {
            self.complain(item.span, "expected statuses from 400 to 599", None);
        }
        items.into_iter().map(|item| item.value).collect()
    }
}

/// A target with a query of its own, or a fragment, is meant as it is.
fn default_query(to: &Template) -> RedirectQuery {
    let has_own = to.literals().any(|literal| literal.contains(['?', '#']));
    let names_it = to.variables().any(|variable| {
        matches!(variable, Variable::Fixed(Fixed::Uri | Fixed::QueryString) | Variable::Query(_))
    });
    if has_own || names_it { RedirectQuery::Drop } else { RedirectQuery::Keep }
}

/// RFC 3986 section 3.1.
fn is_scheme((scheme, _): (&str, &str)) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn code(status: u64) -> Option<StatusCode> {
    u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok())
}

/// A file's media type, by its name.
fn type_of(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => Some(HTML),
        "txt" => Some(PLAIN),
        "json" => Some("application/json"),
        "xml" => Some("application/xml"),
        _ => None,
    }
}

/// A value from outside must not become markup.
fn escape_of(content_type: &str) -> Escape {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/plain" => Escape::Plain,
        essence if essence == "application/json" || essence.ends_with("+json") => Escape::Json,
        _ => Escape::Html,
    }
}
