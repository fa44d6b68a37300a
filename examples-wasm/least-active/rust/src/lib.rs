//! A balancing policy: the endpoint with the fewest requests under way for its weight gets the next one.

use sandgate_sdk::{Candidates, Choice, Endpoint, Picker, picker};

#[derive(Default)]
struct LeastActive;

impl Picker for LeastActive {
    /// All that it needs to know it is told with each pick.
    fn on_endpoints(&mut self, _endpoints: Vec<Endpoint>) {}

    fn pick(&mut self, among: Candidates<'_>) -> Choice {
        let least = among.usable.iter().copied().min_by(|a, b| load(*a, among).total_cmp(&load(*b, among)));
        least.map_or(Choice::Fallback, Choice::Endpoint)
    }
}

picker!(LeastActive);

/// Requests under way for each unit of weight, if the endpoint got one more: so an idle endpoint of weight three comes
/// before an idle one of weight one. The weight is what it has now: one that warms up bears less.
fn load(index: u32, among: Candidates<'_>) -> f64 {
    let weight = among.weight.get(index as usize).copied().unwrap_or(1.0);
    let under_way = among.active.get(index as usize).copied().unwrap_or(0);
    (f64::from(under_way) + 1.0) / weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(usable: &[u32], active: &[u32], weight: &[f64]) -> Choice {
        LeastActive.pick(Candidates { usable, active, weight, ..Candidates::default() })
    }

    #[test]
    fn the_least_busy_of_equals_is_picked_and_the_first_of_equally_busy_ones() {
        assert_eq!(pick(&[0, 1, 2], &[2, 1, 3], &[1.0; 3]), Choice::Endpoint(1));
        assert_eq!(pick(&[0, 1, 2], &[1, 1, 1], &[1.0; 3]), Choice::Endpoint(0));
    }

    #[test]
    fn one_that_may_not_be_used_is_not_picked_however_idle() {
        assert_eq!(pick(&[0, 2], &[5, 0, 4], &[1.0; 3]), Choice::Endpoint(2));
    }

    #[test]
    fn weight_three_bears_three_times_the_load() {
        assert_eq!(pick(&[0, 1], &[0, 0], &[1.0, 3.0]), Choice::Endpoint(1));
        assert_eq!(pick(&[0, 1], &[1, 4], &[1.0, 3.0]), Choice::Endpoint(1));
        assert_eq!(pick(&[0, 1], &[1, 6], &[1.0, 3.0]), Choice::Endpoint(0));
    }

    #[test]
    fn weight_zero_is_the_last_resort() {
        assert_eq!(pick(&[0, 1], &[0, 900], &[0.0, 1.0]), Choice::Endpoint(1));
        assert_eq!(pick(&[0], &[0, 900], &[0.0, 1.0]), Choice::Endpoint(0));
    }

    #[test]
    fn with_nothing_to_pick_from_the_host_chooses() {
        assert_eq!(pick(&[], &[], &[]), Choice::Fallback);
    }
}
