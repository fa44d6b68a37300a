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

fn list(generation: &Generation) -> String {
    let mut text = String::new();
    for route in generation.config.routes.iter() {
        let hosts = if route.hosts.is_empty() { "any host".to_owned() } else { format!("{:?}", route.hosts) };
        let methods =
            if route.methods.is_empty() { "any method".to_owned() } else { format!("{:?}", route.methods) };
        let _ = writeln!(
            text,
            "{}: {hosts}, {:?}, {methods}, {} filters, upstream {}",
            route.name,
            route.path,
            route.filters.len(),
            route.upstream
        );
    }
    text
}
