//! Where a route's requests go: to an upstream, or to one of several by weight.

/// Where a route's requests go. Upstreams are known by their places in the generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To this one.
    Upstream(usize),
    /// To one of these.
    Split(Split),
}

/// Upstreams with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Each with the sum of weights up to its own.
    shares: Box<[(u32, usize)]>,
    total: u32,
}

impl Destination {
    /// Chooses, anew with each call: the caller keeps to it for all attempts of an exchange.
    pub(crate) fn choose(&self) -> usize {
        match self {
            Destination::Upstream(at) => *at,
            // A draw without replacement would need a count that workers share.
            Destination::Split(split) => split.at(fastrand::u32(..split.total.max(1))),
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
        assert!((0..100).all(|_| [7, 9].contains(&chosen.choose())));
        assert_eq!(Destination::Upstream(2).choose(), 2);
    }
}
