//! Route: names the route of a request, by a router plugin or by the table.

use std::borrow::Cow;
use std::sync::Arc;

use config::Scheme;
use generation::Route;
use http::{HeaderMap, Method, StatusCode, header::HeaderValue};
use model::{Decision, Exchange, Fault, FaultKind, PluginFault, Reply, RouteLabel, matched_path};
use routing::{Match, Question};

use crate::exchange::halt::Halted;
use crate::exchange::own;
use crate::local::Local;

/// Names the route.
pub(crate) async fn route(
    local: &Local,
    exchange: Box<Exchange>,
) -> Result<(Box<Exchange>, &Route), Box<Halted>> {
    let (mut exchange, named) = match &local.generation.router {
        Some(router) => ask_router(local, router.route(exchange, &local.generation.routes).finish().await)?,
        None => (exchange, None),
    };
    let refused = &local.generation.config.server.refuse_in_paths;
    exchange.normal_path = match matched_path(exchange.request.uri.path(), refused) {
        // The whole server (RFC 9110 section 9.3.7): what its root is to a route.
        Ok(Cow::Borrowed("*")) => Some("/".into()),
        Ok(Cow::Borrowed(_)) => None,
        Ok(Cow::Owned(path)) => Some(path.into()),
        Err(why) => return Err(Halted::fault(exchange, Fault::new(FaultKind::BadRequest, why))),
    };
    let route = match named {
        Some(route) => Ok(route),
        None => look_up(local, &exchange),
    };
    match route {
        Ok(route) => {
            exchange.route = Some(route.label.clone());
            exchange.deadline = exchange.began.checked_add(route.timeouts.total);
            capture(route, &mut exchange);
            Ok((exchange, route))
        }
        Err(stop) => {
            exchange.route = None;
            Err(stop.halt(exchange))
        }
    }
}

fn capture(route: &Route, exchange: &mut Exchange) {
    let Some(parts) = &route.parts else { return };
    let mut captures = std::mem::take(&mut exchange.captures);
    parts.capture(exchange.request.authority(), exchange.path(), &mut captures);
    exchange.captures = captures;
}

fn ask_router(
    local: &Local,
    (exchange, decision): (Box<Exchange>, Result<Decision, Fault>),
) -> Result<(Box<Exchange>, Option<&Route>), Box<Halted>> {
    match decision {
        Ok(Decision::Table) => Ok((exchange, None)),
        Ok(Decision::Reply(reply)) => Err(Halted::reply(exchange, reply)),
        Ok(Decision::Route(name)) => match local.generation.routes.named(&name) {
            Some(route) => Ok((exchange, Some(route))),
            None => {
                let kind = FaultKind::Plugin(PluginFault::Invalid);
                Err(Halted::fault(
                    exchange,
                    Fault::new(kind, format!("the router named {name:?}, which is no route")),
                ))
            }
        },
        Err(fault) => Err(Halted::fault(exchange, fault)),
    }
}

/// Why the table has no route.
enum NoRoute {
    Fault(Fault),
    /// The path with a slash has this one.
    Slash(Arc<RouteLabel>),
    OtherMethods(Vec<Method>),
}

impl NoRoute {
    fn halt(self, mut exchange: Box<Exchange>) -> Box<Halted> {
        match self {
            NoRoute::Fault(fault) => Halted::fault(exchange, fault),
            NoRoute::Slash(label) => {
                exchange.route = Some(label);
                own::with_slash(exchange)
            }
            NoRoute::OtherMethods(methods) => {
                exchange.fault = Some(FaultKind::MethodNotAllowed.into());
                Halted::reply(exchange, method_not_allowed(&methods))
            }
        }
    }
}

fn look_up<'a>(local: &'a Local, exchange: &Exchange) -> Result<&'a Route, NoRoute> {
    let head = &exchange.request;
    let question = Question {
        host: head.authority(),
        path: exchange.path(),
        query: head.uri.query().unwrap_or_default(),
        method: &head.method,
        fields: &head.fields,
        source: exchange.client.ip(),
        scheme: scheme(exchange),
        listener: exchange.listener.as_deref().unwrap_or_default(),
    };
    match local.generation.routes.find(&question) {
        Match::Route(route) => Ok(route),
        Match::OtherMethods(methods) => Err(NoRoute::OtherMethods(methods)),
        Match::Slash(route) => Err(NoRoute::Slash(Arc::clone(&route.label))),
        Match::Nothing => Err(NoRoute::Fault(FaultKind::NoRoute.into())),
    }
}

fn scheme(exchange: &Exchange) -> Scheme {
    match exchange.scheme {
        model::Scheme::Http => Scheme::Http,
        model::Scheme::Https => Scheme::Https,
    }
}

/// 405 says which methods there are (RFC 9110 section 15.5.6).
fn method_not_allowed(methods: &[Method]) -> Reply {
    let mut reply = crate::exchange::rescue::plain_reply(StatusCode::METHOD_NOT_ALLOWED);
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let mut fields: HeaderMap = std::mem::take(&mut reply.fields);
    if let Ok(allow) = HeaderValue::from_str(&names.join(", ")) {
        fields.insert(http::header::ALLOW, allow);
    }
    Reply { fields, ..reply }
}
