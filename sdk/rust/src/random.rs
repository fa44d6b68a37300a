//! Numbers that nobody can guess. In tests they are a row that is always the same.

use crate::host;

/// So many bytes; one call of the host gives 4096, so more are several.
pub fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let missing = u32::try_from(length - bytes.len()).unwrap_or(u32::MAX);
        bytes.extend(host::random::bytes(missing));
    }
    bytes
}

/// A number.
pub fn number() -> u64 {
    host::random::number()
}
