//! Whole bodies: what hooks that see all of a body are given, and what they make of it.
//!
//! Not how a body is read until it is whole: that is `message`'s.

use std::sync::Arc;

use bytes::Bytes;

use crate::Reply;

/// A body that is here as a whole. Whoever holds it shares it: nothing is copied.
#[derive(Clone, Debug)]
pub struct WholeBody(Arc<Vec<u8>>);

impl WholeBody {
    /// Of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        WholeBody(Arc::new(bytes))
    }

    /// How long it is.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its bytes, in the form in which they go out.
    pub fn bytes(&self) -> Bytes {
        Bytes::from_owner(self.clone())
    }

    /// Its bytes, in the form in which guests get them.
    pub fn shared(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.0)
    }
}

impl AsRef<[u8]> for WholeBody {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What a filter makes of a whole body.
#[derive(Debug)]
pub enum BodyVerdict {
    /// Go on, with the body as it is.
    Keep,
    /// Go on with this body.
    Replace(Vec<u8>),
    /// Answer with this now.
    Reply(Reply),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_out_is_what_is_here_and_no_copy() {
        let body = WholeBody::new(b"hello".to_vec());
        let bytes = body.bytes();
        assert_eq!((&bytes[..], body.len(), body.is_empty()), (&b"hello"[..], 5, false));
        assert_eq!(bytes.as_ptr(), body.shared().as_ptr());
    }
}
