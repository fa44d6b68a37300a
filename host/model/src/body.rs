//! Whole bodies: what hooks that see all of a body are given, and what they make of it.
//!
//! Not how a body is read until it is whole: that is `message`'s.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use crate::Reply;

/// A body that is here as a whole. Whoever holds it shares it: nothing is copied.
#[derive(Clone, Debug, Default)]
pub struct WholeBody {
    content: Arc<Vec<u8>>,
    trailers: Option<Arc<HeaderMap>>,
}

impl WholeBody {
    /// Of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        WholeBody { content: Arc::new(bytes), trailers: None }
    }

    /// The same, with these trailers behind it, if there are any.
    pub fn ending_with(self, trailers: Option<HeaderMap>) -> Self {
        let trailers = trailers.filter(|trailers| !trailers.is_empty()).map(Arc::new);
        WholeBody { trailers, ..self }
    }

    /// Its trailers, if it has some.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_deref()
    }

    /// How long it is.
    pub fn len(&self) -> usize {
        self.content.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// Its bytes, in the form in which they go out.
    pub fn bytes(&self) -> Bytes {
        Bytes::from_owner(self.clone())
    }

    /// Its bytes, in the form in which guests get them.
    pub fn shared(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.content)
    }
}

impl AsRef<[u8]> for WholeBody {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

/// What a filter makes of a whole body.
#[derive(Debug)]
pub enum BodyVerdict {
    /// Go on, with the body as it is.
    Keep,
    /// Go on with this body.
    Replace(Vec<u8>),
    /// Go on with this body, or with it as it is, and with these trailers behind it in place of those that were there.
    Rewrite {
        /// The body, if it is another.
        body: Option<Vec<u8>>,
        /// The trailers.
        trailers: HeaderMap,
    },
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
