//! What the file says of a plugin, in the words of the sandbox.

use std::sync::Arc;

use config::Config;
use model::Tenant;
use wasm::{Bodies, Grants, Isolation, Keep, Limits, OnFailure, PluginSpec, ProxyWasmSpec};

use super::services;

/// The spec of a plugin of the file.
pub(super) fn of(config: &Config, plugin: &config::Plugin, tenant: Option<Arc<Tenant>>) -> PluginSpec {
    PluginSpec {
        name: Arc::clone(&plugin.name),
        tenant,
        path: plugin.wasm.clone(),
        settings: plugin.settings.as_ref().map(ToString::to_string),
        keep: match plugin.settings_from {
            config::SettingsFrom::File => Keep::OnDisk,
            config::SettingsFrom::Outside => Keep::InMemory,
        },
        limits: limits(&plugin.limits),
        grants: grants(config, &plugin.grants),
        isolation: plugin.isolation.map(|isolation| match isolation {
            config::Isolation::Exchange => Isolation::Exchange,
            config::Isolation::Resident => Isolation::Resident,
        }),
        on_failure: match plugin.on_failure {
            config::OnFailure::Closed => OnFailure::Closed,
            config::OnFailure::Open => OnFailure::Open,
            config::OnFailure::Fallback => OnFailure::Fallback,
        },
        circuit: plugin.circuit,
        proxy_wasm: proxy_wasm(&plugin.proxy_wasm),
    }
}

fn proxy_wasm(told: &config::ProxyWasm) -> ProxyWasmSpec {
    ProxyWasmSpec {
        root_id: told.root_id.clone(),
        vm_id: told.vm_id.clone(),
        vm_configuration: told.vm_configuration.clone(),
        bodies: match told.bodies {
            config::Bodies::Both => Bodies::Both,
            config::Bodies::Request => Bodies::Request,
            config::Bodies::Response => Bodies::Response,
            config::Bodies::None => Bodies::None,
        },
    }
}

fn grants(config: &Config, grants: &config::Grants) -> Grants {
    Grants {
        kv: grants.kv.map(|kv| kv.quota),
        counter: grants.counter.map(|counter| counter.keys),
        rate_limit: grants.rate_limit.map(|rates| rates.keys),
        metrics: grants.metrics.map(|metrics| metrics.series),
        callout: grants.callout.clone(),
        origins: services::origins(config, grants),
    }
}

fn limits(limits: &config::PluginLimits) -> Limits {
    Limits {
        memory: limits.memory,
        cpu: limits.cpu,
        wall: limits.wall,
        body: limits.body,
        host_calls: limits.host_calls,
        log: limits.log,
        callouts: limits.callouts,
        callout_body: limits.callout_body,
        callout_timeout: limits.callout_timeout,
    }
}
