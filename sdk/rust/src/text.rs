//! Bytes as text.

/// The bytes as text, with U+FFFD for what is no UTF-8. Text takes over the bytes' memory.
pub(crate) fn from_bytes(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}
