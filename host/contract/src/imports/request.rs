//! The resource `request`: the head of the request at hand.

use model::RequestHead;
use sandbox::{Context, Phase, parse_authority, parse_path};
use wasmtime::component::Resource;

use crate::bindings::types::{Field, HeaderError, HostRequest, Request};
use crate::imports::{AtHand, all, first, header_error};

/// The head of the request at hand.
trait OfRequest {
    /// The head behind a handle, if its hook still runs.
    fn request(&mut self, handle: &Resource<Request>) -> wasmtime::Result<&mut RequestHead>;
}

impl OfRequest for Context {
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
