//! What plugins cost an exchange, for its line in the access log.

use std::sync::Arc;
use std::time::Duration;

/// The CPU time of each plugin that was called, in the order of first calls. There are never more than plugins.
#[derive(Debug, Default)]
pub struct PluginCosts(Vec<(Arc<str>, Duration)>);

impl PluginCosts {
    /// Adds what a call cost.
    pub fn add(&mut self, plugin: &Arc<str>, cpu: Duration) {
        match self.0.iter_mut().find(|(name, _)| name == plugin) {
            Some((_, sum)) => *sum += cpu,
            None => self.0.push((Arc::clone(plugin), cpu)),
        }
    }

    /// Plugins and their CPU time.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.0.iter().map(|(name, cpu)| (name.as_ref(), *cpu))
    }

    /// Whether none was called.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_one_plugin_are_added_up() {
        let mut costs = PluginCosts::default();
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        [(&a, 2), (&b, 3), (&a, 4)]
            .into_iter()
            .for_each(|(name, us)| costs.add(name, Duration::from_micros(us)));
        let all: Vec<_> = costs.iter().map(|(name, cpu)| (name, cpu.as_micros())).collect();
        assert_eq!(all, [("a", 6), ("b", 3)]);
    }
}
