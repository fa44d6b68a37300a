//! `sandgate inspect`.

use std::fmt::Write;

use wasm::{Anatomy, Inspected, Kind, Known, LoadError, Plugin, Start};

use crate::arguments::{Inspect, Settings};
use crate::command::{engine, runtime};
use crate::exit::{Failure, print};

/// Says what a component or a module is, and whether it could be loaded.
pub(crate) fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let engine = engine()?;
    let path = &arguments.module;
    let runtime = runtime()?;
    let anatomy = runtime
        .block_on(Plugin::inspect(&engine, path))
        .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    let kind = match anatomy.kind {
        Kind::Component => "component",
        Kind::Module => "module",
    };
    let mut text = format!("{}: a WebAssembly {kind}, {} bytes\n", path.display(), anatomy.size);
    let _ = writeln!(text, "contract: {}", contract(&anatomy));
    list(&mut text, "exports", &anatomy.exports);
    list(&mut text, "imports", &anatomy.imports);
    let needs = anatomy.needs();
    if !needs.0.is_empty() {
        let _ = writeln!(text, "needs: {needs}");
    }
    let settings = arguments.settings.as_ref();
    let examine = || runtime.block_on(Plugin::examine(&engine, path, settings.map(ToString::to_string)));
    match anatomy.check().and_then(|()| examine()) {
        Ok(inspected) => say(&mut text, &inspected, settings),
        Err(error) => {
            let _ = writeln!(text, "would load: no: {error}");
        }
    }
    print(&text)
}

/// Which version of the contract it was built for.
fn contract(anatomy: &Anatomy) -> String {
    let contracts = anatomy.contracts();
    if contracts.is_empty() {
        return "none of sandgate:proxy".to_owned();
    }
    let said = |(name, known): &(String, Known)| match known {
        Known::Here => name.clone(),
        Known::Earlier => format!("{name} (later than what this Sandgate speaks, {})", wasm::spoken()),
        Known::Elsewhere => format!("{name} (this Sandgate speaks {})", wasm::spoken()),
    };
    printable(&contracts.iter().map(said).collect::<Vec<_>>().join(", "))
}

/// What it says of itself, and how its instances come by their settings.
fn say(text: &mut String, inspected: &Inspected, settings: Option<&Settings>) {
    if let Some(own) = &inspected.description {
        let _ = writeln!(text, "name: {}", printable(&own.name));
        let _ = writeln!(text, "version: {}", printable(&own.version));
        let _ = writeln!(text, "summary: {}", printable(&own.summary));
        let _ = match &own.settings_schema {
            Some(schema) => writeln!(text, "settings: held to this JSON Schema: {}", printable(schema)),
            None => writeln!(text, "settings: it gives no schema"),
        };
    }
    let _ = writeln!(text, "memory: {} KiB in a new instance", inspected.memory.div_ceil(1024));
    let _ = match &inspected.start {
        Ok(Start::Plain) => writeln!(text, "would load: yes"),
        Ok(Start::Configured) => {
            writeln!(text, "would load: yes\nconfigured: once, and every instance begins with the snapshot")
        }
        Ok(Start::Configure(why)) => {
            writeln!(text, "would load: yes\nconfigured: in each instance, since {why}")
        }
        Err(LoadError::Settings(_) | LoadError::Refused(_)) if settings.is_none() => {
            writeln!(text, "would load: yes, with settings; `--settings` says whether with these")
        }
        Err(error) => writeln!(text, "would load: no: {error}"),
    };
}

/// What a component says, on one line that can't control a terminal.
fn printable(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}

fn list(text: &mut String, title: &str, names: &[String]) {
    let _ = writeln!(text, "{title}:");
    for name in names {
        let _ = writeln!(text, "  {}", printable(name));
    }
}
