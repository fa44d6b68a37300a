//! What holds for every policy.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use model::{Course, Endpoint, Standing, WarmUp, Weighed, Weight};
use proptest::prelude::*;

use crate::testing::{Bench, NOW, busy, endpoint};
use crate::{Algorithm, Bound, Hash, Key, Policy, build};

const POLICIES: [Policy; 6] =
    [Policy::RoundRobin, Policy::Random, Policy::LeastRequests, Policy::P2c, Policy::Ewma, Policy::IpHash];
/// Picks in a test of shares.
const PICKS: u32 = 10_000;

fn policy() -> impl Strategy<Value = Policy> {
    prop::sample::select(POLICIES.to_vec())
}

/// How far a count may be off its share: six standard deviations, and the two in a hundred an address hash owes to
/// its few values.
fn tolerance(share: f64) -> f64 {
    let picks = f64::from(PICKS);
    6.0 * (picks * share * (1.0 - share)).sqrt() + 0.02 * picks * share + 1.0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn idle_endpoints_get_their_shares_by_weight(
        policy in policy(),
        weights in prop::collection::vec(1u32..10, 1..8),
        seed: u64,
    ) {
        fastrand::seed(seed);
        let bench = Bench::new(&weights);
        let balancer = build(&policy, &bench.endpoints);
        let all: Vec<u32> = (0..).take(weights.len()).collect();
        let mut counts = vec![0u32; weights.len()];
        for _ in 0..PICKS {
            let client = IpAddr::V4(Ipv4Addr::from_bits(fastrand::u32(..)));
            counts[bench.pick_for(client, &*balancer, &all) as usize] += 1;
        }
        let total: u32 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(&weights) {
            let share = f64::from(*weight) / f64::from(total);
            let off = (f64::from(*count) - share * f64::from(PICKS)).abs();
            prop_assert!(off <= tolerance(share), "{policy:?}: weights {weights:?} gave {counts:?}");
        }
    }

    #[test]
    fn the_choice_is_always_a_usable_one(
        policy in policy(),
        // Weights of 0 and endpoints the balancer was not built with are not supposed to be.
        weights in prop::collection::vec(prop_oneof![Just(0), 1u32..10, Just(65_535)], 1..40),
        known in 0usize..40,
        active in prop::collection::vec(0usize..3, 40),
        masks in prop::collection::vec(any::<u64>(), 1..50),
        hashed in 0..8,
        seed: u64,
    ) {
        fastrand::seed(seed);
        let bench = Bench::new(&weights);
        let _held: Vec<_> = (0..weights.len()).map(|i| busy(&bench, i, active[i])).collect();
        let known = &bench.endpoints[..known.min(weights.len())];
        let hash = |algorithm, bound| Policy::Hash(Hash::new(Key::ClientIp, algorithm, bound, known).into());
        let policy = match hashed {
            0 => hash(Algorithm::Ketama, None),
            1 => hash(Algorithm::Maglev, Some(Bound(125))),
            _ => policy,
        };
        let balancer = build(&policy, known);
        for mask in masks {
            let usable: Vec<u32> = (0..).take(weights.len()).filter(|i| mask >> i & 1 == 1).collect();
            if usable.is_empty() {
                continue;
            }
            let client = IpAddr::V4(Ipv4Addr::from_bits(fastrand::u32(..)));
            prop_assert!(usable.contains(&bench.pick_for(client, &*balancer, &usable)), "{policy:?}");
        }
    }
}

#[test]
fn who_has_just_joined_gets_a_tenth_of_its_share() {
    fastrand::seed(3);
    let bench = Bench::new(&[2, 2]);
    let joining = Arc::new(Course::joined(NOW));
    let standing =
        Standing { warm_up: Some(WarmUp::new(Duration::from_secs(60), joining)), ..Standing::default() };
    let cold = Arc::new(Endpoint { standing, ..endpoint(2) });
    let bench = Bench { endpoints: vec![Arc::clone(&bench.endpoints[0]), cold] };
    for policy in POLICIES.into_iter().filter(|policy| !matches!(policy, Policy::IpHash)) {
        let balancer = build(&policy, &bench.endpoints);
        let picks = (0..PICKS).filter(|_| bench.pick(&*balancer, &[0, 1]) == 1).count();
        let off = (picks as f64 - f64::from(PICKS) / 11.0).abs();
        assert!(off <= tolerance(1.0 / 11.0), "{policy:?}: {picks}");
    }
}

#[test]
fn a_weight_that_is_given_is_the_share_from_the_next_pick_on() {
    fastrand::seed(4);
    let weighed = Arc::new(Weighed::new(1));
    let standing = Standing { weighed: Some(Arc::clone(&weighed)), ..Standing::default() };
    let bench =
        Bench { endpoints: vec![Arc::new(endpoint(1)), Arc::new(Endpoint { standing, ..endpoint(7) })] };
    // The two that compare loads: with none under way, each of the second's would do.
    let by_weight = |policy: &Policy| matches!(policy, Policy::RoundRobin | Policy::Random);
    for policy in POLICIES.into_iter().filter(by_weight) {
        let balancer = build(&policy, &bench.endpoints);
        for (weight, share) in [(1.0, 0.5), (3.0, 0.75), (0.25, 0.2), (0.0, 0.001)] {
            weighed.set(Weight::new(weight).unwrap());
            let picks = (0..PICKS).filter(|_| bench.pick(&*balancer, &[0, 1]) == 1).count();
            let off = (picks as f64 - f64::from(PICKS) * share).abs();
            assert!(off <= tolerance(share).max(3.0), "{policy:?}, {weight}: {picks}");
        }
    }
}

#[test]
fn indexes_of_no_endpoint_are_no_reason_to_panic() {
    let (large, small) = (Bench::new(&[1, 2, 3]), Bench::new(&[1]));
    for policy in POLICIES {
        let balancer = build(&policy, &large.endpoints);
        assert!([1, 2].contains(&small.pick(&*balancer, &[1, 2])), "{policy:?}");
        assert_eq!(small.pick(&*build(&policy, &[]), &[2]), 2, "{policy:?}");
    }
}
