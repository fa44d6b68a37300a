//! A body, as an instance reads it, and what it puts in its place.

use std::sync::Arc;

use http::HeaderMap;
use model::WholeBody;

use super::abi::Features;

/// The body of a request or a response.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// All of it, once it is here.
    whole: Option<Arc<Vec<u8>>>,
    /// Whether that is another than the proxy has.
    is_other: bool,
    /// How much of it was read.
    read: usize,
    /// What is to be in its place.
    written: Option<Vec<u8>>,
    /// What ends it, as far as that is known.
    pub(super) trailers: Trailers,
}

/// What ends a body.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    pub(super) fields: HeaderMap,
    /// Whether they are others than they were.
    pub(super) is_changed: bool,
}

/// What was written of a body before it was here.
#[derive(Debug, Default)]
pub(super) struct Early {
    pub(super) body: Vec<u8>,
    pub(super) trailers: HeaderMap,
}

impl Early {
    /// Whether it is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_empty() && self.trailers.is_empty()
    }
}

/// What takes the place of a body.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Its content, if that is another.
    pub(super) body: Option<Vec<u8>>,
    /// What ends it, where the module has a say in that.
    pub(super) trailers: Option<HeaderMap>,
}

impl Body {
    /// Whether there is nothing more to wait for.
    pub(super) fn is_here(&self) -> bool {
        self.whole.is_some()
    }

    /// It is here.
    pub(super) fn show(&mut self, whole: &WholeBody) {
        self.trailers.fields = whole.trailers().cloned().unwrap_or_default();
        self.whole = Some(whole.shared());
    }

    /// It is here, behind what was written before it was.
    pub(super) fn show_behind(&mut self, early: Early, whole: &WholeBody) {
        self.show(whole);
        if !early.body.is_empty() {
            let both = [early.body.as_slice(), whole.as_ref()].concat();
            (self.whole, self.is_other) = (Some(Arc::new(both)), true);
        }
        self.trailers.is_changed = !early.trailers.is_empty();
        for (name, value) in &early.trailers {
            // There is room for as many as a head may have; more than that were not taken.
            let _ = self.trailers.fields.try_append(name.clone(), value.clone());
        }
    }

    /// Reads on into some room; how much that was, and whether it was the last. Where nothing came, what was written is read.
    pub(super) fn read(&mut self, into: &mut [u8]) -> (usize, bool) {
        let whole = self.whole.as_ref().map(|whole| whole.as_slice());
        let bytes = whole.or(self.written.as_deref()).unwrap_or_default();
        let rest = bytes.get(self.read..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        self.read += count;
        (count, count == rest.len())
    }

    /// Goes on to read from its beginning.
    pub(super) fn rewind(&mut self) {
        self.read = 0;
    }

    /// Writes on; the first time, in place of all that there was. It is an error if that comes to more than the limit.
    pub(super) fn write(&mut self, bytes: &[u8], limit: usize) -> wasmtime::Result<()> {
        let written = self.written.get_or_insert_default();
        if written.len().saturating_add(bytes.len()) > limit {
            wasmtime::bail!("writes a body of more than the {limit} bytes of `limits.body`");
        }
        written.extend_from_slice(bytes);
        Ok(())
    }

    /// There is nothing in its place, unless something is written.
    pub(super) fn empty(&mut self) {
        self.written.get_or_insert_default();
    }

    /// What was written before it was here.
    pub(super) fn take_early(&mut self) -> Early {
        let Body { written, trailers, .. } = std::mem::take(self);
        Early { body: written.unwrap_or_default(), trailers: trailers.fields }
    }

    /// What takes its place, with that as its content, if anything does.
    pub(super) fn change(&self, body: Option<Vec<u8>>, features: Features) -> Option<Change> {
        let Trailers { fields, is_changed } = &self.trailers;
        let has_a_say = features.has(Features::TRAILERS);
        let ends_so = *is_changed || (has_a_say && body.is_some() && !fields.is_empty());
        let trailers = ends_so.then(|| fields.clone());
        (body.is_some() || trailers.is_some()).then_some(Change { body, trailers })
    }

    /// The body that takes the place of the one there was, if it changed.
    pub(super) fn take_change(&mut self) -> Option<Vec<u8>> {
        let other = || self.whole.as_ref().filter(|_| self.is_other).map(|whole| whole.to_vec());
        self.written.take().or_else(other)
    }

    /// The same of a body of which nobody else gets what was read.
    pub(super) fn take_rest(&mut self) -> Option<Vec<u8>> {
        let rest = || {
            let whole = self.whole.as_ref().filter(|_| self.read > 0)?;
            whole.get(self.read..).map(<[u8]>::to_vec)
        };
        self.written.take().or_else(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Body {
        let mut body = Body::default();
        body.show(&WholeBody::new(b"hello".to_vec()));
        body
    }

    #[test]
    fn a_body_is_read_in_parts_and_the_last_says_so() {
        let (mut body, mut room) = (hello(), [0; 3]);
        assert_eq!((body.read(&mut room), room), ((3, false), *b"hel"));
        assert_eq!((body.read(&mut room), room), ((2, true), *b"lol"));
        assert_eq!(body.read(&mut room), (0, true));
        assert_eq!(Body::default().read(&mut room), (0, true), "none");
        assert_eq!(hello().read(&mut []), (0, false));
    }

    #[test]
    fn what_was_read_is_gone_where_nobody_keeps_it() {
        let mut body = hello();
        assert_eq!(body.take_rest(), None, "nothing was read");
        body.read(&mut [0; 2]);
        assert_eq!(body.take_change(), None);
        assert_eq!(body.take_rest().unwrap(), b"llo");
        body.write(b"bye", 9).unwrap();
        assert_eq!(body.take_rest().unwrap(), b"bye");
    }

    #[test]
    fn the_first_write_replaces_and_others_follow_it_up_to_the_limit() {
        let mut body = hello();
        body.write(b"one", 6).unwrap();
        body.write(b"two", 6).unwrap();
        assert!(body.write(b"!", 6).unwrap_err().to_string().contains("the 6 bytes"));
        assert_eq!(body.take_change().unwrap(), b"onetwo");
        let mut body = Body::default();
        let early = Early { body: b"an".to_vec(), ..Early::default() };
        body.show_behind(early, &WholeBody::new(b"other".to_vec()));
        assert_eq!(body.take_change().unwrap(), b"another");
    }

    #[test]
    fn what_ends_a_body_goes_on_with_it_where_the_module_has_a_say_in_that() {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", http::HeaderValue::from_static("1"));
        let mut body = Body::default();
        body.show(&WholeBody::new(b"hello".to_vec()).ending_with(Some(trailers.clone())));
        let say = Features::TRAILERS;
        assert!(body.change(None, say).is_none());
        assert_eq!(body.change(Some(Vec::new()), say).unwrap().trailers, Some(trailers));
        assert_eq!(body.change(Some(Vec::new()), Features::default()).unwrap().trailers, None);
        body.trailers = Trailers { is_changed: true, ..Trailers::default() };
        assert_eq!(body.change(None, say).unwrap().trailers, Some(HeaderMap::new()));
    }
}
