//! Reload: reads the configuration again, assembles a generation beside the one that serves, and puts it in its place
//! if all of it is right.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use config::{Loaded, Report};
use tokio::sync::oneshot;
use wasm::Engine;

use crate::assemble::assemble;
use crate::generation::Generation;
use crate::server::Server;
use crate::watch::Watch;

/// Reads configurations and assembles generations of them.
pub struct Reloader {
    path: PathBuf,
    engine: Engine,
    files: Vec<PathBuf>,
    read_since: SystemTime,
}

impl Reloader {
    /// For the configuration at a path.
    pub fn new(path: &Path, engine: Engine) -> Self {
        Reloader {
            path: path.to_owned(),
            engine,
            files: vec![path.to_owned()],
            read_since: SystemTime::now(),
        }
    }

    /// The files that the last reading depended on, refused or not.
    pub fn watch(&self, watch: &mut Watch) {
        watch.set(self.files.clone(), self.read_since);
    }

    /// Reads and assembles, on a thread of its own: compiling a component may take seconds.
    pub async fn read(&mut self, before: Option<Arc<Generation>>) -> Result<Generation, Report> {
        self.read_since = SystemTime::now();
        let Loaded { config, files, .. } = config::load(&self.path)?;
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
        // A reload keeps as many workers as there are.
        let workers = before.as_ref().map_or(config.server.workers, |before| before.config.server.workers);
        if workers != config.server.workers {
            let message = "`server.workers` can't change while running: restart to change it";
            return Err(config.complain(config.router_span, message, None).into());
        }
        let engine = self.engine.clone();
        let (done, assembled) = oneshot::channel();
        let assembling = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let generation = runtime.map(|runtime| {
                runtime.block_on(assemble(&engine, Arc::new(config), before.as_deref(), workers.get()))
            });
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
        let monitor = server.monitor();
        let refused = match self.read(Some(monitor.generation())).await {
            Err(report) => report.to_string(),
            Ok(generation) => {
                let number = generation.number;
                match server.apply(generation).await {
                    Ok(()) => return tracing::info!(generation = number, "configuration applied"),
                    Err(error) => error.to_string(),
                }
            }
        };
        monitor.count_refused();
        tracing::error!(error = refused, generation = monitor.generation().number, "configuration refused");
    }
}
