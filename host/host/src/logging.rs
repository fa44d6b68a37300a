//! The process's own log, on standard error: for people on a terminal, JSON elsewhere.

use std::io::IsTerminal;

use config::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Changes how much is logged.
pub(crate) struct Verbosity(reload::Handle<LevelFilter, Registry>);

/// Starts logging.
pub(crate) fn start(level: Level) -> Verbosity {
    let (filter, handle) = reload::Layer::new(level_filter(level));
    let lines = if std::io::stderr().is_terminal() {
        fmt::layer().with_writer(std::io::stderr).with_target(false).boxed()
    } else {
        fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).with_target(false).boxed()
    };
    tracing_subscriber::registry().with(filter).with(lines).init();
    Verbosity(handle)
}

impl Verbosity {
    /// Logs as much as that from now on.
    pub(crate) fn set(&self, level: Level) {
        // The subscriber lives as long as the process.
        let _ = self.0.modify(|filter| *filter = level_filter(level));
    }
}

fn level_filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
