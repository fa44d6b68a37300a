//! Checks of plugins.

use std::ops::RangeInclusive;
use std::sync::Arc;

use config::{Plugin, PluginLimits, ProxyWasm, SettingsFrom, SettingsPlaces};
use document::{Field, Map, Spanned};
use indexmap::IndexMap;
use model::CircuitRule;

use super::server::native;
use super::{Check, Known};

/// One page of WebAssembly's memory, and all that 32 bits address.
const MEMORY: RangeInclusive<u64> = (64 << 10)..=(4 << 30);
/// Calls of the host for one exchange; as many take seconds.
const HOST_CALLS: RangeInclusive<u64> = 1..=10_000_000;
/// Bytes of lines for one exchange.
const LOG: RangeInclusive<u64> = 0..=(1 << 20);
/// Callouts for one exchange.
const CALLOUTS: RangeInclusive<u64> = 0..=1000;
/// Bytes of a callout's body, which a guest has to hold.
const CALLOUT_BODY: RangeInclusive<u64> = 0..=(1 << 20);
/// A body is in memory once in the host, and once at least in the guest.
const BODY: RangeInclusive<u64> = 1..=(32 << 20);
/// Failures in a row that open a circuit.
const FAILURES: RangeInclusive<u64> = 0..=1_000_000;

impl Check<'_> {
    pub(super) fn plugins(
        &mut self,
        plugins: Field<Map<raw::Plugin>>,
        known: &Known,
    ) -> IndexMap<Arc<str>, Plugin> {
        let built =
            plugins.or_default().into_iter().filter_map(|(name, plugin)| self.plugin(&name, plugin, known));
        built.map(|plugin| (Arc::clone(&plugin.name), plugin)).collect()
    }

    fn plugin(
        &mut self,
        name: &Spanned<String>,
        plugin: Field<raw::Plugin>,
        known: &Known,
    ) -> Option<Plugin> {
        self.name(name);
        let Field::Given(Spanned { value: plugin, .. }) = plugin else { return None };
        let wasm = self.required(plugin.wasm, "wasm", name.span);
        if let Some(wasm) = wasm.as_ref().filter(|wasm| wasm.value.is_empty()) {
            self.expected("the path of a component", wasm);
        }
        let limits = self.plugin_limits(plugin.limits.or_default());
        let grants_span = plugin.grants.span().unwrap_or(name.span);
        let grants = self.grants(plugin.grants, known);
        let mut places = SettingsPlaces::new(plugin.settings.span().unwrap_or(name.span));
        let put_in = self.expanded;
        let settings = self.settings(plugin.settings, "", &mut places);
        let settings_from = if self.expanded == put_in { SettingsFrom::File } else { SettingsFrom::Outside };
        let circuit = self.circuit(plugin.circuit.or_default());
        let proxy_wasm = self.proxy_wasm(plugin.proxy_wasm.or_default());
        let wasm = wasm?;
        Some(Plugin {
            name: self.full_name(&name.value),
            tenant: self.tenant(),
            wasm: self.path_of(&wasm),
            settings,
            limits,
            grants,
            isolation: isolation(plugin.isolation)?,
            on_failure: plugin.on_failure.or(raw::OnFailure::Closed)?.value.into(),
            circuit,
            proxy_wasm,
            span: name.span,
            grants_span,
            wasm_span: wasm.span,
            settings_places: places,
            settings_from,
        })
    }

    fn proxy_wasm(&mut self, told: raw::ProxyWasm) -> ProxyWasm {
        let plain = |text: Field<String>| text.or_default();
        let vm_configuration = match told.vm_configuration {
            Field::Given(Spanned { value, span }) => self.expand(&value, span),
            Field::Absent | Field::Broken => String::new(),
        };
        let bodies = told.bodies.or(raw::Bodies::Both).map(|bodies| bodies.value.into());
        ProxyWasm {
            root_id: plain(told.root_id),
            vm_id: plain(told.vm_id),
            vm_configuration,
            bodies: bodies.unwrap_or_default(),
        }
    }

    /// A time that is absent never contradicts one that is there.
    fn circuit(&mut self, circuit: raw::Circuit) -> CircuitRule {
        let default = CircuitRule::default();
        let (wait_span, longest_span) = (circuit.wait.span(), circuit.longest_wait.span());
        let failures = self.number(circuit.failures, default.failures.into(), FAILURES);
        let mut wait = self.time(circuit.wait, default.wait);
        let mut longest_wait = self.time(circuit.longest_wait, default.longest_wait);
        match (wait_span, longest_span) {
            (Some(span), Some(_)) if wait > longest_wait => {
                self.complain(span, "`wait` is longer than `longest_wait`", None);
            }
            (Some(_), None) => longest_wait = longest_wait.max(wait),
            _ => wait = wait.min(longest_wait),
        }
        CircuitRule { failures: u32::try_from(failures).unwrap_or(u32::MAX), wait, longest_wait }
    }

    /// A limit that is absent never contradicts one that is there.
    fn plugin_limits(&mut self, limits: raw::PluginLimits) -> PluginLimits {
        let default = PluginLimits::default();
        let (cpu_span, wall_span) = (limits.cpu.span(), limits.wall.span());
        let memory = self.size(limits.memory, default.memory, MEMORY);
        let host_calls = self.number(limits.host_calls, default.host_calls.into(), HOST_CALLS);
        let log = self.size(limits.log, default.log as u64, LOG);
        let callouts = self.number(limits.callouts, default.callouts.into(), CALLOUTS);
        let callout_body = self.size(limits.callout_body, default.callout_body as u64, CALLOUT_BODY);
        let callout_timeout = self.time(limits.callout_timeout, default.callout_timeout);
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
        let body = self.body_limit_of_hooks(limits.body, default.body, memory);
        PluginLimits {
            memory,
            cpu,
            wall,
            host_calls: u32::try_from(host_calls).unwrap_or(u32::MAX),
            log: native(log),
            callouts: u32::try_from(callouts).unwrap_or(u32::MAX),
            callout_body: native(callout_body),
            callout_timeout,
            body,
        }
    }

    fn body_limit_of_hooks(&mut self, body: Field<raw::Size>, default: usize, memory: u64) -> usize {
        let span = body.span();
        let bytes = self.size(body, u64::try_from(default).unwrap_or(u64::MAX), BODY);
        if let Some(span) = span.filter(|_| bytes > memory) {
            let help = "a guest has the body it is given in its memory".to_owned();
            self.complain(span, "`body` is more than `memory`", Some(help));
        }
        usize::try_from(bytes.min(memory)).unwrap_or(default)
    }
}

/// None where the file does not say it; nothing at all where it says something wrong.
fn isolation(isolation: Field<raw::Isolation>) -> Option<Option<config::Isolation>> {
    match isolation {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(Spanned { value, .. }) => Some(Some(value.into())),
    }
}
