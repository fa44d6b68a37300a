//! Priority tiers: which tier of an upstream one attempt goes to, and which endpoints of it may be chosen.
//!
//! As in Envoy: the first tier gets all as long as 72 % of it are usable (an endpoint can take 1.4 times its share);
//! what it can't take spills to the next, and so on. Backups are a tier below all, used only when no other endpoint
//! is usable, as in nginx.

use std::sync::Arc;

use model::{Endpoint, PRIORITIES};

use crate::usable::{Indexes, Usable, fill, is_up, usable};

/// How much more than its share an endpoint can take, in hundredths. Envoy's number.
const OVERPROVISIONING: u64 = 140;
/// The most tiers there are.
const LIMIT: usize = PRIORITIES as usize;

/// Something for each tier, the first first.
type PerTier = [u32; LIMIT];

/// The tiers of an upstream's endpoints. Made once, when a generation is assembled.
#[derive(Debug)]
pub struct Tiers {
    /// How many endpoints each has, backups left out.
    sizes: PerTier,
    several: bool,
}

/// What one attempt asks for.
#[derive(Debug)]
pub struct Wanted<'a, F> {
    /// The indexes this exchange has tried before, in any order.
    pub tried: &'a [u32],
    /// The time that [`model::Health`] is told.
    pub now_ms: u64,
    /// Draws a number below 100, which says to whose part of the load this exchange belongs; called only if there are
    /// several tiers.
    pub percent: F,
}

impl Tiers {
    /// The tiers of these endpoints.
    pub fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        let sizes = counts(endpoints, |_| true);
        Tiers { sizes, several: sizes.iter().filter(|size| **size > 0).count() > 1 }
    }

    /// Computes the candidates of one attempt into `into`, which is emptied first. `endpoints` are those it was made for.
    pub fn usable<F: FnOnce() -> u32>(
        &self,
        endpoints: &[Arc<Endpoint>],
        wanted: Wanted<'_, F>,
        into: &mut Indexes,
    ) -> Usable {
        let Wanted { tried, now_ms, percent } = wanted;
        if self.several {
            let up = counts(endpoints, |endpoint| is_up(endpoint, now_ms));
            let first = tier_at(percent(), &loads(&up, &self.sizes));
            // Where all of the tier were tried, the next best has to do.
            for tier in (first..LIMIT).chain((0..first).rev()) {
                let of_tier = |e: &Endpoint| !e.backup && tier_of(e) == tier && is_up(e, now_ms);
                if fill(into, endpoints, tried, of_tier) {
                    return Usable::Primaries;
                }
            }
        }
        usable(endpoints, tried, now_ms, into)
    }
}

fn tier_of(endpoint: &Endpoint) -> usize {
    usize::from(endpoint.standing.priority).min(LIMIT - 1)
}

fn counts(endpoints: &[Arc<Endpoint>], counts: impl Fn(&Endpoint) -> bool) -> PerTier {
    let mut per_tier = PerTier::default();
    for endpoint in endpoints.iter().filter(|endpoint| !endpoint.backup && counts(endpoint)) {
        if let Some(count) = per_tier.get_mut(tier_of(endpoint)) {
            *count += 1;
        }
    }
    per_tier
}

/// The part of the load that each tier gets, in hundredths; all 0 when nothing is up.
fn loads(up: &PerTier, sizes: &PerTier) -> PerTier {
    let mut abilities = PerTier::default();
    for (ability, (up, size)) in abilities.iter_mut().zip(up.iter().zip(sizes)) {
        let percent = (OVERPROVISIONING * u64::from(*up)).checked_div(u64::from(*size)).unwrap_or(0);
        *ability = u32::try_from(percent).unwrap_or(100).min(100);
    }
    let together = abilities.iter().sum::<u32>().min(100);
    let mut left = if together == 0 { 0 } else { 100 };
    let mut loads = PerTier::default();
    for (load, ability) in loads.iter_mut().zip(abilities) {
        *load = (ability * 100).checked_div(together).unwrap_or(0).min(left);
        left -= *load;
    }
    // What rounding lost goes to the first that gets any.
    if let Some(load) = loads.iter_mut().find(|load| **load > 0) {
        *load += left;
    }
    loads
}

/// The tier whose part of the load that hundredth is.
fn tier_at(percent: u32, loads: &PerTier) -> usize {
    let mut below = 0;
    let mut ends = loads.iter().map(|load| {
        below += load;
        below
    });
    ends.position(|end| percent < end).unwrap_or(0)
}

#[cfg(test)]
mod tests;
