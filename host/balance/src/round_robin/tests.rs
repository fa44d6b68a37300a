use proptest::prelude::*;

use super::*;
use crate::testing::Bench;

/// nginx's loop, transcribed without a thought of speed.
struct Reference {
    peers: Vec<Peer>,
}

struct Peer {
    current: i64,
    effective: i64,
    weight: i64,
}

impl Reference {
    fn new(weights: &[u32]) -> Self {
        let peer =
            |weight: &u32| Peer { current: 0, effective: i64::from(*weight), weight: i64::from(*weight) };
        Reference { peers: weights.iter().map(peer).collect() }
    }

    fn get_peer(&mut self, usable: &[u32]) -> u32 {
        let mut best: Option<usize> = None;
        let mut total = 0;
        for i in 0..self.peers.len() {
            if !usable.contains(&(i as u32)) {
                continue;
            }
            let peer = &mut self.peers[i];
            peer.current += peer.effective;
            total += peer.effective;
            if peer.effective < peer.weight {
                peer.effective += 1;
            }
            if best.is_none() || self.peers[i].current > self.peers[best.unwrap()].current {
                best = Some(i);
            }
        }
        self.peers[best.unwrap()].current -= total;
        best.unwrap() as u32
    }

    fn free_peer_failed(&mut self, index: usize, max_fails: i64) {
        let peer = &mut self.peers[index];
        peer.effective -= peer.weight / max_fails;
        if peer.effective < 0 {
            peer.effective = 0;
        }
    }
}

fn sequence(bench: &Bench, balancer: &RoundRobin, usable: &[u32], picks: usize) -> String {
    let letter = |index: u32| char::from(b'a' + u8::try_from(index).unwrap());
    (0..picks).map(|_| letter(bench.pick(balancer, usable))).collect()
}

#[test]
fn five_one_one_is_spread_smoothly() {
    let bench = Bench::new(&[5, 1, 1]);
    let balancer = RoundRobin::new(&bench.endpoints);
    assert_eq!(sequence(&bench, &balancer, &[0, 1, 2], 14), "aabacaaaabacaa");
}

#[test]
fn equal_weights_take_turns() {
    let bench = Bench::new(&[1, 1, 1]);
    let balancer = RoundRobin::new(&bench.endpoints);
    assert_eq!(sequence(&bench, &balancer, &[0, 1, 2], 6), "abcabc");
    assert_eq!(sequence(&bench, &balancer, &[0, 2], 4), "acac");
}

#[test]
fn a_failure_costs_a_share_which_comes_back_pick_by_pick() {
    let bench = Bench::new(&[6, 6]);
    let balancer = RoundRobin::new(&bench.endpoints);
    let first = &balancer.slots[0];
    for _ in 0..3 {
        bench.endpoints[0].health.failed(1);
    }
    let added: Vec<i64> = (0..8)
        .map(|_| {
            let before = first.effective_after_failures();
            first.effective.set(before);
            bench.pick(&balancer, &[0, 1]);
            before / UNIT
        })
        .collect();
    assert_eq!(added, [0, 1, 2, 3, 4, 5, 6, 6]);
}

#[test]
fn failures_before_its_time_are_none_of_its_business() {
    let bench = Bench::new(&[3, 3]);
    bench.endpoints[0].health.failed(1);
    let balancer = RoundRobin::new(&bench.endpoints);
    assert_eq!(sequence(&bench, &balancer, &[0, 1], 4), "abab");
}

#[test]
fn endpoints_it_does_not_know_are_chosen_only_when_there_is_no_other() {
    let (small, large) = (Bench::new(&[1]), Bench::new(&[1, 1, 1]));
    let balancer = RoundRobin::new(&small.endpoints);
    assert_eq!(sequence(&large, &balancer, &[0, 1, 2], 3), "aaa");
    assert_eq!(sequence(&large, &balancer, &[1, 2], 2), "bb");
    assert_eq!(
        balancer.choose(Candidates { endpoints: &large.endpoints, usable: &[], tried: &[], now_ms: 1 }),
        None
    );
}

#[derive(Clone, Debug)]
enum Event {
    /// A pick among the endpoints whose bit is set.
    Pick(u32),
    Fail(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![4 => any::<u32>().prop_map(Event::Pick), 1 => (0usize..8).prop_map(Event::Fail)]
}

proptest! {
    #[test]
    fn the_sequence_is_nginx_own(
        weights in prop::collection::vec(1u32..40, 1..8),
        events in prop::collection::vec(event(), 1..300),
    ) {
        let bench = Bench::new(&weights);
        let balancer = RoundRobin::new(&bench.endpoints);
        let mut reference = Reference::new(&weights);
        let all: Vec<u32> = (0..).take(weights.len()).collect();
        for event in events {
            match event {
                Event::Pick(bits) => {
                    let some: Vec<u32> = all.iter().copied().filter(|i| bits >> i & 1 == 1).collect();
                    let usable = if some.is_empty() { &all } else { &some };
                    prop_assert_eq!(bench.pick(&balancer, usable), reference.get_peer(usable));
                }
                Event::Fail(index) => {
                    let index = index % weights.len();
                    bench.endpoints[index].health.failed(1);
                    reference.free_peer_failed(index, 3);
                }
            }
        }
    }

    #[test]
    fn a_round_gives_each_exactly_its_weight(weights in prop::collection::vec(1u32..40, 1..8)) {
        let bench = Bench::new(&weights);
        let balancer = RoundRobin::new(&bench.endpoints);
        let all: Vec<u32> = (0..).take(weights.len()).collect();
        let mut counts = vec![0u32; weights.len()];
        for _ in 0..weights.iter().sum::<u32>() {
            counts[bench.pick(&balancer, &all) as usize] += 1;
        }
        prop_assert_eq!(counts, weights);
    }
}
