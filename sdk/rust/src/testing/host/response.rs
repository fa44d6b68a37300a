//! A response in memory.

use std::cell::{Cell, RefCell};

use crate::HeaderError;
use crate::testing::fields::Fields;

/// Status codes of responses without a body: no change to or from them (RFC 9110 section 6.4.1).
const BODILESS: [u16; 2] = [204, 304];

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: Cell<u16>,
    pub(crate) fields: RefCell<Fields>,
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.status.get()
    }

    pub(crate) fn set_status(&self, status: u16) -> Result<(), HeaderError> {
        let old = self.status.get();
        let changes_body = status != old && (BODILESS.contains(&old) || BODILESS.contains(&status));
        if !(200..600).contains(&status) || changes_body {
            return Err(HeaderError::InvalidValue);
        }
        self.status.set(status);
        Ok(())
    }

    pub(crate) fn header(&self, name: &str) -> Option<Vec<u8>> {
        self.fields.borrow().first(name)
    }

    pub(crate) fn fields(&self) -> Vec<(String, Vec<u8>)> {
        self.fields.borrow().all()
    }

    pub(crate) fn set_header(&self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.fields.borrow_mut().set(name, value)
    }

    pub(crate) fn append_header(&self, name: &str, value: &[u8]) -> Result<(), HeaderError> {
        self.fields.borrow_mut().append(name, value)
    }

    pub(crate) fn remove_header(&self, name: &str) -> Result<(), HeaderError> {
        self.fields.borrow_mut().remove(name)
    }
}
