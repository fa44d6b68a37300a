//! A case that is right in itself: what is sent, how endpoints answer, and what must come of it.

use std::sync::Arc;
use std::time::Duration;

use document::{Span, Spanned};
use indexmap::IndexMap;

use crate::tree::Tree;

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub claim: String,
    /// Where that stands.
    pub(crate) place: Span,
    /// Settings in the place of those in the configuration.
    pub(crate) settings: Option<Settings>,
    /// One after the other, each on a connection of its own.
    pub(crate) requests: Vec<Arc<Request>>,
    /// How every endpoint answers.
    pub(crate) answer: Arc<Answer>,
    /// How single endpoints answer, by their addresses in the configuration.
    pub(crate) answers: IndexMap<String, Arc<Answer>>,
    pub(crate) expect: Expect,
}

/// Settings, and whose they are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) plugin: String,
    pub(crate) value: Tree,
}

/// Names and values in their order.
pub(crate) type Fields = Vec<(String, Vec<String>)>;

/// A request that is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The first of the configuration, if none is named.
    pub(crate) listener: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Fields,
    pub(crate) body: Option<String>,
}

/// How an endpoint answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Fields,
    pub(crate) body: String,
    pub(crate) delay: Duration,
    pub(crate) manner: Manner,
}

/// Whether there is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Answers,
    /// The connection is closed in its place.
    Fails,
}

/// What must come of a case: of each request, but for what is about all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expect {
    pub(crate) client: Option<Spanned<Option<Message>>>,
    pub(crate) upstream: Option<Spanned<Option<Message>>>,
    pub(crate) asked: Vec<(String, Spanned<Option<Message>>)>,
    pub(crate) route: Option<Spanned<String>>,
    pub(crate) endpoint: Option<Spanned<String>>,
    pub(crate) endpoints: Option<Spanned<u64>>,
    pub(crate) attempts: Option<Spanned<u64>>,
    pub(crate) notes: Vec<(String, Spanned<Option<String>>)>,
    pub(crate) fault: Option<Spanned<String>>,
    /// None is to be logged, if the list is empty.
    pub(crate) log: Option<Spanned<Vec<Spanned<Line>>>>,
    pub(crate) weights: Vec<(String, Spanned<Weight>)>,
    pub(crate) refused: Option<Spanned<String>>,
}

/// What is expected of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) status: Option<Spanned<u16>>,
    pub(crate) method: Option<Spanned<String>>,
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) headers: Vec<(String, Spanned<Vec<String>>)>,
    pub(crate) body: Option<Spanned<String>>,
}

/// A line that a plugin is to log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Any, if none is named.
    pub(crate) level: Option<&'static str>,
    pub(crate) text: String,
}

/// Where a weight is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weight {
    Is(f64),
    Between { above: f64, below: f64 },
}

impl Weight {
    /// How far a weight may be from what it is to be: the host rounds.
    const NEAR: f64 = 0.0005;

    pub(crate) fn fits(self, weight: f64) -> bool {
        match self {
            Weight::Is(expected) => (weight - expected).abs() < Self::NEAR,
            Weight::Between { above, below } => weight > above && weight < below,
        }
    }
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Weight::Is(weight) => write!(f, "{weight}"),
            Weight::Between { above, below: f64::INFINITY } => write!(f, "above {above}"),
            Weight::Between { above: f64::NEG_INFINITY, below } => write!(f, "below {below}"),
            Weight::Between { above, below } => write!(f, "above {above} and below {below}"),
        }
    }
}
