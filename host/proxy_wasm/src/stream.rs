//! What a VM knows of one exchange.

use bytes::Bytes;
use http::HeaderMap;
use model::{BodyOf, Reply};

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

impl Stage {
    /// Whose body and trailers are at hand then.
    pub(super) fn of(self) -> BodyOf {
        match self {
            Stage::Request => BodyOf::Request,
            Stage::Response | Stage::Over => BodyOf::Response,
        }
    }
}

/// The context of an exchange.
pub(super) struct Stream {
    /// What it is answered with, if the module has said so.
    pub(super) reply: Option<Box<Reply>>,
    /// How many callouts were sent for it.
    pub(super) callouts: u32,
    properties: Vec<Property>,
    request: Way,
    response: Way,
}

/// One of the two ways of an exchange, which may be under way at the same time.
#[derive(Default)]
pub(super) struct Way {
    /// What of the body its callback sees, and what it has held before.
    pub(super) body: Option<Body>,
    /// The trailers, when they are here.
    pub(super) trailers: Option<Box<HeaderMap>>,
    /// Whether the module has asked to go on.
    pub(super) resumed: bool,
    /// The exchange, while it is paused.
    pub(super) parked: Option<Parked>,
}

/// A property that a module has set: its path, and its value.
type Property = (Box<[u8]>, Box<[u8]>);

/// What is here of a body, and what the module makes of it.
pub(super) struct Body {
    shown: Bytes,
    /// What takes its place, or has grown out of it.
    own: Option<Vec<u8>>,
    is_changed: bool,
}

impl Stream {
    pub(super) fn new() -> Self {
        Stream {
            reply: None,
            callouts: 0,
            properties: Vec::new(),
            request: Way::default(),
            response: Way::default(),
        }
    }

    /// One of its ways.
    pub(super) fn way(&mut self, of: BodyOf) -> &mut Way {
        match of {
            BodyOf::Request => &mut self.request,
            BodyOf::Response => &mut self.response,
        }
    }

    /// Both of them.
    pub(super) fn ways(&mut self) -> [&mut Way; 2] {
        [&mut self.request, &mut self.response]
    }

    /// The way that is paused: that of the response, if both are, since the exchange is there.
    pub(super) fn paused(&self) -> Option<(Stage, &Parked)> {
        let response = self.response.parked.as_ref().map(|parked| (Stage::Response, parked));
        response.or_else(|| self.request.parked.as_ref().map(|parked| (Stage::Request, parked)))
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

impl Way {
    /// More of the body is here.
    pub(super) fn push(&mut self, bytes: Bytes) {
        match &mut self.body {
            Some(held) => held.push(bytes),
            None => self.body = Some(Body::new(bytes)),
        }
    }

    /// How much of it is here.
    pub(super) fn length(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.bytes().len())
    }
}

impl Body {
    pub(super) fn new(shown: Bytes) -> Self {
        Body { shown, own: None, is_changed: false }
    }

    fn push(&mut self, more: Bytes) {
        match &mut self.own {
            Some(own) => own.extend_from_slice(&more),
            None if self.shown.is_empty() => self.shown = more,
            None => self.own = Some([&*self.shown, &*more].concat()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.own.as_deref().unwrap_or(&self.shown)
    }

    /// What goes on, and whether it is another than there was.
    pub(super) fn into_parts(self) -> (Bytes, bool) {
        (self.own.map_or(self.shown, Bytes::from), self.is_changed)
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
        self.own = Some([before, with, after].concat());
        self.is_changed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(start: usize, size: usize, with: &[u8]) -> Result<Vec<u8>, Status> {
        let mut body = Body::new(Bytes::from_static(b"hello"));
        body.splice(start, size, with, 10).map(|()| body.into_parts().0.to_vec())
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
    fn what_is_held_grows_as_it_was_changed() {
        let mut way = Way::default();
        way.push(Bytes::from_static(b"he"));
        way.push(Bytes::from_static(b"llo"));
        assert_eq!((way.length(), way.body.as_ref().unwrap().is_changed), (5, false));
        way.body.as_mut().unwrap().splice(0, 1, b"J", 10).unwrap();
        way.push(Bytes::from_static(b"!"));
        assert_eq!(way.body.unwrap().into_parts(), (Bytes::from_static(b"Jello!"), true));
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
