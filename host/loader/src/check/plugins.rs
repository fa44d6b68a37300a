//! Checks of plugins.

use std::ops::RangeInclusive;
use std::sync::Arc;

use config::{Plugin, PluginLimits};
use document::{Field, Map, Spanned};
use indexmap::IndexMap;

use super::Check;

/// One page of WebAssembly's memory, and all that 32 bits address.
const MEMORY: RangeInclusive<u64> = (64 << 10)..=(4 << 30);

impl Check<'_> {
    pub(super) fn plugins(&mut self, plugins: Field<Map<raw::Plugin>>) -> IndexMap<Arc<str>, Plugin> {
        let built = plugins.or_default().into_iter().filter_map(|(name, plugin)| self.plugin(&name, plugin));
        built.map(|plugin| (Arc::clone(&plugin.name), plugin)).collect()
    }

    fn plugin(&mut self, name: &Spanned<String>, plugin: Field<raw::Plugin>) -> Option<Plugin> {
        self.name(name);
        let Field::Given(Spanned { value: plugin, .. }) = plugin else { return None };
        let wasm = self.required(plugin.wasm, "wasm", name.span);
        if let Some(wasm) = wasm.as_ref().filter(|wasm| wasm.value.is_empty()) {
            self.expected("the path of a component", wasm);
        }
        let limits = self.plugin_limits(plugin.limits.or_default());
        let settings_span = plugin.settings.span().unwrap_or(name.span);
        let settings = self.settings(plugin.settings);
        let wasm = wasm?;
        Some(Plugin {
            name: Arc::from(name.value.as_str()),
            wasm: self.base.join(&wasm.value),
            settings,
            limits,
            isolation: plugin.isolation.or(raw::Isolation::Exchange)?.value.into(),
            on_failure: plugin.on_failure.or(raw::OnFailure::Closed)?.value.into(),
            span: name.span,
            wasm_span: wasm.span,
            settings_span,
        })
    }

    /// A limit that is absent never contradicts one that is there.
    fn plugin_limits(&mut self, limits: raw::PluginLimits) -> PluginLimits {
        let default = PluginLimits::default();
        let (cpu_span, wall_span) = (limits.cpu.span(), limits.wall.span());
        let memory = self.size(limits.memory, default.memory, MEMORY);
        let mut cpu = self.time(limits.cpu, default.cpu);
        let mut wall = self.time(limits.wall, default.wall);
        match (cpu_span, wall_span) {
            (Some(span), Some(_)) if cpu > wall => {
                let help = "a call that computes for that long has taken that long".to_owned();
                self.complain(span, "`cpu` is longer than `wall`", Some(help));
            }
            (Some(_), None) => wall = wall.max(cpu),
            _ => cpu = cpu.min(wall),
        }
        PluginLimits { memory, cpu, wall }
    }
}
