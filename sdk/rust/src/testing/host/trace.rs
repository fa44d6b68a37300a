//! The trace of the test's exchange. Nothing takes any time here.

use super::exchange;
use crate::testing::state::with;
use crate::trace::Part;

/// Stands for the plugin's name, which only the configuration knows.
const PLUGIN: &str = "plugin";
/// How long the name of a note may be, in bytes.
const NAME_LIMIT: usize = 64;

pub(crate) fn trace_id() -> Option<String> {
    with(|state| state.trace_id.clone())
}

pub(crate) fn traceparent() -> Option<String> {
    trace_id().map(|trace| format!("00-{trace}-0000000000000001-01"))
}

pub(crate) fn took(part: Part) -> Option<u64> {
    (part == Part::Total).then_some(0)
}

pub(crate) fn attribute(name: &str, value: &str) -> bool {
    let name = format!("{PLUGIN}.{name}");
    name.len() <= NAME_LIMIT && exchange::note(&name, value)
}
