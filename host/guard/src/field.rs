//! One field line, of a head or of a trailer section (RFC 9112 5): its form, not its meaning.

use model::{Fault, FaultKind};

use super::{bad, class, lines::without_cr, shown};

/// A field of good form.
pub(super) struct Field<'b> {
    pub(super) name: &'b [u8],
    /// With the white space around it.
    pub(super) value: &'b [u8],
}

impl<'b> Field<'b> {
    /// Reads a line, which still has its CR.
    pub(super) fn read(line: &'b [u8]) -> Result<Self, Fault> {
        let length = line.iter().position(|&byte| !class::is_token(byte)).unwrap_or(line.len());
        match line.split_at_checked(length) {
            Some((name, [b':', value @ ..])) if !name.is_empty() => {
                let value = without_cr(value)?;
                if class::has_control(value) {
                    return Err(bad(format!("the value of '{}' has a control byte", shown(name))));
                }
                Ok(Field { name, value })
            }
            _ => Err(misnamed(line)),
        }
    }

    /// The value without the white space around it. No other white space than SP and HTAB can be in it.
    pub(super) fn trimmed(&self) -> &'b [u8] {
        self.value.trim_ascii()
    }
}

/// One more field of at most `limit`.
pub(super) fn count(fields: &mut usize, limit: usize) -> Result<(), Fault> {
    *fields += 1;
    if *fields > limit {
        return Err(Fault::new(FaultKind::HeadTooLarge, format!("more than {limit} fields")));
    }
    Ok(())
}

/// What is wrong with a line that does not begin with a name and a colon.
#[cold]
fn misnamed(line: &[u8]) -> Fault {
    match line {
        [] => bad("a line ends with LF alone"),
        [b' ' | b'\t', ..] => bad("a line continues the field before it"),
        [b':', ..] => bad("a field has no name"),
        _ => bad(format!("a field's name is no token followed by a colon: '{}'", shown(line))),
    }
}
