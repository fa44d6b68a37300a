//! Plugins: which component, told what, allowed how much.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use document::Span;
use serde_json::Value;

use super::Grants;
/// A WebAssembly component.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Its name, unique among plugins.
    pub name: Arc<str>,
    /// Whose it is, if it is a tenant's.
    pub tenant: Option<Arc<str>>,
    /// The component's file. Whether it is there, and a component, is for the loader to say.
    pub wasm: PathBuf,
    /// What it is told, variables replaced. May hold secrets: not for logs.
    pub settings: Option<Value>,
    /// What a call may use.
    pub limits: PluginLimits,
    /// What it may use beyond its exchange.
    pub grants: Grants,
    /// How long an instance lives.
    pub isolation: Isolation,
    /// What becomes of an exchange when it fails.
    pub on_failure: OnFailure,
    /// Where the file says its name.
    pub span: Span,
    /// Where the file says what it is granted; its name when it doesn't.
    pub grants_span: Span,
    /// Where the file says `wasm`'s value.
    pub wasm_span: Span,
    /// Where the file says the settings; its name when it has none.
    pub settings_span: Span,
}

/// What the hooks of a plugin may use in one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginLimits {
    /// The most memory an instance has, in bytes.
    pub memory: u64,
    /// The longest CPU time.
    pub cpu: Duration,
    /// The longest time, waiting for turns included; never less than `cpu`.
    pub wall: Duration,
    /// The most calls of the host.
    pub host_calls: u32,
    /// The most bytes of lines that are logged.
    pub log: usize,
    /// The most requests to upstreams.
    pub callouts: u32,
    /// The most bytes of the body of such a request, and of its answer's.
    pub callout_body: usize,
    /// The longest wait for such an answer.
    pub callout_timeout: Duration,
    /// The longest body that a hook is given, in bytes; never more than `memory`.
    pub body: usize,
}

impl Default for PluginLimits {
    fn default() -> Self {
        PluginLimits {
            memory: 16 << 20,
            cpu: Duration::from_millis(10),
            wall: Duration::from_secs(1),
            host_calls: 10_000,
            log: 4 << 10,
            callouts: 4,
            callout_body: 64 << 10,
            callout_timeout: Duration::from_millis(500),
            body: 1 << 20,
        }
    }
}

/// How long an instance of a plugin lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// For one exchange: it knows nothing of any other.
    #[default]
    Exchange,
    /// As long as its worker.
    Resident,
}

/// What becomes of an exchange when a plugin fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It is answered with an error.
    #[default]
    Closed,
    /// It goes on as if the plugin weren't there.
    Open,
}
