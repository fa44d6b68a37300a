//! `sandgate run`.

use std::collections::HashSet;
use std::net::SocketAddr;

use config::{Level, ListenAddress};
use server::{Reloader, Server};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use upkeep::Watch;

use crate::arguments::Configuration;
use crate::command::{engine, runtime};
use crate::exit::Failure;
use crate::logging::{self, Verbosity};

/// Serves until it is told to stop.
pub(crate) fn run(arguments: &Configuration) -> Result<(), Failure> {
    let verbosity = logging::start(Level::Info);
    raise_file_limit();
    let reloader =
        Reloader::new(&arguments.file, engine()?).in_folder(arguments.folder.clone()).following_names();
    runtime()?.block_on(serve(reloader, &verbosity))
}

/// A connection takes a file descriptor, and the usual soft limit is 1024: the hard limit is what the system's
/// administrator meant.
fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::debug!(files, "file descriptors"),
        Err(error) => tracing::warn!(%error, "the limit of file descriptors could not be raised"),
    }
}

/// What may happen to a running server.
enum Event {
    Stop,
    Reload,
    ReopenLog,
    Renew,
}

/// Where events come from.
struct Events {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// What nginx takes too to open its logs anew.
    user: Signal,
    watch: Watch,
}

impl Events {
    fn listen() -> Result<Events, Failure> {
        Ok(Events {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
            watch: Watch::new()
                .map_err(|error| Failure::Other(format!("files can't be watched: {error}")))?,
        })
    }

    async fn next(&mut self, reloader: &mut Reloader) -> Event {
        tokio::select! {
            () = reloader.names_changed() => Event::Renew,
            _ = self.terminate.recv() => Event::Stop,
            _ = self.interrupt.recv() => Event::Stop,
            _ = self.hang_up.recv() => Event::Reload,
            _ = self.user.recv() => Event::ReopenLog,
            () = self.watch.changed() => Event::Reload,
        }
    }
}

async fn serve(mut reloader: Reloader, verbosity: &Verbosity) -> Result<(), Failure> {
    let mut events = Events::listen()?;
    let generation = reloader.read(None).await?;
    reloader.watch(&mut events.watch);
    verbosity.set(generation.config.log.level);
    let mut server = Server::start(generation).await.map_err(|error| Failure::Other(error.to_string()))?;
    let mut admin = Admin::default();
    admin.follow(&server).await?;
    let mut told = HashSet::new();
    tell_addresses(&server, &mut told);
    reloader.follow(&server.monitor().generation());
    tracing::info!(generation = server.monitor().generation().number, "ready");
    loop {
        match events.next(&mut reloader).await {
            Event::Stop => break,
            Event::ReopenLog => {
                server.reopen_log();
                continue;
            }
            Event::Renew => {
                reloader.renew(&mut server).await;
                continue;
            }
            Event::Reload => reloader.reload(&mut server).await,
        }
        reloader.watch(&mut events.watch);
        tell_addresses(&server, &mut told);
        verbosity.set(server.monitor().generation().config.log.level);
        if let Err(Failure::Other(error)) = admin.follow(&server).await {
            tracing::error!(error, "the admin address can't be changed");
        }
    }
    let grace = server.monitor().generation().config.server.shutdown_grace;
    tracing::info!(grace = ?grace, "stopping");
    server.stop(grace).await;
    tracing::info!("stopped");
    Ok(())
}

/// Says where the server listens, each place once.
fn tell_addresses(server: &Server, told: &mut HashSet<(String, ListenAddress)>) {
    let now: HashSet<_> =
        server.addresses().map(|(listener, address)| (listener.to_owned(), address.clone())).collect();
    for (listener, address) in now.difference(told) {
        tracing::info!(listener, %address, "listening");
    }
    *told = now;
}

/// The admin address, which follows the configuration.
#[derive(Default)]
struct Admin {
    serving: Option<(SocketAddr, JoinHandle<()>)>,
}

impl Admin {
    async fn follow(&mut self, server: &Server) -> Result<(), Failure> {
        let monitor = server.monitor();
        let wanted = monitor.generation().config.admin.as_ref().map(|admin| admin.address);
        if self.serving.as_ref().map(|(address, _)| *address) == wanted {
            return Ok(());
        }
        let Some(address) = wanted else {
            self.close();
            return Ok(());
        };
        // Bound before the old one is given up: if it can't be, there still is one.
        let socket = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::Other(format!("admin can't listen on {address}: {error}")))?;
        tracing::info!(listener = "admin", address = %socket.local_addr()?, "listening");
        self.close();
        let task = tokio::spawn(async move {
            if let Err(error) = control::serve(socket, monitor).await {
                tracing::error!(%error, "the admin address stopped");
            }
        });
        self.serving = Some((address, task));
        Ok(())
    }

    fn close(&mut self) {
        if let Some((_, task)) = self.serving.take() {
            task.abort();
        }
    }
}
