//! What comes of a callback that an exchange waits for.

use model::{BodyVerdict, Reply, Verdict};

/// What a module has decided of an exchange.
#[derive(Debug)]
pub(super) enum Went {
    /// It goes on.
    On,
    /// It goes on with this body.
    OnWith(Vec<u8>),
    /// It is answered with this.
    Reply(Reply),
}

impl Went {
    /// As the verdict of a hook that sees heads.
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Went::On | Went::OnWith(_) => Verdict::Continue,
            Went::Reply(reply) => Verdict::Reply(reply),
        }
    }

    /// As the verdict of a hook that sees bodies.
    pub(super) fn body_verdict(self) -> BodyVerdict {
        match self {
            Went::On => BodyVerdict::Keep,
            Went::OnWith(body) => BodyVerdict::Replace(body),
            Went::Reply(reply) => BodyVerdict::Reply(reply),
        }
    }
}
