//! The head of a request.

use crate::{HeaderError, Result, host};

/// The head of the request, as the upstream will get it. Its body is not read yet.
///
/// Each call is one to the host, about a third of a microsecond; to look at many fields, ask once for [`fields`].
///
/// [`fields`]: Request::fields
#[derive(Debug)]
pub struct Request(pub(crate) host::Request);

impl Request {
    /// The method, as `GET`. Case matters (RFC 9110 section 9.1).
    pub fn method(&self) -> String {
        self.0.method()
    }

    /// Path and query as they came, as `/a%20b?c=d`; never empty.
    pub fn path(&self) -> String {
        self.0.path()
    }

    /// Replaces path and query. What is no request target (RFC 9112 section 3.2.1) is refused.
    pub fn set_path(&mut self, path: &str) -> Result<(), HeaderError> {
        self.0.set_path(path)
    }

    /// Host and port the client asked for.
    pub fn authority(&self) -> String {
        self.0.authority()
    }

    /// Replaces the authority that the upstream is told in Host.
    pub fn set_authority(&mut self, authority: &str) -> Result<(), HeaderError> {
        self.0.set_authority(authority)
    }

    /// The first value of a field as text, or none. Bytes that are no UTF-8 show as U+FFFD: a field that is there is
    /// never taken for one that is not.
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

    /// Adds a value to a field and keeps those it has.
    pub fn append_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.0.append_header(name, value.as_ref())
    }

    /// Removes all values of a field. Removing what is not there succeeds.
    pub fn remove_header(&mut self, name: &str) -> Result<(), HeaderError> {
        self.0.remove_header(name)
    }
}
