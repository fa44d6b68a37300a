//! Maglev's table (Eisenbud et al., NSDI 2016, section 3.4), with weights as Envoy has them.
//!
//! Each endpoint has a permutation of the table's places, by which it takes them in turn, as often as its weight says.
//! A look-up is one access; when an endpoint leaves the file, a few more keys move than it had.

use std::sync::Arc;

use model::Endpoint;

use super::digest::Fnv64;

/// The table's places: a prime, so that every skip visits them all. The number of the paper, and of Envoy.
const PLACES: u32 = 65_537;
/// A place that nobody has taken yet.
const FREE: u32 = u32::MAX;

/// Who has which place.
#[derive(Debug)]
pub(super) struct Maglev {
    places: Box<[u32]>,
}

/// An endpoint's way through the table.
struct Turn {
    index: u32,
    weight: f64,
    /// The sum of its turns' weights that must be reached for the next one.
    target: f64,
    next: u32,
    skip: u32,
}

impl Maglev {
    pub(super) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        if endpoints.is_empty() {
            return Maglev { places: Box::default() };
        }
        let heaviest = endpoints.iter().map(|e| e.weight.max(1)).max().map_or(1.0, f64::from);
        let mut turns: Vec<Turn> = (0u32..).zip(endpoints).map(|(index, e)| Turn::new(index, e)).collect();
        let mut places = vec![FREE; PLACES as usize];
        let mut left = PLACES;
        let mut round = 0.0;
        while left > 0 {
            round += 1.0;
            // The heaviest takes a place in each round, the others as often as they are as heavy.
            for turn in turns.iter_mut().filter(|turn| round * turn.weight >= turn.target) {
                turn.target += heaviest;
                turn.take(&mut places);
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        Maglev { places: places.into() }
    }

    /// The endpoints of the places from a digest's on, once around.
    pub(super) fn from(&self, digest: u64) -> impl Iterator<Item = u32> {
        let first = usize::try_from(digest % u64::from(PLACES)).unwrap_or(0);
        let (before, after) = self.places.split_at_checked(first).unwrap_or_default();
        after.iter().chain(before).copied()
    }
}

impl Turn {
    fn new(index: u32, endpoint: &Endpoint) -> Self {
        let digest = |seed: u64| {
            let mut fnv = Fnv64::seeded(seed);
            fnv.feed(endpoint.label.as_bytes());
            fnv.finish()
        };
        let below = |digest: u64, limit: u32| u32::try_from(digest % u64::from(limit)).unwrap_or(0);
        Turn {
            index,
            weight: f64::from(endpoint.weight.max(1)),
            target: 0.0,
            next: below(digest(0), PLACES),
            skip: below(digest(1), PLACES - 1) + 1,
        }
    }

    /// Takes the next place of its permutation that is free; there is one.
    fn take(&mut self, places: &mut [u32]) {
        for _ in 0..PLACES {
            let at = self.next;
            self.next = (self.next + self.skip) % PLACES;
            if let Some(place) = places.get_mut(at as usize).filter(|place| **place == FREE) {
                *place = self.index;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[test]
    fn every_place_is_taken_by_weight() {
        let weights = [1, 2, 5, 100];
        let maglev = Maglev::new(&Bench::new(&weights).endpoints);
        for (index, weight) in (0u32..).zip(weights) {
            let taken = maglev.places.iter().filter(|place| **place == index).count();
            let share = f64::from(PLACES) * f64::from(weight) / 108.0;
            assert!((taken as f64 - share).abs() <= 2.0, "{taken} places, {share} expected");
        }
        assert!(!maglev.places.contains(&FREE));
    }

    #[test]
    fn an_empty_table_has_no_owner() {
        assert_eq!(Maglev::new(&[]).from(7).next(), None);
    }

    #[test]
    fn places_are_given_as_envoy_gives_them() {
        let maglev = Maglev::new(&Bench::new(&[1, 1, 2]).endpoints);
        // Computed by a transcription of Envoy's `MaglevTable::constructImplementationInternals`.
        assert_eq!(maglev.places[..12], [2, 2, 2, 2, 0, 0, 2, 2, 2, 0, 1, 0]);
    }
}
