//! The resource `response`: the head of the response at hand.

use http::StatusCode;
use model::{FieldError, ResponseHead};
use wasmtime::component::Resource;

use crate::bindings::types::{Field, HeaderError, HostResponse, Response};
use crate::context::{Context, Phase};
use crate::imports::{all, first, header_error};

impl Context {
    /// The head behind a handle, if its hook still runs.
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

/// The new status, if the change leaves alone whether there is a body (RFC 9110 sections 15.3.5 and 15.4.5).
pub(crate) fn change_status(old: StatusCode, new: u16) -> Result<StatusCode, FieldError> {
    let bodiless =
        |status: StatusCode| status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let new = crate::reply::check_status(new).ok_or(FieldError::InvalidValue)?;
    if old != new && (bodiless(old) || bodiless(new)) { Err(FieldError::InvalidValue) } else { Ok(new) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_change_can_neither_add_nor_take_away_a_body() {
        assert!(change_status(StatusCode::OK, 404).is_ok());
        assert!(change_status(StatusCode::NO_CONTENT, 204).is_ok());
        for (old, new) in [(200, 204), (304, 200), (200, 304), (200, 101), (200, 600), (200, 0)] {
            assert!(change_status(StatusCode::from_u16(old).unwrap(), new).is_err(), "{old} to {new}");
        }
    }
}
