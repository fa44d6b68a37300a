//! A request in memory.

use std::cell::RefCell;

use crate::HeaderError;
use crate::testing::fields::Fields;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: RefCell<String>,
    pub(crate) authority: RefCell<String>,
    pub(crate) fields: RefCell<Fields>,
}

impl Request {
    pub(crate) fn method(&self) -> String {
        self.method.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.path.borrow().clone()
    }

    pub(crate) fn set_path(&self, path: &str) -> Result<(), HeaderError> {
        if !path.starts_with('/') || path.bytes().any(|byte| byte <= b' ' || byte == b'#' || byte == 0x7f) {
            return Err(HeaderError::InvalidValue);
        }
        path.clone_into(&mut self.path.borrow_mut());
        Ok(())
    }

    pub(crate) fn authority(&self) -> String {
        self.authority.borrow().clone()
    }

    pub(crate) fn set_authority(&self, authority: &str) -> Result<(), HeaderError> {
        if authority.is_empty() || authority.bytes().any(|byte| byte <= b' ' || b"/?#@\x7f".contains(&byte)) {
            return Err(HeaderError::InvalidValue);
        }
        authority.clone_into(&mut self.authority.borrow_mut());
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
