use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::testing::{Bench, endpoint};

fn pick(bench: &Bench, client: &str, usable: &[u32]) -> u32 {
    bench.pick_for(client.parse().unwrap(), &IpHash::new(&bench.endpoints), usable)
}

#[test]
fn addresses_go_where_nginx_sends_them() {
    let (even, uneven) = (Bench::new(&[1, 1, 1]), Bench::new(&[5, 1, 2]));
    // Client, its endpoint for weights 1 1 1, for 5 1 2, and for 5 1 2 with the first one failed.
    let expected = [
        ("192.0.2.7", 0, 2, 2),
        ("198.51.100.7", 0, 0, 1),
        ("203.0.113.7", 0, 0, 1),
        ("10.0.0.7", 0, 1, 1),
        ("127.0.0.1", 2, 0, 2),
        ("2001:db8::1", 2, 0, 2),
        ("2001:db8::2", 0, 0, 2),
        ("::1", 2, 0, 2),
    ];
    for (client, of_even, of_uneven, without_first) in expected {
        assert_eq!(pick(&even, client, &[0, 1, 2]), of_even, "{client}");
        assert_eq!(pick(&uneven, client, &[0, 1, 2]), of_uneven, "{client}");
        assert_eq!(pick(&uneven, client, &[1, 2]), without_first, "{client}");
    }
}

#[test]
fn ipv4_in_ipv6_is_ipv4() {
    let bench = Bench::new(&[1, 1, 1]);
    assert_eq!(pick(&bench, "::ffff:127.0.0.1", &[0, 1, 2]), pick(&bench, "127.0.0.1", &[0, 1, 2]));
}

#[test]
fn who_never_hits_a_usable_one_gets_one_by_round_robin() {
    let bench = Bench::new(&[1000, 1, 1]);
    let balancer = IpHash::new(&bench.endpoints);
    let picks: Vec<u32> =
        (0..4).map(|_| bench.pick_for(Ipv4Addr::UNSPECIFIED.into(), &balancer, &[1, 2])).collect();
    assert_eq!(picks, [1, 2, 1, 2]);
}

#[test]
fn backups_are_hashed_over_once_only_they_are_usable() {
    let mut bench = Bench::new(&[1000]);
    bench.endpoints.extend((0..2).map(|_| Arc::new(Endpoint { backup: true, ..endpoint(1) })));
    let balancer = IpHash::new(&bench.endpoints);
    let client = "198.51.100.7".parse().unwrap();
    let first = bench.pick_for(client, &balancer, &[1, 2]);
    assert!((0..10).all(|_| bench.pick_for(client, &balancer, &[1, 2]) == first));
}

#[test]
fn weights_beyond_the_hash_leave_nobody_out() {
    let bench = Bench::new(&[1000; 10]);
    let balancer = IpHash::new(&bench.endpoints);
    let all: Vec<u32> = (0..10).collect();
    let mut counts = [0u32; 10];
    for (high, low) in (0..=255).flat_map(|high| (0..=255).map(move |low| (high, low))) {
        counts[bench.pick_for(Ipv4Addr::new(high, low, 1, 1).into(), &balancer, &all) as usize] += 1;
    }
    assert!(counts.iter().all(|count| (5_500..7_700).contains(count)), "{counts:?}");
}

fn client() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

proptest! {
    #[test]
    fn a_client_stays_with_its_endpoint_and_so_does_its_network(
        weights in prop::collection::vec(1u32..40, 1..8),
        client in client(),
        host: u8,
    ) {
        let bench = Bench::new(&weights);
        let all: Vec<u32> = (0..).take(weights.len()).collect();
        let balancer = IpHash::new(&bench.endpoints);
        let first = bench.pick_for(client, &balancer, &all);
        prop_assert_eq!(bench.pick_for(client, &balancer, &all), first);
        prop_assert_eq!(bench.pick_for(client, &IpHash::new(&bench.endpoints), &all), first);
        if let IpAddr::V4(address) = client {
            let [a, b, c, _] = address.octets();
            prop_assert_eq!(bench.pick_for(Ipv4Addr::new(a, b, c, host).into(), &balancer, &all), first);
        }
    }

    #[test]
    fn when_one_is_down_only_its_own_clients_move(
        weights in prop::collection::vec(1u32..40, 2..8),
        client in client(),
        down in 0u32..8,
    ) {
        let bench = Bench::new(&weights);
        let all: Vec<u32> = (0..).take(weights.len()).collect();
        let down = down % u32::try_from(weights.len()).unwrap();
        let rest: Vec<u32> = all.iter().copied().filter(|index| *index != down).collect();
        let balancer = IpHash::new(&bench.endpoints);
        let before = bench.pick_for(client, &balancer, &all);
        let after = bench.pick_for(client, &balancer, &rest);
        prop_assert!(rest.contains(&after));
        prop_assert!(before == down || before == after, "{before} moved to {after} when {down} went down");
    }
}
