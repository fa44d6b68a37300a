//! What the configuration says of a plugin, in the form in which it is loaded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::{CircuitRule, Tenant};

use crate::grants::Grants;

/// What one guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory, in bytes; at most [`crate::MEMORY_LIMIT_MAX`].
    pub memory: u64,
    /// CPU time of all its hooks of one exchange.
    pub cpu: Duration,
    /// Time of all its hooks of one exchange, waiting included.
    pub wall: Duration,
    /// The longest body that a hook is given, and that it may put in its place, in bytes.
    pub body: usize,
    /// Calls of the host, by all its hooks of one exchange.
    pub host_calls: u32,
    /// Bytes of lines that all its hooks of one exchange log.
    pub log: usize,
    /// Requests to upstreams, by all its hooks of one exchange.
    pub callouts: u32,
    /// Bytes of the body of such a request, and of its answer's.
    pub callout_body: usize,
    /// How long it waits for such an answer.
    pub callout_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
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

/// What a component says of itself.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub summary: String,
    /// A JSON Schema of its settings, as it was given.
    pub settings_schema: Option<String>,
}

/// How long an instance lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// For one exchange: nothing of one can be seen by another.
    Exchange,
    /// As long as the generation, one on each worker.
    Resident,
}

/// Where the image of a configured component may be kept: it holds the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// In the cache too.
    OnDisk,
    /// In memory only.
    InMemory,
}

/// What becomes of an exchange whose guest failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It ends with the fault.
    Closed,
    /// It goes on as if the plugin were not there.
    Open,
    /// A choice is left to the host; all else is as for `Closed`.
    Fallback,
}

/// What a module of proxy-wasm is told beside its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyWasmSpec {
    /// Which of its root contexts it is to be, where it has several.
    pub root_id: String,
    /// The name of its VM.
    pub vm_id: String,
    /// What it is told when its VM starts.
    pub vm_configuration: String,
    /// Whose bodies it is given.
    pub bodies: Bodies,
}

/// Whose bodies a module of proxy-wasm is given, if it has a callback for them.
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

/// A plugin as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Whose it is, if it is a tenant's.
    pub tenant: Option<Arc<Tenant>>,
    /// Where its component is.
    pub path: PathBuf,
    /// Its settings, as JSON text.
    pub settings: Option<String>,
    /// Where what is made of the settings may be kept.
    pub keep: Keep,
    /// What each of its guests may use.
    pub limits: Limits,
    /// What it may use beyond an exchange.
    pub grants: Grants,
    /// How long each of its guests lives; none is as usual for its kind.
    pub isolation: Option<Isolation>,
    /// What a failure does.
    pub on_failure: OnFailure,
    /// When it is left alone.
    pub circuit: CircuitRule,
    /// What a module of proxy-wasm is told beside its settings.
    pub proxy_wasm: ProxyWasmSpec,
}

impl PluginSpec {
    /// What the plugin calls an upstream: a tenant's plugin leaves its tenant's name out.
    pub fn own_name<'n>(&self, upstream: &'n str) -> &'n str {
        let Some(tenant) = &self.tenant else { return upstream };
        let own = upstream.strip_prefix(tenant.name().as_ref()).and_then(|rest| rest.strip_prefix('/'));
        own.unwrap_or(upstream)
    }

    /// Whether a guest of the one is a guest of the other, whatever the tenant may use.
    pub fn is_but_for_tenant(&self, other: &PluginSpec) -> bool {
        let PluginSpec {
            name,
            tenant,
            path,
            settings,
            keep,
            limits,
            grants,
            isolation,
            on_failure,
            circuit,
            ..
        } = self;
        let number = |tenant: &Option<Arc<Tenant>>| tenant.as_ref().map(|tenant| tenant.number());
        number(tenant) == number(&other.tenant)
            && *name == other.name
            && *path == other.path
            && *settings == other.settings
            && *keep == other.keep
            && *limits == other.limits
            && *grants == other.grants
            && *isolation == other.isolation
            && *on_failure == other.on_failure
            && *circuit == other.circuit
            && self.proxy_wasm == other.proxy_wasm
    }
}
