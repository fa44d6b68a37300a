//! Where a route's requests go: to an upstream, to one of several by weight, or nowhere.

use std::fmt;
use std::sync::Arc;

use config::{Redirect, Respond};
use model::Service;

/// Where a route's requests go. Upstreams are known by their places in the generation.
#[derive(Clone, Debug)]
pub enum Destination {
    /// To this one.
    Upstream(usize),
    /// To one of these.
    Split(Split),
    /// Nowhere: the client is sent elsewhere.
    Redirect(Box<Redirect>),
    /// Nowhere: the answer is always the same, but for variables.
    Respond(Box<Respond>),
    /// To what answers in this process.
    Service(Answering),
}

/// A service, known by its name.
#[derive(Clone)]
pub struct Answering(pub Arc<dyn Service>);

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answering").field(self.0.name()).finish()
    }
}

/// Upstreams with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Each with the sum of weights up to its own.
    shares: Box<[(u32, usize)]>,
    total: u32,
}

impl Destination {
    /// Whether it is an upstream, or one of several.
    pub fn is_upstream(&self) -> bool {
        matches!(self, Destination::Upstream(_) | Destination::Split(_))
    }

    /// Chooses, anew with each call: the caller keeps to it for all attempts of an exchange. None, where none answers.
    pub fn choose(&self) -> Option<usize> {
        match self {
            Destination::Redirect(_) | Destination::Respond(_) | Destination::Service(_) => None,
            Destination::Upstream(at) => Some(*at),
            // A draw without replacement would need a count that workers share.
            Destination::Split(split) => Some(split.at(fastrand::u32(..split.total.max(1)))),
        }
    }
}

impl Split {
    /// Of weights and places.
    pub fn new(shares: impl IntoIterator<Item = (u32, usize)>) -> Self {
        let mut total = 0_u32;
        let sum = |(weight, at): (u32, usize)| {
            total = total.saturating_add(weight);
            (total, at)
        };
        let shares = shares.into_iter().map(sum).collect();
        Split { shares, total }
    }

    fn at(&self, drawn: u32) -> usize {
        self.shares.iter().find(|(sum, _)| drawn < *sum).map_or(usize::MAX, |(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_upstream_has_its_share_of_the_draws() {
        let split = Split::new([(3, 7), (0, 8), (1, 9)]);
        assert_eq!((0..4).map(|drawn| split.at(drawn)).collect::<Vec<_>>(), [7, 7, 7, 9]);
        let chosen = Destination::Split(split);
        assert!((0..100).all(|_| [Some(7), Some(9)].contains(&chosen.choose())));
        assert_eq!(Destination::Upstream(2).choose(), Some(2));
    }
}
