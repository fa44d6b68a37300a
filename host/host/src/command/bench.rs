//! `sandgate bench`.

mod table;

use std::io::Write;

use model::WholeBody;
use proving::{Asked, Subject, cost};
use wasm::AotCache;

use crate::arguments::Bench;
use crate::command::runtime;
use crate::exit::{Failure, print};

/// What the compiled component may take, in bytes.
const CACHE_SIZE: u64 = 1 << 30;

/// Says what a call of a component costs.
pub(crate) fn bench(arguments: &Bench) -> Result<(), Failure> {
    let path = &arguments.module;
    let settings = arguments.settings.as_ref().map(ToString::to_string);
    let subject = Subject { path: path.clone(), settings };
    let asked = asked(arguments)?;
    // One of its own, so that the first load is a cold one.
    let folder = tempfile::tempdir()?;
    let cache = AotCache::open(folder.path(), CACHE_SIZE)?;
    let _ =
        writeln!(std::io::stderr().lock(), "compiling, then {} exchanges of each kind ...", arguments.rounds);
    let measuring = cost::measure(&subject, &asked, arguments.rounds, Some(&cache));
    let report = runtime()?
        .block_on(measuring)
        .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    print(&table::of(path, &report))
}

fn asked(arguments: &Bench) -> Result<Asked, Failure> {
    let body = match &arguments.body {
        Some(path) => {
            std::fs::read(path).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?
        }
        None => Vec::new(),
    };
    let target = arguments.path.parse();
    let target = target.map_err(|error| Failure::Usage(format!("--path {:?}: {error}", arguments.path)))?;
    let fields = arguments.header.iter().cloned().collect();
    Ok(Asked { method: arguments.method.clone(), target, fields, body: WholeBody::new(body) })
}
