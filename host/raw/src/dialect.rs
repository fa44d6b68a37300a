//! What messages say of our format, which the document can't know.
//!
//! Keys and values that the design names and a release does not build would be `planned` here: they are refused by name, as ignoring
//! one would be worse than not having it, and "unknown key" would be a lie. At present there is none.

use document::Dialect;

/// What the document says of ours in its messages.
pub const DIALECT: Dialect = Dialect {
    planned: &[],
    instead: &[],
    variables: "variables work in header rules, rewrites, redirects, replies, error pages and access logs, and `${env:NAME}` and \
                `${file:PATH}` in the settings of plugins too",
};
