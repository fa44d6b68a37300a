//! Parts of paths that some servers read in another way than Sandgate: a request whose path has one may be somebody else's
//! to an endpoint than to the routes.

/// A part that servers read in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguous {
    /// `%2F`, which some servers take for a slash.
    EscapedSlash,
    /// `%5C`: some servers unescape it, and take a backslash for a slash.
    EscapedBackslash,
    /// `;`, from which on some servers leave out what is in a segment.
    Semicolon,
}

impl Ambiguous {
    /// What it is in a normal form.
    pub const fn in_normal_form(self) -> &'static str {
        match self {
            Ambiguous::EscapedSlash => "%2F",
            Ambiguous::EscapedBackslash => "\\",
            Ambiguous::Semicolon => ";",
        }
    }

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Ambiguous::EscapedSlash => "escaped_slash",
            Ambiguous::EscapedBackslash => "escaped_backslash",
            Ambiguous::Semicolon => "semicolon",
        }
    }
}
