//! What modules log.

use super::{Module, Outside, Span};
use crate::bindings::log::Level;

/// How many bytes of what a module has said last are kept while it starts.
const LAST_LINE: usize = 256;

/// Logs a line of the module's.
pub(crate) fn say(module: &mut Module<'_>, level: Level, text: Span) -> Result<(), Outside> {
    let (text, context) = module.look(text)?;
    // What is over the limit is not even looked at.
    let longest = context.plugin.spec.limits.log.saturating_add(1);
    let text = String::from_utf8_lossy(text.get(..longest.min(text.len())).unwrap_or_default()).into_owned();
    if let Some(vm) = &mut context.vm {
        vm.note_line(&text);
    }
    if let Some(handler) = &mut context.handler {
        handler.note_line(&text);
    }
    context.say(level, &text);
    Ok(())
}

/// As much of a line as is kept for who asks why a module did not start.
pub(crate) fn beginning(line: &str) -> Option<String> {
    line.get(..line.floor_char_boundary(LAST_LINE)).map(str::to_owned)
}
