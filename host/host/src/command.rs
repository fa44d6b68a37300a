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
pub(crate) mod top;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use generation::Generation;
use server::{Callouts, Reloader};
use tokio::runtime::Runtime;
use wasm::{AotCache, Engine};

use crate::exit::Failure;

/// The runtime of everything that is not on a request's way.
fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// The engine, with the cache of compiled components where there can be one.
fn engine() -> Engine {
    let cache = cache_folder().and_then(|folder| match AotCache::open(&folder) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "components will be compiled at each start");
            None
        }
    });
    Engine::new(cache).with_caller(Arc::new(Callouts))
}

/// `SANDGATE_CACHE`, or the user's cache folder (XDG Base Directory Specification).
fn cache_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of("SANDGATE_CACHE")
        .or_else(|| of("XDG_CACHE_HOME").map(|folder| folder.join("sandgate")))
        .or_else(|| of("HOME").map(|folder| folder.join(".cache/sandgate")))
}

/// Reads a configuration and all it names.
fn read(path: &Path) -> Result<Generation, Failure> {
    let mut reloader = Reloader::new(path, engine());
    Ok(runtime()?.block_on(reloader.read(None))?)
}
