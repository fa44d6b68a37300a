//! The subcommands, one a file, and what several of them need.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod dev;
pub(crate) mod inspect;
pub(crate) mod new;
pub(crate) mod routes;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod test;
pub(crate) mod top;

use std::path::Path;
use std::sync::Arc;

use generation::Generation;
use server::{Callouts, Reloader};
use tokio::runtime::Runtime;
use wasm::Engine;

use crate::cache;
use crate::exit::Failure;

/// The runtime of everything that is not on a request's way.
fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// The engine, with the cache of compiled components where there can be one.
fn engine() -> Result<Engine, Failure> {
    Ok(Engine::new(cache::open()?).with_caller(Arc::new(Callouts)))
}

/// Reads a configuration and all it names; paths in it are relative to its own folder, or to another.
fn read(path: &Path, folder: Option<&Path>) -> Result<Generation, Failure> {
    let mut reloader = Reloader::new(path, engine()?).in_folder(folder.map(Path::to_owned));
    Ok(runtime()?.block_on(reloader.read(None))?)
}
