//! Rewriting: what a route changes of a request on its way to the upstream, and of the answer on its way back.
//!
//! It is done after the filters have seen the request, and before they see the response: in between is what the
//! upstream sees. A route that rewrites nothing has none of this.

mod cookies;
#[cfg(fuzzing)]
pub mod fuzzing;
mod location;
mod path;
mod query;

use config::{CookieRewrite, HostRewrite, LocationRewrite, PathRewrite};
use http::header::{self, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Uri};
use model::{Endpoint, Escape, Exchange, Fault, FaultKind, normal_path};

pub use path::sent_as;

/// How long a target may become.
const TARGET_LIMIT: usize = 16 * 1024;
/// How long a Host field may become: a name has at most 255 bytes (RFC 1035 section 2.3.4), and a port.
const HOST_LIMIT: usize = 512;

/// What a route rewrites.
#[derive(Debug)]
pub struct Rewriting {
    request: config::Rewrite,
    location: Vec<LocationRewrite>,
    cookies: CookieRewrite,
}

impl Rewriting {
    /// What a route of the configuration rewrites, if anything.
    pub fn of(route: &config::Route) -> Option<Box<Self>> {
        let request = route.rewrite.clone();
        let touches_request = touches(&request) || request.host != HostRewrite::Preserve;
        let touches_response = !route.location.is_empty() || !route.cookies.is_empty();
        (touches_request || touches_response).then(|| {
            Box::new(Rewriting { request, location: route.location.clone(), cookies: route.cookies.clone() })
        })
    }

    /// The way in.
    pub fn inward(&self, exchange: &mut Exchange) -> Result<(), Fault> {
        if !touches(&self.request) {
            return Ok(());
        }
        exchange.remember_asked();
        self.target(exchange)?;
        if let HostRewrite::Name(name) = &self.request.host {
            let name = name.render(exchange, Escape::Field, HOST_LIMIT).and_then(|name| host_field(&name));
            let host = name.ok_or_else(|| bad_rewrite("the host is none"))?;
            exchange.request.fields.insert(header::HOST, host);
        }
        if let Some(method) = &self.request.method
            && exchange.request.method != Method::HEAD
        {
            exchange.request.method = method.clone();
        }
        Ok(())
    }

    fn target(&self, exchange: &mut Exchange) -> Result<(), Fault> {
        if self.request.path.is_none() && self.request.query.is_empty() {
            return Ok(());
        }
        let uri = &exchange.request.uri;
        let rewritten = match &self.request.path {
            Some(rewrite) => rewritten_path(rewrite, exchange)?,
            None => None,
        };
        let path = rewritten.as_deref().unwrap_or(uri.path());
        // A template may have a query of its own.
        let (path, own_query) =
            path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let query = own_query.or(uri.query());
        let query = query::changed(query, &self.request.query, exchange)?;
        let target = match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        exchange.request.uri = origin_form(target)?;
        Ok(())
    }

    /// The Host field for an endpoint, if it is not the client's.
    pub fn host_for(&self, endpoint: &Endpoint) -> Option<HeaderValue> {
        match self.request.host {
            HostRewrite::Upstream => host_field(&endpoint.authority()),
            HostRewrite::Preserve | HostRewrite::Name(_) => None,
        }
    }

    /// The way out.
    pub fn outward(&self, exchange: &mut Exchange) {
        if !self.location.is_empty() {
            location::map_back(exchange, &self.location, self.request.path.as_ref());
        }
        if !self.cookies.is_empty() {
            cookies::change(&mut exchange.response.fields, &self.cookies);
        }
    }
}

/// Whether anything changes of what the client sent.
fn touches(request: &config::Rewrite) -> bool {
    request.path.is_some()
        || !request.query.is_empty()
        || request.method.is_some()
        || matches!(request.host, HostRewrite::Name(_))
}

/// The path, and the query that a template has; none if it stays as it is.
fn rewritten_path(rewrite: &PathRewrite, exchange: &Exchange) -> Result<Option<String>, Fault> {
    let path = exchange.request.uri.path();
    match rewrite {
        PathRewrite::Prefix { matched, to } => Ok(path::replace_prefix(path, matched, to)),
        PathRewrite::Strip(prefix) => Ok(path::strip_prefix(path, prefix)),
        PathRewrite::Regex { pattern, replacement } => {
            path::replace_match(path, pattern.regex(), replacement).map(checked).transpose()
        }
        PathRewrite::Template(template) => {
            let path = template.render(exchange, Escape::Path, TARGET_LIMIT);
            path.ok_or_else(|| bad_rewrite("the target is too long")).and_then(checked).map(Some)
        }
    }
}

/// What variables or groups make of a path must not lead elsewhere by dot segments.
fn checked(path: String) -> Result<String, Fault> {
    let own = path.split('?').next().unwrap_or_default();
    if path::has_dot_segments(own) || normal_path(own).is_none() {
        Err(bad_rewrite("the path has dot segments"))
    } else {
        Ok(path)
    }
}

/// A target in origin form (RFC 9112 section 3.2.1).
fn origin_form(target: String) -> Result<Uri, Fault> {
    let plain = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !target.starts_with('/') || !plain {
        return Err(bad_rewrite("the target is none"));
    }
    if target.len() > TARGET_LIMIT {
        return Err(bad_rewrite("the target is too long"));
    }
    PathAndQuery::try_from(target).map(Uri::from).map_err(|_| bad_rewrite("the target is none"))
}

fn bad_rewrite(detail: &'static str) -> Fault {
    Fault::new(FaultKind::BadRewrite, detail)
}

/// Host and port, nothing else (RFC 9110 section 7.2).
fn host_field(host: &str) -> Option<HeaderValue> {
    let authority: Authority = host.parse().ok()?;
    if authority.as_str().contains('@') { None } else { HeaderValue::from_str(host).ok() }
}

#[cfg(test)]
mod tests;
