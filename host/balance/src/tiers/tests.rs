use model::{Standing, State};
use proptest::prelude::*;

use super::*;
use crate::testing::endpoint;

const NOW: u64 = 1_000;

fn in_tier(priority: u8) -> Endpoint {
    Endpoint { standing: Standing { priority, ..Standing::default() }, ..endpoint(1) }
}

fn group(endpoints: impl IntoIterator<Item = Endpoint>) -> Vec<Arc<Endpoint>> {
    endpoints.into_iter().map(Arc::new).collect()
}

fn mark(endpoint: &Endpoint) {
    while !endpoint.health.failed(NOW) {}
}

fn ask(endpoints: &[Arc<Endpoint>], tried: &[u32], percent: u32) -> (Usable, Vec<u32>) {
    let mut into = Indexes::new();
    let wanted = Wanted { tried, now_ms: NOW, percent: || percent };
    let found = Tiers::new(endpoints).usable(endpoints, wanted, &mut into);
    (found, into.to_vec())
}

/// The hundredths that the first two tiers get, of 100 endpoints each, so many of the first and all of the second up.
fn split(up: u32) -> (u32, u32) {
    let mut tiers = (PerTier::default(), PerTier::default());
    (tiers.0[0], tiers.0[1], tiers.1[0], tiers.1[1]) = (up, 100, 100, 100);
    let loads = loads(&tiers.0, &tiers.1);
    (loads[0], loads[1])
}

#[test]
fn a_tier_spills_as_envoys_does() {
    let splits = [100, 72, 71, 50, 25, 0].map(split);
    assert_eq!(splits, [(100, 0), (100, 0), (99, 1), (70, 30), (35, 65), (0, 100)]);
}

#[test]
fn tiers_that_together_are_too_weak_share_by_what_they_can_take() {
    let mut up = PerTier::default();
    let mut sizes = PerTier::default();
    (up[0], up[1], sizes[0], sizes[1]) = (20, 20, 100, 100);
    assert_eq!(loads(&up, &sizes)[..2], [50, 50], "28 of 56 each");
    (up[0], up[1]) = (0, 0);
    assert_eq!(loads(&up, &sizes), PerTier::default());
}

#[test]
fn the_first_tier_alone_is_used_while_it_can_take_all() {
    let endpoints = group([in_tier(0), in_tier(0), in_tier(0), in_tier(0), in_tier(3)]);
    mark(&endpoints[1]);
    for percent in 0..100 {
        assert_eq!(ask(&endpoints, &[], percent), (Usable::Primaries, vec![0, 2, 3]), "75 % are up");
    }
    mark(&endpoints[2]);
    let spilt = (0..100).filter(|percent| ask(&endpoints, &[], *percent).1 == [4]).count();
    assert_eq!(spilt, 30);
}

#[test]
fn where_all_of_a_tier_were_tried_the_next_has_to_do() {
    let endpoints = group([in_tier(0), in_tier(1), in_tier(2)]);
    assert_eq!(ask(&endpoints, &[0], 0), (Usable::Primaries, vec![1]));
    assert_eq!(ask(&endpoints, &[0, 1], 0), (Usable::Primaries, vec![2]));
    assert_eq!(ask(&endpoints, &[0, 1, 2], 0), (Usable::Nothing, vec![]));
}

#[test]
fn backups_are_below_all_tiers_and_panic_below_them() {
    let backup = Endpoint { backup: true, ..endpoint(1) };
    let endpoints = group([in_tier(0), in_tier(1), backup]);
    mark(&endpoints[0]);
    assert_eq!(ask(&endpoints, &[], 0), (Usable::Primaries, vec![1]));
    mark(&endpoints[1]);
    assert_eq!(ask(&endpoints, &[], 0), (Usable::Backups, vec![2]));
    mark(&endpoints[2]);
    assert_eq!(ask(&endpoints, &[], 0), (Usable::Panic, vec![0, 1]));
}

#[test]
fn who_drains_or_is_maintained_takes_nothing_even_in_a_panic() {
    let endpoints = group([in_tier(0), in_tier(0), in_tier(0)]);
    endpoints[0].standing.duty.tell(State::Drain);
    endpoints[1].standing.duty.tell(State::Maintenance);
    assert_eq!(ask(&endpoints, &[], 0), (Usable::Primaries, vec![2]));
    mark(&endpoints[2]);
    assert_eq!(ask(&endpoints, &[], 0), (Usable::Panic, vec![2]));
    endpoints[2].standing.duty.tell(State::Drain);
    assert_eq!(ask(&endpoints, &[], 0), (Usable::Nothing, vec![]));
    let alone = group([in_tier(0)]);
    alone[0].standing.duty.tell(State::Maintenance);
    assert_eq!(ask(&alone, &[], 0), (Usable::Nothing, vec![]));
}

proptest! {
    #[test]
    fn candidates_are_up_and_of_one_tier_and_loads_make_a_hundred(
        kinds in prop::collection::vec((0u8..20, any::<bool>(), 0usize..3), 1..40),
        percent in 0u32..100,
    ) {
        let endpoints = group(kinds.iter().map(|(priority, _, _)| in_tier(*priority)));
        for (endpoint, (_, failed, state)) in endpoints.iter().zip(&kinds) {
            if *failed { mark(endpoint) }
            endpoint.standing.duty.tell(State::ALL[*state]);
        }
        let (found, indexes) = ask(&endpoints, &[], percent);
        let chosen: Vec<&Arc<Endpoint>> = indexes.iter().map(|i| &endpoints[*i as usize]).collect();
        prop_assert!(chosen.iter().all(|endpoint| endpoint.takes_new()));
        if found == Usable::Primaries && endpoints.len() > 1 {
            prop_assert!(chosen.iter().all(|endpoint| endpoint.health.is_usable(NOW)));
            prop_assert!(chosen.iter().all(|endpoint| tier_of(endpoint) == tier_of(chosen[0])));
        }
        let up = counts(&endpoints, |endpoint| is_up(endpoint, NOW));
        let total: u32 = loads(&up, &Tiers::new(&endpoints).sizes).iter().sum();
        prop_assert_eq!(total, if up.iter().all(|up| *up == 0) { 0 } else { 100 });
    }
}
