//! The resource `response`: the head of the response at hand.

use model::ResponseHead;
use sandbox::{Context, Phase, change_status};
use wasmtime::component::Resource;

use crate::bindings::types::{Field, HeaderError, HostResponse, Response};
use crate::imports::{AtHand, all, first, header_error};

/// The head of the response at hand.
trait OfResponse {
    /// The head behind a handle, if its hook still runs.
    fn response(&mut self, handle: &Resource<Response>) -> wasmtime::Result<&mut ResponseHead>;
}

impl OfResponse for Context {
    fn response(&mut self, handle: &Resource<Response>) -> wasmtime::Result<&mut ResponseHead> {
        if self.phase != Phase::Response || handle.rep() != self.call {
            wasmtime::bail!("a response was used after the hook it was given to had returned");
        }
        Ok(&mut self.exchange()?.response)
    }
}

impl HostResponse for Context {
    fn status(&mut self, this: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.response(&this)?.status.as_u16())
    }

    fn set_status(
        &mut self,
        this: Resource<Response>,
        status: u16,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        let head = self.response(&this)?;
        let status = change_status(head.status, status).map_err(header_error);
        Ok(status.map(|status| head.status = status))
    }

    fn header(&mut self, this: Resource<Response>, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(first(&self.response(&this)?.fields, &name))
    }

    fn fields(&mut self, this: Resource<Response>) -> wasmtime::Result<Vec<Field>> {
        Ok(all(&self.response(&this)?.fields))
    }

    fn set_header(
        &mut self,
        this: Resource<Response>,
        name: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        Ok(model::set_field(&mut self.response(&this)?.fields, &name, value).map_err(header_error))
    }

    fn append_header(
        &mut self,
        this: Resource<Response>,
        name: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        Ok(model::append_field(&mut self.response(&this)?.fields, &name, value).map_err(header_error))
    }

    fn remove_header(
        &mut self,
        this: Resource<Response>,
        name: String,
    ) -> wasmtime::Result<Result<(), HeaderError>> {
        Ok(model::remove_field(&mut self.response(&this)?.fields, &name).map_err(header_error))
    }

    fn drop(&mut self, _this: Resource<Response>) -> wasmtime::Result<()> {
        Ok(())
    }
}
