//! `sandgate routes`.

use std::fmt::Write;

use generation::Generation;
use http::header::{COOKIE, HOST};
use http::{HeaderMap, HeaderValue};
use model::matched_path;
use routing::Question;

use crate::arguments::Routes;
use crate::command::read;
use crate::exit::{Failure, print};

/// Says which route a request would take; without a path, lists them all.
pub(crate) fn routes(arguments: &Routes) -> Result<(), Failure> {
    let generation = read(&arguments.file, None)?;
    let listener = listener(&generation, arguments)?;
    let Some(path) = &arguments.path else { return print(&list(&generation)) };
    let first = if generation.router.is_some() { "(the router plugin is asked first)\n" } else { "" };
    print(&format!("{first}{}", answer(&generation, arguments, listener, path)))
}

/// What the table says of a request.
fn answer(generation: &Generation, arguments: &Routes, listener: &str, target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match matched_path(path, &generation.config.server.refuse_in_paths) {
        Ok(path) => path,
        Err(why) => return format!("400 Bad Request: {why}\n"),
    };
    let queries: Vec<&str> =
        std::iter::once(query).chain(arguments.query.iter().map(String::as_str)).collect();
    let fields = fields(arguments);
    let question = Question {
        host: &arguments.host,
        path: &path,
        query: &queries.join("&"),
        method: &arguments.method,
        fields: &fields,
        source: arguments.source,
        scheme: arguments.scheme.into(),
        listener,
    };
    generation.routes.explain(&question).to_string()
}

/// The header that the request would have.
fn fields(arguments: &Routes) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Ok(host) = HeaderValue::from_str(&arguments.host) {
        fields.insert(HOST, host);
    }
    for (name, value) in &arguments.header {
        fields.append(name, value.clone());
    }
    let cookies = arguments.cookie.join("; ");
    if let Some(cookies) = HeaderValue::from_str(&cookies).ok().filter(|value| !value.is_empty()) {
        fields.append(COOKIE, cookies);
    }
    fields
}

/// The one that was named, which must exist, or the first.
fn listener<'a>(generation: &'a Generation, arguments: &Routes) -> Result<&'a str, Failure> {
    let mut known = generation.config.listeners.iter().map(|listener| listener.name.as_ref());
    let Some(named) = arguments.listener.as_deref() else { return Ok(known.next().unwrap_or_default()) };
    known.clone().find(|name| *name == named).ok_or_else(|| {
        let near = match document::names::suggestion(named, known.clone()) {
            none if none.is_empty() => format!(": expected {}", document::names::list(known)),
            near => near,
        };
        Failure::Usage(format!("there is no listener `{named}`{near}"))
    })
}

/// A line for each route, the most specific first.
fn list(generation: &Generation) -> String {
    let mut text = String::new();
    let routes = &generation.config.routes;
    for route in generation.routes.in_order().into_iter().filter_map(|at| routes.get(at)) {
        let _ = writeln!(
            text,
            "{}: {} {} on {}{}, through {}, to {}",
            route.name,
            any(&route.matches.methods, "any method"),
            route.matches.path,
            any(&route.matches.hosts, "any host"),
            conditions(&route.matches),
            match route.filters.len() {
                0 => "no filter".to_owned(),
                1 => "1 filter".to_owned(),
                several => format!("{several} filters"),
            },
            route.destination
        );
    }
    text
}

/// With its priority, if it has one.
fn conditions(matching: &config::Matching) -> String {
    let conditions = matching.conditions.iter().map(|condition| format!(", {condition}"));
    let priority = (matching.priority != 0).then(|| format!(", priority {}", matching.priority));
    conditions.chain(priority).collect()
}

fn any<T: ToString>(items: &[T], none: &str) -> String {
    if items.is_empty() {
        none.to_owned()
    } else {
        items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
    }
}
