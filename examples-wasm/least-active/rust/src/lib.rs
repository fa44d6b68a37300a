//! A balancing policy: the endpoint with the fewest requests under way for its weight gets the next one.

use sandgate_sdk::{Choice, Endpoint, Picker, picker};

/// The weight of each endpoint, by its index.
#[derive(Default)]
struct LeastActive(Vec<u32>);

impl Picker for LeastActive {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.0 = endpoints.iter().map(|endpoint| endpoint.weight).collect();
    }

    fn pick(&mut self, usable: &[u32], active: &[u32]) -> Choice {
        let least = usable.iter().copied().min_by_key(|index| self.load(*index, active));
        least.map_or(Choice::Fallback, Choice::Endpoint)
    }
}

impl LeastActive {
    /// Requests under way for each unit of weight, if the endpoint got one more: so an idle endpoint of weight three
    /// comes before an idle one of weight one. In millionths, since whole numbers would be too coarse.
    fn load(&self, index: u32, active: &[u32]) -> u64 {
        let at = |list: &[u32]| list.get(index as usize).copied().map(u64::from);
        let weight = at(&self.0).unwrap_or(1);
        let under_way = at(active).unwrap_or(0) + 1;
        (under_way * 1_000_000).checked_div(weight).unwrap_or(u64::MAX)
    }
}

picker!(LeastActive);

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(weights: &[u32]) -> LeastActive {
        let mut policy = LeastActive::default();
        let endpoint = |weight: &u32| Endpoint { address: String::from("http://192.0.2.1"), weight: *weight };
        policy.on_endpoints(weights.iter().map(endpoint).collect());
        policy
    }

    #[test]
    fn the_least_busy_of_equals_is_picked_and_the_first_of_equally_busy_ones() {
        let mut policy = policy(&[1, 1, 1]);
        assert_eq!(policy.pick(&[0, 1, 2], &[2, 1, 3]), Choice::Endpoint(1));
        assert_eq!(policy.pick(&[0, 1, 2], &[1, 1, 1]), Choice::Endpoint(0));
    }

    #[test]
    fn one_that_may_not_be_used_is_not_picked_however_idle() {
        assert_eq!(policy(&[1, 1, 1]).pick(&[0, 2], &[5, 0, 4]), Choice::Endpoint(2));
    }

    #[test]
    fn weight_three_bears_three_times_the_load() {
        let mut policy = policy(&[1, 3]);
        assert_eq!(policy.pick(&[0, 1], &[0, 0]), Choice::Endpoint(1));
        assert_eq!(policy.pick(&[0, 1], &[1, 4]), Choice::Endpoint(1));
        assert_eq!(policy.pick(&[0, 1], &[1, 6]), Choice::Endpoint(0));
    }

    #[test]
    fn weight_zero_is_the_last_resort() {
        let mut policy = policy(&[0, 1]);
        assert_eq!(policy.pick(&[0, 1], &[0, 900]), Choice::Endpoint(1));
        assert_eq!(policy.pick(&[0], &[0, 900]), Choice::Endpoint(0));
    }

    #[test]
    fn with_nothing_to_pick_from_the_host_chooses() {
        assert_eq!(policy(&[]).pick(&[], &[]), Choice::Fallback);
    }
}
