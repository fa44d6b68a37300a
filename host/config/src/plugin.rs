//! Plugins: which component, told what, allowed how much.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use document::Span;
use model::CircuitRule;
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
    /// How long an instance lives; none is as usual for what the file is.
    pub isolation: Option<Isolation>,
    /// What becomes of an exchange when it fails.
    pub on_failure: OnFailure,
    /// When it is left alone.
    pub circuit: CircuitRule,
    /// What a module of proxy-wasm is told beside its settings.
    pub proxy_wasm: ProxyWasm,
    /// Where the file says its name.
    pub span: Span,
    /// Where the file says what it is granted; its name when it doesn't.
    pub grants_span: Span,
    /// Where the file says `wasm`'s value.
    pub wasm_span: Span,
    /// Where the file says the settings, and each of them.
    pub settings_places: SettingsPlaces,
    /// Whether a variable put something into the settings, which may be a secret.
    pub settings_from: SettingsFrom,
}

/// Where the values in a plugin's settings come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsFrom {
    /// The configuration alone.
    File,
    /// The environment or another file, in part.
    Outside,
}

/// Where the file says what in a plugin's settings.
#[derive(Clone, Debug)]
pub struct SettingsPlaces {
    whole: Span,
    /// By JSON Pointer (RFC 6901).
    parts: HashMap<String, Span>,
}

impl SettingsPlaces {
    /// The place of all settings, and so far of none of them.
    pub fn new(whole: Span) -> Self {
        SettingsPlaces { whole, parts: HashMap::new() }
    }

    /// Remembers where a value is.
    pub fn insert(&mut self, pointer: &str, span: Span) {
        self.parts.insert(pointer.to_owned(), span);
    }

    /// Where a value is; one that is not there is where what should hold it is.
    pub fn of(&self, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some(span) = self.parts.get(pointer) {
                return *span;
            }
            let Some((holder, _)) = pointer.rsplit_once('/') else { return self.whole };
            pointer = holder;
        }
    }
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

/// What a module of proxy-wasm is told beside its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyWasm {
    /// Which of its root contexts it is to be.
    pub root_id: String,
    /// The name of its VM.
    pub vm_id: String,
    /// What it is told when its VM starts. May hold secrets: not for logs.
    pub vm_configuration: String,
    /// Whose bodies it is given.
    pub bodies: Bodies,
}

/// Whose bodies a module of proxy-wasm is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bodies {
    /// Those of requests and of responses.
    #[default]
    Both,
    /// Those of requests.
    Request,
    /// Those of responses.
    Response,
    /// None.
    None,
}

/// How long an instance of a plugin lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// For one exchange: it knows nothing of any other.
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
    /// A picker leaves the choice to the host; all else is as for `Closed`.
    Fallback,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_where_it_should_be() {
        let span = |start| Span { start, end: start + 1 };
        let mut places = SettingsPlaces::new(span(1));
        places.insert("/rules", span(2));
        places.insert("/rules/0", span(3));
        for (pointer, start) in [("", 1), ("/colour", 1), ("/rules/0/path", 3), ("/rules/1", 2)] {
            assert_eq!(places.of(pointer), span(start), "{pointer}");
        }
    }
}
