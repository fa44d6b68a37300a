//! Marks: which of the fields that a proxy looks at a head has, seen in one pass. To ask the map for each would cost a hash
//! each time, and most heads have none of them.

use http::header::{self, HeaderMap, HeaderName};
use message::is_hop_by_hop;

/// Which of them there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Something that belongs to the connection: Connection, TE, Upgrade, Expect and their like.
    pub connection: bool,
    /// Content-Length.
    pub length: bool,
    /// Forwarded.
    pub forwarded: bool,
    /// traceparent or tracestate.
    pub trace: bool,
}

impl Marks {
    /// Those of a head.
    pub fn of(fields: &HeaderMap) -> Self {
        fields.keys().fold(Marks::default(), Marks::with)
    }

    fn with(self, name: &HeaderName) -> Self {
        Marks {
            connection: self.connection || is_hop_by_hop(name),
            length: self.length || *name == header::CONTENT_LENGTH,
            forwarded: self.forwarded || *name == header::FORWARDED,
            trace: self.trace || name.as_str().starts_with("trace"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&'static str]) -> Marks {
        let value = || http::HeaderValue::from_static("1");
        Marks::of(&names.iter().map(|name| (HeaderName::from_static(name), value())).collect())
    }

    #[test]
    fn what_is_there_is_seen_and_nothing_else() {
        assert_eq!(of(&["host", "accept", "cookie", "x-forwarded-for"]), Marks::default());
        assert!(of(&["host", "expect"]).connection && of(&["keep-alive"]).connection);
        assert!(of(&["content-length"]).length && of(&["forwarded"]).forwarded);
        assert!(of(&["traceparent"]).trace && of(&["tracestate"]).trace);
    }
}
