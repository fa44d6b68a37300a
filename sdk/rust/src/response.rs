//! The head of a response.

use crate::{HeaderError, Result, host};

/// The head of the response, as the client will get it. The same rules as for [`Request`](crate::Request).
#[derive(Debug)]
pub struct Response(pub(crate) host::Response);

impl Response {
    /// The status code, 200 to 599.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// Replaces the status code. Outside 200 to 599 it is refused, and so is a change to or from 204 or 304.
    pub fn set_status(&mut self, status: u16) -> Result<(), HeaderError> {
        self.0.set_status(status)
    }

    /// The first value of a field as text, or none; bytes that are no UTF-8 show as U+FFFD.
    pub fn header(&self, name: &str) -> Option<String> {
        self.header_bytes(name).map(crate::text::from_bytes)
    }

    /// The first value of a field as it is, or none.
    pub fn header_bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.0.header(name)
    }

    /// All fields in one call, several of one name in their order.
    pub fn fields(&self) -> Vec<(String, Vec<u8>)> {
        self.0.fields()
    }

    /// Sets a field: all values it had are replaced by this one.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.0.set_header(name, value.as_ref())
    }

    /// Adds a value to a field and keeps those it has; for Set-Cookie.
    pub fn append_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.0.append_header(name, value.as_ref())
    }

    /// Removes all values of a field.
    pub fn remove_header(&mut self, name: &str) -> Result<(), HeaderError> {
        self.0.remove_header(name)
    }
}
