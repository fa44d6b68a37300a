//! Reload: reads the configuration again, assembles a generation beside the one that serves, and puts it in its place
//! if all of it is right.

mod last;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use config::Config;
use document::Report;
use generation::{Generation, assemble};
use tokio::sync::oneshot;
use upkeep::{Names, Wanted, Watch};
use wasm::Engine;

use crate::server::Server;
use last::Last;

/// Reads configurations and assembles generations of them.
pub struct Reloader {
    path: PathBuf,
    /// What paths in it are relative to, where that is not its own folder.
    folder: Option<PathBuf>,
    engine: Engine,
    /// What is asked where names of endpoints lead; nobody is, where a configuration is only looked at.
    names: Option<Names>,
    files: Vec<PathBuf>,
    last: Option<Last>,
    read_since: SystemTime,
}

impl Reloader {
    /// For the configuration at a path, a file or a folder.
    pub fn new(path: &Path, engine: Engine) -> Self {
        Reloader {
            path: path.to_owned(),
            folder: None,
            engine,
            names: None,
            files: vec![path.to_owned()],
            last: None,
            read_since: SystemTime::now(),
        }
    }

    /// The same, with paths in it that are relative to this folder.
    pub fn in_folder(self, folder: Option<PathBuf>) -> Self {
        Reloader { folder, ..self }
    }

    /// The same, looking up names of endpoints.
    pub fn following_names(self) -> Self {
        Reloader { names: Some(Names::new()), ..self }
    }

    /// The files that the last reading depended on, refused or not.
    pub fn watch(&self, watch: &mut Watch) {
        watch.set(self.files.clone(), self.read_since);
    }

    /// Reads and assembles.
    pub async fn read(&mut self, running: Option<&Server>) -> Result<Generation, Report> {
        self.read_since = SystemTime::now();
        let (config, files) = self.configuration()?;
        for warning in &config.warnings {
            let place = format!("{}:{}:{}", warning.file, warning.line, warning.column);
            tracing::warn!(place, warning = warning.message, "configuration");
        }
        let components = config.plugins.values().map(|plugin| plugin.wasm.clone());
        let shown = config.listeners.iter().filter_map(|listener| listener.tls.as_ref());
        let shown = shown.flat_map(config::ListenerTls::files).cloned();
        let asked = config.upstreams.values().filter_map(|upstream| upstream.tls.as_ref());
        let certificates = shown.chain(asked.flat_map(config::UpstreamTls::files).cloned());
        self.files = files.into_iter().chain(components).chain(certificates).collect();
        let workers = config.server.workers;
        let places = running.map_or(workers.get(), |server| server.places_for(workers));
        let before = running.map(|server| server.monitor().generation());
        if let Some(names) = &mut self.names {
            names.learn(&Wanted::by(&config)).await;
        }
        self.assemble(config, before, places).await
    }

    /// The configuration, and its files: read, unless they are known not to have changed since.
    fn configuration(&mut self) -> Result<(Arc<Config>, Vec<PathBuf>), Report> {
        if let Some(same) = self.last.as_ref().and_then(Last::still) {
            return Ok(same);
        }
        let loaded = match &self.folder {
            Some(folder) => loader::load_for(&self.path, folder),
            None => loader::load(&self.path),
        };
        let (config, files, last) = Last::of(loaded?, self.read_since);
        self.last = last;
        Ok((config, files))
    }

    /// Assembles, on a thread of its own: compiling a component may take seconds.
    async fn assemble(
        &self,
        config: Arc<Config>,
        before: Option<Arc<Generation>>,
        places: usize,
    ) -> Result<Generation, Report> {
        let engine = self.engine.clone();
        let book = self.names.as_ref().map(Names::book).unwrap_or_default();
        let (done, assembled) = oneshot::channel();
        let assembling = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let assembling = assemble(&engine, config, before.as_deref(), book, places);
            let generation = runtime.map(|runtime| runtime.block_on(assembling));
            let _ = done.send(generation);
        };
        let started = std::thread::Builder::new().name("assemble".into()).spawn(assembling);
        match (started, assembled.await) {
            (Ok(_), Ok(Ok(generation))) => generation,
            _ => Err(Report::new(Vec::new())),
        }
    }

    /// Reads again and puts the result in place; says in the log what came of it.
    pub async fn reload(&mut self, server: &mut Server) {
        match self.read(Some(server)).await {
            Err(report) => refuse(server, &report.to_string()),
            Ok(generation) => put_in_place(server, generation, Cause::Configuration).await,
        }
        self.follow(&server.monitor().generation());
    }

    /// Waits until a name of an endpoint leads elsewhere than it did. May be cancelled.
    pub async fn names_changed(&mut self) {
        match &mut self.names {
            Some(names) => names.changed().await,
            None => std::future::pending().await,
        }
    }

    /// Assembles the present configuration again, with what names lead to now.
    pub async fn renew(&mut self, server: &mut Server) {
        let before = server.monitor().generation();
        let places = before.places;
        match self.assemble(Arc::clone(&before.config), Some(before), places).await {
            Err(report) => refuse(server, &report.to_string()),
            Ok(generation) => put_in_place(server, generation, Cause::Names).await,
        }
    }

    /// Follows the names of a generation that serves, and no others.
    pub fn follow(&mut self, generation: &Generation) {
        if let Some(names) = &mut self.names {
            names.keep_only(&Wanted::by(&generation.config));
        }
    }
}

/// Why a generation takes the place of another.
#[derive(Clone, Copy)]
enum Cause {
    Configuration,
    Names,
}

async fn put_in_place(server: &mut Server, generation: Generation, cause: Cause) {
    let number = generation.number;
    match (server.apply(generation).await, cause) {
        (Err(error), _) => refuse(server, &error.to_string()),
        // Constant, so that whoever reads the log can look for them.
        (Ok(()), Cause::Configuration) => tracing::info!(generation = number, "configuration applied"),
        (Ok(()), Cause::Names) => tracing::info!(generation = number, "names of endpoints lead elsewhere"),
    }
}

fn refuse(server: &Server, error: &str) {
    let monitor = server.monitor();
    monitor.count_refused();
    tracing::error!(error, generation = monitor.generation().number, "configuration refused");
}
