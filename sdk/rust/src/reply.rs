//! Answers made by a guest.

use crate::{BodyVerdict, Decision, Detour, Reply, Verdict};

impl Reply {
    /// An answer with that status (200 to 599), no fields and no body. The host writes content-length.
    pub fn new(status: u16) -> Self {
        Reply { status, fields: Vec::new(), body: Vec::new() }
    }

    /// Adds a field. One that only the host may write, or that is none, is the fault `plugin_invalid`.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Replaces the body, at most 1 MiB.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

impl From<Reply> for Verdict {
    fn from(reply: Reply) -> Self {
        Verdict::Reply(reply)
    }
}

impl From<Reply> for BodyVerdict {
    fn from(reply: Reply) -> Self {
        BodyVerdict::Reply(reply)
    }
}

impl From<Reply> for Detour {
    fn from(reply: Reply) -> Self {
        Detour::Reply(reply)
    }
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Self {
        Decision::Reply(reply)
    }
}
