//! What plugins cost an exchange, for its line in the access log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::CpuMeter;

/// What calls of one plugin's hooks cost an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginCost {
    /// How many there were.
    pub calls: u32,
    /// CPU time, making instances included.
    pub cpu: Duration,
    /// The time that they took, as far as known.
    pub wall: Duration,
    /// Of the CPU time, what making instances took.
    pub making: Duration,
    /// The most memory that an instance had, in bytes.
    pub memory: u64,
    /// Calls of the host's functions.
    pub host_calls: u32,
}

/// What each plugin that was called cost, in the order of first calls. There are never more than plugins.
#[derive(Debug, Default)]
pub struct PluginCosts {
    of_each: Vec<(Arc<str>, PluginCost)>,
    /// Those that work beside the exchange, as long as its body lasts or longer.
    at_work: Vec<(Arc<str>, CpuMeter, Instant)>,
}

impl PluginCost {
    fn plus(&self, more: &PluginCost) -> PluginCost {
        PluginCost {
            calls: self.calls.saturating_add(more.calls),
            cpu: self.cpu + more.cpu,
            wall: self.wall + more.wall,
            making: self.making + more.making,
            memory: self.memory.max(more.memory),
            host_calls: self.host_calls.saturating_add(more.host_calls),
        }
    }
}

impl PluginCosts {
    /// Adds what a call cost.
    pub fn add(&mut self, plugin: &Arc<str>, cost: PluginCost) {
        match self.of_each.iter_mut().find(|(name, _)| name == plugin) {
            Some((_, sum)) => *sum = sum.plus(&cost),
            None => self.of_each.push((Arc::clone(plugin), cost)),
        }
    }

    /// One is at work since then, and goes on.
    pub fn begin(&mut self, plugin: &Arc<str>, cpu: CpuMeter, since: Instant) {
        self.at_work.push((Arc::clone(plugin), cpu, since));
    }

    /// Adds what those at work have cost. To be called when the exchange is over.
    pub(crate) fn settle(&mut self) {
        for (plugin, cpu, since) in std::mem::take(&mut self.at_work) {
            let cost =
                PluginCost { calls: 1, cpu: cpu.total(), wall: since.elapsed(), ..PluginCost::default() };
            self.add(&plugin, cost);
        }
    }

    /// Plugins and what they cost.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PluginCost)> {
        self.of_each.iter().map(|(name, cost)| (name.as_ref(), cost))
    }

    /// Whether none was called.
    pub fn is_empty(&self) -> bool {
        self.of_each.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_one_plugin_are_added_up() {
        let mut costs = PluginCosts::default();
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let cost = |us, memory| {
            let time = Duration::from_micros(us);
            PluginCost { calls: 1, cpu: time, wall: time * 2, making: time / 2, memory, host_calls: 3 }
        };
        [(&a, 2, 9), (&b, 3, 1), (&a, 4, 8)]
            .into_iter()
            .for_each(|(name, us, memory)| costs.add(name, cost(us, memory)));
        let both = PluginCost { calls: 2, host_calls: 6, ..cost(6, 9) };
        assert_eq!(costs.iter().collect::<Vec<_>>(), [("a", &both), ("b", &cost(3, 1))]);
    }

    #[test]
    fn who_is_still_at_work_is_counted_in_the_end() {
        let (mut costs, meter) = (PluginCosts::default(), CpuMeter::default());
        costs.begin(&Arc::from("a"), meter.clone(), Instant::now());
        meter.add(Duration::from_micros(7));
        assert!(costs.is_empty());
        costs.settle();
        let told: Vec<_> = costs.iter().map(|(name, cost)| (name, cost.calls, cost.cpu)).collect();
        assert_eq!(told, [("a", 1, Duration::from_micros(7))]);
    }
}
