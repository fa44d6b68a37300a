//! What a plugin can be.

use std::fmt;
use std::str::FromStr;

/// What a new plugin is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sees requests and responses, and may change them or answer.
    Filter,
    /// Says which route a request takes.
    Router,
    /// Chooses an endpoint for each attempt.
    Picker,
    /// Gives endpoints their weights, on a timer.
    Weigher,
}

impl Kind {
    /// All of them, the most usual first.
    pub const ALL: [Kind; 4] = [Kind::Filter, Kind::Router, Kind::Picker, Kind::Weigher];

    /// Its name in the lexicon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Filter => "filter",
            Kind::Router => "router",
            Kind::Picker => "picker",
            Kind::Weigher => "weigher",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Kind::ALL.map(Kind::name).join(", ");
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        kind.ok_or_else(|| format!("expected one of {known}"))
    }
}
