//! What a VM knows of one exchange.

use std::sync::Arc;

use model::{BodyOf, Reply, WholeBody};

use super::abi::Status;
use super::park::Parked;

/// How many properties of its own a module may set on an exchange.
const PROPERTIES: usize = 32;
/// Bytes of the name and the value of all of them.
const PROPERTY_BYTES: usize = 8 << 10;

/// Which part of the exchange is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Request,
    Response,
    Over,
}

/// The context of an exchange.
pub(super) struct Stream {
    pub(super) stage: Stage,
    /// The body that its callback sees.
    pub(super) body: Option<Body>,
    /// What it is answered with, if the module has said so.
    pub(super) reply: Option<Reply>,
    /// Whether the module has asked to go on.
    pub(super) resumed: bool,
    /// The exchange, while it is paused.
    pub(super) parked: Option<Parked>,
    /// How many callouts were sent for it.
    pub(super) callouts: u32,
    properties: Vec<Property>,
}

/// A property that a module has set: its path, and its value.
type Property = (Box<[u8]>, Box<[u8]>);

/// A body that is here as a whole, and what the module makes of it.
pub(super) struct Body {
    pub(super) of: BodyOf,
    whole: Arc<Vec<u8>>,
    changed: Option<Vec<u8>>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Stream {
            stage: Stage::Request,
            body: None,
            reply: None,
            resumed: false,
            parked: None,
            callouts: 0,
            properties: Vec::new(),
        }
    }

    /// The property that the module has set by that path.
    pub(super) fn property(&self, path: &[u8]) -> Option<&[u8]> {
        self.properties.iter().find(|(name, _)| &**name == path).map(|(_, value)| &**value)
    }

    /// Sets one, if there is room for it.
    pub(super) fn set_property(&mut self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        self.properties.retain(|(name, _)| &**name != path);
        let taken: usize = self.properties.iter().map(|(name, value)| name.len() + value.len()).sum();
        let needed = taken.saturating_add(path.len()).saturating_add(value.len());
        if self.properties.len() >= PROPERTIES || needed > PROPERTY_BYTES {
            return Err(Status::InternalFailure);
        }
        self.properties.push((path.into(), value.into()));
        Ok(())
    }
}

impl Body {
    pub(super) fn new(of: BodyOf, whole: &WholeBody) -> Self {
        Body { of, whole: whole.shared(), changed: None }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.changed.as_deref().unwrap_or(&self.whole)
    }

    /// The body that takes the place of the one there was.
    pub(super) fn into_changed(self) -> Option<Vec<u8>> {
        self.changed
    }

    /// Puts bytes in the place of some; where there are none to be replaced, before or behind all.
    pub(super) fn splice(
        &mut self,
        start: usize,
        size: usize,
        with: &[u8],
        limit: usize,
    ) -> Result<(), Status> {
        let old = self.bytes();
        let start = start.min(old.len());
        let (before, rest) = old.split_at_checked(start).ok_or(Status::BadArgument)?;
        let after = rest.get(size.min(rest.len())..).unwrap_or_default();
        if before.len() + with.len() + after.len() > limit {
            return Err(Status::BadArgument);
        }
        self.changed = Some([before, with, after].concat());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(start: usize, size: usize, with: &[u8]) -> Result<Vec<u8>, Status> {
        let mut body = Body::new(BodyOf::Request, &WholeBody::new(b"hello".to_vec()));
        body.splice(start, size, with, 10).map(|()| body.into_changed().unwrap())
    }

    #[test]
    fn a_body_is_replaced_before_behind_and_in_between() {
        assert_eq!(spliced(0, usize::MAX, b"bye").unwrap(), b"bye");
        assert_eq!(spliced(0, 0, b"oh ").unwrap(), b"oh hello");
        assert_eq!(spliced(usize::MAX, 0, b"!").unwrap(), b"hello!");
        assert_eq!(spliced(1, 3, b"i").unwrap(), b"hio");
        assert_eq!(spliced(0, 5, b"").unwrap(), b"");
        assert_eq!(spliced(0, 0, b"too long"), Err(Status::BadArgument));
    }

    #[test]
    fn properties_have_their_room_and_no_more() {
        let mut stream = Stream::new();
        for number in 0..PROPERTIES {
            stream.set_property(number.to_string().as_bytes(), b"x").unwrap();
        }
        assert_eq!(stream.set_property(b"more", b"x"), Err(Status::InternalFailure));
        stream.set_property(b"7", b"y").unwrap();
        assert_eq!((stream.property(b"7"), stream.property(b"more")), (Some(&b"y"[..]), None));
        assert_eq!(stream.set_property(b"7", &[0; PROPERTY_BYTES]), Err(Status::InternalFailure));
    }
}
