//! Fields of a head, under the host's rules.

use crate::HeaderError;

/// How long a field's name may be.
const NAME_LIMIT: usize = 256;
/// How long a field's value may be.
const VALUE_LIMIT: usize = 16 * 1024;
/// How many fields a head may hold.
const COUNT_LIMIT: usize = 128;
/// Fields that only the host may write.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Names, in lower case, and values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    pub(crate) fn first(&self, name: &str) -> Option<Vec<u8>> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        self.0.clone()
    }

    /// Adds a field whatever the rules say: for what a client or an upstream sent.
    pub(crate) fn put(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    pub(crate) fn replace(&mut self, name: &str, value: &[u8]) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.put(name, value);
    }

    pub(crate) fn set(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        check(name, value)?;
        let first = self.0.iter().position(|(n, _)| n.eq_ignore_ascii_case(name));
        if first.is_none() && self.0.len() >= COUNT_LIMIT {
            return Err(HeaderError::TooMany);
        }
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.put(name, value);
        Ok(())
    }

    pub(crate) fn append(&mut self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        check(name, value)?;
        if self.0.len() >= COUNT_LIMIT {
            return Err(HeaderError::TooMany);
        }
        self.put(name, value);
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        check(name, b"")?;
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        Ok(())
    }
}

fn check(name: &str, value: &[u8]) -> Result<(), HeaderError> {
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(is_token) {
        return Err(HeaderError::InvalidName);
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(HeaderError::Forbidden);
    }
    if value.len() > VALUE_LIMIT || value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(HeaderError::InvalidValue);
    }
    Ok(())
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
