//! What comes of a callback that an exchange waits for.

use bytes::Bytes;
use http::HeaderMap;
use model::{BodyVerdict, PartVerdict, Passed, Reply, Verdict};

/// What a module has decided of an exchange.
#[derive(Debug)]
pub(super) enum Went {
    /// It goes on.
    On,
    /// It goes on with this of its body, which may be another than it was, and with these trailers.
    OnWith { data: Bytes, trailers: Option<Box<HeaderMap>>, is_changed: bool },
    /// It is answered with this.
    Reply(Box<Reply>),
}

impl Went {
    /// As the verdict of a hook that sees heads.
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Went::On | Went::OnWith { .. } => Verdict::Continue,
            Went::Reply(reply) => Verdict::Reply(*reply),
        }
    }

    /// As the verdict of a hook that sees whole bodies.
    pub(super) fn body_verdict(self) -> BodyVerdict {
        match self {
            Went::OnWith { data, is_changed: true, .. } => BodyVerdict::Replace(data.into()),
            Went::On | Went::OnWith { .. } => BodyVerdict::Keep,
            Went::Reply(reply) => BodyVerdict::Reply(*reply),
        }
    }

    /// As the verdict on parts of a body, behind what of it has gone on before.
    pub(super) fn part_verdict(self, front: &Bytes) -> PartVerdict {
        let (data, trailers) = match self {
            Went::On => (Bytes::new(), None),
            Went::OnWith { data, trailers, .. } => (data, trailers),
            Went::Reply(reply) => return PartVerdict::Reply(*reply),
        };
        PartVerdict::Go(Passed { data: joined(front, data), trailers: trailers.map(|trailers| *trailers) })
    }
}

/// One behind the other; nothing is copied where one of them is nothing.
pub(super) fn joined(front: &Bytes, rest: Bytes) -> Bytes {
    match (front.is_empty(), rest.is_empty()) {
        (true, _) => rest,
        (false, true) => front.clone(),
        (false, false) => [&**front, &*rest].concat().into(),
    }
}
