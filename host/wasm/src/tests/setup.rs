//! What tests of modules need, whichever contract these were built for: a place to load them in, and their faults.

use std::sync::{Arc, LazyLock};

use model::{Caller, CircuitRule, Fault, FaultKind, Filter, PluginFault};

use crate::{Engine, Grants, Keep, Limits, LoadError, OnFailure, Plugin, PluginSpec, ProxyWasmSpec};

/// Where modules are loaded.
pub(crate) struct Setup {
    engine: Engine,
    folder: tempfile::TempDir,
}

impl Setup {
    pub(crate) fn new() -> Self {
        // One for all: each reserves address space for thousands of guests.
        static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(None));
        Setup { engine: ENGINE.clone(), folder: tempfile::tempdir().unwrap() }
    }

    /// The same, where somebody sends what modules ask of upstreams.
    pub(crate) fn with_caller(self, caller: impl Caller + 'static) -> Setup {
        Setup { engine: self.engine.with_caller(Arc::new(caller)), ..self }
    }

    /// A plugin of a module in text, with the defaults of everything and the settings `configured`.
    pub(crate) fn spec(&self, wat: &str) -> PluginSpec {
        let path = self.folder.path().join("module.wasm");
        std::fs::write(&path, wat::parse_str(wat).unwrap()).unwrap();
        PluginSpec {
            name: "it".into(),
            tenant: None,
            path,
            settings: Some("\"configured\"".to_owned()),
            keep: Keep::OnDisk,
            limits: Limits::default(),
            grants: Grants::default(),
            isolation: None,
            on_failure: OnFailure::Closed,
            circuit: CircuitRule::default(),
            proxy_wasm: ProxyWasmSpec::default(),
        }
    }

    pub(crate) async fn load(&self, wat: &str) -> Result<Plugin, LoadError> {
        self.load_as(self.spec(wat)).await
    }

    pub(crate) async fn load_as(&self, spec: PluginSpec) -> Result<Plugin, LoadError> {
        Plugin::load(&self.engine, spec, 1, None).await
    }

    pub(crate) async fn filter(&self, wat: &str) -> Arc<dyn Filter> {
        self.load(wat).await.unwrap().filter().unwrap()
    }

    pub(crate) async fn filter_of(&self, spec: PluginSpec) -> Arc<dyn Filter> {
        self.load_as(spec).await.unwrap().filter().unwrap()
    }
}

/// What a plugin has done, and what is said of it.
pub(crate) fn plugin_fault(fault: Fault) -> (PluginFault, String) {
    match fault.kind {
        FaultKind::Plugin(kind) => (kind, fault.detail.to_string()),
        other => panic!("{other:?}"),
    }
}
