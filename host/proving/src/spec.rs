//! Which component is run, and with what.

use std::path::PathBuf;

use model::CircuitRule;
use wasm::{Grants, Isolation, Keep, Limits, OnFailure, PluginSpec, ProxyWasmSpec};

/// What a component is granted here: all it may ask for, but that it can't reach any upstream.
const GRANTED: u64 = 1 << 20;

/// A component, and its settings.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its file.
    pub path: PathBuf,
    /// Its settings, as JSON text.
    pub settings: Option<String>,
}

impl Subject {
    /// As a plugin of a configuration that says no more of it.
    pub(crate) fn spec(&self, isolation: Isolation) -> PluginSpec {
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy();
        PluginSpec {
            name: name.as_ref().into(),
            tenant: None,
            path: self.path.clone(),
            settings: self.settings.clone(),
            keep: Keep::InMemory,
            limits: Limits::default(),
            grants: Grants {
                kv: Some(GRANTED),
                counter: Some(GRANTED),
                rate_limit: Some(GRANTED),
                metrics: Some(GRANTED),
                callout: Some(Vec::new()),
                origins: Vec::new(),
            },
            isolation: Some(isolation),
            on_failure: OnFailure::Closed,
            circuit: CircuitRule { failures: 0, ..CircuitRule::default() },
            proxy_wasm: ProxyWasmSpec::default(),
        }
    }
}
