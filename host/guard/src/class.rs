//! Byte classes: which bytes may stand where. Tables and vector-sized loops, nothing that knows about
//! messages.

/// May stand in a token (RFC 9110 5.6.2).
const TOKEN: u8 = 1;
/// May stand unescaped in a registered name (RFC 3986 3.2.2).
const REG_NAME: u8 = 2;

static CLASSES: [u8; 256] = classes();

/// Bytes looked at in one step of a wide loop: one vector register of every x86-64 and ARM64.
const LANES: usize = 16;

/// Whether the byte may stand in a method or a field name.
pub(super) fn is_token(byte: u8) -> bool {
    has(byte, TOKEN)
}

/// Whether the byte may stand in a host name.
pub(super) fn is_reg_name(byte: u8) -> bool {
    has(byte, REG_NAME)
}

/// Whether a field value holds a control byte other than HTAB (RFC 9110 5.5).
pub(super) fn has_control(value: &[u8]) -> bool {
    any(value, |byte| (byte < b' ') & (byte != b'\t') | (byte == 0x7f))
}

/// Whether a target holds anything but visible ASCII, or a fragment (RFC 9112 3.2).
pub(super) fn has_no_target_byte(target: &[u8]) -> bool {
    any(target, |byte| !byte.is_ascii_graphic() | (byte == b'#'))
}

fn has(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// Whether the test holds for any byte. It looks at all of them, sixteen at a time and the last sixteen twice
/// rather than one by one: values are good as a rule, so leaving early would save nothing.
#[inline]
fn any(bytes: &[u8], test: impl Fn(u8) -> bool + Copy) -> bool {
    let Some(last) = bytes.last_chunk::<LANES>() else { return bytes.iter().any(|&byte| test(byte)) };
    let mut found = [0u8; LANES];
    for lanes in bytes.as_chunks::<LANES>().0.iter().chain([last]) {
        for (found, &byte) in found.iter_mut().zip(lanes) {
            *found |= u8::from(test(byte));
        }
    }
    found != [0; LANES]
}

#[expect(
    clippy::indexing_slicing,
    reason = "the compiler evaluates it: an index out of range would not build"
)]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = classes_of(byte);
        let Some(next) = byte.checked_add(1) else { return table };
        byte = next;
    }
}

const fn classes_of(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => TOKEN | REG_NAME,
        b'!' | b'$' | b'&' | b'\'' | b'*' | b'+' => TOKEN | REG_NAME,
        b'#' | b'%' | b'^' | b'`' | b'|' => TOKEN,
        b'(' | b')' | b',' | b';' | b'=' => REG_NAME,
        _ => 0,
    }
}
