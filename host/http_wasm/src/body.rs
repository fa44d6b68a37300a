//! A body, as an instance reads it, and what it puts in its place.

use std::sync::Arc;

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
}

impl Body {
    /// Whether there is nothing more to wait for.
    pub(super) fn is_here(&self) -> bool {
        self.whole.is_some()
    }

    /// It is here.
    pub(super) fn show(&mut self, whole: Arc<Vec<u8>>) {
        self.whole = Some(whole);
    }

    /// It is here, and is another than the proxy has.
    pub(super) fn show_other(&mut self, whole: Vec<u8>) {
        (self.whole, self.is_other) = (Some(Arc::new(whole)), true);
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

    /// What was written.
    pub(super) fn take_written(&mut self) -> Option<Vec<u8>> {
        self.written.take()
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
        body.show(Arc::new(b"hello".to_vec()));
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
        body.show_other(b"other".to_vec());
        assert_eq!(body.take_change().unwrap(), b"other");
    }
}
