//! The resource `request`: the head of the request at hand.

use model::{FieldError, RequestHead};
use wasmtime::component::Resource;

use crate::bindings::types::{Field, HeaderError, HostRequest, Request};
use crate::context::{Context, Phase};
use crate::imports::{all, first, header_error};

/// How long path and query may be.
const PATH_LIMIT: usize = 16 * 1024;

impl Context {
    /// The head behind a handle, if its hook still runs.
    fn request(&mut self, handle: &Resource<Request>) -> wasmtime::Result<&mut RequestHead> {
        if self.phase != Phase::Request || handle.rep() != self.call {
            wasmtime::bail!("a request was used after the hook it was given to had returned");
        }
        Ok(&mut self.exchange()?.request)
    }
}

impl HostRequest for Context {
    fn method(&mut self, this: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.request(&this)?.method.to_string())
    }

    fn path(&mut self, this: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.request(&this)?.path_and_query().to_owned())
    }

    fn set_path(
        &mut self,
        this: Resource<Request>,
        path: String,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let head = self.request(&this)?;
        Ok(parse_path(path).map(|uri| head.uri = uri).map_err(header_error))
    }

    fn authority(&mut self, this: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.request(&this)?.authority().to_owned())
    }

    fn set_authority(
        &mut self,
        this: Resource<Request>,
        authority: String,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let head = self.request(&this)?;
        let value = parse_authority(&authority).map_err(header_error);
        Ok(value.map(|value| {
            head.fields.insert(http::header::HOST, value);
        }))
    }

    fn header(&mut self, this: Resource<Request>, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(first(&self.request(&this)?.fields, &name))
    }

    fn fields(&mut self, this: Resource<Request>) -> wasmtime::Result<Vec<Field>> {
        Ok(all(&self.request(&this)?.fields))
    }

    fn set_header(
        &mut self,
        this: Resource<Request>,
        name: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        Ok(model::set_field(&mut self.request(&this)?.fields, &name, value).map_err(header_error))
    }

    fn append_header(
        &mut self,
        this: Resource<Request>,
        name: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        Ok(model::append_field(&mut self.request(&this)?.fields, &name, value).map_err(header_error))
    }

    fn remove_header(
        &mut self,
        this: Resource<Request>,
        name: String,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        Ok(model::remove_field(&mut self.request(&this)?.fields, &name).map_err(header_error))
    }

    fn drop(&mut self, _this: Resource<Request>) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// Path and query in origin form (RFC 9112 section 3.2.1).
pub(crate) fn parse_path(path: String) -> Result<http::Uri, FieldError> {
    if path.len() > PATH_LIMIT
        || !path.starts_with('/')
        || !path.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
    {
        return Err(FieldError::InvalidValue);
    }
    let path = http::uri::PathAndQuery::try_from(path).map_err(|_| FieldError::InvalidValue)?;
    Ok(http::Uri::from(path))
}

/// A method that a request can go on with.
pub(crate) fn parse_method(method: &[u8]) -> Option<http::Method> {
    http::Method::from_bytes(method).ok().filter(|method| *method != http::Method::CONNECT)
}

/// Host and port, nothing else (RFC 9110 section 7.2).
pub(crate) fn parse_authority(authority: &str) -> Result<http::HeaderValue, FieldError> {
    let parsed: http::uri::Authority = authority.parse().map_err(|_| FieldError::InvalidValue)?;
    let after_host = parsed.as_str().strip_prefix(parsed.host()).unwrap_or_default();
    let has_bad_port = after_host.len() > 1 && parsed.port_u16().is_none();
    if parsed.as_str().contains('@') || has_bad_port {
        return Err(FieldError::InvalidValue);
    }
    model::check_value(parsed.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_must_be_an_origin_form_target() {
        for bad in ["", "a", "http://h/a", "/a b", "/a\r\nb", "/a#b", "/\u{e9}", "*"] {
            assert!(parse_path(bad.into()).is_err(), "{bad:?}");
        }
        assert_eq!(parse_path("/a%20b?c=/d".into()).unwrap().to_string(), "/a%20b?c=/d");
    }

    #[test]
    fn an_authority_is_host_and_port() {
        for bad in ["", "user@host", "a b", "a/b", "a\r\nb", "a:99999", "[::1]:65536"] {
            assert!(parse_authority(bad).is_err(), "{bad:?}");
        }
        assert!(parse_authority("example.com:8080").is_ok() && parse_authority("[::1]:80").is_ok());
    }
}
