//! Metrics: everything the server counts, as OpenMetrics text.
//!
//! Nothing is counted here. Each scrape reads the counters where they are, so that there is no second copy which could
//! differ. The names are part of the product: they are documented in `host/docs/metrics.md`.

mod buffering;
mod endpoints;
mod family;
mod names;
mod own;
mod plugins;
mod process;
mod routes;
mod tenants;
mod times;
mod tls;
mod upstreams;
mod whose;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;
use server::Monitor;

/// The beginning of all names.
const PREFIX: &str = "sandgate";

/// The metrics of a server.
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub(crate) fn of(monitor: Arc<Monitor>) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register_collector(Box::new(Scrape(monitor)));
        Metrics(registry)
    }

    /// All of them as they are now.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// Reads a server's counters.
struct Scrape(Arc<Monitor>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scrape").finish_non_exhaustive()
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let monitor = &self.0;
        let generation = monitor.generation();
        process::encode(&mut encoder, monitor, &generation)?;
        buffering::encode(&mut encoder, monitor)?;
        tls::encode(&mut encoder, monitor, &generation)?;
        routes::encode(&mut encoder, &generation)?;
        times::encode(&mut encoder, &generation)?;
        endpoints::encode(&mut encoder, &generation, monitor.now_ms())?;
        upstreams::encode(&mut encoder, &generation, monitor.now_ms())?;
        names::encode(&mut encoder, &generation)?;
        plugins::encode(&mut encoder, &generation)?;
        own::encode(&mut encoder, &generation)?;
        tenants::encode(&mut encoder, &generation)
    }
}

#[cfg(test)]
mod tests;
