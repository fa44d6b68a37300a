//! How a guest failed, told from what wasmtime reports.

use std::fmt::Write;
use std::time::Duration;

use model::{Fault, FaultKind, PluginFault};
use wasmtime::{PoolConcurrencyLimitError, Trap};

/// How long a failure's description may be, in bytes.
const DETAIL_LIMIT: usize = 512;
/// How wasmtime begins to say that a guest's fuel for what the host copies is used up (`Store::set_hostcall_fuel`).
const COPIED_TOO_MUCH: &str = "too much data is being copied between the host and the guest";
/// How it ends to say that a guest holds as many handles as it may (`Store::set_max_component_handles`).
const TOO_MANY_HANDLES: &str = "store handle limit exceeded";

/// A guest's failure.
#[derive(Debug)]
pub struct Failure {
    /// Which limit or rule it broke.
    pub fault: PluginFault,
    /// What happened.
    pub detail: String,
    /// CPU time of making an instance that never came to be.
    pub making: Duration,
    /// When it may be worth asking again, where that is known.
    pub wait: Option<Duration>,
}

impl Failure {
    /// A failure with something to say.
    pub fn new(fault: PluginFault, detail: impl Into<String>) -> Self {
        Failure { fault, detail: detail.into(), making: Duration::ZERO, wait: None }
    }

    /// No call was made, since the plugin has failed always.
    pub fn left_alone(wait: Duration) -> Self {
        let detail = format!("it failed each time, and is left alone for {} ms", wait.as_millis());
        Failure { wait: Some(wait), ..Failure::new(PluginFault::Circuit, detail) }
    }

    /// Whether it says something against the plugin: not that others take all instances or that a client sends too much.
    pub fn is_the_plugins(&self) -> bool {
        match self.fault {
            PluginFault::Exhausted
            | PluginFault::Body
            | PluginFault::Circuit
            | PluginFault::TenantMemory
            | PluginFault::TenantGuests => false,
            PluginFault::Trap
            | PluginFault::Stack
            | PluginFault::Memory
            | PluginFault::Cpu
            | PluginFault::Wall
            | PluginFault::HostCalls
            | PluginFault::Copy
            | PluginFault::Handles
            | PluginFault::Invalid => true,
        }
    }

    /// An answer that the host can't use. The detail may have the guest's own words, so it is cut.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Failure::new(PluginFault::Invalid, cut(detail.into()))
    }

    /// What an error of wasmtime means, given the limit that was reached, if one was.
    pub fn from_error(error: &wasmtime::Error, cut: Option<PluginFault>) -> Self {
        let fault = match error.downcast_ref::<Trap>() {
            _ if error.is::<PoolConcurrencyLimitError>() => PluginFault::Exhausted,
            _ if error.is::<WallLimit>() => PluginFault::Wall,
            _ if error.is::<CpuLimit>() => PluginFault::Cpu,
            Some(Trap::StackOverflow) => PluginFault::Stack,
            Some(Trap::Interrupt) => cut.unwrap_or(PluginFault::Wall),
            _ => cut.or_else(|| limit_of(error)).unwrap_or(PluginFault::Trap),
        };
        Failure::new(fault, describe(error))
    }

    /// As the exchange's fault.
    pub fn into_fault(self, plugin: &str) -> Fault {
        let fault = Fault::new(FaultKind::Plugin(self.fault), format!("plugin {plugin}: {}", self.detail));
        match self.wait {
            Some(wait) => fault.worth_another_try_in(wait),
            None => fault,
        }
    }
}

/// The wall limit was reached while the guest waited.
#[derive(Debug, thiserror::Error)]
#[error("waited longer than it may")]
pub(crate) struct WallLimit;

/// The guest has used more CPU time than it may.
#[derive(Debug, thiserror::Error)]
#[error("used more CPU time than it may")]
pub(crate) struct CpuLimit;

/// The limit of wasmtime's own that was reached, if one was. Its errors for that have no type that we can name, so they are known by
/// their words; a guest can't put such words at the root of an error.
fn limit_of(error: &wasmtime::Error) -> Option<PluginFault> {
    let root = error.root_cause().to_string();
    match () {
        () if root.starts_with(COPIED_TOO_MUCH) => Some(PluginFault::Copy),
        () if root.ends_with(TOO_MANY_HANDLES) => Some(PluginFault::Handles),
        () => None,
    }
}

/// The chain of causes, innermost first since that one says what happened, cut to a limit.
fn describe(error: &wasmtime::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().collect::<Vec<_>>().into_iter().rev() {
        let separator = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{separator}{cause}");
    }
    text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(text)
}

/// No more of a text than may be said of a failure: it may have the guest's own words.
pub fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(DETAIL_LIMIT));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_words_are_cut_between_characters() {
        let failure = Failure::invalid("\u{e4}".repeat(1_000_000));
        assert_eq!(failure.detail.len(), DETAIL_LIMIT);
        assert_eq!(Failure::invalid("x".to_owned() + &"\u{e4}".repeat(1_000)).detail.len(), DETAIL_LIMIT - 1);
    }
}
