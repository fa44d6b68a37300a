//! `sandgate check`.

use crate::arguments::Configuration;
use crate::command::read;
use crate::exit::{Failure, print};

/// Says all that is wrong with a configuration, components included.
pub(crate) fn check(arguments: &Configuration) -> Result<(), Failure> {
    let generation = read(&arguments.file, arguments.folder.as_deref())?;
    let config = &generation.config;
    for warning in &config.warnings {
        print(&format!("{warning}\n\n"))?;
    }
    print(&format!(
        "{}: ok: {} listeners, {} routes, {} upstreams, {} plugins{}\n",
        arguments.file.display(),
        config.listeners.len(),
        config.routes.len(),
        config.upstreams.len(),
        config.plugins.len(),
        tenants(config.tenants.len())
    ))
}

/// Nothing where there are none.
fn tenants(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", {count} tenants") }
}
