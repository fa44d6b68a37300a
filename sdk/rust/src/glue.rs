//! What the macros' exports call: from the host's nouns to the plugin's traits and back. In guests only.

use std::cell::UnsafeCell;

use crate::{
    Attempts, BodyVerdict, Candidates, Choice, Configure, Decision, Endpoint, Failure, Filter, Outcome,
    Picker, Request, Response, Router,
};
use crate::{Detour, Loads, UpstreamFailure, Verdict, Weigher, log};

pub use crate::bindings::imports::sandgate::proxy::types::{
    Request as HostRequest, Response as HostResponse,
};
use crate::bindings::with_plugin::exports::sandgate::proxy::plugin::Metric;

/// The one instance of a plugin in this instance of the component.
pub struct Slot<T> {
    plugin: UnsafeCell<Option<T>>,
    start: fn() -> T,
}

// SAFETY: a guest has one thread.
unsafe impl<T> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// An empty place; `start` makes the plugin when its first hook is called.
    pub const fn new(start: fn() -> T) -> Self {
        Slot { plugin: UnsafeCell::new(None), start }
    }

    fn with<R>(&self, hook: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: one thread, and calls into a guest never overlap: there is no second reference.
        let plugin = unsafe { &mut *self.plugin.get() };
        if plugin.is_none() {
            report_panics();
        }
        hook(plugin.get_or_insert_with(self.start))
    }
}

/// Makes a plugin that takes no settings.
pub fn default<T: Default>() -> T {
    T::default()
}

/// Stands in for a plugin that takes settings, and got none: the host calls `configure` before any hook.
pub fn unconfigured<T>() -> T {
    fail(&Failure::new("the host called a hook before configure"))
}

/// The schema in `plugin.describe`
pub fn settings_schema<T: Configure>(_: &Slot<T>) -> Option<String> {
    T::SCHEMA.map(Into::into)
}

/// `plugin.configure`
pub fn configure<T: Configure>(slot: &Slot<T>, settings: &str) -> Result<(), String> {
    report_panics();
    let plugin = T::configure(settings)?;
    // SAFETY: as in `Slot::with`.
    unsafe { *slot.plugin.get() = Some(plugin) };
    Ok(())
}

/// What `plugin.describe` says of metrics. The place is there to say whose they are.
pub fn metrics<T: Configure>(_slot: &Slot<T>) -> Vec<Metric> {
    T::metrics().into_iter().map(crate::metrics::Metric::into_declaration).collect()
}

/// `on-request`
pub fn on_request<T: Filter>(slot: &Slot<T>, request: HostRequest) -> Verdict {
    slot.with(|filter| filter.on_request(&mut Request(request)).unwrap_or_else(|e| fail(&e)))
}

/// `on-request-body`
pub fn on_request_body<T: Filter>(slot: &Slot<T>, request: HostRequest, body: Vec<u8>) -> BodyVerdict {
    slot.with(|filter| filter.on_request_body(&mut Request(request), body).unwrap_or_else(|e| fail(&e)))
}

/// `on-response-body`
pub fn on_response_body<T: Filter>(slot: &Slot<T>, response: HostResponse, body: Vec<u8>) -> BodyVerdict {
    slot.with(|filter| filter.on_response_body(&mut Response(response), body).unwrap_or_else(|e| fail(&e)))
}

/// `on-response`
pub fn on_response<T: Filter>(slot: &Slot<T>, response: HostResponse) -> Verdict {
    slot.with(|filter| filter.on_response(&mut Response(response)).unwrap_or_else(|e| fail(&e)))
}

/// `on-log`
pub fn on_log<T: Filter>(slot: &Slot<T>, outcome: &Outcome) {
    slot.with(|filter| filter.on_log(outcome));
}

/// `router.route`
pub fn route<T: Router>(slot: &Slot<T>, request: HostRequest) -> Decision {
    slot.with(|router| router.route(&mut Request(request)).unwrap_or_else(|e| fail(&e)))
}

/// `reroute.reroute`
pub fn reroute<T: Router>(slot: &Slot<T>, failure: &UpstreamFailure) -> Detour {
    slot.with(|router| router.reroute(failure).unwrap_or_else(|e| fail(&e)))
}

/// `picker.on-endpoints`
pub fn on_endpoints<T: Picker>(slot: &Slot<T>, endpoints: Vec<Endpoint>) {
    slot.with(|picker| picker.on_endpoints(endpoints));
}

/// `picker.pick`
pub fn pick<T: Picker>(slot: &Slot<T>, among: Candidates<'_>) -> Choice {
    slot.with(|picker| picker.pick(among))
}

/// `on-outcomes`
pub fn on_outcomes<T: Picker>(slot: &Slot<T>, outcomes: Attempts<'_>) {
    slot.with(|picker| picker.on_outcomes(outcomes));
}

/// `weigher.on-endpoints`
pub fn on_weighed_endpoints<T: Weigher>(slot: &Slot<T>, endpoints: impl Iterator<Item = (String, u32)>) {
    let endpoints = endpoints.map(|(address, weight)| Endpoint { address, weight }).collect();
    slot.with(|weigher| weigher.on_endpoints(endpoints));
}

/// `weigher.weigh`
pub fn weigh<T: Weigher>(slot: &Slot<T>, loads: Loads<'_>) -> Vec<f64> {
    slot.with(|weigher| weigher.weigh(loads))
}

/// A panic has nobody to tell but the log; std then traps.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| log::error(panic.to_string())));
}

fn fail(failure: &Failure) -> ! {
    log::error(failure.to_string());
    std::arch::wasm32::unreachable()
}
