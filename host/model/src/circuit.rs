//! When a plugin is left alone: the rule, which the configuration gives and the sandbox keeps.

use std::time::Duration;

/// When a plugin's circuit opens, and how long it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitRule {
    /// So many failures in a row on one worker open it; none ever does where this is 0.
    pub failures: u32,
    /// How long the plugin is left alone before a call is tried. Twice as long after each trial that fails.
    pub wait: Duration,
    /// The longest such time.
    pub longest_wait: Duration,
}

impl Default for CircuitRule {
    fn default() -> Self {
        CircuitRule { failures: 100, wait: Duration::from_secs(1), longest_wait: Duration::from_secs(60) }
    }
}
