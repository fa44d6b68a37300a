//! `sandgate inspect`.

use std::fmt::Write;

use crate::arguments::Inspect;
use crate::command::{engine, runtime};
use crate::exit::{Failure, print};

/// Says what a component is, and whether it could be loaded.
pub(crate) fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let engine = engine();
    let path = &arguments.module;
    let anatomy = wasm::Plugin::inspect(&engine, path)
        .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    let mut text = format!("{}: a WebAssembly component, {} bytes\n", path.display(), anatomy.size);
    list(&mut text, "exports", &anatomy.exports);
    list(&mut text, "imports", &anatomy.imports);
    let needs = anatomy.needs();
    if !needs.0.is_empty() {
        let _ = writeln!(text, "needs: {needs}");
    }
    let trial = anatomy.check().and_then(|()| {
        runtime().map_or(Ok(None), |runtime| runtime.block_on(wasm::Plugin::describe(&engine, path)))
    });
    let _ = match trial {
        Ok(Some(own)) => writeln!(text, "{} {}: {}\nwould load: yes", own.name, own.version, own.summary),
        Ok(None) => writeln!(text, "would load: yes"),
        Err(error) => writeln!(text, "would load: no: {error}"),
    };
    print(&text)
}

fn list(text: &mut String, title: &str, names: &[String]) {
    let _ = writeln!(text, "{title}:");
    for name in names {
        let _ = writeln!(text, "  {name}");
    }
}
