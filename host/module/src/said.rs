//! What modules log.

use sandbox::Level;

use crate::{Module, Outside, Span};

/// How many bytes of what a module has said last are kept while it starts.
const LAST_LINE: usize = 256;

/// Logs a line of the module's.
pub fn say(module: &mut Module<'_>, level: Level, text: Span) -> Result<(), Outside> {
    let (text, context) = module.look(text)?;
    // What is over the limit is not even looked at.
    let longest = context.plugin.spec.limits.log.saturating_add(1);
    let text = String::from_utf8_lossy(text.get(..longest.min(text.len())).unwrap_or_default()).into_owned();
    if let Some(own) = context.own.any_mut() {
        own.note_line(&text);
    }
    context.say(level, &text);
    Ok(())
}

/// As much of a line as is kept for who asks why a module did not start.
pub fn beginning(line: &str) -> Option<String> {
    line.get(..line.floor_char_boundary(LAST_LINE)).map(str::to_owned)
}
