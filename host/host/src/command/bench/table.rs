//! What was measured, as a table: a line for each hook, and what of the limits was used.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use proving::cost::{Costs, Report};
use wasm::{Hook, HookTotals, Limits};

pub(super) fn of(path: &Path, report: &Report) -> String {
    let mut text = format!("{}\n", path.display());
    let _ = write!(text, "load       {:.1} ms with nothing cached", ms(report.cold));
    if let Some(cached) = report.cached {
        let _ = write!(text, ", {:.2} ms from the cache", ms(cached));
    }
    text.push('\n');
    if let Some(fresh) = &report.fresh {
        write_costs(&mut text, "a fresh instance for each exchange", fresh);
    }
    write_costs(&mut text, "an instance that stays", &report.resident);
    write_limits(&mut text, report.fresh.as_ref().unwrap_or(&report.resident));
    text
}

fn write_costs(text: &mut String, title: &str, costs: &Costs) {
    let _ = writeln!(text, "\n{title}: {:.2} us each exchange, of {}", us(costs.each), costs.exchanges);
    let _ = writeln!(text, "  {:18} {:>10} {:>12} {:>10}", "HOOK", "US/CALL", "HOST CALLS", "MEMORY");
    for (hook, totals) in &costs.hooks {
        let each = Each::of(totals);
        let memory = totals.peak_memory.div_ceil(1024);
        let name = hook.name();
        let _ =
            writeln!(text, "  {name:18} {:>10.2} {:>12.1} {memory:>6} KiB", us(each.cpu), each.host_calls);
    }
    let (made, making) = instances(&costs.hooks);
    if made > 1 {
        let _ = writeln!(text, "  of it, making an instance: {:.2} us", us(making / divisor(made)));
    }
}

/// What an exchange uses of what it may use by default.
fn write_limits(text: &mut String, costs: &Costs) {
    let limits = Limits::default();
    let exchanges = divisor(u64::from(costs.exchanges));
    let cpu = costs.hooks.iter().map(|(_, totals)| totals.cpu).sum::<Duration>() / exchanges;
    let memory = costs.hooks.iter().map(|(_, totals)| totals.peak_memory).max().unwrap_or_default();
    let calls: u64 = costs.hooks.iter().map(|(_, totals)| totals.host_calls).sum();
    let _ = writeln!(text, "\nof the default limits, an exchange uses");
    line(
        text,
        "cpu",
        cpu.as_secs_f64() / limits.cpu.as_secs_f64(),
        &format!("{} ms", limits.cpu.as_millis()),
    );
    line(text, "memory", part(memory, limits.memory), &format!("{} MiB", limits.memory >> 20));
    let calls = calls / u64::from(exchanges);
    line(text, "host_calls", part(calls, u64::from(limits.host_calls)), &limits.host_calls.to_string());
}

fn line(text: &mut String, name: &str, part: f64, limit: &str) {
    let _ = writeln!(text, "  {name:11} {:>6.2} % of {limit}", 100.0 * part);
}

/// Means of one hook.
struct Each {
    cpu: Duration,
    host_calls: f64,
}

impl Each {
    fn of(totals: &HookTotals) -> Each {
        let calls = divisor(totals.calls);
        Each { cpu: totals.cpu / calls, host_calls: part(totals.host_calls, u64::from(calls)) }
    }
}

fn instances(hooks: &[(Hook, HookTotals)]) -> (u64, Duration) {
    let made = hooks.iter().map(|(_, totals)| totals.instances).sum();
    (made, hooks.iter().map(|(_, totals)| totals.making).sum())
}

fn divisor(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "what is shown has three digits")]
fn part(of: u64, whole: u64) -> f64 {
    of as f64 / whole.max(1) as f64
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
