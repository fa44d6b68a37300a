//! Hooks that fail.

use std::fmt;

use crate::{HeaderError, Verdict};

/// What a hook gives back: a verdict, or why there is none.
pub type Result<T = Verdict, E = Failure> = std::result::Result<T, E>;

/// Why a hook could not do its work. The message goes to the log as an error, and the guest traps: the plugin's
/// `on_failure` says what becomes of the exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure(String);

impl Failure {
    /// A failure with a message for the log.
    pub fn new(message: impl Into<String>) -> Self {
        Failure(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<HeaderError> for Failure {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::InvalidName => Failure::new("not a field name (RFC 9110 section 5.1)"),
            HeaderError::InvalidValue => Failure::new("not a field value (RFC 9110 section 5.5)"),
            HeaderError::Forbidden => Failure::new("a field that only the host may write"),
            HeaderError::TooMany => Failure::new("a head holds at most 128 fields"),
            HeaderError::Other(reason) => Failure(reason),
        }
    }
}
