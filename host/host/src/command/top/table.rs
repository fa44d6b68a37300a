//! The table: what each hook of each plugin did between two readings, or each plugin or tenant; those that cost most first.

use std::fmt::Write;

use super::reading::{Counts, Reading};
use crate::arguments::By;

/// What a name may take of a line; longer ones are cut.
const NAME_WIDTH: usize = 24;

/// A line of the table.
struct Row<'a> {
    name: &'a str,
    hook: &'a str,
    calls: f64,
    cpu_secs: f64,
    faults: f64,
    now: Counts,
}

/// The table, of no more than so many rows.
pub(super) fn of(before: &Reading, after: &Reading, by: By, rows: usize) -> String {
    let secs = after.at.saturating_duration_since(before.at).as_secs_f64().max(0.001);
    let all = all(before, after);
    let cpu_secs: f64 = all.iter().map(|row| row.cpu_secs).sum();
    let mut text = format!("plugins: {:.1}% of a processor, over {secs:.1} s\n\n", 100.0 * cpu_secs / secs);
    let _ = writeln!(
        text,
        "{:NAME_WIDTH$} {:16} {:>9} {:>9} {:>7} {:>9} {:>9}",
        title(by),
        "HOOK",
        "CALLS/S",
        "US/CALL",
        "CPU%",
        "FAULTS/S",
        "PEAK MEM"
    );
    all.iter().take(rows).for_each(|row| row.write(secs, &mut text));
    match all.len().saturating_sub(rows) {
        0 if all.is_empty() => text.push_str("(no plugin has been loaded)\n"),
        0 => {}
        left => _ = writeln!(text, "({left} more)"),
    }
    text
}

fn all<'a>(before: &Reading, after: &'a Reading) -> Vec<Row<'a>> {
    let row = |(names @ (name, hook), now): (&'a (String, String), &Counts)| {
        let old = before.rows.get(names).copied().unwrap_or_default();
        // Counters that became less began anew, with the process.
        let since = |now: f64, old: f64| if now < old { now } else { now - old };
        Row {
            name,
            hook,
            calls: since(now.calls, old.calls),
            cpu_secs: since(now.cpu_secs, old.cpu_secs),
            faults: since(now.faults, old.faults),
            now: *now,
        }
    };
    let mut rows: Vec<Row<'a>> = after.rows.iter().map(row).collect();
    // Equals stay in the order of their names.
    rows.sort_by(|a, b| b.cpu_secs.total_cmp(&a.cpu_secs).then(b.calls.total_cmp(&a.calls)));
    rows
}

impl Row<'_> {
    fn write(&self, secs: f64, text: &mut String) {
        let per_call = match self.calls > 0.0 {
            true => format!("{:.1}", 1e6 * self.cpu_secs / self.calls),
            false => "-".to_owned(),
        };
        let _ = writeln!(
            text,
            "{:NAME_WIDTH$} {:16} {:>9.1} {per_call:>9} {:>7.1} {:>9.1} {:>9}{}",
            cut(self.name),
            self.hook,
            self.calls / secs,
            100.0 * self.cpu_secs / secs,
            self.faults / secs,
            bytes(self.now.peak_bytes),
            if self.now.left_alone { "  left alone" } else { "" },
        );
    }
}

/// What the names of rows are of.
fn title(by: By) -> &'static str {
    match by {
        By::Hook | By::Plugin => "PLUGIN",
        By::Tenant => "TENANT",
    }
}

/// A name, no longer than its column.
fn cut(name: &str) -> String {
    match name.chars().count() > NAME_WIDTH {
        true => name.chars().take(NAME_WIDTH - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

/// Bytes in the unit that suits them.
fn bytes(bytes: f64) -> String {
    const KIB: f64 = 1024.0;
    match bytes {
        none if none <= 0.0 => "-".to_owned(),
        few if few < KIB * KIB => format!("{:.0}KiB", few / KIB),
        many => format!("{:.1}MiB", many / KIB / KIB),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reading(hooks: &[(&str, &str, Counts)]) -> Reading {
        let rows =
            hooks.iter().map(|(plugin, hook, counts)| (((*plugin).to_owned(), (*hook).to_owned()), *counts));
        Reading { rows: rows.collect(), ..Reading::of("", By::Hook) }
    }

    /// Two readings, ten seconds apart.
    fn table(before: &[(&str, &str, Counts)], after: &[(&str, &str, Counts)], rows: usize) -> Vec<String> {
        let (before, mut after) = (reading(before), reading(after));
        after.at = before.at + Duration::from_secs(10);
        of(&before, &after, By::Hook, rows)
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    fn counts(calls: f64, cpu_secs: f64) -> Counts {
        Counts { calls, cpu_secs, ..Counts::default() }
    }

    #[test]
    fn what_costs_most_comes_first() {
        let after = [
            ("a", "pick", counts(1.0, 0.0)),
            ("b", "pick", counts(1.0, 2.0)),
            ("c", "pick", counts(9.0, 1.0)),
        ];
        let lines = table(&[], &after, 10);
        let first: Vec<&str> = lines[3..].iter().map(|line| &line[..1]).collect();
        assert_eq!(first, ["b", "c", "a"]);
        assert_eq!(lines[0], "plugins: 30.0% of a processor, over 10.0 s");
    }

    #[test]
    fn numbers_are_of_the_time_between() {
        let now =
            Counts { calls: 300.0, cpu_secs: 0.9, faults: 12.0, peak_bytes: 1_572_864.0, left_alone: true };
        let before = Counts { faults: 2.0, ..counts(100.0, 0.4) };
        let lines = table(&[("a", "route", before)], &[("a", "route", now)], 10);
        assert_eq!(lines[3], "a route 20.0 2500.0 5.0 1.0 1.5MiB left alone");
    }

    #[test]
    fn a_process_that_began_anew_is_counted_from_its_beginning() {
        let lines = table(&[("a", "route", counts(1000.0, 9.0))], &[("a", "route", counts(10.0, 0.1))], 10);
        assert_eq!(lines[3], "a route 1.0 10000.0 1.0 0.0 -");
    }

    #[test]
    fn a_hook_without_calls_costs_nothing_a_call() {
        let counts = counts(5.0, 1.0);
        assert_eq!(table(&[("a", "pick", counts)], &[("a", "pick", counts)], 9)[3], "a pick 0.0 - 0.0 0.0 -");
    }

    #[test]
    fn rows_that_have_no_room_are_counted() {
        let after = [("a", "pick", counts(1.0, 0.0)), ("b", "pick", counts(1.0, 2.0))];
        let lines = table(&[], &after, 1);
        assert_eq!((lines.len(), lines[4].as_str()), (5, "(1 more)"));
    }

    #[test]
    fn long_names_keep_the_columns() {
        let name = "x".repeat(40);
        let lines = table(&[], &[(&name, "pick", counts(1.0, 1.0))], 9);
        assert!(lines[3].starts_with(&format!("{}… pick", "x".repeat(23))), "{}", lines[3]);
    }

    #[test]
    fn without_plugins_it_says_so() {
        assert_eq!(table(&[], &[], 9).last().unwrap(), "(no plugin has been loaded)");
    }
}
