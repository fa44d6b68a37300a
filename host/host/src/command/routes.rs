//! `sandgate routes`.

use std::fmt::Write;

use proxy::{Generation, Question};

use crate::arguments::Routes;
use crate::command::read;
use crate::exit::{Failure, print};

/// Says which route a request would take; without a path, lists them all.
pub(crate) fn routes(arguments: &Routes) -> Result<(), Failure> {
    let generation = read(&arguments.file)?;
    let Some(path) = &arguments.path else { return print(&list(&generation)) };
    let question = Question { host: &arguments.host, path, method: &arguments.method };
    let explanation = generation.routes.explain(&question);
    let first = if generation.router.is_some() { "(the router plugin is asked first)\n" } else { "" };
    print(&format!("{first}{explanation}"))
}

/// A line for each route: name, hosts, path, methods, filters, upstream.
fn list(generation: &Generation) -> String {
    let mut text = String::new();
    for route in &generation.config.routes {
        let _ = writeln!(
            text,
            "{}: {} {} on {}, through {}, to {}",
            route.name,
            any(&route.methods, "any method"),
            route.path,
            any(&route.hosts, "any host"),
            match route.filters.len() {
                0 => "no filter".to_owned(),
                1 => "1 filter".to_owned(),
                several => format!("{several} filters"),
            },
            route.upstream
        );
    }
    text
}

fn any<T: ToString>(items: &[T], none: &str) -> String {
    if items.is_empty() {
        none.to_owned()
    } else {
        items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
    }
}
